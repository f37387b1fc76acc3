"""What would make a machine stricter, and how to come by it. Pure: facts in, advice out.

Most of it turns what the system said when it refused a private root into what to do about that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from jlambda.model.machine import Machine
from jlambda.notebook.findings import (
    CPU_LIMIT,
    FREEZER,
    ORDINARY_USER,
    PRIVATE_ROOT,
    SCOPES,
    SCOPES_VERSION,
    SHORTER_PATH,
    TRUNCATE_VERSION,
)

# https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces
_APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
# Debian's own, and Arch's
_CLONE = "kernel.unprivileged_userns_clone"
_MOST = "user.max_{}_namespaces"
_KINDS = ("user", "mnt", "pid", "ipc")
# https://docs.docker.com/reference/cli/docker/container/run/#security-opt, and Podman's name for the last of them
_CONTAINERS = {
    "Docker": "run it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--security-opt systempaths=unconfined",
    "Podman": "run it with --security-opt seccomp=unconfined --security-opt unmask=ALL",
    "Kubernetes": "have the pod's securityContext say seccompProfile and appArmorProfile Unconfined, procMount Unmasked",
}


class Advice(NamedTuple):
    """One thing that would help, and how to get it."""

    what: str
    how: str


def advice(machine: Machine) -> list[Advice]:
    """What would make this machine stricter, most effective first; nothing where nothing would."""
    if machine.failure:
        return []
    return [*_sandbox(machine), *_options(machine)]


def _sandbox(machine: Machine) -> Iterator[Advice]:
    if not machine.has_private_root:
        for number, how in enumerate(_causes(machine)):
            yield Advice(PRIVATE_ROOT if not number else "", how)
        if machine.has_capabilities:
            yield Advice(ORDINARY_USER, "start the notebook as one: functions then own none of root's files")
        if machine.landlock_version and machine.landlock_version < TRUNCATE_VERSION:
            yield Advice("Landlock 3", f"Linux 6.2 or newer, in place of {machine.kernel}: files can then not be emptied")
    if not machine.landlock_version:
        yield Advice("Landlock", _landlock(machine))
    elif machine.landlock_version < SCOPES_VERSION:
        yield Advice(SCOPES, f"a newer kernel than {machine.kernel}: signals and abstract sockets then stay inside")
    if machine.has_private_root and machine.is_older_than(5, 14):
        yield Advice("Linux 5.14", f"a newer kernel than {machine.kernel}: it counts processes in each user namespace")


def _causes(machine: Machine) -> Iterator[str]:
    """Why there is no private root: what the system said, and what to do about each reason that the facts tell."""
    yield f"refused here: {machine.refusal}"
    yield from list(_known_causes(machine)) or [
        "user namespaces are missing from this kernel (CONFIG_USER_NS) or forbidden by a security module, or this is a chroot"
    ]


def _known_causes(machine: Machine) -> Iterator[str]:
    where = " on the container's host" if machine.container else ""
    if "No space left" in machine.refusal:  # what the kernel says where a limit is reached
        yield from _limits(machine, where)
        return
    if machine.is_older_than(5, 12):
        yield f"it needs Linux 5.12 or newer; this is {machine.kernel}"
    if machine.container:
        how = _CONTAINERS.get(machine.container, "have the container allow nested user namespaces")
        yield f"this is a container ({machine.container}): {how}; that makes the container itself less strict"
    if not machine.is_root or machine.container:
        if machine.switches.get(_APPARMOR):
            yield f"AppArmor forbids it to ordinary users: sudo sysctl {_APPARMOR}=0{where}, or a profile for Python"
        if machine.switches.get(_CLONE) == 0:
            yield f"forbidden to ordinary users: sudo sysctl {_CLONE}=1{where}"
    if machine.has_filter and not machine.container:
        yield "a seccomp filter holds this process: start the notebook outside of what set it (a snap, a service, a sandbox)"


def _limits(machine: Machine, where: str) -> Iterator[str]:
    names = [_MOST.format(kind) for kind in _KINDS]
    forbidden = [name for name in names if machine.switches.get(name) == 0]
    for name in forbidden:
        yield f"none are allowed: sudo sysctl {name}=10000{where}"
    if not forbidden:
        yield f"too many namespaces are in use: end some programs, or raise {', '.join(names)}{where}"


def _landlock(machine: Machine) -> str:
    if machine.is_older_than(5, 13):
        return f"Linux 5.13 or newer, in place of {machine.kernel}"
    return "off in this kernel: add landlock to lsm= on its command line; an old container runtime may hide it, too"


def _options(machine: Machine) -> Iterator[Advice]:
    if not machine.cpu_limit:
        yield Advice(CPU_LIMIT, f"%config LambdaMagics.{CPU_LIMIT} or Session({CPU_LIMIT.replace(' ', '')})")
    if not machine.freezer:
        yield Advice(FREEZER, f"%config LambdaMagics.{FREEZER} or Session({FREEZER.replace(' ', '')})")
    if shown := machine.folder_above(machine.home):
        yield Advice(SHORTER_PATH, f"{shown} is in it: start the notebook without it in PYTHONPATH")
    if machine.is_on_network:
        how = f"the state folder is on {machine.file_system}, where SQLite has no write-ahead log and is slower"
        yield Advice("a local disk", f"{how}: Session(state=...)")
