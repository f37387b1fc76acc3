"""Go: which compilers there are, and how sources become a `bootstrap`.

A source without a go.mod is compiled with our package in place of AWS's library of the same name, so that it needs no
network. A module that brings its own go.mod is compiled with what it asks for.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.runtime import CUSTOM_RUNTIMES, GO_RUNTIMES
from jlambda.runtimes.builds import cache_folder
from jlambda.runtimes.language import Language, Sources, Tool, compile_with, numbers, on_path, said_version, write_files

#: the oldest version that our package is written for
_OLDEST = (1, 18)
_LIBRARY, _SHIM = "github.com/aws/aws-lambda-go", Path(__file__).with_name("shim")
#: the line of a go.mod that puts our package in the place of AWS's
_STAND_IN = f"\nreplace {_LIBRARY} => {_SHIM}\n"
_ERROR = re.compile(r"^(?:vet: )?(?:\./)?([^\s:]+\.go):(\d+)(?::\d+)?: (.*)$", re.MULTILINE)
#: what a module with a go.mod is compiled with, of the user's variables
_OF_USER = ("HOME", "GOPATH", "GOMODCACHE", "GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOSUMDB", "GOINSECURE")


class Go(Language):
    """Go."""

    name = "Go"
    runtimes = GO_RUNTIMES
    cell_file = "main.go"
    default_handler = "bootstrap"
    install = "install it with apt-get install golang-go, brew install go or from https://go.dev/dl"
    takes_wrapper = False

    def programs(self) -> Sequence[str]:
        return on_path("go")

    def examine(self, program: str) -> Tool | None:
        version = said_version(program, "version").removeprefix("go version go").partition(" ")[0]
        # what is compiled here runs on AWS as a custom runtime
        return Tool(program, version, CUSTOM_RUNTIMES[-1]) if numbers(version)[:2] >= _OLDEST else None

    def command(self, tool: Tool, handler: str) -> list[str]:
        del tool, handler
        return ["/var/task/bootstrap"]

    def client(self, tool: Tool, folder: Path) -> None:
        """Nothing: our package is compiled into the function."""

    def is_source(self, files: Mapping[str, bytes]) -> bool:
        return "bootstrap" not in files and any(name.endswith(".go") and "/" not in name for name in files)

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        """Nothing but the program, which holds all that it needs."""
        with tempfile.TemporaryDirectory(prefix="jlambda-go-") as name:
            module = Path(name, "function")
            write_files(sources.files, module)
            is_module = "go.mod" in sources.files
            variables = _variables(Path(name), is_module=is_module)
            if not (module / "vendor").is_dir():
                variables["GOFLAGS"] = "-mod=mod"
            if not is_module:
                version = ".".join(map(str, numbers(tool.version)[:2]))
                (module / "go.mod").write_text(f"module function\n\ngo {version}\n\nrequire {_LIBRARY} v1.0.0\n{_STAND_IN}")
            elif not _has_library(tool, module, variables):
                with open(module / "go.mod", "a") as file:
                    file.write(_STAND_IN)
            program = folder / "bootstrap"
            flags = [
                "-buildvcs=false",
                "-ldflags=-s -w -buildid=",
                # the program says where its sources would be on AWS; -trimpath would compile the standard library anew
                f"-gcflags=./...=-trimpath={module}=>/var/task",
            ]
            done = compile_with([tool.path, "build", *flags, "-o", str(program), "."], module, variables)
            if done.exit_code:
                raise CodeError(_complaint(done.output, sources))
        if program.read_bytes()[:4] != b"\x7fELF":
            raise CodeError("a function in Go is a program: its package must be `main`")
        return sources.handler or self.default_handler


def _variables(scratch: Path, *, is_module: bool) -> dict[str, str]:
    """The compiler's settings: nothing is downloaded but what a go.mod of the user's asks for."""
    kept = cache_folder() / "go-build"
    try:
        kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        kept = scratch / "go-build"  # slower, each time
    fixed = {"GOCACHE": str(kept), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GO111MODULE": "on"}
    if is_module:
        return {**{name: os.environ[name] for name in _OF_USER if name in os.environ}, **fixed}
    return {**fixed, "GOPROXY": "off", "GOENV": "off", "GOPATH": str(scratch / "gopath")}


def _has_library(tool: Tool, module: Path, variables: Mapping[str, str]) -> bool:
    """Whether AWS's own library is there, or not asked for: in a vendor folder, replaced, or downloaded before."""
    if _LIBRARY not in (module / "go.mod").read_text(errors="replace") or (module / "vendor").is_dir():
        return True
    look = [tool.path, "list", "-m", "-f", "{{.Dir}}", _LIBRARY]
    found = compile_with(look, module, {**variables, "GOPROXY": "off"})
    return found.exit_code == 0 and bool(found.output.strip())


def _complaint(output: str, sources: Sources) -> str:
    """The compiler's first error at its place, and how many more there are."""
    if "function main is undeclared" in output:
        return "no handler: write func main() { lambda.Start(handler) }"
    found = _ERROR.findall(output)
    if not found:
        lines = [line.strip() for line in output.splitlines() if line.strip() and not line.startswith("#")]
        return f"go build: {' '.join(lines[:2]) or 'failed without a word'}"
    path, line, message = found[0]
    if "module lookup disabled" in message:
        message = message.partition(": module lookup")[0] + "; deploy a folder with a go.mod to use other modules"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{sources.place(path, line)}: {message}{more}"


LANGUAGE = Go()
