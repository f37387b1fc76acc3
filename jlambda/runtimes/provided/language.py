"""Custom runtimes: a `bootstrap`, whatever it is written in. A cell in bash gets one that calls its functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from jlambda import process
from jlambda.errors import CodeError
from jlambda.model.runtime import CUSTOM_RUNTIMES
from jlambda.runtimes.language import Language, Sources, Tool, on_path, said_version, write_files

_FILE, _CHECK_LIMIT_S = "function.sh", 10.0
#: what bash says of a script that it cannot read
_COMPLAINT = re.compile(r"^.*?: line (\d+): (.*)$", re.MULTILINE)


class Provided(Language):
    """A custom runtime."""

    name = "bash"
    runtimes = CUSTOM_RUNTIMES
    cell_file = _FILE
    default_handler = "function.handler"
    install = "install it with apt-get install bash"
    takes_wrapper = False

    def programs(self) -> Sequence[str]:
        return on_path("bash")[:1]

    def examine(self, program: str) -> Tool | None:
        version = said_version(program, "-c", 'echo "$BASH_VERSION"').strip()
        return Tool(program, version.partition("(")[0], CUSTOM_RUNTIMES[-1])

    def command(self, tool: Tool, handler: str) -> list[str]:
        del tool, handler
        return ["/var/task/bootstrap"]

    def inputs(self) -> dict[str, bytes]:
        return {}

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        """A cell that speaks the Runtime API itself is the bootstrap; any other is a script of functions, with ours."""
        if set(sources.files) != {_FILE}:
            return super().build(sources, tool, folder)
        text = sources.files[_FILE]
        write_files(sources.files, folder)
        checked = process.run([tool.path, "-n", str(folder / _FILE)], timeout_s=_CHECK_LIMIT_S)
        if checked.exit_code:
            found = _COMPLAINT.search(checked.output)
            line, message = (found[1], found[2]) if found else ("1", checked.output.strip())
            raise CodeError(f"{sources.place(_FILE, line)}: {message}")
        if b"AWS_LAMBDA_RUNTIME_API" in text:
            (folder / _FILE).rename(folder / "bootstrap")
            whole = text.lstrip() if text.lstrip().startswith(b"#!") else b"#!/bin/bash\n" + text
            write_files({"bootstrap": whole}, folder)
            return sources.handler or "bootstrap"
        write_files({"bootstrap": Path(__file__).with_name("bootstrap").read_bytes()}, folder)
        return sources.handler or self.default_handler


LANGUAGE = Provided()
