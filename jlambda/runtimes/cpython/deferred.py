"""Modules that AWS's client has imported before it looks at a function, and that ours leaves until somebody wants them.

`logging` and `re` alone take half as long to import as an interpreter takes to start. Whoever imports one of them still gets
the standard library's, whatever files a function has of these names, and `logging` as it is set up for functions.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class Deferred:
    """Finds `names` among the modules in `path`; `set_up_logging` is called once `logging` has been imported."""

    def __init__(self, names: Collection[str], path: Sequence[str], set_up_logging: Callable[[], object]) -> None:
        self._names, self._path, self._set_up_logging = names, path, set_up_logging

    def install(self) -> None:
        """From now on."""
        sys.meta_path.insert(0, self)
        if "logging" in sys.modules:
            self._set_up_logging()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The protocol of `sys.meta_path`."""
        if path is not None or name not in self._names:
            return None
        spec = PathFinder.find_spec(name, self._path, target)
        if name == "logging" and spec and spec.loader:
            loader, run = spec.loader, spec.loader.exec_module

            def run_and_set_up(module: ModuleType) -> None:
                del loader.exec_module  # the one below, which hides the class's
                run(module)
                self._set_up_logging()

            loader.exec_module = run_and_set_up  # type: ignore[method-assign]
        return spec
