"""One deployed version of a function, with all that an invocation needs of it looked up once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping

from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.runtimes import python
from jlambda.telemetry import logs

Redactor = Callable[[bytes], bytes]


def version_key(configuration: FunctionConfiguration) -> str:
    """What tells one deployment of a version from the next: environments of one never run the other."""
    return f"{configuration.name}:{configuration.version}:{configuration.revision_id}"


class DeployedVersion:
    """A configuration ready to run; what the engine calls a `Version`."""

    __slots__ = ("_account", "_code", "_secrets", "configuration", "function", "key", "memory_mb", "redact", "timeout_s")

    def __init__(
        self,
        configuration: FunctionConfiguration,
        code: str,
        secrets: Mapping[str, str],
        redact: Redactor | None,
        account: Account,
    ) -> None:
        self.configuration, self.redact = configuration, redact
        self.function = configuration.name
        self.timeout_s, self.memory_mb = configuration.timeout_s, configuration.memory_mb
        self.key = version_key(configuration)
        self._code, self._secrets, self._account = code, secrets, account

    def new_environment(self, initialization: str) -> tuple[str, bytes]:
        """The log stream of a new environment, and the JSON of its START message."""
        configuration, account = self.configuration, self._account
        stream = logs.log_stream(time.time(), configuration.version, uuid.uuid4().hex)
        start = {
            "code": self._code,
            "ephemeral_storage_mb": configuration.ephemeral_storage_mb,
            "variables": {
                **python.environment_variables(configuration, self._secrets, account, stream),
                "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
            },
            "entry": python.ENTRY,
            "start": python.start(configuration, account.function_arn(configuration.name)),
        }
        return stream, json.dumps(start).encode()
