"""The code of functions on disk: each deployment package once, under the digest of its zip file.

Every package is a zip first, whether it came as a cell, a folder or a zip; equal code gives the equal zip. A package
that is there is complete and never changes. Knows nothing of functions: who uses what is for others to say.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from jlambda.errors import CodeError, StateError
from jlambda.runtimes.handler import SHIPPED_GLOBALS
from jlambda.runtimes.merge import merge
from jlambda.runtimes.unzip import check_size, unpack

# the oldest time that a zip can carry: when a file was written must not change the digest
_EPOCH = (1980, 1, 1, 0, 0, 0)
#: files that are written through to the disk at one time
_SYNCS = 8
#: files of which so many are written through by one call for all that there is on this machine
_MANY = 2_000


class Package(NamedTuple):
    """A deployment package in the store.

    `sha256` is the digest of its zip in base64, as Lambda's CodeSha256; `key` the same in hex; `size` that of the zip
    in bytes; `folder` the unpacked code, to be shown to functions as ``/var/task``.
    """

    sha256: str
    size: int
    key: str
    folder: Path


class CodeStore:
    """Packages under `folder`, which is made when the first one comes. All methods may be called from any thread.

    Raises `CodeError` for code that cannot become a package, and `StateError` where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder
        self._making: set[str] = set()
        #: told when a package is made, or is not to be had
        self._made = threading.Condition()

    def put_source(self, source: str, use: bytes | None = None) -> Package:
        """Store a cell as ``lambda_function.py``; `use` is a dict of its first globals, pickled with dill."""
        files = {"lambda_function.py": source.encode()}
        if use is not None:
            files[SHIPPED_GLOBALS] = use
        return self.put_files(files)

    def put_files(self, files: Mapping[str, bytes]) -> Package:
        """Store files, each under its path in the package."""
        return self.put_zip(_zipped((name, False, data) for name, data in files.items()))

    def put_folder(self, path: Path) -> Package:
        """Store all files of a folder but compiled Python; symbolic links are kept where they stay inside."""
        return self.put_zip(zipped_folder(path))

    def put_zip(self, package: bytes) -> Package:
        """Store a zip as it is."""
        digest = hashlib.sha256(package).digest()
        made = self._package(digest.hex(), len(package))

        def fill(whole: Path) -> None:
            (whole / "package.zip").write_bytes(package)
            unpack(package, whole / "task")

        self._make(made, fill)
        return made

    def put_merged(self, layers: Sequence[str]) -> Package:
        """Store what packages make when they are unpacked one over the other, in the order of their digests."""
        made = self._package(_key(merged_sha256(layers)))
        if len(layers) > 1:
            folders = [self.folder(sha256) for sha256 in layers]
            self._make(made, lambda whole: merge(folders, whole / "task"))
        return made

    def _make(self, made: Package, fill: Callable[[Path], None]) -> None:
        """Have the package in the store, whole: `fill` is called with the folder that is to become it, if it is not there.

        One thread makes it, and only those that want the same one wait for it.
        """
        with self._made:
            self._made.wait_for(lambda: made.key not in self._making)
            if made.folder.exists():
                return
            self._making.add(made.key)
        try:
            with self._writing():
                self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
                whole = Path(tempfile.mkdtemp(prefix=".new-", dir=self._path))
                try:
                    fill(whole)
                    _finish(whole)
                    whole.rename(self._path / made.key)
                except BaseException:
                    shutil.rmtree(whole, ignore_errors=True)
                    raise
                _sync(self._path)
        finally:
            with self._made:
                self._making.discard(made.key)
                self._made.notify_all()

    def folder(self, sha256: str) -> Path:
        """Where the package's code is unpacked."""
        folder = self._package(_key(sha256)).folder
        if not folder.is_dir():
            raise StateError(f"{folder} is gone: deploy the function again")
        return folder

    def zip(self, sha256: str) -> bytes:
        """The package as it was stored."""
        path = self.folder(sha256).parent / "package.zip"
        try:
            return path.read_bytes()
        except OSError as error:
            raise StateError(f"{path} cannot be read: {error.strerror}") from None

    def remove_unused(self, keep: set[str]) -> None:
        """Delete every package but those whose digests are given, and what an interrupted write left behind."""
        kept = {_key(sha256) for sha256 in keep}
        with self._made, self._writing():
            self._made.wait_for(lambda: not self._making)
            for entry in self._path.iterdir() if self._path.is_dir() else ():
                if entry.name not in kept:
                    shutil.rmtree(entry)

    def _package(self, key: str, size: int = 0) -> Package:
        return Package(base64.b64encode(bytes.fromhex(key)).decode(), size, key, self._path / key / "task")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StateError(
                f"{self._path} cannot be written: {error.strerror}; free space or choose another state folder"
            ) from None


def zipped_folder(path: Path, *, has_compiled: bool = False) -> bytes:
    """A folder as a zip that depends on its files and nothing else, with compiled Python or without. Raises `CodeError`."""
    if not path.is_dir():
        raise CodeError(f"{path} is not a folder")
    try:
        return _zipped(_files_of(path, has_compiled))
    except OSError as error:
        raise CodeError(f"{path} cannot be read: {error.strerror} ({error.filename})") from None


def merged_sha256(layers: Sequence[str]) -> str:
    """What stands for packages merged in this order: a single one stands for itself."""
    if len(layers) == 1:
        return layers[0]
    return base64.b64encode(hashlib.sha256("\n".join(["layers", *layers]).encode()).digest()).decode()


def _key(sha256: str) -> str:
    return base64.b64decode(sha256).hex()


def _files_of(root: Path, has_compiled: bool) -> Iterator[tuple[str, bool, bytes | Path]]:
    """Name, whether it may be executed, and content (a path: a symbolic link's target) of each file below `root`."""
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if has_compiled or name != "__pycache__")
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            inside = path.relative_to(root).as_posix()
            if path.is_symlink():
                yield inside, False, path.readlink()
            elif path.is_file():
                about = path.stat()
                check_size(about.st_size)
                yield inside, bool(about.st_mode & stat.S_IXUSR), path.read_bytes()


def _zipped(files: Iterable[tuple[str, bool, bytes | Path]]) -> bytes:
    """A zip of `files` that depends on their names, contents and right to be executed, and on nothing else."""
    buffer, unzipped = io.BytesIO(), 0
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, is_executable, content in files:
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            mode = stat.S_IFREG | (0o755 if is_executable else 0o644)
            data = content if isinstance(content, bytes) else os.fsencode(content)
            info.external_attr = (mode if isinstance(content, bytes) else stat.S_IFLNK | 0o777) << 16
            unzipped += len(data)
            check_size(unzipped)
            archive.writestr(info, data)
    return buffer.getvalue()


def _finish(root: Path) -> None:
    """Let everybody read all below `root`, and have the disk hold it: what is found after a crash is whole.

    Many at a time, since the disk can do many with one of its own transactions: a package of one module takes 2 ms in
    place of 12 where others write too. And all at once where they are many more.
    """
    root.chmod(0o755)
    paths, folders = [str(root)], [str(root)]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.is_symlink():
                continue
            mode = entry.stat().st_mode
            if entry.is_dir():
                folders.append(entry.path)
            wanted = 0o755 if entry.is_dir() or mode & stat.S_IXUSR else 0o644
            if stat.S_IMODE(mode) != wanted:
                Path(entry.path).chmod(wanted)
            paths.append(entry.path)
    if len(paths) > _MANY and sys.platform == "linux":  # elsewhere it does not wait for the disk
        os.sync()
        return
    with ThreadPoolExecutor(min(len(paths), _SYNCS), "jlambda-sync") as pool:
        for _ in pool.map(_sync, paths):
            pass


def _sync(path: Path | str) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
