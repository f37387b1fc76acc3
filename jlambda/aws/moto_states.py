"""moto's state machines: their tasks call the session's gateway."""

from __future__ import annotations

import uuid
from typing import Any

#: the `url` of the gateway and a `key` to it
GATEWAY: dict[str, Any] = {}
#: as long as a task may last that sets no time of its own
_TASK_TIMEOUT_S = 99_999_999


def change() -> None:
    import boto3
    import moto.stepfunctions.parser.asl.utils.boto_client as clients
    from botocore.config import Config

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        """What a task calls a service with: the gateway, whose key only this process has."""
        del state_credentials
        config = Config(
            parameter_validation=False,
            retries={"max_attempts": 0},
            read_timeout=_TASK_TIMEOUT_S,
            inject_host_prefix=False,
            proxies={},
            s3={"addressing_style": "path"},
        )
        key_id, secret, token = GATEWAY["key"]
        keys = {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
        return boto3.client(service, region_name=region, endpoint_url=GATEWAY["url"], config=config, **keys)

    clients.boto_client_for = client_for

    # after the above: what it loads takes it by its name
    import moto.stepfunctions.parser.models as models

    start = models.StepFunctionsParserBackend.start_execution

    def named(self: Any, state_machine_arn: str, name: str | None = None, *more: Any, **others: Any) -> Any:
        """moto calls all executions without a name None, and refuses the second."""
        return start(self, state_machine_arn, name or str(uuid.uuid4()), *more, **others)

    models.StepFunctionsParserBackend.start_execution = named  # type: ignore[method-assign]
