"""Objects on their way into an environment: pickled with dill, and the user's own modules that they come from.

What is installed can be imported there already. A module that lies beside the notebook cannot, so its file travels
too; by reference, a class is then the same class on both sides. Knows nothing of functions and invocations.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import io
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NamedTuple

from jlambda.errors import CodeError
from jlambda.runtimes.python import site_packages

_NO_FILE = "<notebook>"


class Pickled(NamedTuple):
    """An object as bytes, and the names of the modules that it refers to."""

    data: bytes
    modules: frozenset[str]


def pickled(value: object) -> Pickled:
    """`value` as dill writes it; raises what dill raises where it cannot."""
    buffer = io.BytesIO()
    pickler = _pickler()(buffer, recurse=True)
    pickler.dump(value)
    return Pickled(buffer.getvalue(), frozenset(pickler.modules))


def pickled_globals(values: Mapping[str, object]) -> Pickled:
    """Objects that become globals of a module. Raises a `CodeError` that names the one that cannot be shipped."""
    try:
        return pickled(dict(values))
    except Exception as error:
        name, value = next(((name, value) for name, value in values.items() if not _can_be_pickled(value)), ("it", values))
        reason = str(error).partition("\n")[0]
        raise CodeError(f"{name} cannot be shipped ({type(value).__name__}: {reason}); pass it in the event") from None


def _can_be_pickled(value: object) -> bool:
    try:
        pickled(value)
    except Exception:
        return False
    return True


@cache
def _pickler() -> Any:
    import dill

    class Pickler(dill.Pickler):  # type: ignore[misc]
        """Notes the modules that what it writes comes from; writes a module as an import, never its contents."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.modules: set[str] = set()

        def save(self, value: object, save_persistent_id: bool = True) -> None:
            if isinstance(value, CodeType) and not Path(value.co_filename).is_file():
                # a cell's file name changes each time that it is run, and would make the same code another package
                value = value.replace(co_filename=_NO_FILE)
            super().save(value, save_persistent_id)

        def reducer_override(self, value: object) -> Any:
            if isinstance(value, ModuleType):
                self.modules.add(value.__name__)
                return importlib.import_module, (value.__name__,)
            if isinstance(value, (type, FunctionType)) and value.__module__ is not None:
                self.modules.add(value.__module__)
            return NotImplemented

    return Pickler


def own_files(modules: Iterable[str]) -> dict[str, bytes]:
    """The files of those of `modules` that are the user's own, and of their own modules that these import.

    By path below the folder that they are imported from. Modules of the standard library, installed packages and what
    a notebook or script itself defines have none.
    """
    files: dict[str, bytes] = {}
    todo, seen = list(modules), set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        found = _own_file(name)
        if found is None:
            continue
        path, place = found
        files[place] = path.read_bytes()
        todo += [name.rpartition(".")[0], *_imports(files[place], name, place)]
    return files


def _own_file(name: str) -> tuple[Path, str] | None:
    """The file of a module of the user's own, and its place in a package."""
    if name in ("", "__main__", "__mp_main__") or name.partition(".")[0] == "jlambda":
        return None
    path = _file(name)
    if path is None or any(path.is_relative_to(folder) for folder in _installed()):
        return None
    suffix = next((suffix for suffix in (".py", *EXTENSION_SUFFIXES) if path.name.endswith(suffix)), None)
    if suffix is None:
        return None
    parts = name.split(".")
    return path, "/".join([*parts, "__init__.py"] if path.name == "__init__.py" else [*parts[:-1], parts[-1] + suffix])


def _file(name: str) -> Path | None:
    """Where a module is, imported or not; None where it is in no file. Imports nothing."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None and "." not in name:
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError):
            spec = None
        file = spec.origin if spec is not None and spec.has_location else None
    return Path(file) if file and Path(file).is_file() else None


def _installed() -> list[str]:
    return [*{sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")}, *site_packages()]


def _imports(source: bytes, name: str, place: str) -> Iterator[str]:
    """The modules that a module may import, as far as its source says so."""
    if not place.endswith(".py"):
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # its import will say so
        return
    package = name if place.endswith("/__init__.py") else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


#: the code of an `Executor`'s function, and its handler
CALL_FILE, CALL_HANDLER = "jlambda_call.py", "jlambda_call.handler"


def call_files() -> dict[str, bytes]:
    """The package of an `Executor`'s function."""
    return {CALL_FILE: (Path(__file__).parents[1] / "runtimes" / "call.py").read_bytes()}
