"""JavaScript and TypeScript on Node.js: which `node` programs there are, what a cell becomes, how its process starts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jlambda import process
from jlambda.errors import CodeError
from jlambda.model.runtime import NODE_RUNTIMES
from jlambda.runtimes.language import Language, Sources, Tool, numbers, on_path, said_version, write_files

#: the oldest version that the client is written for
_OLDEST = 18
_CHECK_LIMIT_S = 30.0
_EXPORT = re.compile(
    r"^\s*(?:module\.)?exports\.(\w+)\s*=(?!=)|^\s*export\s+(?:async\s+)?(?:const|let|var|function\s*\*?)\s*(\w+)", re.MULTILINE
)
#: exports whose names are not to be read off
_OTHER_EXPORT = re.compile(r"module\.exports\s*=|exports\s*[\[,)]|^\s*export\s*(?:default|[{*])", re.MULTILINE)
_MODULE_SYNTAX = re.compile(r"^\s*(?:import\b(?!\s*\()|export\b)", re.MULTILINE)
#: a type of a parameter, or of its own
_TYPES = re.compile(rb"\(\s*\w+\??:\s*[\w{\[]|^\s*(?:interface|type)\s+\w", re.MULTILINE)
#: what Node.js says of a file that it cannot read: a place, the line, a caret, the reason
_PLACE, _REASON = re.compile(r":(\d+)\n"), re.compile(r"^(SyntaxError.*|TypeError.*)$", re.MULTILINE)
#: leaves the types out of a file, line for line: node --check finds no fault in what has some
_STRIP = """
const { readFileSync, writeFileSync } = require('node:fs');
const [from, to] = process.argv.slice(1);
try {
  writeFileSync(to, require('node:module').stripTypeScriptTypes(readFileSync(from, 'utf8')));
} catch (error) {
  console.error(error.stack);
  process.exit(1);
}
"""


class Node(Language):
    """Node.js."""

    name = "Node.js"
    runtimes = NODE_RUNTIMES
    cell_file = "index.js"
    default_handler = "index.handler"
    install = "install it with apt-get install nodejs, brew install node or from https://nodejs.org"

    def programs(self) -> Sequence[str]:
        return on_path("node", "nodejs")

    def examine(self, program: str) -> Tool | None:
        version = said_version(program, "--version").strip().removeprefix("v")
        major = numbers(version)[:1]
        if not major or major[0] < _OLDEST:
            return None
        return Tool(program, version, f"nodejs{major[0]}.x")

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return [tool.path, "/var/runtime/bootstrap.js"]

    def variables(self, tool: Tool, handler: str) -> dict[str, str]:
        del handler
        major = numbers(tool.version)[0]
        layers = f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules"
        return {"NODE_PATH": f"{layers}:/var/runtime/node_modules:/var/runtime:/var/task"}

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        """A cell becomes CommonJS, an ES module or TypeScript, whichever it can be read as."""
        if set(sources.files) != {self.cell_file}:
            return super().build(sources, tool, folder)
        source = sources.files[self.cell_file]
        # node --check lets any fault pass in a .js file that looks like a module
        is_module = _MODULE_SYNTAX.search(source.decode(errors="replace")) is not None
        kinds = ["index.mjs"] if is_module else ["index.js", "index.mjs"]
        if _strips_types(tool):
            kinds.append("index.mts" if kinds[0] == "index.mjs" else "index.cts")
        complaints = []
        for name in kinds:
            write_files({name: source}, folder)
            complaint = _check(tool, folder / name)
            if not complaint:
                return sources.handler or f"index.{_only_export(source.decode(errors='replace')) or 'handler'}"
            complaints.append(complaint)
            (folder / name).unlink()
        raise CodeError(_complaint(complaints[-1 if _TYPES.search(source) else 0], sources, tool))


def _only_export(source: str) -> str:
    """The one name that a source exports where it does so by assignment or declaration; empty where there may be others."""
    names = {first or second for first, second in _EXPORT.findall(source)}
    return names.pop() if len(names) == 1 and not _OTHER_EXPORT.search(source) else ""


def _check(tool: Tool, path: Path) -> str:
    """What Node.js has to say against a file; nothing if it can read it."""
    if path.suffix in (".mts", ".cts"):
        stripped = path.with_name(f"stripped{path.suffix.replace('ts', 'js')}")
        command = [tool.path, "--disable-warning=ExperimentalWarning", "-e", _STRIP, str(path), str(stripped)]
        done = process.run(command, timeout_s=_CHECK_LIMIT_S)
        if done.exit_code:
            return done.output
        path = stripped
    try:
        done = process.run([tool.path, "--check", str(path)], timeout_s=_CHECK_LIMIT_S)
    finally:
        if path.stem == "stripped":
            path.unlink()
    return done.output or f"node --check ends with {done.exit_code}" if done.exit_code else ""


def _strips_types(tool: Tool) -> bool:
    """Whether this version runs TypeScript, leaving its types out."""
    version = numbers(tool.version)
    return version >= (23, 6) or (22, 18) <= version < (23,)


def _complaint(output: str, sources: Sources, tool: Tool) -> str:
    place, reason = _PLACE.search(output), _REASON.search(output)
    said = reason[1] if reason else output.strip().rpartition("\n")[2]
    hint = "" if _strips_types(tool) else f" (Node.js {tool.version} runs JavaScript; for TypeScript install 22.18 or newer)"
    is_typed = _TYPES.search(next(iter(sources.files.values())))
    return f"{sources.place('index.js', place[1] if place else 1)}: {said}{hint if is_typed else ''}"


LANGUAGE = Node()
