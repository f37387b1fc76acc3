"""What a function is: its configuration, checked, and what changed between two of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model import limits
from jlambda.model.arn import LATEST, check_function_name
from jlambda.model.log_settings import TEXT, check_choice, check_log_settings, default_log_group
from jlambda.model.runtime import THIS_PYTHON, check_runtime

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html, Handler
_HANDLER = re.compile(rf"\S{{1,{limits.HANDLER_CHARS}}}")
_NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
_NO_MEMBERS: Mapping[str, Any] = MappingProxyType({})
# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
_VARIABLE_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
ARCHITECTURES = ("x86_64", "arm64")
#: what is shown in place of a secret's value
MASK = "***"


@dataclass(frozen=True, slots=True)
class FunctionConfiguration:
    """One version of a function: what Lambda's GetFunctionConfiguration shows, in plain Python names.

    `code_sha256` is the base64 digest of the deployment package, `code_size` its size in bytes; `secrets` holds the
    names of environment variables whose values are kept apart, `layers` the ARNs of layer versions; `origin` says where
    the code came from (``"In[3]"``); `last_modified` is in seconds since the epoch; the two log levels are None where the
    log format is Text, and a function that names no log group has Lambda's; with `snap_start` published versions are
    restored from snapshots. `members` are those that only the API knows (``Role``, ``VpcConfig``), as it has them;
    `pending` is what the API says to be going on with the function until `settles_at`: Creating, Updating or nothing;
    `deployment` is the revision that it was deployed under, empty where it still has that one.
    Values are checked by `checked`, not on construction.
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
    layers: tuple[str, ...] = ()
    code_sha256: str = ""
    code_size: int = 0
    revision_id: str = ""
    last_modified: float = 0.0
    origin: str = ""
    log_format: str = TEXT
    application_log_level: str | None = None
    system_log_level: str | None = None
    log_group: str = ""
    snap_start: bool = False
    members: Mapping[str, Any] = field(default_factory=lambda: _NO_MEMBERS)
    pending: str = ""
    settles_at: float = 0.0
    deployment: str = ""

    def __post_init__(self) -> None:
        if not self.log_group:
            object.__setattr__(self, "log_group", default_log_group(self.name))

    def revised(self, revision_id: str) -> FunctionConfiguration:
        """The same deployment under another revision: something that belongs to it has changed."""
        return replace(self, revision_id=revision_id, deployment=self.deployment or self.revision_id)

    def checked(self) -> FunctionConfiguration:
        """This configuration if Lambda would take it, else `InvalidParameter` in one line."""
        check_function_name(self.name)
        check_runtime(self.runtime)
        limits.check_range("memory", self.memory_mb, limits.MEMORY_MB, "MB")
        limits.check_range("timeout", self.timeout_s, limits.TIMEOUT_S, "seconds")
        limits.check_range("ephemeral storage", self.ephemeral_storage_mb, limits.EPHEMERAL_STORAGE_MB, "MB")
        check_choice("architecture", self.architecture, ARCHITECTURES)
        check_log_settings(self.log_format, self.application_log_level, self.system_log_level, self.log_group)
        if not isinstance(self.snap_start, bool):
            raise InvalidParameter(f"snap_start is {self.snap_start!r}: use True or False")
        if self.snap_start and self.runtime != THIS_PYTHON:
            raise InvalidParameter(f"SnapStart is there for {THIS_PYTHON}, the notebook's own Python, not for {self.runtime}")
        if not isinstance(self.handler, str) or not _HANDLER.fullmatch(self.handler):
            raise InvalidParameter(f"handler {self.handler!r}: use MODULE.FUNCTION, at most {limits.HANDLER_CHARS} characters")
        if not isinstance(self.description, str) or len(self.description) > limits.DESCRIPTION_CHARS:
            raise InvalidParameter(f"description: use text of at most {limits.DESCRIPTION_CHARS} characters")
        check_variables(self.environment, self.secrets)
        return self

    @property
    def role(self) -> str:
        """The ARN of its execution role, empty where it names none."""
        return str(self.members.get("Role", ""))

    @property
    def has_snapshot(self) -> bool:
        """Whether it is restored from a snapshot: SnapStart applies to published versions."""
        return self.snap_start and self.version != LATEST


#: what a user sets, in the order in which a card shows it
SETTINGS = (
    *("runtime", "handler", "description", "memory_mb", "timeout_s", "ephemeral_storage_mb", "architecture"),
    *("environment", "secrets", "layers", "log_format", "application_log_level", "system_log_level", "log_group"),
    *("snap_start", "role"),
)


def check_variables(environment: Mapping[str, str], secrets: Iterable[str] = ()) -> None:
    """Hold names, values and size of environment variables to Lambda's rules; `secrets` are names.

    The 4 KB are measured on the JSON of all variables; with the values of secrets only where these are known
    (`jlambda.store.secrets.check_size`).
    """
    for key in (*environment, *secrets):
        if not isinstance(key, str) or not _VARIABLE_NAME.fullmatch(key):
            raise InvalidParameter(
                f"environment variable {key!r}: a name is a letter, then letters, digits and _ (2 characters at least)"
            )
        if key in RESERVED_VARIABLES:
            raise InvalidParameter(f"environment variable {key} is set by Lambda itself; choose another name")
    check_values(environment)
    size = len(json.dumps(dict(environment), separators=(",", ":")).encode())
    if size > limits.ENVIRONMENT_BYTES:
        allowed = limits.ENVIRONMENT_BYTES
        raise InvalidParameter(f"environment variables take {size} bytes; at most {allowed} (4 KB) are allowed")


def check_values(variables: Mapping[str, str]) -> None:
    """Raise `InvalidParameter` for a value that an environment variable cannot have; the message does not show it."""
    for key, value in variables.items():
        if not isinstance(value, str):
            raise InvalidParameter(f"environment variable {key}: its value is {type(value).__name__}; use text")
        if "\0" in value or not _is_unicode(value):
            raise InvalidParameter(f"environment variable {key}: its value has a character that no variable can hold; use text")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


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
