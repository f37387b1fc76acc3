"""What a function's process may see and do: a root of its own, its own /proc, Landlock, limits, no capabilities.

Two tiers, found out once by the supervisor. `private_root`: user, mount, PID and IPC namespaces, in which the
environment sees only what it needs, read-only, with code at /var/task, a runtime's files at /var/runtime, layers at
/opt and a /tmp of its own size. Without it (containers often refuse user namespaces): Landlock alone, with all these in
their real folders and TMPDIR in place of /tmp. Either part may be missing; `Sandbox` says which are there. Nothing here
starts or ends a process.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jlambda.engine import syscalls

TASK_ROOT, RUNTIME_ROOT, LAYERS_ROOT = "/var/task", "/var/runtime", "/opt"
#: where all code folders are mounted until an environment knows which of them it runs
_ALL_CODE = "/.code"
_OLD_ROOT = "/.old"
_SYSTEM_FOLDERS = ("usr", "etc", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix")
_DEVICE_LINKS = (("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "fd/0"), ("/dev/stdout", "fd/1"), ("/dev/stderr", "fd/2"))
_DEVICES = ("null", "zero", "full", "random", "urandom")
#: variables whose values are paths; without a private root those below AWS's places have to say where these really are
_PATHS = {
    *("PATH", "LD_LIBRARY_PATH", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "PWD", "AWS_LAMBDA_EXEC_WRAPPER"),
    *("PYTHONPATH", "NODE_PATH", "RUBYLIB", "GEM_PATH", "GEM_HOME", "CLASSPATH", "DOTNET_SHARED_STORE"),
}
#: the user that functions run as, inside a private root; AWS's is called sbx_user1051
FUNCTION_UID = 1051
_NOBODY = 65_534
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: file descriptors, processes and threads
_OPEN_FILES, _PROCESSES = 1_024, 1_024
_STACK_BYTES = 8 << 20
#: what an environment has of its own where it has a private root
NAMESPACES = syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC


class Packages(NamedTuple):
    """What an environment shows of the code root, as paths below it; the runtime's files and layers may be missing ("")."""

    code: str
    runtime: str = ""
    layers: str = ""

    def places(self) -> dict[str, str]:
        """Where each of them that is there is shown: its path below the code root, by its place."""
        found = {TASK_ROOT: self.code, RUNTIME_ROOT: self.runtime, LAYERS_ROOT: self.layers}
        return {place: path for place, path in found.items() if path}


@dataclass(frozen=True, slots=True)
class Sandbox:
    """The parts of the sandbox that this machine gives, and the folders that it is made of.

    `code_root` holds one folder per code package, `scratch` (on the state folder's disk) stands in for /tmp in the
    tier without a private root, `hidden` is masked wherever it lies below a folder that functions see, `tools` are
    folders of compilers and interpreters that functions see besides the system's and this interpreter's own.
    """

    code_root: str
    scratch: str
    hidden: tuple[str, ...]
    has_private_root: bool = False
    landlock_version: int = 0
    tools: tuple[str, ...] = ()

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> Sandbox:
        """A sandbox from its members as JSON has them."""
        return cls(**{**message, "hidden": tuple(message["hidden"]), "tools": tuple(message["tools"])})

    def roots(self, packages: Packages) -> dict[str, str]:
        """Where the function finds its code, its runtime's files and its layers, by the place that they have on AWS."""
        roots = {place: place for place in (TASK_ROOT, RUNTIME_ROOT, LAYERS_ROOT)}
        if not self.has_private_root:
            roots |= {place: f"{self.code_root}/{path}" for place, path in packages.places().items()}
        return roots

    def tmp(self, environment_id: int) -> str:
        """The environment's folder for temporary files."""
        return "/tmp" if self.has_private_root else f"{self.scratch}/{environment_id}"


def visible_folders(tools: tuple[str, ...]) -> list[str]:
    """The folders outside the system's own that this interpreter and `tools` need, none below another, as they name them."""
    package = str(Path(__file__).resolve().parents[1])
    wanted = {sys.prefix, sys.base_prefix, sys.exec_prefix, package, *filter(os.path.isdir, (*sys.path, *tools))}
    wanted = {os.path.abspath(path) for path in wanted} - {"/", "/usr", "/tmp"}
    covered = [f"/{name}/" for name in _SYSTEM_FOLDERS]
    kept: list[str] = []
    for path in sorted(wanted):
        if not any(path.startswith(above) for above in (*covered, *(f"{k}/" for k in kept))):
            kept.append(path)
    return kept


def map_users(pid: int) -> None:
    """Give a process in a new user namespace its users: itself for mounting, `FUNCTION_UID` for the function."""
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:  # the function is nobody outside, so that it owns none of root's files
        maps = {"uid_map": f"0 0 1\n{FUNCTION_UID} {_NOBODY} 1", "gid_map": f"0 0 1\n{FUNCTION_UID} {_NOBODY} 1"}
    else:
        maps = {"setgroups": "deny", "uid_map": f"{FUNCTION_UID} {uid} 1", "gid_map": f"{FUNCTION_UID} {gid} 1"}
    for name, text in maps.items():
        write_file(f"/proc/{pid}/{name}", text)


def map_own_user() -> None:
    """Have the calling process keep its user, the function's, in the new user namespace that it is in."""
    own = f"{FUNCTION_UID} {FUNCTION_UID} 1"
    for name, text in {"setgroups": "deny", "uid_map": own, "gid_map": own}.items():
        write_file(f"/proc/self/{name}", text)


def write_file(path: str, text: str) -> None:
    """Write a file of the kernel's in one go. (Few instructions and objects: this runs in fresh forks.)"""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True)
class PrivateRoot:
    """What a private root shows, looked up once for all environments: `(source, path, is_folder)` and symbolic links."""

    shown: tuple[tuple[str, str, bool], ...]
    links: tuple[tuple[str, str], ...]
    hidden: tuple[str, ...]


def plan_private_root(sandbox: Sandbox, folders: list[str]) -> PrivateRoot:
    """The private root of every environment: the system, the interpreter's `folders`, some devices, all code."""
    links = {f"/{name}": os.readlink(f"/{name}") for name in _SYSTEM_FOLDERS if os.path.islink(f"/{name}")}
    system = [f"/{name}" for name in _SYSTEM_FOLDERS if f"/{name}" not in links and os.path.isdir(f"/{name}")]
    paths = {path: path for path in (*system, *(f"/dev/{name}" for name in _DEVICES), *folders)}
    paths[_ALL_CODE] = sandbox.code_root
    shown = tuple((os.path.realpath(source), path, os.path.isdir(source)) for path, source in paths.items())
    visible = [f"{path}/" for path in (*system, *folders)]
    hidden = {seen for path in sandbox.hidden for seen in (path, os.path.realpath(path))}
    hidden = {path for path in hidden if os.path.isdir(path) and any(path.startswith(above) for above in visible)}
    return PrivateRoot(shown, tuple(links.items()), tuple(sorted(hidden)))


def enter_private_root(plan: PrivateRoot) -> None:
    """Swap this process's root, in its new namespaces, for one that holds only what functions need."""
    os.umask(0o022)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    # Any folder will do to make the new root in: once it is the root, what it covered is in sight again.
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID, "size=1m,mode=755")
    os.mkdir("/tmp" + _OLD_ROOT)
    syscalls.pivot_root("/tmp", "/tmp" + _OLD_ROOT)
    os.chdir("/")
    # first: the interpreter itself may lie below it
    os.mkdir("/tmp")
    syscalls.mount("tmpfs", "/tmp", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "size=1m,mode=1777")
    for path, target in (*plan.links, *_DEVICE_LINKS):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)
    for source, path, is_folder in plan.shown:
        if is_folder:
            os.makedirs(path, exist_ok=True)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        syscalls.mount(_OLD_ROOT + source, path, None, syscalls.MS_BIND | syscalls.MS_REC)
    for path in plan.hidden:
        syscalls.mount("tmpfs", path, "tmpfs", syscalls.MS_NOSUID, "size=4k,mode=755")
    for folder in ("/proc", TASK_ROOT, RUNTIME_ROOT, LAYERS_ROOT):
        os.makedirs(folder, exist_ok=True)
    # The kernel gives a new /proc only to who can see one already: before the old root goes.
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV)
    syscalls.unmount(_OLD_ROOT)
    os.rmdir(_OLD_ROOT)
    syscalls.set_read_only("/", True, is_recursive=True)
    for folder in ("/proc", "/tmp"):
        syscalls.set_read_only(folder, False)


def show_code(sandbox: Sandbox, environment_id: int, packages: Packages, ephemeral_storage_mb: int) -> None:
    """Put the function's code and what belongs to it at their places, give it its /tmp, take all other code out of sight."""
    if not sandbox.has_private_root:
        os.makedirs(sandbox.tmp(environment_id), mode=0o700, exist_ok=True)
        return
    if os.path.ismount(TASK_ROOT):  # by a process before this one
        return
    flags = syscalls.MS_REMOUNT | syscalls.MS_NOSUID | syscalls.MS_NODEV
    syscalls.mount("tmpfs", "/tmp", None, flags, f"size={ephemeral_storage_mb}m")
    for place, path in packages.places().items():
        source = f"{_ALL_CODE}/{path}"
        if os.listdir(place):  # an interpreter that the environment needs lies in there: /opt/python3.12
            _show_beside(source, place)
        else:
            syscalls.mount(source, place, None, syscalls.MS_BIND)
    syscalls.unmount(_ALL_CODE)


def _show_beside(source: str, place: str) -> None:
    """Put what is in a folder among what lies at `place`, which comes first where both have the name."""
    syscalls.set_read_only("/", False)
    for entry in os.scandir(source):
        path = f"{place}/{entry.name}"
        if os.path.lexists(path):
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), path)
            continue
        if entry.is_dir():
            os.mkdir(path)
        else:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
        syscalls.mount(entry.path, path, None, syscalls.MS_BIND)
    syscalls.set_read_only("/", True)


def moved(variables: Mapping[str, str], roots: Mapping[str, str]) -> dict[str, str]:
    """Variables that hold paths, with those paths that lie in one of `roots` where they really are."""
    found = {}
    for name in _PATHS & variables.keys():
        parts = variables[name].split(":")
        found[name] = ":".join(_moved(part, roots) for part in parts)
    return found


def _moved(path: str, roots: Mapping[str, str]) -> str:
    for place, root in roots.items():
        if path == place or path.startswith(f"{place}/"):
            return root + path.removeprefix(place)
    return path


def confine(sandbox: Sandbox, tmp: str, packages: Packages, folders: list[str], *, makes_environments: bool = False) -> None:
    """Hold the calling process, which is about to run the function, to what a function may do. For good.

    `tmp` is where it may write. A snapshot `makes_environments`: it lies in a private root, but Landlock would keep those
    that are made of it from having mounts of their own.
    """
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (_STACK_BYTES, hard))
    if syscalls.IS_LINUX:
        syscalls.give_up_privileged_programs()
    if sandbox.has_private_root:
        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
            os.setresuid(FUNCTION_UID, FUNCTION_UID, FUNCTION_UID)
            # A change of user makes /proc/self root's own; this gives it back.
            syscalls.make_dumpable()
        # counted per user and user namespace, so only in one of our own (Linux 5.14)
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        resource.setrlimit(resource.RLIMIT_NPROC, (_PROCESSES, hard if makes_environments else _PROCESSES))
    if syscalls.IS_LINUX:
        syscalls.drop_capabilities()
        syscalls.forbid_new_privileges()
    if sandbox.landlock_version and not (makes_environments and sandbox.has_private_root):
        if sandbox.has_private_root:
            syscalls.landlock([], ["/"], [tmp, "/dev", "/proc"])
        else:
            system = [f"/{name}" for name in _SYSTEM_FOLDERS if os.path.isdir(f"/{name}")]
            split = [folder for folder in folders if _holds_hidden(folder, sandbox.hidden)]
            parts = [part for folder in split for part in _parts_without(folder, sandbox.hidden)]
            whole = [folder for folder in folders if folder not in split]
            shown = [f"{sandbox.code_root}/{path}" for path in packages.places().values()]
            readable = [*system, *whole, *parts, *shown, "/proc"]
            syscalls.landlock(split, readable, [tmp, *(f"/dev/{name}" for name in _DEVICES)])


def _holds_hidden(folder: str, hidden: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for path in hidden)


def _parts_without(folder: str, hidden: tuple[str, ...]) -> list[str]:
    """What is in a folder, but for the hidden: Landlock can only allow."""
    parts: list[str] = []
    for entry in os.scandir(folder):
        # A link would open what it points to, which may be a folder above the hidden; it needs no rule of its own.
        if entry.path in hidden or entry.is_symlink():
            continue
        parts += _parts_without(entry.path, hidden) if _holds_hidden(entry.path, hidden) else [entry.path]
    return [part for part in parts if os.path.exists(part)]
