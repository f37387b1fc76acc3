"""Python: the notebook's own interpreter, on its fast path, and any other version that is found on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.runtime import PYTHON_RUNTIMES, THIS_PYTHON
from jlambda.runtimes.language import Language, Tool, below, compile_with, numbers, on_path, said_version

#: the oldest version that the client is written for
_OLDEST = (3, 8)
_FILES = (
    *(f"runtimes/{name}.py" for name in ("context", "failure", "handler", "logs", "output", "payload", "shipped")),
    *("runtimes/cpython/client.py", "runtimes/cpython/deferred.py", "model/frames.py"),
)
_PACKAGES = ("__init__.py", "runtimes/__init__.py", "runtimes/cpython/__init__.py", "model/__init__.py")
_ABOUT = "import platform; print(platform.python_version())"


class CPython(Language):
    """Python."""

    name = "Python"
    runtimes = PYTHON_RUNTIMES
    cell_file = "lambda_function.py"
    default_handler = "lambda_function.lambda_handler"
    install = "install it with uv python install, pyenv install or apt-get"

    def programs(self) -> Sequence[str]:
        found = [path for path in on_path(*reversed(PYTHON_RUNTIMES)) if not _is_shim(path)]
        return list(dict.fromkeys([sys.executable, *found, *_kept_by_version_tools()]))

    def examine(self, program: str) -> Tool | None:
        if program == sys.executable:
            return Tool(program, ".".join(map(str, sys.version_info[:3])), THIS_PYTHON)
        version = said_version(program, "-I", "-c", _ABOUT).strip()
        major_minor = numbers(version)[:2]
        if len(major_minor) < 2 or major_minor < _OLDEST:
            return None
        return Tool(program, version, "python{}.{}".format(*major_minor))

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return [tool.path, "-B", "/var/runtime/jlambda/runtimes/cpython/client.pyc", "/opt"]

    def variables(self, tool: Tool, handler: str) -> dict[str, str]:
        del tool, handler
        return {"PYTHONPATH": "/var/runtime"}

    def inputs(self) -> dict[str, bytes]:
        """The client, and the modules of the fast path that it has in common with it."""
        package = Path(__file__).parents[2]
        files = {f"jlambda/{name}": (package / name).read_bytes() for name in _FILES}
        return {**files, **{f"jlambda/{name}": b"" for name in _PACKAGES}}

    def client(self, tool: Tool, folder: Path) -> None:
        """Compiled: no cold start has to."""
        super().client(tool, folder)
        compiling = ["-I", "-m", "compileall", "-b", "-q", "-d", "/var/runtime", "--invalidation-mode", "unchecked-hash"]
        done = compile_with([tool.path, *compiling, str(folder)], folder)
        if done.exit_code != 0:
            raise CodeError(done.output.strip().rpartition("\n")[2])
        for source in folder.rglob("*.py"):
            source.unlink()


def _is_shim(path: str) -> bool:
    return Path(path).parent.name == "shims"


def _kept_by_version_tools() -> list[str]:
    """Interpreters that pyenv and uv have installed, newest first."""
    home = Path.home()
    roots = [
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
    ]
    found = below(roots, "*/bin/python3")
    return [os.path.realpath(path) for path in sorted(found, key=lambda path: numbers(path.parts[-3]), reverse=True)]


LANGUAGE = CPython()
