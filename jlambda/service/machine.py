"""Find out what this machine is and what it lets jlambda enforce. Reads only; what follows from it is said elsewhere."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from jlambda import __version__
from jlambda.engine.control import Protection
from jlambda.errors import LambdaError
from jlambda.model.machine import Installed, Machine
from jlambda.runtimes.language import Language
from jlambda.runtimes.languages import languages
from jlambda.store import folder as folders

#: settings that can forbid the namespaces of a private root, as paths below /proc/sys
_SWITCHES = (
    "kernel/apparmor_restrict_unprivileged_userns",
    "kernel/unprivileged_userns_clone",
    "user/max_user_namespaces",
    "user/max_mnt_namespaces",
    "user/max_pid_namespaces",
    "user/max_ipc_namespaces",
)
#: files that container runtimes leave, and whose they are
_CONTAINER_MARKS = {"/.dockerenv": "Docker", "/run/.containerenv": "Podman", "/run/systemd/container": "systemd"}


def examine(protection: Callable[[], Protection], state: Path, cpu_limit: bool, freezer: bool) -> Machine:
    """The facts about this machine. `protection` is asked for the engine's part of them; its error becomes `failure`.

    `state` is the state folder that is looked at, there or not; the two options are the session's.
    """
    status = _status()
    machine = Machine(
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        processors=_processors(),
        memory_mb=_memory_mb(),
        python=platform.python_version(),
        interpreter=sys.executable,
        version=__version__,
        home=str(Path.home()),
        state=str(state),
        file_system=folders.file_system(state),
        is_on_network=folders.is_on_network(state),
        is_root=os.geteuid() == 0,
        has_capabilities=int(status.get("CapEff", "0"), 16) != 0,
        has_filter=status.get("Seccomp", "0") == "2",
        container=_container(),
        switches=_switches(),
        cpu_limit=cpu_limit,
        freezer=freezer,
        languages=tuple(_installed(language) for language in languages()),
    )
    if machine.system != "Linux":
        return replace(machine, failure=f"functions need Linux; this is {machine.system}")
    try:
        found = protection()
    except LambdaError as error:
        return replace(machine, failure=str(error))
    return replace(
        machine,
        has_private_root=found.sandbox.has_private_root,
        landlock_version=found.sandbox.landlock_version,
        refusal=found.refusal,
        folders=found.folders,
    )


def _installed(language: Language) -> Installed:
    versions = tuple((tool.version, tool.path, tool.runtime) for tool in language.tools())
    return Installed(language.name, versions, language.install)


def _status() -> dict[str, str]:
    """What the kernel says of this process."""
    try:
        rows = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return {}
    return {key: value.strip() for key, _, value in (row.partition(":") for row in rows)}


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_mb() -> int:
    return (os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) >> 20


def _container() -> str:
    """The kind of container that this runs in, as far as it has left a mark; an empty string for none."""
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "Kubernetes"
    return next((kind for mark, kind in _CONTAINER_MARKS.items() if Path(mark).exists()), "")


def _switches() -> dict[str, int]:
    found = {}
    for name in _SWITCHES:
        with suppress(OSError, ValueError):
            found[name.replace("/", ".")] = int((Path("/proc/sys") / name).read_text())
    return found
