"""What a deployment brings in a language other than Python: text, a file, a folder or a zip, built where it has to be.

Reads sources and has them built; stores nothing. Every fault is a `CodeError` in one line.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from jlambda.errors import CodeError
from jlambda.runtimes import languages
from jlambda.runtimes.code import zipped_folder
from jlambda.runtimes.language import Sources
from jlambda.runtimes.languages import Choice


class Package(NamedTuple):
    """A zip that is ready to run, and its handler string."""

    data: bytes
    handler: str


def package_of(
    source: str | Path | Callable[..., object],
    choice: Choice,
    *,
    handler: str | None,
    before: str | None,
    classpath: tuple[str, ...] = (),
    origin: str = "",
) -> Package:
    """The package of what was given to `deploy`.

    `handler` is the one that was given, `before` that of the function so far, which goes on with a package that is not
    built here; `classpath` holds libraries to compile with, `origin` names a cell. Raises `CodeError`.
    """
    language = choice.language
    for path in classpath:
        if not Path(path).exists():
            raise CodeError(f"{path}: there is no such file or folder to compile with")
    whole = tuple(str(Path(path).resolve()) for path in classpath)
    if isinstance(source, str):
        if "\n" not in source and _is_path(source):
            raise CodeError(f"{source!r} would be taken as source text: give a file or folder as pathlib.Path({source!r})")
        return _built(choice, Sources({language.file_of(source): source.encode()}, origin, handler, whole))
    if not isinstance(source, Path):
        raise CodeError(f"{type(source).__name__} is no source in {language.name}: use source text, or a pathlib.Path")
    if not source.exists():
        raise CodeError(f"{source}: there is no such file or folder")
    try:
        if source.is_file() and source.suffix not in (".zip", ".jar"):
            text = source.read_text("utf-8")
            return _built(choice, Sources({language.file_of(text): text.encode()}, origin or str(source), handler, whole))
        data = source.read_bytes() if source.is_file() else zipped_folder(source)
    except (OSError, UnicodeDecodeError) as error:
        raise CodeError(f"{source} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
    files = _files(data, source)
    if language.is_source(files):
        return _built(choice, Sources(files, origin, handler, whole))
    return Package(data, handler or before or language.default_handler)


def _built(choice: Choice, sources: Sources) -> Package:
    return Package(*languages.built(choice, sources))


def _files(data: bytes, source: Path) -> Mapping[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {info.filename: archive.read(info) for info in archive.infolist() if not info.is_dir()}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
        raise CodeError(f"{source} is not a zip file that can be read") from None


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path
        return False
