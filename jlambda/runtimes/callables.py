"""A Python callable as a cell would have it: its source, and the globals that it needs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from jlambda.errors import CodeError


class Shipped(NamedTuple):
    """A callable ready to become a package: `globals` are the objects that its source refers to."""

    name: str
    source: str
    handler: str
    globals: dict[str, object]
    origin: str


def shipped_callable(function: Callable[..., object]) -> Shipped:
    """Take a function that was defined with ``def`` out of its module or cell.

    Line numbers of the source stay those of the file or cell. Raises `CodeError` where there is no source, or where
    the function cannot be called with an event and a context.
    """
    name = getattr(function, "__name__", type(function).__name__)
    if not inspect.isfunction(function) or not name.isidentifier():
        raise CodeError(f"{name} cannot be deployed: use a function that was defined with `def name(event, context)`")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise CodeError(f"{name} cannot be called with two arguments: define `def {name}(event, context)`") from None
    try:
        lines, first = inspect.getsourcelines(function)
        path = inspect.getsourcefile(function) or ""
    except (OSError, TypeError):
        raise CodeError(f"the source of {name} is not available: write it in a cell or a file") from None
    source = "\n" * max(0, first - 1) + inspect.cleandoc("\n" + "".join(lines)) + "\n"
    source = _without_decorators(source, name)
    found = inspect.getclosurevars(function)
    needed = {key: value for key, value in {**found.globals, **found.nonlocals}.items() if value is not function}
    origin = "" if path.startswith("<") or "ipykernel" in path else Path(path).name
    return Shipped(name, source, f"lambda_function.{name}", needed, f'File "{origin}"' if origin else "")


def _without_decorators(source: str, name: str) -> str:
    """The source with its decorator lines blank: they deploy the function, they do not run in it."""
    try:
        node = ast.parse(source).body[0]
    except SyntaxError:
        raise CodeError(f"the source of {name} does not stand alone: define it with `def`, not within an expression") from None
    if not isinstance(node, ast.FunctionDef):
        raise CodeError(f"{name} cannot be deployed: use a function that was defined with `def`")
    lines = source.splitlines(keepends=True)
    for number in range(node.decorator_list[0].lineno - 1 if node.decorator_list else node.lineno - 1, node.lineno - 1):
        lines[number] = "\n"
    return "".join(lines)
