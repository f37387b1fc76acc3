"""A deployment package unpacked into a new folder: nothing is written outside of it, and no more than a package may hold.

What is wrong with a package is a `CodeError`; an `OSError` is the disk's.
"""

from __future__ import annotations

import calendar
import contextlib
import errno
import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.limits import UNZIPPED_BYTES

_CHUNK = 1 << 20
#: what the kernel takes as the target of a symbolic link, its end included: symlink(2)
_TARGET_BYTES = 4_096


def unpack(package: bytes, root: Path) -> None:
    """Unpack a zip into the new folder `root`."""
    with _opened(package) as archive:
        root.mkdir()
        unzipped, links = 0, []
        folders = {str(root)}  # of tens of thousands of files most lie in one that is there
        for info in archive.infolist():
            path = _inside(root, info.filename)
            folder = path if info.is_dir() else os.path.dirname(path)  # noqa: PTH120 a Path takes longer than to write a file
            try:
                if folder not in folders:
                    Path(folder).mkdir(parents=True, exist_ok=True)
                    folders.add(folder)
                if info.is_dir():
                    continue
                if stat.S_ISLNK(info.external_attr >> 16):
                    links.append((Path(path), _target(archive, info)))
                    continue
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
                try:
                    for chunk in _content(archive, info):
                        unzipped += len(chunk)
                        check_size(unzipped)
                        _write(file, chunk)
                    _give_attributes(file, info)
                finally:
                    os.close(file)
            except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
                name = str(error.filename).removeprefix(f"{root}/")
                raise CodeError(f"the package holds {name!r} both as a file and as a folder") from None
            except OSError as error:
                if error.errno != errno.ENAMETOOLONG:
                    raise
                raise CodeError(f"the package holds a file whose name is too long: {info.filename[:64]}…") from None
    _link(root, links)


def check_size(unzipped: int) -> None:
    """Raise `CodeError` for more than a package may hold."""
    if unzipped > UNZIPPED_BYTES:
        raise CodeError(f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes")


@contextlib.contextmanager
def _opened(package: bytes) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(package))
    except Exception:  # whatever comes of what is no zip, or a damaged one
        raise _damaged() from None
    with archive:
        if not archive.infolist():
            raise CodeError("Uploaded file must be a non-empty zip")
        yield archive


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """A file of the zip, by pieces."""
    try:
        with archive.open(info) as source:
            while chunk := source.read(_CHUNK):
                yield chunk
    except Exception:  # encrypted, truncated, an unknown method of compression; each method has errors of its own
        raise _damaged() from None


def _target(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Where a symbolic link points."""
    target = b""
    for chunk in _content(archive, info):
        target += chunk
        if len(target) >= _TARGET_BYTES:
            break
    if not 0 < len(target) < _TARGET_BYTES or b"\0" in target:
        raise CodeError(f"the symbolic link {info.filename} cannot point to what it says")
    return target


def _damaged() -> CodeError:
    return CodeError("Could not unzip uploaded file. Please check your file, then try to upload again.")


def _write(file: int, data: bytes) -> None:
    """All of it: a disk that is filling up takes less at first."""
    while data:
        data = data[os.write(file, data) :]


def _give_attributes(file: int, info: zipfile.ZipInfo) -> None:
    if info.external_attr >> 16 & stat.S_IXUSR:
        os.fchmod(file, 0o755)
    with contextlib.suppress(ValueError):  # a zip may carry no date at all
        written = calendar.timegm((*info.date_time, 0, 0, 0))
        os.utime(file, (written, written))


def _link(root: Path, links: list[tuple[Path, bytes]]) -> None:
    """Make the symbolic links last, when nothing is written any more that could go through one."""
    for path, target in links:
        if path.exists() or path.is_symlink():
            raise CodeError(f"the package holds {path.relative_to(root)} twice")
        path.symlink_to(os.fsdecode(target))
    real = root.resolve()
    for path, _ in links:
        if not Path(os.path.realpath(path)).is_relative_to(real):
            raise CodeError(f"the symbolic link {path.relative_to(root)} leads out of the package")


def _inside(root: Path, name: str) -> str:
    if not name:
        raise _damaged()
    if name.startswith("/") or ".." in name.split("/"):
        raise CodeError(f"the package holds {name!r}, which lies outside of it")
    return os.path.normpath(f"{root}/{name}")
