"""Snapshots of a whole state folder, kept within it: to go back to the state of a lesson.

The folder's session is closed meanwhile.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from jlambda.errors import InvalidParameter, ResourceNotFound, StateError

_FOLDER = "snapshots"
#: what is of the folder itself, or of a session that is open
_STAYS = {_FOLDER, "lock", "gateway.json"}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,63}", re.ASCII)


def check_name(name: str) -> str:
    """`name` if a snapshot can have it, else `InvalidParameter`."""
    if not _NAME.fullmatch(name):
        raise InvalidParameter(
            f"snapshot {name!r}: use letters, digits, ., - and _, at most 64, beginning with a letter or digit"
        )
    return name


def names(folder: Path) -> list[str]:
    """The snapshots that there are."""
    snapshots = folder / _FOLDER
    return sorted(path.name for path in snapshots.iterdir() if _NAME.fullmatch(path.name)) if snapshots.is_dir() else []


def find(folder: Path, name: str) -> Path:
    """Where a snapshot is. Raises `ResourceNotFound`."""
    path = folder / _FOLDER / check_name(name)
    if not path.is_dir():
        there_are = ", ".join(names(folder)) or "none"
        raise ResourceNotFound(f"there is no snapshot {name!r}", f"there are: {there_are}")
    return path


def save(folder: Path, name: str) -> None:
    """Copy what is in the folder; an earlier snapshot of that name is gone only once this one is whole."""
    snapshots = folder / _FOLDER
    new, target = snapshots / f"_{name}", snapshots / check_name(name)
    try:
        snapshots.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        _copy(folder, new)
        if target.exists():
            shutil.rmtree(target)
        new.rename(target)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        raise StateError(f"snapshot {name} cannot be written ({error.strerror}): make room on the disk") from error


def load(folder: Path, name: str) -> None:
    """Put a snapshot in the place of what is in the folder."""
    source = find(folder, name)
    try:
        for path in folder.iterdir():
            if path.name not in _STAYS:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        _copy(source, folder)
    except OSError as error:
        raise StateError(f"snapshot {name} cannot be loaded ({error.strerror}): load it again") from error


def _copy(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if path.name in _STAYS:
            continue
        if path.is_dir():
            shutil.copytree(path, target / path.name, symlinks=True)
        else:
            shutil.copy2(path, target / path.name)
