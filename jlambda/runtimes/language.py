"""What a language is here: tools of this machine, a way to build, a client of the Runtime API, a command that starts it.

Each language is a module ``jlambda.runtimes.FOLDER.language`` whose `LANGUAGE` is an instance of `Language`; the other
files of the folder are its client. `jlambda.runtimes.languages` finds the language that serves a runtime identifier.
Knows nothing of functions, environments or sessions.
"""

from __future__ import annotations

import glob
import inspect
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from jlambda import process
from jlambda.errors import CodeError

#: how long a program may take to say its version, and a compiler to compile one cell
_VERSION_LIMIT_S, COMPILE_LIMIT_S = 20.0, 300.0
#: folders that every environment sees anyway
_SYSTEM = ("/usr/", "/bin/", "/lib/", "/etc/", "/nix/")
#: what lies in a language's folder and is no part of its client
_NOT_CLIENT = {"language.py", "__init__.py", "__pycache__"}


class Tool(NamedTuple):
    """An interpreter or compiler of this machine.

    `path` is the program, `version` what it says of itself, `runtime` the identifier on AWS that is exactly this
    version, `folders` those outside of the system's own that an environment must see to run it.
    """

    path: str
    version: str
    runtime: str
    folders: tuple[str, ...] = ()


class Sources(NamedTuple):
    """What is to be built: files by path.

    `origin` is how a message names a single file that was a cell (``"Cell In[3]"``), `handler` the handler string if one
    was given, `classpath` holds paths of libraries to compile with.
    """

    files: Mapping[str, bytes]
    origin: str = ""
    handler: str | None = None
    classpath: tuple[str, ...] = ()

    def place(self, path: str, line: int | str) -> str:
        """How a message names a line of one of the files."""
        is_cell = self.origin and len(self.files) == 1
        return f"{self.origin if is_cell else path}, line {line}"


class Language(ABC):
    """One language. Class attributes say what it is called; what a subclass does not override is right for a script."""

    #: as people write it, and the identifiers that it serves on AWS, oldest first
    name: str
    runtimes: tuple[str, ...]
    #: the file that a cell becomes, and the handler that is looked for if none is given
    cell_file: str
    default_handler: str
    #: what to do where no tool is found: ends the sentence "Node.js is not installed: ..."
    install: str
    #: whether AWS's runtime of the language runs what AWS_LAMBDA_EXEC_WRAPPER names in place of itself; custom ones do not
    takes_wrapper = True

    @abstractmethod
    def programs(self) -> Sequence[str]:
        """Paths of the programs that may be this language's tools, best first. Cheap: looks, and starts nothing."""

    @abstractmethod
    def examine(self, program: str) -> Tool | None:
        """The tool that a program is, None if it is none; may start it to ask."""

    @abstractmethod
    def command(self, tool: Tool, handler: str) -> list[str]:
        """What starts a function's process, with the code at /var/task, `client` at /var/runtime and layers at /opt."""

    def tools(self) -> list[Tool]:
        """All tools of this machine, best first."""
        found = [self.examine(program) for program in self.programs()]
        return [tool for tool in found if tool is not None]

    def folders(self) -> list[str]:
        """Folders that environments must see to run this language; nothing is started to find them."""
        return [folder for program in self.programs() for folder in installation(program)]

    def file_of(self, source: str) -> str:
        """The file that the text of a cell becomes."""
        del source  # a language whose file names follow from the text overrides this
        return self.cell_file

    def is_source(self, files: Mapping[str, bytes]) -> bool:
        """Whether a folder or zip with these files has to be built first; one that was made for AWS runs as it is."""
        del files
        return False

    def build(self, sources: Sources, tool: Tool, folder: Path) -> str:
        """Put the package that the sources make into `folder`, and return its handler. Raises `CodeError`.

        The answer depends on nothing but the arguments and `inputs`: it is kept, and used again.
        """
        del tool
        write_files(sources.files, folder)
        return sources.handler or self.default_handler

    def client(self, tool: Tool, folder: Path) -> None:
        """Put what environments see at /var/runtime into `folder`; compiled here if it needs that."""
        del tool
        write_files(self.inputs(), folder)

    def inputs(self) -> dict[str, bytes]:
        """The files of this language's folder that its client is made of: another content makes another build."""
        root = Path(inspect.getfile(type(self))).parent
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        inside = [(path.relative_to(root), path) for path in files]
        return {at.as_posix(): path.read_bytes() for at, path in inside if not _NOT_CLIENT & set(at.parts)}

    def variables(self, tool: Tool, handler: str) -> dict[str, str]:
        """Environment variables that functions of this language have besides those that all have; AWS's, where it has any."""
        del tool, handler
        return {}


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder, scripts as programs."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if content.startswith((b"#!", b"\x7fELF")):
            path.chmod(0o755)


def below(roots: Iterable[Path | str], pattern: str) -> list[Path]:
    """The files that there are at `pattern` in folders below `roots`; what cannot be looked into has none."""
    # not Path.glob, which raises where a folder may not be read
    return [Path(root, path) for root in roots for path in sorted(glob.glob(pattern, root_dir=root))]  # noqa: PTH207


def on_path(*names: str) -> list[str]:
    """The programs of these names that PATH has, each once, links followed."""
    found = []
    for name in names:
        for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
            path = shutil.which(name, path=folder) if folder else None
            if path is not None:
                found.append(os.path.realpath(path))
    return list(dict.fromkeys(found))


def installation(program: str) -> list[str]:
    """The folder that a program outside of the system's own needs: its ``bin`` folder's parent, or its own."""
    if program.startswith(_SYSTEM):
        return []
    path = Path(program)
    return [str(path.parent.parent if path.parent.name == "bin" else path.parent)]


def said_version(program: str, *arguments: str) -> str:
    """What a program prints if it is asked for its version; empty if that fails."""
    try:
        about = Path(program).stat()
    except OSError:
        return ""
    return _said(program, arguments, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=256)
def _said(program: str, arguments: tuple[str, ...], _changed: int, _size: int) -> str:
    done = process.run([program, *arguments], timeout_s=_VERSION_LIMIT_S)
    return done.output if done.exit_code == 0 else ""


def numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version or of a runtime identifier: ``python3.12`` has 3 and 12, ``nodejs22.x`` has 22."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def nearest(runtime: str, tools: Sequence[Tool]) -> Tool:
    """The tool that runs what was written for `runtime`: its own version, else the next newer one, else the newest."""
    wanted = numbers(runtime)
    for tool in tools:
        if tool.runtime == runtime:
            return tool
    newer = [tool for tool in tools if numbers(tool.runtime) > wanted]
    return min(newer, key=lambda tool: numbers(tool.runtime)) if newer else max(tools, key=lambda t: numbers(t.runtime))


def compile_with(command: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> process.Finished:
    """Run a compiler in `folder`, with the user's PATH and no more of the user's environment. Raises `CodeError`."""
    about = {**process.clean_environment(), **(variables or {})}
    done = process.run(command, cwd=folder, variables=about, timeout_s=COMPILE_LIMIT_S)
    if done.exit_code is None:
        limit = f"{COMPILE_LIMIT_S:.0f} seconds"
        raise CodeError(f"{Path(command[0]).name} did not end within {limit}; try again, or deploy what you build yourself")
    return done
