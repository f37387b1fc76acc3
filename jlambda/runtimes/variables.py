"""The environment variables of an execution environment: Lambda's own, the language's, the function's.

Knows nothing of processes; what is set for each invocation, or by a runtime itself, is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jlambda.model.arn import Account
from jlambda.model.function import RESERVED_VARIABLES, FunctionConfiguration
from jlambda.model.log_settings import TEXT
from jlambda.model.runtime import execution_env

TASK_ROOT, RUNTIME_ROOT = "/var/task", "/var/runtime"

# Names of the kind that AWS's documentation uses for credentials. They make the SDKs look nowhere else.
_NO_ACCESS = {
    "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "jlambda-execution-role",
}
_SEARCHED = "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"


def search_path(program: str) -> str:
    """PATH as Lambda has it, with the folder of the language's own program first."""
    return f"{Path(program).parent}:{_SEARCHED}"


def environment_variables(
    config: FunctionConfiguration,
    secrets: Mapping[str, str],
    account: Account,
    log_stream: str,
    language: Mapping[str, str],
    access: Mapping[str, str] = _NO_ACCESS,
) -> dict[str, str]:
    """All environment variables of one environment; the function's win over those of its `language`, Lambda's over both.

    `access` holds what AWS's SDKs need: endpoint and credentials.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime; the addresses
    of services that are not there name this machine, so that nothing leaves it.
    """
    execution = execution_env(config.runtime)
    # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html: SnapStart functions do not have these two
    log_names = {"AWS_LAMBDA_LOG_GROUP_NAME": config.log_group, "AWS_LAMBDA_LOG_STREAM_NAME": log_stream}
    return {
        "PATH": _SEARCHED,
        "LD_LIBRARY_PATH": "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
        "LANG": "en_US.UTF-8",
        "LC_CTYPE": "C.UTF-8",
        "TZ": ":UTC",
        "PWD": TASK_ROOT,
        "SHLVL": "0",
        **language,
        **access,
        **config.environment,
        **secrets,
        **{name: value for name, value in access.items() if name in RESERVED_VARIABLES},
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        **({"AWS_EXECUTION_ENV": execution} if execution else {}),
        "AWS_LAMBDA_FUNCTION_NAME": config.name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.memory_mb),
        **({} if config.has_snapshot else log_names),
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "_AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1",
        "_AWS_XRAY_DAEMON_PORT": "2000",
        "LAMBDA_TASK_ROOT": TASK_ROOT,
        "LAMBDA_RUNTIME_DIR": RUNTIME_ROOT,
        "_HANDLER": config.handler,
        **_log_variables(config),
    }


def _log_variables(config: FunctionConfiguration) -> dict[str, str]:
    """What tells the runtime to log in JSON; AWS sets neither for a function that logs text."""
    if config.log_format == TEXT:
        return {}
    return {"AWS_LAMBDA_LOG_FORMAT": config.log_format, "AWS_LAMBDA_LOG_LEVEL": config.application_log_level or ""}
