"""The C# compiler, called by itself: files and references in, an assembly out, its complaints in one line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.runtimes.dotnet import layout
from jlambda.runtimes.language import Tool, compile_with

_ERROR = re.compile(r"^(?P<path>[^\n(]+)\((?P<line>\d+),\d+\): error (?P<what>\w+: [^\n]*?)(?: \[[^\]\n]*\])?$", re.M)
#: debug information within the assembly gives stack traces their lines
_OPTIONS = ("-nologo", "-nostdlib+", "-optimize+", "-deterministic+", "-debug:embedded", "-langversion:latest")
_VARIABLES = {"DOTNET_TieredPGO": "0", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
#: how many lines a message names
_LINES_NAMED = 5

#: how a message names a line of a file
Place = Callable[[str, str], str]


def root(tool: Tool) -> Path:
    """The folder of the installation that a tool is of."""
    return Path(tool.path).parent


def compile_assembly(
    tool: Tool,
    folder: Path,
    name: str,
    files: Sequence[str],
    references: Sequence[Path],
    place: Place,
    *,
    is_program: bool = False,
) -> None:
    """Compile `files`, paths in `folder`, to ``NAME.dll`` there."""
    compiler = layout.compiler(root(tool))
    if compiler is None:
        raise CodeError(f"{root(tool)} has no C# compiler")
    every = [*layout.references(root(tool), tool.version), *references]
    lines = [
        *_OPTIONS,
        "-nullable:enable",
        "-warn:0",
        f"-target:{'exe' if is_program else 'library'}",
        *(["-unsafe+"] if is_program else []),
        f"-pathmap:{folder}=/var/task",
        f'-out:"{name}.dll"',
    ]
    lines += [f'-r:"{path}"' for path in every] + [f'"{path}"' for path in files]
    response = folder / f".{name}.rsp"
    response.write_text("\n".join(lines))
    done = compile_with([tool.path, "exec", str(compiler), "-noconfig", f"@{response.name}"], folder, _VARIABLES)
    response.unlink()
    if done.exit_code != 0:
        raise CodeError(message(done.output, place))


def message(output: str, place: Place) -> str:
    """The compiler's first complaint, with the lines of the others."""
    found = list({each[0]: each for each in _ERROR.finditer(output)}.values())
    if not found:
        lines = sorted((line.strip() for line in output.splitlines() if line.strip()), key=lambda line: "error" not in line)
        return next(iter(lines), "the C# compiler failed and said nothing")
    first, *others = found
    at = list(dict.fromkeys(each["line"] for each in others))
    named = ", ".join(at[:_LINES_NAMED]) + (" …" if len(at) > _LINES_NAMED else "")
    rest = f"; {len(others)} more: line {named}" if others else ""
    path = Path(first["path"])
    return f"{place(path.name if path.is_absolute() else str(path), first['line'])}: {first['what']}{rest}"
