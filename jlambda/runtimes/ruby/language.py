"""Ruby: which interpreters there are, what a source's handler is, and how a function's process is started."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.runtime import NO_LONGER_SUPPORTED, RUBY_RUNTIMES
from jlambda.runtimes.language import Language, Sources, Tool, below, compile_with, numbers, on_path, said_version, write_files

#: the oldest version that the client is written for
_OLDEST = (3, 0)
_ABOUT = 'print RUBY_ENGINE, " ", RUBY_VERSION'
_CLIENT, _SOURCE = "client/", Path(__file__).with_name("source.rb")


class Ruby(Language):
    """Ruby."""

    name = "Ruby"
    runtimes = RUBY_RUNTIMES
    cell_file = "lambda_function.rb"
    default_handler = "lambda_function.lambda_handler"
    install = "install it with apt-get install ruby, brew install ruby or from https://www.ruby-lang.org"

    def programs(self) -> Sequence[str]:
        found = [path for path in on_path("ruby", *reversed(RUBY_RUNTIMES)) if Path(path).parent.name != "shims"]
        return list(dict.fromkeys([*found, *_kept_by_version_tools()]))

    def examine(self, program: str) -> Tool | None:
        engine, _, version = said_version(program, "--disable=gems", "-e", _ABOUT).partition(" ")
        if engine != "ruby" or numbers(version)[:2] < _OLDEST:
            return None
        return Tool(program, version, "ruby{}.{}".format(*numbers(version)))

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return [tool.path, "/var/runtime/bootstrap.rb"]

    def inputs(self) -> dict[str, bytes]:
        files = super().inputs().items()
        return {name.removeprefix(_CLIENT): content for name, content in files if name.startswith(_CLIENT)}

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        """The files as they are, once they have been parsed; the handler is looked for in the cell's file."""
        write_files(sources.files, folder)
        names = sorted(name for name in sources.files if name.endswith(".rb"))
        done = compile_with([tool.path, "--disable=gems", str(_SOURCE), *names], folder)
        try:
            found = dict(zip(names, json.loads(done.output), strict=True))
        except ValueError:
            raise CodeError(f"{tool.path} cannot parse the source: {done.output.strip()}") from None
        for name, about in found.items():
            if "error" in about:
                raise CodeError(f"{sources.place(name, about['line'])}: {about['error']}")
        if sources.handler:
            return sources.handler
        file = self.cell_file if self.cell_file in found or len(names) != 1 else names[0]
        return _handler(file, found.get(file, {}).get("handlers", []))

    def variables(self, tool: Tool, handler: str) -> dict[str, str]:
        """Where functions and layers keep gems and other code.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        """
        del handler
        # gems may have been put into a layer for another version than the one that stands in for it
        versions = dict.fromkeys([tool.runtime, *(name for name in RUBY_RUNTIMES if name not in NO_LONGER_SUPPORTED)])
        gems = [f"/opt/ruby/gems/{runtime.removeprefix('ruby')}.0" for runtime in versions]
        own = f"/var/task/vendor/bundle/ruby/{tool.runtime.removeprefix('ruby')}.0"
        # the empty path at the end stands for the gems of this machine
        return {"GEM_PATH": ":".join([own, *gems, ""]), "RUBYLIB": "/var/task:/opt/ruby/lib"}


def _kept_by_version_tools() -> list[str]:
    """Interpreters that rbenv, chruby, asdf and mise have installed, newest first; their shims find nothing in a sandbox."""
    roots = [
        Path(os.environ.get("RBENV_ROOT") or Path.home() / ".rbenv") / "versions",
        *(Path.home() / place for place in (".rubies", ".asdf/installs/ruby", ".local/share/mise/installs/ruby")),
    ]
    found = below(roots, "*/bin/ruby")
    return [os.path.realpath(path) for path in sorted(found, key=lambda path: numbers(path.parts[-3]), reverse=True)]


def _handler(file: str, candidates: Sequence[str]) -> str:
    stem = file.removesuffix(".rb")
    for name in ("handler", "lambda_handler"):
        if name in candidates:
            return f"{stem}.{name}"
    if len(candidates) == 1:
        return f"{stem}.{candidates[0]}"
    if candidates:
        names = ", ".join(candidates)
        raise CodeError(f"which one is the handler: {names}? Name it `lambda_handler`, or choose with --handler")
    raise CodeError(f"no handler: define `def lambda_handler(event:, context:)` in {file}")


LANGUAGE = Ruby()
