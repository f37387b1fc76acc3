"""Functions in the notebook's own Python: what their environments are started with, and which function is the handler.

The fast path: environments are forked from a process that has `PRELOAD` imported, and run `ENTRY`. Knows nothing of
processes or sandboxes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.function import FunctionConfiguration
from jlambda.model.spelling import nearest
from jlambda.runtimes.variables import RUNTIME_ROOT, search_path

#: what an environment's process calls with the function, as ``module:function``, and what it calls before
ENTRY = "jlambda.runtimes.bootstrap:run"
REHEARSE = "jlambda.runtimes.bootstrap:rehearse"

#: Modules that are imported before an environment is forked, so that no function waits for them: small ones that many
#: functions use. (`ssl`, `http.client` or `asyncio` would add 5 MB each to the memory that every function uses.)
PRELOAD: tuple[str, ...] = (
    "base64",
    "csv",
    "dataclasses",
    "datetime",
    "decimal",
    "json",
    "logging",
    "math",
    "random",
    "re",
    "statistics",
    "typing",
    "urllib.parse",
    "uuid",
)


def start(config: FunctionConfiguration) -> dict[str, object]:
    """What `jlambda.runtimes.bootstrap.run` needs to know of a function, its ARN and its folders apart."""
    return {"handler": config.handler, "site_packages": site_packages()}


def variables() -> dict[str, str]:
    """Environment variables of functions in Python, besides those that all functions have."""
    return {"PATH": search_path(sys.executable), "PYTHONPATH": RUNTIME_ROOT}


def site_packages() -> list[str]:
    """The folders of installed packages that this interpreter imports from, in its order."""
    found = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages") and Path(path).is_dir()]
    return list(dict.fromkeys(found))


def find_handler(source: str, filename: str) -> str:
    """The handler string of `source`, the text of a module in the file `filename`.

    A top-level name ``handler``, else ``lambda_handler``, else the only function that can be called with an event and
    a context. Raises `CodeError` in one line, with the candidates or the place of a syntax error.
    """
    try:
        module = ast.parse(source, filename)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        place = f"{filename}, line {line}" if line else filename
        raise CodeError(f"{place}: {getattr(error, 'msg', error)}") from None
    stem = Path(filename).stem
    names = _top_level_names(module)
    for name in ("handler", "lambda_handler"):
        if name in names:
            return f"{stem}.{name}"
    functions = [node for node in _statements(module.body) if isinstance(node, ast.FunctionDef)]
    candidates = list(dict.fromkeys(node.name for node in functions if _takes_two(node.args)))
    if len(candidates) == 1:
        return f"{stem}.{candidates[0]}"
    if candidates:
        raise CodeError(f"which one is the handler: {', '.join(candidates)}? Name it `handler`, or choose with --handler")
    others = ", ".join(dict.fromkeys(node.name for node in functions))
    found = f"only {others}" if others else "no function at all"
    raise CodeError(f"no handler: define `def handler(event, context)` (there is {found})")


def check_handler(source: str, function: str) -> None:
    """Raise `CodeError`, with the nearest name that there is, where a module surely does not bind `function`."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError):
        return  # told elsewhere, with its place
    names = _top_level_names(module)
    if function not in names and not {"*", "exec", "globals", "__getattr__"} & {*names, *_called(module)}:
        functions = [node.name for node in _statements(module.body) if isinstance(node, ast.FunctionDef)]
        there_are = ", ".join(dict.fromkeys(functions)) or "none"
        raise CodeError(
            f"handler {function!r}: the code has no such function{nearest(function, names)} (there are {there_are})"
        )


def _called(module: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that run when the module is imported, those within `if`, `try`, `with` and loops included."""
    for statement in body:
        yield statement
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for name in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, name, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _statements(handler.body)


def _top_level_names(module: ast.Module) -> set[str]:
    """The names that the module binds: functions, classes, assignments and imports."""
    names: set[str] = set()
    for statement in _statements(module.body):
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(statement.name)
            case ast.Import() | ast.ImportFrom():
                names.update(alias.asname or alias.name.split(".")[0] for alias in statement.names)
            case ast.Assign(targets=targets):
                names.update(node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.add(name)
    return names


def _takes_two(arguments: ast.arguments) -> bool:
    """Whether a call with an event and a context fits."""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    needs_keyword = any(default is None for default in arguments.kw_defaults)
    return required <= 2 and (positional >= 2 or (arguments.vararg is not None and required > 0)) and not needs_keyword
