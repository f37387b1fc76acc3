"""Names that a cell uses and nobody will define for it, found through `symtable` before anything runs.

A function runs alone, in a process of its own: the notebook's variables are not there. Code that may define names in ways
that no table shows (`exec`, `globals()`, `import *`) is let pass.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import NamedTuple

from jlambda.model.spelling import nearest

# IPython adds these to the kernel's builtins; a function's Python does not have them.
_ONLY_IN_NOTEBOOKS = frozenset({"display", "get_ipython"})
_BUILTINS = frozenset(dir(builtins)) - _ONLY_IN_NOTEBOOKS
_DEFINE_UNSEEN = frozenset({"exec", "globals"})


class _Remedy(NamedTuple):
    """What is the matter with a name and what to do about it, said of one name and of several."""

    one: str
    many: str


_VARIABLE = _Remedy(
    "is a notebook variable: pass it in the event, or ship it with --use {names}",
    "are notebook variables: pass them in the event, or ship them with --use {names}",
)
_DEFINITION = _Remedy(
    "is defined in another cell: define it in this cell, or ship it with --use {names}",
    "are defined in another cell: define them in this cell, or ship them with --use {names}",
)
_MODULE = _Remedy(
    "is a module that another cell imported: import it in this cell",
    "are modules that another cell imported: import them in this cell",
)
_NOTEBOOK_ONLY = _Remedy(
    "exists in notebooks only: print or return the value", "exist in notebooks only: print or return the values"
)


def undefined_names(source: str) -> list[str]:
    """Global names that `source` uses and neither defines nor finds among Python's builtins, in alphabetical order."""
    module = symtable.symtable(source, "cell", "exec")
    defined = {symbol.get_name() for symbol in module.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    used: set[str] = set()
    for table in _tables(module):
        for symbol in table.get_symbols():
            if symbol.is_declared_global() and (symbol.is_assigned() or symbol.is_imported()):
                defined.add(symbol.get_name())
            if symbol.is_global() and symbol.is_referenced():
                used.add(symbol.get_name())
    if used & _DEFINE_UNSEEN or _imports_star(source):
        return []
    return sorted(name for name in used - defined - _BUILTINS if not re.fullmatch("__.*__", name))


def _tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        # from Python 3.14 on an annotation is only looked up when somebody asks for it
        if str(child.get_type()) != "annotation":
            yield from _tables(child)


def _imports_star(source: str) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(ast.parse(source)))


def missing_message(missing: list[str], source: str, names: Mapping[str, object]) -> str:
    """One line about the `missing` names: where the first is used, and what to do about each.

    `names` are the notebook's variables.
    """
    lines = [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and node.id in missing]
    by_remedy: dict[_Remedy, list[str]] = {}
    for name in missing:
        by_remedy.setdefault(_remedy(name, names), []).append(name)
    sentences = [
        f"{_listed(group)} {(remedy.one if len(group) == 1 else remedy.many).format(names=','.join(group))}"
        for remedy, group in by_remedy.items()
    ]
    return f"line {min(lines)}: {'; '.join(sentences)}"


def _listed(names: list[str]) -> str:
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} and {last}" if first else last


def _remedy(name: str, names: Mapping[str, object]) -> _Remedy:
    if name in _ONLY_IN_NOTEBOOKS:
        return _NOTEBOOK_ONLY
    if name not in names:
        place = f"defined neither in this cell nor in the notebook{nearest(name, {*names, *_BUILTINS})}"
        return _Remedy(f"is {place}", f"are {place}")
    value = names[name]
    if isinstance(value, ModuleType):
        return _MODULE
    if not callable(value) or not hasattr(value, "__qualname__"):
        return _VARIABLE
    home = getattr(value, "__module__", None)
    if home in ("__main__", None):
        return _DEFINITION
    return _Remedy(f"comes from {home}: import it in this cell", f"come from {home}: import them in this cell")
