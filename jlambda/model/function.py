"""What a function is: its configuration, checked, and what changed between two of them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from collections.abc import Mapping

from jlambda.errors import InvalidParameter
from jlambda.model import limits
from jlambda.model.arn import LATEST, check_function_name
from jlambda.model.runtime import THIS_PYTHON, check_runtime

_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
_VARIABLE_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED_VARIABLES = frozenset(
    "_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_NAME "
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE "
    "AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY "
    "AWS_SESSION_TOKEN AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR".split()
)
ARCHITECTURES = ("x86_64", "arm64")


@dataclass(frozen=True, slots=True)
class FunctionConfiguration:
    """One version of a function: what Lambda's GetFunctionConfiguration shows, in plain Python names.

    `code_sha256` is the base64 digest of the deployment package, `code_size` its size in bytes; `secrets` holds the
    names of environment variables whose values are kept apart; `origin` says where the code came from (``"In[3]"``);
    `last_modified` is in seconds since the epoch. Values are checked by `checked`, not on construction.
    """

    name: str
    version: str = LATEST
    runtime: str = THIS_PYTHON
    handler: str = "lambda_function.lambda_handler"
    description: str = ""
    memory_mb: int = limits.DEFAULT_MEMORY_MB
    timeout_s: int = limits.DEFAULT_TIMEOUT_S
    ephemeral_storage_mb: int = limits.DEFAULT_EPHEMERAL_STORAGE_MB
    architecture: str = "x86_64"
    environment: Mapping[str, str] = field(default_factory=lambda: _NO_VARIABLES)
    secrets: tuple[str, ...] = ()
    code_sha256: str = ""
    code_size: int = 0
    revision_id: str = ""
    last_modified: float = 0.0
    origin: str = ""

    def checked(self) -> FunctionConfiguration:
        """This configuration if Lambda would take it, else `InvalidParameter` in one line."""
        check_function_name(self.name)
        check_runtime(self.runtime)
        limits.check_range("memory", self.memory_mb, limits.MEMORY_MB, "MB")
        limits.check_range("timeout", self.timeout_s, limits.TIMEOUT_S, "seconds")
        limits.check_range("ephemeral storage", self.ephemeral_storage_mb, limits.EPHEMERAL_STORAGE_MB, "MB")
        if self.architecture not in ARCHITECTURES:
            raise InvalidParameter(f"architecture {self.architecture!r}: use x86_64 or arm64")
        if not 1 <= len(self.handler) <= limits.HANDLER_CHARS or re.search(r"\s", self.handler):
            raise InvalidParameter(f"handler {self.handler!r}: use MODULE.FUNCTION, at most {limits.HANDLER_CHARS} characters")
        if len(self.description) > limits.DESCRIPTION_CHARS:
            raise InvalidParameter(f"description has {len(self.description)} characters; at most {limits.DESCRIPTION_CHARS} are allowed")
        check_variables(self.environment, self.secrets)
        return self


#: what a user sets, in the order in which a card shows it
SETTINGS = ("runtime", "handler", "description", "memory_mb", "timeout_s", "ephemeral_storage_mb", "architecture", "environment", "secrets")


def check_variables(environment: Mapping[str, str], secrets: tuple[str, ...] = ()) -> None:
    """Hold names and size of environment variables to Lambda's rules.

    The 4 KB are measured on the JSON of all variables; a secret counts with its name here and with its value where
    the value is known (`Secrets.check_size`).
    """
    for key in (*environment, *secrets):
        if not _VARIABLE_NAME.fullmatch(key):
            raise InvalidParameter(f"environment variable {key!r}: a name is a letter, then letters, digits and _ (2 characters at least)")
        if key in RESERVED_VARIABLES:
            raise InvalidParameter(f"environment variable {key} is set by Lambda itself; choose another name")
    size = len(json.dumps(dict(environment), separators=(",", ":")).encode())
    if size > limits.ENVIRONMENT_BYTES:
        raise InvalidParameter(f"environment variables take {size} bytes; at most {limits.ENVIRONMENT_BYTES} (4 KB) are allowed")


def changes(before: FunctionConfiguration, after: FunctionConfiguration) -> dict[str, tuple[object, object]]:
    """The settings that differ, each with its old and new value; ``code`` stands for a changed package."""
    found: dict[str, tuple[object, object]] = {}
    if before.code_sha256 != after.code_sha256:
        found["code"] = (before.code_sha256, after.code_sha256)
    for name in SETTINGS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            found[name] = (old, new)
    return found


def with_settings(before: FunctionConfiguration, **given: object) -> FunctionConfiguration:
    """A copy of `before` with the options that were given; None means not given and keeps the old value."""
    known = {setting.name for setting in fields(FunctionConfiguration)}
    unknown = set(given) - known
    assert not unknown, f"no such setting: {unknown}"
    return replace(before, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
