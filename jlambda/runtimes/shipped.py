"""Notebook objects that were shipped with a cell: the handler's module starts with them as its globals.

Runs within an execution environment, and only where there are some.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


class WithGlobals:
    """Finds one module as usual, but has it start with `values` as globals."""

    def __init__(self, name: str, values: dict[str, object]) -> None:
        self._name, self._values = name, values

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path, self._values)
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, values: dict[str, object]) -> None:
        super().__init__(name, path)
        self._values = values

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        vars(module).update(self._values)
        return module
