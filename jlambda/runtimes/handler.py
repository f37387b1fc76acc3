"""Find the handler that a handler string names, importing its module, with AWS's account of what went wrong.

Also the module path that Lambda's Python has, and the notebook objects that were shipped with a cell.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

from jlambda.runtimes.failure import TaskRoot
from jlambda.runtimes.payload import ReportedError

Handler = Callable[[object, object], object]

# What AWS's client (awslambdaric 4.2) and the interpreter have imported before they look at a function: a file of the
# same name does not come before these on AWS either.
_AWS_IMPORTS = (
    "abc codecs collections contextlib copyreg decimal encodings enum functools genericpath importlib io json keyword "
    "linecache logging math numbers operator os posixpath re reprlib site stat string textwrap threading token tokenize "
    "traceback types warnings weakref"
)
_IMPORTED_BY_AWS = {*sys.builtin_module_names, *_AWS_IMPORTS.split()}

# what comes with the runtime on AWS, for functions that have not brought it
_BUNDLED = str(Path(__file__).with_name("bundled"))

#: A file beside the code: a dict, pickled with dill, of globals that the handler's module starts with.
SHIPPED_GLOBALS = ".jlambda-use.dill"


def set_module_path(task_root: str, layers_root: str, site_packages: Sequence[str]) -> None:
    """Order `sys.path` as AWS does: code, layers, standard library, then what comes with the runtime."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    library = str(Path(os.__file__).parent)
    archive = f"{version.replace('.', '')}.zip"
    standard = [path for path in sys.path if path.endswith(archive) or path in (library, f"{library}/lib-dynload")]
    own = [task_root, f"{layers_root}/python/lib/{version}/site-packages", f"{layers_root}/python"]
    sys.path[:] = [*own, *standard, *site_packages, _BUNDLED]
    for path in own:
        sys.path_importer_cache.pop(path, None)
        _forget_modules_named_as_files_of(path)
    # the code folder is read-only, or shared with every other environment of this version
    sys.dont_write_bytecode = True


def _forget_modules_named_as_files_of(folder: str) -> None:
    """Let a function's own modules come before those that this process has imported already."""
    try:
        names = {name.partition(".")[0] for name in os.listdir(folder)}  # noqa: PTH208 names are all we need
    except OSError:
        return
    for name in (names & sys.modules.keys()) - _IMPORTED_BY_AWS:
        for module in [module for module in sys.modules if module == name or module.startswith(f"{name}.")]:
            del sys.modules[module]


def load_handler(name: str, root: TaskRoot) -> Handler:
    """The object that `name` (``module.attribute``) stands for.

    Raises a `ReportedError` where AWS reports one, and whatever else the module raises while it is imported.
    """
    try:
        module_name, attribute = name.rsplit(".", 1)
    except ValueError as error:
        raise ReportedError("Runtime.MalformedHandlerName", f"Bad handler '{name}': {error}") from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = f"Cannot use built-in module {module_name} as a handler module"
        raise ReportedError("Runtime.BuiltInModuleConflict", message)
    try:
        module = _import(module_name.replace("/", "."), root.real)
    except ImportError as error:
        raise ReportedError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from None
    except SyntaxError as error:
        place = f'  File "{root.show(str(error.filename))}" Line {error.lineno}\n    {error.text}'
        raise ReportedError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", (place,)
        ) from None
    try:
        handler: Handler = getattr(module, attribute)
    except AttributeError:
        raise ReportedError("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{module_name}'") from None
    return handler


def _import(name: str, task_root: str) -> ModuleType:
    shipped = Path(task_root, SHIPPED_GLOBALS)
    if not shipped.exists():
        return importlib.import_module(name)
    import dill

    finder = _WithGlobals(name, dill.loads(shipped.read_bytes()))
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)


class _WithGlobals:
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
