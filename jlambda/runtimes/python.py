"""Functions in the notebook's own Python: what their environments are started with, and which function is the handler.

The fast path: environments are forked from a process that has `PRELOAD` imported, and run `ENTRY`. Knows nothing of
processes or sandboxes.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jlambda.errors import CodeError
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.runtime import execution_env

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

TASK_ROOT = "/var/task"

# Names of the kind that AWS's documentation uses for credentials. They make the SDKs look nowhere else.
_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "jlambda-execution-role",
}


def start(config: FunctionConfiguration, function_arn: str) -> dict[str, object]:
    """What `jlambda.runtimes.bootstrap.run` needs to know of a function; `function_arn` is the unqualified one."""
    return {
        "handler": config.handler,
        "site_packages": site_packages(),
        "function_arn": function_arn,
    }


def environment_variables(
    config: FunctionConfiguration, secrets: Mapping[str, str], account: Account, log_stream: str
) -> dict[str, str]:
    """All environment variables of one environment: Lambda's own, then the function's.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime; the addresses
    of services that are not there name this machine, so that nothing leaves it.
    """
    return {
        "PATH": f"{Path(sys.executable).parent}:/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "TZ": ":UTC",
        "PWD": TASK_ROOT,
        "SHLVL": "0",
        "PYTHONPATH": "/var/runtime",
        **config.environment,
        **secrets,
        **_CREDENTIALS,
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_EXECUTION_ENV": execution_env(config.runtime),
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{config.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": config.handler,
    }


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
