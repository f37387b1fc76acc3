"""Layers unpacked one over the other: what comes later wins. Knows folders, not layers, functions or the code store."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path


def merge(folders: Sequence[Path], target: Path) -> None:
    """Make the folder `target` of all that is in `folders`; a file of a later one replaces whatever had its path.

    Files are shared with the folders that they come from (hard links) where the file system can: nobody changes them.
    """
    target.mkdir()
    for folder in folders:
        _lay(folder, target)


def unpacked_bytes(folders: Iterable[Path]) -> int:
    """How much the files in `folders` hold."""
    return sum(
        path.stat().st_size
        for folder in folders
        for parent, _, names in os.walk(folder)
        for path in (Path(parent, name) for name in names)
        if not path.is_symlink()
    )


def _lay(source: Path, target: Path) -> None:
    """Put what is in `source` over what is in `target`. Nothing is written through a symbolic link of an earlier layer."""
    for entry in source.iterdir():
        path = target / entry.name
        if entry.is_dir() and not entry.is_symlink():
            if path.is_symlink() or not path.is_dir():
                path.unlink(missing_ok=True)
                path.mkdir()
            _lay(entry, path)
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        if entry.is_symlink():
            path.symlink_to(entry.readlink())
        else:
            _share(entry, path)


def _share(source: Path, path: Path) -> None:
    try:
        path.hardlink_to(source)
    except OSError:  # no hard links here, or no more of them
        shutil.copy2(source, path)
