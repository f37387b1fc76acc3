"""Packages that were built once, kept in the user's cache folder and used again: by content and by compiler.

Two processes may build the same thing at once: the first one's result stands. A folder that cannot be written costs a
build each time, and nothing else. Knows nothing of languages.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from jlambda.runtimes.code import zipped_folder

#: a build that nobody has used for so long is removed, and the longest unused ones once all take more than this
_KEEP_S, _KEEP_BYTES = 60 * 86_400.0, 2 << 30
_PACKAGE, _ABOUT = "package.zip", "about.json"


class Built(NamedTuple):
    """A package as a zip, and what was to be remembered of it."""

    package: bytes
    note: str


def cache_folder() -> Path:
    """The user's folder for what can be made again, ours in it: ``$XDG_CACHE_HOME/jlambda``."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "jlambda"


def digest(parts: Iterable[str | bytes]) -> str:
    """One key for several texts."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(b"%d:" % len(data))
        total.update(data)
    return total.hexdigest()


def file_state(path: str) -> str:
    """What tells whether a file, or any of those in a folder, has been replaced."""
    found = [Path(path), *sorted(Path(path).rglob("*"))]
    states = [(str(each), each.stat()) for each in found if each.is_file()]
    return repr([(name, about.st_mtime_ns, about.st_size) for name, about in states])


def build(key: str, make: Callable[[Path], str]) -> Built:
    """The package of this key: as it was kept, or made by `make`, which fills a folder and returns the note."""
    root = cache_folder() / "builds"
    kept = _read(root / key)
    if kept is not None:
        return kept
    with _scratch(root) as scratch:
        made = scratch / "made"
        made.mkdir()
        note = make(made)
        built = Built(zipped_folder(made), note)
        entry = scratch / "entry"
        entry.mkdir()
        (entry / _PACKAGE).write_bytes(built.package)
        (entry / _ABOUT).write_text(json.dumps({"note": note}))
        with contextlib.suppress(OSError):  # another process was first, or the cache is not to be written
            entry.rename(root / key)
            _tidy(root)
    return built


def _read(entry: Path) -> Built | None:
    try:
        built = Built((entry / _PACKAGE).read_bytes(), json.loads((entry / _ABOUT).read_text())["note"])
        os.utime(entry)
    except (OSError, ValueError, KeyError):
        return None
    return built


@contextlib.contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """An empty folder on the cache's disk, if there can be one."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".new-", dir=root))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="jlambda-build-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tidy(root: Path) -> None:
    """Remove what has not been used for long."""
    entries = sorted(((entry.stat().st_mtime, entry) for entry in root.iterdir()), reverse=True)
    total, now = 0, time.time()
    for used, entry in entries:
        total += sum(path.stat().st_size for path in entry.glob("*") if path.is_file())
        if now - used > _KEEP_S or (total > _KEEP_BYTES and not entry.name.startswith(".new-")):
            shutil.rmtree(entry, ignore_errors=True)
