"""What a deployment brings: a cell's text, a callable, a .py file, a folder or a zip, and which function in it is the handler.

Reads, and writes nothing; every fault is a `CodeError` in one line.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from jlambda.errors import CodeError
from jlambda.runtimes.callables import shipped_callable
from jlambda.runtimes.python import check_handler, find_handler

#: a cell, a callable and a single file all become this module
MODULE = "lambda_function"
_FILE = f"{MODULE}.py"


class Source(NamedTuple):
    """Code on its way to become a package. `text` is None for a folder or zip, which is at `path`.

    `name` and `handler` are those of a callable; `use` are globals that the module starts with, `modules` are imported
    by lines that the text did not have; `origin` is how a traceback names where the text came from.
    """

    text: str | None
    path: Path | None
    name: str | None
    handler: str | None
    use: Mapping[str, object]
    modules: Iterable[str]
    origin: str


def read_source(source: str | Path | Callable[..., object], use: Mapping[str, object], origin: str) -> Source:
    """Take what was given to `deploy`. Raises `CodeError` for what cannot be a function's code."""
    if isinstance(source, Path):
        return _read_path(source, use, origin)
    if isinstance(source, str):
        if "\n" not in source and _is_path(source):
            raise CodeError(f"{source!r} would be taken as source text: give a file or folder as pathlib.Path({source!r})")
        return Source(_compiled(source, origin or _FILE), None, None, None, use, (), origin)
    if callable(source):
        name, text, handler, needed, modules, written_in = shipped_callable(source)
        return Source(text, None, name, handler, {**needed, **use}, modules, origin or written_in)
    raise CodeError(f"{type(source).__name__} is no source: use a function, source text, or a pathlib.Path")


def _read_path(path: Path, use: Mapping[str, object], origin: str) -> Source:
    if not path.exists():
        raise CodeError(f"{path}: there is no such file or folder")
    if path.suffix == ".py" and path.is_file():
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise CodeError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from None
        return Source(_compiled(text, str(path)), path, None, None, use, (), origin or f'File "{path.resolve()}"')
    if use:
        raise CodeError("objects can be shipped with a cell, a .py file or a callable, not with a folder or zip")
    if path.is_file() and path.suffix != ".zip":
        raise CodeError(f"{path}: use a .py file, a folder or a .zip")
    return Source(None, path, None, None, {}, (), origin)


def _is_path(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # too long for a path
        return False


def _compiled(text: str, name: str) -> str:
    """`text`, if it is Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        place = f", line {error.lineno}" if error.lineno else ""
        raise CodeError(f"{name}{place}: {error.msg}") from None
    except ValueError as error:  # halves of surrogate pairs; null bytes too up to Python 3.11
        raise CodeError(f"{name}: {error}") from None
    return text


def chosen_handler(source: Source, given: str | None, before: str | None, folder: Path | None, old_folder: Path | None) -> str:
    """The handler string of a deployment.

    The one that is `given`, a callable's own, the one `before` if that had been given and is still there, else the one
    that is found by its name or its two parameters. `folder` is the new package where the source is a folder or zip,
    `old_folder` the one that is replaced. Raises `CodeError` where there is none.
    """
    if given is not None:
        return _given(source, given)
    if source.handler is not None:
        return source.handler
    text = source.text if folder is None else _text(folder)
    if before is not None and _is_kept(before, text, folder, old_folder):
        return before
    if text is None:
        raise CodeError(f"{source.path} holds no {_FILE}: choose the handler with handler='MODULE.FUNCTION'")
    return find_handler(text, _FILE)


def _given(source: Source, given: str) -> str:
    module, dot, function = given.rpartition(".")
    if source.text is None:
        if not dot:
            raise CodeError(f"handler {given!r}: a folder or zip needs MODULE.FUNCTION")
        return given
    is_file_itself = source.path is not None and module == source.path.stem
    if dot and not is_file_itself and module != MODULE:
        return given
    if function.isidentifier():  # else it is not even a name, and refused as such
        check_handler(source.text, function)
    return f"{MODULE}.{function}"


def _is_kept(handler: str, text: str | None, folder: Path | None, old_folder: Path | None) -> bool:
    """Whether the handler of an earlier deployment goes on: it was given, not found, and the new code has it."""
    module, _, function = handler.rpartition(".")
    if module != MODULE:
        path = module.replace(".", "/")
        return folder is not None and ((folder / f"{path}.py").is_file() or (folder / path / "__init__.py").is_file())
    old = _text(old_folder) if old_folder else None
    if text is None or old is None:
        return False
    try:
        was_found = find_handler(old, _FILE) == handler
    except CodeError:
        was_found = False
    defined = {node.name for node in ast.parse(text).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    return not was_found and function in defined


def _text(folder: Path) -> str | None:
    try:
        return (folder / _FILE).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
