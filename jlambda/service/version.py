"""One deployed version of a function, with all that an invocation needs of it looked up once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace

from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import SNAP_START
from jlambda.runtimes.languages import Starting
from jlambda.runtimes.variables import environment_variables
from jlambda.store.secrets import Redactor
from jlambda.telemetry import logs

#: the environment variables that give a function its endpoint and credentials
Access = Callable[[FunctionConfiguration], Mapping[str, str]]


def version_key(configuration: FunctionConfiguration) -> str:
    """What tells one deployment of a version from the next: environments of one never run the other."""
    return f"{configuration.name}:{configuration.version}:{configuration.deployment or configuration.revision_id}"


class DeployedVersion:
    """A configuration ready to run; what the engine calls a `Version`. Code and layers are folders below the code root."""

    __slots__ = (
        "_access",
        "_account",
        "_code",
        "_layers",
        "_secrets",
        "_starting",
        "configuration",
        "function",
        "has_snapshot",
        "key",
        "memory_mb",
        "redact",
        "timeout_s",
    )

    def __init__(
        self,
        configuration: FunctionConfiguration,
        code: str,
        secrets: Mapping[str, str],
        redact: Redactor | None,
        account: Account,
        starting: Starting,
        layers: str = "",
        access: Access | None = None,
    ) -> None:
        self.configuration, self.redact = configuration, redact
        self.function = configuration.name
        self.timeout_s, self.memory_mb = configuration.timeout_s, configuration.memory_mb
        self.key, self.has_snapshot = version_key(configuration), configuration.has_snapshot
        self._code, self._layers, self._secrets, self._account = code, layers, secrets, account
        self._starting, self._access = starting, access

    def sized(self, memory_mb: int) -> DeployedVersion:
        """The same with another memory size, and environments of its own; not from a snapshot, which has a size."""
        configuration = replace(self.configuration, memory_mb=memory_mb, snap_start=False)
        configuration = replace(configuration, revision_id=str(uuid.uuid4()), deployment="")
        parts = (self._code, self._secrets, self.redact, self._account, self._starting, self._layers, self._access)
        return DeployedVersion(configuration, *parts)

    @property
    def has_bridge(self) -> bool:
        """Whether the process that the engine knows is not the function's own, but starts that and serves it."""
        return self._starting.has_bridge

    def new_environment(self, initialization: str) -> tuple[str, bytes]:
        """The log stream of a new environment, and the JSON of its START message."""
        configuration, account = self.configuration, self._account
        access = (self._access(configuration),) if self._access is not None else ()
        stream = logs.log_stream(time.time(), configuration.version, uuid.uuid4().hex)
        starting = self._starting
        start = {
            "code": self._code,
            "runtime": starting.client,
            "layers": self._layers,
            "is_snapshot": initialization == SNAP_START,
            "ephemeral_storage_mb": configuration.ephemeral_storage_mb,
            "variables": {
                **environment_variables(configuration, self._secrets, account, stream, starting.variables, *access),
                "AWS_LAMBDA_INITIALIZATION_TYPE": initialization,
            },
            "entry": starting.entry,
            "start": {**starting.start, "function_arn": account.function_arn(configuration.name)},
        }
        return stream, json.dumps(start).encode()
