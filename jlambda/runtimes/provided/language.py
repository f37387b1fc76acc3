"""Custom runtimes: a `bootstrap`, whatever it is written in. A cell in bash gets one that calls its functions."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jlambda import process
from jlambda.errors import CodeError
from jlambda.model.runtime import CUSTOM_RUNTIMES
from jlambda.runtimes.language import Language, Sources, Tool, on_path, said_version, write_files

_FILE, _CHECK_LIMIT_S = "function.sh", 10.0
#: what bash says of a script that it cannot read
_COMPLAINT = re.compile(r"^.*?: line (\d+): (.*)$", re.MULTILINE)
#: a script that says what runs it, and that this is no shell
_OTHER_PROGRAM = re.compile(rb"\s*#!(?!.*\b(?:ba|da|k|z)?sh\b)")


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
        """A cell that speaks the Runtime API itself is the bootstrap; any other is a script of functions, with ours.

        So is one for another program than a shell: it cannot hold functions of a shell.
        """
        if set(sources.files) != {_FILE}:
            return super().build(sources, tool, folder)
        text = sources.files[_FILE]
        is_other = _OTHER_PROGRAM.match(text) is not None
        if not is_other:
            _check(text, sources, tool)
        if is_other or b"AWS_LAMBDA_RUNTIME_API" in text:
            whole = text.lstrip() if text.lstrip().startswith(b"#!") else b"#!/bin/bash\n" + text
            write_files({"bootstrap": whole}, folder)
            return sources.handler or "bootstrap"
        write_files(sources.files, folder)
        write_files({"bootstrap": Path(__file__).with_name("bootstrap").read_bytes()}, folder)
        return sources.handler or self.default_handler


def _check(text: bytes, sources: Sources, tool: Tool) -> None:
    """Raise `CodeError` at the line of the cell that bash cannot read."""
    with tempfile.NamedTemporaryFile(prefix="jlambda-", suffix=".sh") as script:
        script.write(text)
        script.flush()
        checked = process.run([tool.path, "-n", script.name], timeout_s=_CHECK_LIMIT_S)
    if checked.exit_code:
        found = _COMPLAINT.search(checked.output)
        line, message = (found[1], found[2]) if found else ("1", checked.output.strip())
        raise CodeError(f"{sources.place(_FILE, line)}: {message}")


LANGUAGE = Provided()
