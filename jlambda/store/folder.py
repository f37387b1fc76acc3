"""The state folder: made, locked for one live session, and told apart from network file systems.

Knows nothing of what the folder holds.
"""

from __future__ import annotations

import fcntl
import os
import re
from itertools import count
from pathlib import Path

from jlambda.errors import StateError

# File systems on which SQLite's write-ahead log does not work: https://sqlite.org/wal.html, "Overview"
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "fuse.s3fs", "fuse.glusterfs"})

_MOUNTS = Path("/proc/self/mountinfo")
# Blanks and backslashes in its names
_OCTAL = re.compile(r"\\([0-7]{3})")


class StateFolder:
    """A folder that this session alone uses until `close`.

    `shared_with` is the folder that was asked for if another live session has it, else None.
    """

    def __init__(self, path: Path, lock: int, shared_with: Path | None) -> None:
        self.path, self.shared_with = path, shared_with
        self._lock = lock

    def __repr__(self) -> str:
        return f"<StateFolder {self.path}{'' if self._lock >= 0 else ' (closed)'}>"

    def close(self) -> None:
        """Give the folder back; a second call does nothing."""
        if self._lock >= 0:
            os.close(self._lock)  # ends the lock
            self._lock = -1


def open_folder(path: Path) -> StateFolder:
    """Make (mode 0700) and lock the folder at `path`.

    Where another live session holds it, ``PATH-2``, ``PATH-3`` … is taken instead and `shared_with` says so. The lock
    goes with the process, whatever ends it. Raises `StateError` if the folder cannot be made or written.
    """
    path = path.expanduser().resolve()
    for number in count(1):
        folder = path if number == 1 else path.with_name(f"{path.name}-{number}")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StateError(
                f"the state folder {folder} cannot be used ({error.strerror}): choose another one with Session(state=...)"
            ) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        except OSError as error:
            os.close(lock)
            raise StateError(
                f"the state folder {folder} cannot be locked ({error.strerror}): choose one on a local disk with "
                "Session(state=...)"
            ) from error
        return StateFolder(folder, lock, path if number > 1 else None)
    raise AssertionError("count() has no end")


def is_held(path: Path) -> bool:
    """Whether a live session, in this process or another, has the folder."""
    try:
        lock = os.open(path / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


def is_on_network(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether `path` is on a network file system; False where the system does not say."""
    return file_system(path, mounts) in _NETWORK


def file_system(path: Path, mounts: Path = _MOUNTS) -> str:
    """What kind of file system `path` is on, as the kernel calls it; an empty string where the system does not say."""
    try:
        rows = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    target = path.resolve()
    best, kind = -1, ""
    for row in rows:
        # https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html: the fifth field is the mount point, the
        # type follows a lone hyphen; the last of two mounts on one point is the one that is seen
        left, _, right = row.partition(" - ")
        point = Path(_OCTAL.sub(lambda escape: chr(int(escape[1], 8)), left.split(" ")[4]))
        if len(point.parts) >= best and target.is_relative_to(point):
            best, kind = len(point.parts), right.split(" ")[0]
    return kind
