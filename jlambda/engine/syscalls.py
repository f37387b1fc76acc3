"""The Linux system calls that Python does not offer: namespaces, mounts, Landlock, capabilities.

Each function raises `OSError` with the call's name. Nothing here knows what a sandbox is.
"""

from __future__ import annotations

import ctypes
import os
import platform
import random
import signal
import struct
import threading

IS_LINUX = platform.system() == "Linux"

CLONE_NEWNS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x8000000, 0x10000000, 0x20000000
MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
_MOUNT_ATTR_RDONLY, _MOUNT_ATTR_NOSUID = 1, 2
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 36, 38
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63

# The numbers differ by processor only for the two older calls.
_IS_X86 = platform.machine() in ("x86_64", "AMD64")
_CLONE, _PIVOT_ROOT = (56, 155) if _IS_X86 else (220, 41)
_MOUNT_SETATTR, _LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 442, 444, 445, 446

# https://docs.kernel.org/userspace-api/landlock.html: what each version of the interface can refuse
_LANDLOCK_LIST = 1 << 3  # read folder
_LANDLOCK_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read file, read folder
_LANDLOCK_WRITE = sum(1 << bit for bit in (1, 4, 5, 6, 7, 8, 9, 10, 11, 12))
_LANDLOCK_FILE_ONLY = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14
_LANDLOCK_SCOPE_ABSTRACT_SOCKET, _LANDLOCK_SCOPE_SIGNAL = 1, 2

# PyDLL keeps the interpreter's lock: a cloned child must come back holding it.
_libc = ctypes.PyDLL(None, use_errno=True)


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def clone(flags: int) -> int:
    """Fork this single-threaded process into new namespaces: 0 in the child, the child's pid in the parent.

    Python's own fork handlers are not run, here and in `fork`: they copy 200 pages, a millisecond. The child of a
    `clone` may do no more than a process of one thread does; that of a `fork` calls `after_fork`.
    """
    return _check(_libc.syscall(_CLONE, flags | signal.SIGCHLD, 0, 0, 0, 0), "clone")


def fork() -> int:
    """Fork this single-threaded process: 0 in the child, the child's pid in the parent."""
    return _check(_libc.fork(), "fork")


def after_fork() -> None:
    """In a fresh fork: what of Python's state must differ from the parent's."""
    signal.set_wakeup_fd(-1)
    random.seed()
    threading.main_thread()._set_native_id()  # type: ignore[attr-defined]


def mount(source: str, target: str, kind: str | None = None, flags: int = 0, data: str | None = None) -> None:
    """mount(2)."""
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), f"mount {target}")


def unmount(target: str) -> None:
    """Take a mount out of sight at once; it ends when nothing uses it."""
    _check(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def set_read_only(target: str, is_read_only: bool, *, is_recursive: bool = False) -> None:
    """Make a mount, and all below it if asked, read-only and set-uid-free, or writable again (Linux 5.12)."""
    to_set, to_clear = (_MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0) if is_read_only else (0, _MOUNT_ATTR_RDONLY)
    attributes = struct.pack("QQQQ", to_set, to_clear, 0, 0)
    flags = _AT_RECURSIVE if is_recursive else 0
    done = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(target), flags, attributes, len(attributes))
    _check(done, f"mount_setattr {target}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2): `new` becomes /, the former root appears at `old`."""
    _check(_libc.syscall(_PIVOT_ROOT, os.fsencode(new), os.fsencode(old)), "pivot_root")


def die_with_parent() -> None:
    """SIGKILL for this process when its parent ends, however that ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def make_dumpable() -> None:
    """Let this process own its entries in /proc after a change of user."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")


def adopt_orphans() -> None:
    """Orphaned descendants become children of this process."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def give_up_privileged_programs() -> None:
    """No program that this process starts has more capabilities than it has itself. Needs CAP_SETPCAP."""
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break


def drop_capabilities() -> None:
    """Give up all capabilities."""
    header, nothing = struct.pack("Ii", _CAPABILITY_VERSION_3, 0), struct.pack("6I", 0, 0, 0, 0, 0, 0)
    _check(_libc.capset(header, nothing), "capset")


def forbid_new_privileges() -> None:
    """No program that this process starts gains privileges."""
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl")


def landlock_version() -> int:
    """Which version of Landlock this kernel has switched on; 0 for none."""
    return max(0, int(_libc.syscall(_LANDLOCK_CREATE, None, 0, 1))) if IS_LINUX else 0


def landlock(listable: list[str], readable: list[str], writable: list[str]) -> None:
    """From now on, read only below `readable` and `writable`, write only below `writable`; folders or files.

    Below `listable`, what is in a folder can be seen, but not read.

    Where the kernel can, also no signals to, and no abstract sockets of, processes outside. For good.
    """
    version = landlock_version()
    read, write = _LANDLOCK_READ, _LANDLOCK_WRITE
    if version >= 2:
        write |= 1 << 13  # link or rename across folders
    if version >= 3:
        write |= 1 << 14  # truncate
    scoped = _LANDLOCK_SCOPE_ABSTRACT_SOCKET | _LANDLOCK_SCOPE_SIGNAL if version >= 6 else 0
    ruleset = struct.pack("QQQ", read | write, 0, scoped)[: 24 if version >= 6 else 8]
    rules = _check(_libc.syscall(_LANDLOCK_CREATE, ruleset, len(ruleset), 0), "landlock_create_ruleset")
    try:
        for paths, allowed in ((listable, _LANDLOCK_LIST), (readable, read), (writable, read | write)):
            for path in paths:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
                try:
                    rule = struct.pack("=Qi", allowed if os.path.isdir(path) else allowed & _LANDLOCK_FILE_ONLY, fd)
                    _check(_libc.syscall(_LANDLOCK_ADD, rules, 1, rule, 0), f"landlock {path}")
                finally:
                    os.close(fd)
        forbid_new_privileges()
        _check(_libc.syscall(_LANDLOCK_RESTRICT, rules, 0), "landlock_restrict_self")
    finally:
        os.close(rules)
