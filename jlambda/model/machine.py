"""What a machine is and what it lets jlambda do to hold functions: facts, found by `jlambda.service.machine`.

Draws no conclusions: what the facts protect, and what would protect more, is said in `jlambda.notebook.findings` and
`jlambda.notebook.advice`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import NamedTuple


class Installed(NamedTuple):
    """One language: the versions that there are, best first, each with its program and the runtime that it serves.

    `install` says how to get one.
    """

    language: str
    versions: tuple[tuple[str, str, str], ...]
    install: str


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts. `failure` says why functions cannot run here at all; it is empty where they can.

    `refusal` is what the system said when it refused a root of its own; `landlock_version` is 0 where there is none;
    `folders` are those that functions can read besides the system's own. `has_capabilities` is about this process, of
    which functions are descendants; `switches` holds those settings of the kernel (``kernel.…``, ``user.…``) that can
    forbid namespaces, as far as there are any; `container` names the kind of container this is in, if it is in one.
    `cpu_limit` and `freezer` are the session's choice. `memory_mb` is all of the machine's memory.
    """

    system: str
    kernel: str
    architecture: str
    processors: int
    memory_mb: int
    python: str
    interpreter: str
    version: str
    home: str
    state: str
    file_system: str
    is_on_network: bool
    is_root: bool
    has_capabilities: bool
    has_filter: bool
    container: str
    switches: Mapping[str, int]
    cpu_limit: bool
    freezer: bool
    has_private_root: bool = False
    landlock_version: int = 0
    refusal: str = ""
    folders: tuple[str, ...] = ()
    failure: str = ""
    languages: tuple[Installed, ...] = ()

    def is_older_than(self, major: int, minor: int) -> bool:
        """Whether the kernel is older than ``major.minor``; a version that cannot be read is not."""
        numbers = self.kernel.split(".")
        try:
            return (int(numbers[0]), int(numbers[1])) < (major, minor)
        except (IndexError, ValueError):
            return False

    def folder_above(self, path: str) -> str:
        """The one of `folders` that is `path` or has it somewhere below, so that functions come by it; else empty."""
        return next((folder for folder in self.folders if PurePosixPath(path).is_relative_to(folder)), "")
