"""Find the handler that a handler string names, importing its module, with AWS's account of what went wrong.

Also the module path that Lambda's Python has, and the notebook objects that were shipped with a cell.
"""

from __future__ import annotations

import importlib
import os
import sys

from jlambda.runtimes.payload import ReportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from jlambda.runtimes.failure import TaskRoot

    Handler = Callable[[object, object], object]

# What AWS's client (awslambdaric 4.2) and the interpreter have imported before they look at a function: a file of the
# same name does not come before these on AWS either.
_AWS_IMPORTS = (
    "abc codecs collections contextlib copyreg decimal encodings enum functools genericpath importlib io json keyword "
    "linecache logging math numbers operator os posixpath re reprlib site stat string textwrap threading token tokenize "
    "traceback types warnings weakref"
)
IMPORTED_BY_AWS = {*sys.builtin_module_names, *_AWS_IMPORTS.split()}

# what comes with the runtime on AWS, for functions that have not brought it
_BUNDLED = f"{os.path.dirname(__file__)}/bundled"  # noqa: PTH120 fast

#: A file beside the code: a dict, pickled with dill, of globals that the handler's module starts with.
SHIPPED_GLOBALS = ".jlambda-use.dill"


def set_module_path(task_root: str, layers_root: str, site_packages: Sequence[str]) -> None:
    """Order `sys.path` as AWS does: code, layers, standard library, then what comes with the runtime."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = [task_root, f"{layers_root}/python/lib/{version}/site-packages", f"{layers_root}/python"]
    sys.path[:] = [*own, *standard_path(), *site_packages, _BUNDLED]
    for path in own:
        sys.path_importer_cache.pop(path, None)
        _forget_modules_named_as_files_of(path)
    # the code folder is read-only, or shared with every other environment of this version
    sys.dont_write_bytecode = True


def standard_path() -> list[str]:
    """The standard library's places in `sys.path`."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120 fast
    archive = "python{}{}.zip".format(*sys.version_info)
    return [path for path in sys.path if path.endswith(archive) or path in (library, f"{library}/lib-dynload")]


def _forget_modules_named_as_files_of(folder: str) -> None:
    """Let a function's own modules come before those that this process has imported already."""
    try:
        names = {name.partition(".")[0] for name in os.listdir(folder)}  # noqa: PTH208 names are all we need
    except OSError:
        return
    for name in (names & sys.modules.keys()) - IMPORTED_BY_AWS:
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
    shipped = f"{task_root}/{SHIPPED_GLOBALS}"
    if not os.path.exists(shipped):  # noqa: PTH110 fast
        return importlib.import_module(name)
    import dill

    from jlambda.runtimes.shipped import WithGlobals

    with open(shipped, "rb") as file:
        finder = WithGlobals(name, dill.load(file))
    sys.meta_path.insert(0, finder)
    try:
        return importlib.import_module(name)
    finally:
        sys.meta_path.remove(finder)
