"""A Python callable as a cell would have it: the source of a module, and the globals that this needs.

A function that was written with ``def`` travels as its source, so that its frames show its lines and it can be
exported; everything else that can be called travels as an object. Pickles nothing.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import inspect
import symtable
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from jlambda.errors import CodeError

_NO_SOURCE = "# shipped as an object, in .jlambda-use.dill\n"


class Shipped(NamedTuple):
    """A callable ready to become a package: `globals` are objects that its source refers to, `modules` what it imports.

    `name` is None where it has none that a function could have; `origin` is how a traceback names its file or cell.
    """

    name: str | None
    source: str
    handler: str
    globals: dict[str, object]
    modules: list[str]
    origin: str


def shipped_callable(function: Callable[..., object]) -> Shipped:
    """Take a callable out of its module or cell. Line numbers of its source stay those of the file or cell.

    Raises `CodeError` for what cannot be called with an event and a context, and for names that are defined nowhere.
    """
    name = getattr(function, "__name__", None) or type(function).__name__
    if inspect.iscoroutinefunction(function):
        raise CodeError(f"{name} is asynchronous: Lambda calls a handler and takes what it returns; use `def {name}`")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise CodeError(f"{name} cannot be called with two arguments: define `def {name}(event, context)`") from None
    except ValueError:  # built in, without a signature
        raise CodeError(f"{name} does not say what it takes: call it in `def handler(event, context)`") from None
    inner = inspect.unwrap(function)
    written = _written(inner) if isinstance(inner, FunctionType) else None
    if written is None or (inner is not function and not written.decorators):
        named = name if name.isidentifier() and isinstance(function, FunctionType) else None
        return Shipped(named, _NO_SOURCE, "lambda_function.handler", {"handler": function}, [], "")
    assert isinstance(inner, FunctionType)
    source, needed, modules = _module(inner, written)
    return Shipped(inner.__name__, source, f"lambda_function.{inner.__name__}", needed, modules, _origin(inner))


class _Written(NamedTuple):
    """A function's text, its first line's number, and the lines of the decorators that belong to it."""

    text: str
    first: int
    decorators: list[tuple[int, int]]


def _written(function: FunctionType) -> _Written | None:
    """What was written with ``def``, decorators of ours taken out; None for what was not, or has no source."""
    if function.__name__ != function.__code__.co_name or not function.__name__.isidentifier():
        return None
    try:
        lines, first = inspect.getsourcelines(function)
        node = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return None
    if not isinstance(node, ast.FunctionDef) or node.name != function.__name__:
        return None
    ours = [number for number, each in enumerate(node.decorator_list) if _is_ours(each, function)]
    keep = ours[-1] + 1 if ours else 0
    ends = [*(each.lineno - 1 for each in node.decorator_list), node.lineno - 1]
    for number in range(ends[0], ends[keep]):
        lines[number] = "\n"
    kept = [(each.lineno, each.end_lineno or each.lineno) for each in node.decorator_list[keep:]]
    return _Written("".join(lines), max(1, first), kept)


def _is_ours(decorator: ast.expr, function: FunctionType) -> bool:
    """Whether it is jlambda that decorates: it deploys the function, it does not run in it."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    path = ast.unparse(target).split(".")
    found = _names(function).get(path[0])
    for attribute in path[1:]:
        found = getattr(found, attribute, None)
    module = getattr(found, "__module__", None)
    return isinstance(module, str) and module.partition(".")[0] == "jlambda"


def _names(function: FunctionType) -> Mapping[str, object]:
    """The names that a function sees: those of the functions around it, then those of its module."""
    closed = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            closed[name] = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
    return {**function.__globals__, **closed}


def _module(function: FunctionType, written: _Written) -> tuple[str, dict[str, object], list[str]]:
    """The source of a module of this function alone, the globals that it starts with, and the modules it imports.

    The lines above the function are free: what it needs of its file's head goes there.
    """
    blank = len(written.text) - len(written.text.lstrip("\n"))
    free, text = written.first - 1 + blank, written.text[blank:]
    # Indented text stays as it is: to move it to the left would change strings of several lines.
    below = ["if True:"] if text[0] in " \t" else []
    above: list[str] = []
    if function.__code__.co_flags & __future__.annotations.compiler_flag and free > len(below):
        above.append("from __future__ import annotations")

    def assembled() -> str:
        gap = [""] * (free - len(above) - len(below))
        return "\n".join([*above, *gap, *below, text])

    seen = _names(function)
    needed = {name: seen[name] for name in _needed(assembled(), function.__name__, seen)}
    modules = {name: value.__name__ for name, value in needed.items() if isinstance(value, ModuleType)}
    if not modules or free <= len(above) + len(below):
        return assembled(), needed, []
    parts = _submodules(assembled(), modules)
    imports = [f"import {path}{f' as {name}' if name != path else ''}" for name, path in sorted(modules.items())]
    above.append("; ".join([*imports, *(f"import {path}" for path in parts)]))
    left = {name: value for name, value in needed.items() if name not in modules}
    return assembled(), left, [*modules.values(), *parts]


def _submodules(source: str, modules: Mapping[str, str]) -> list[str]:
    """The modules within `modules` that `source` names in full: ``xml.etree.ElementTree`` after ``import xml``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            parts = ast.unparse(node).split(".")
            path = ".".join(parts)
            if modules.get(parts[0]) == parts[0] and path in sys.modules:
                found.add(path)
    return sorted(found)


def _needed(source: str, name: str, seen: Mapping[str, object]) -> list[str]:
    """The names that a module of `source` alone would miss. Raises `CodeError` for those that there are nowhere."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, name, "exec", dont_inherit=True)
            found = sorted(set(_globals(symtable.symtable(source, name, "exec"))))
    except SyntaxError as error:  # it assigns to a name of the function around it
        raise CodeError(f"{name} does not stand alone: {error.msg}; define it outside of other functions and classes") from None
    missing = [each for each in found if each not in seen and not hasattr(builtins, each)]
    if missing:
        raise CodeError(f"{name} uses {', '.join(missing)}, not defined yet: define it first, or pass it in the event")
    return [each for each in found if each in seen and not (each.startswith("__") and each.endswith("__"))]


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that a module takes from its globals without having assigned them."""
    own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    todo = [table]
    while todo:
        scope = todo.pop()
        for symbol in scope.get_symbols():
            is_global = scope is table or symbol.is_global()
            if is_global and symbol.is_referenced() and symbol.get_name() not in own:
                yield symbol.get_name()
        todo += [child for child in scope.get_children() if "annotation" not in str(child.get_type()).lower()]


def _origin(function: FunctionType) -> str:
    """How a traceback names the cell or file that the function was written in."""
    path = function.__code__.co_filename
    shell: Any = function.__globals__.get("get_ipython")
    try:
        label, cell = shell().compile.format_code_name(path)
    except Exception:  # not a notebook, or not one of its cells
        return f'File "{path}"' if Path(path).is_file() else ""
    return f"{label} {cell}"
