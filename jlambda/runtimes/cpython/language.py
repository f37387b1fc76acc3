"""Python: the notebook's own interpreter, on its fast path, and any other version that is found on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from jlambda.model.runtime import PYTHON_RUNTIMES, THIS_PYTHON
from jlambda.runtimes.language import Language, Tool, numbers, on_path, said_version

#: the oldest version that the client is written for
_OLDEST = (3, 8)
_ABOUT = "import platform, sys; print(platform.python_version(), sys.base_prefix, sys.executable)"


class CPython(Language):
    """Python."""

    name = "Python"
    runtimes = PYTHON_RUNTIMES
    cell_file = "lambda_function.py"
    default_handler = "lambda_function.lambda_handler"
    install = "install it with uv python install, pyenv install or apt-get"

    def programs(self) -> Sequence[str]:
        named = [runtime.replace("python", "python", 1) for runtime in reversed(PYTHON_RUNTIMES)]
        found = [path for path in on_path(*named) if not _is_shim(path)]
        return list(dict.fromkeys([sys.executable, *found, *_kept_by_version_tools()]))

    def examine(self, program: str) -> Tool | None:
        if program == sys.executable:
            return Tool(program, ".".join(map(str, sys.version_info[:3])), THIS_PYTHON)
        version, _, prefix = said_version(program, "-I", "-c", _ABOUT).strip().partition(" ")
        major_minor = numbers(version)[:2]
        if len(major_minor) < 2 or major_minor < _OLDEST:
            return None
        del prefix
        return Tool(program, version, "python{}.{}".format(*major_minor))

    def command(self, tool: Tool, handler: str) -> list[str]:
        del handler
        return [tool.path, "-P" if numbers(tool.version) >= (3, 11) else "-B", "/var/runtime/bootstrap.py"]


def _is_shim(path: str) -> bool:
    return Path(path).parent.name == "shims"


def _kept_by_version_tools() -> list[str]:
    """Interpreters that pyenv and uv have installed, newest first."""
    home = Path.home()
    roots = [
        Path(os.environ.get("PYENV_ROOT") or home / ".pyenv") / "versions",
        Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or home / ".local/share/uv/python"),
    ]
    found = [path for root in roots for path in root.glob("*/bin/python3") if path.exists()]
    return [os.path.realpath(path) for path in sorted(found, key=lambda path: numbers(path.parts[-3]), reverse=True)]


LANGUAGE = CPython()
