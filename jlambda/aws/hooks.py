"""What moto does differently in the child: what it would start functions with is handed to the gateway instead.

moto calls a Lambda of its own while it carries out a request. Here that Lambda only takes down what is to be started; it
goes to the gateway with the answer, which makes it durable before whoever asked has the answer. Events are built as AWS
builds them, by the builders that sample events come from. This module and those whose names begin
with moto touch moto's insides.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jlambda.aws import moto_gateway, moto_s3, moto_secrets, moto_shards, moto_sns, moto_states, moto_streams
from jlambda.aws.moto_request import CURRENT, Seeded, push, utcnow
from jlambda.model.events import logs, secrets


class _Function:
    """What moto takes for a function."""

    def __init__(self, arn: str) -> None:
        self.function_arn = self.arn = arn


class _Lambda:
    """What moto takes for Lambda, as far as its other services call it."""

    def __init__(self, account: str, region: str) -> None:
        self._account, self._region = account, region

    def get_function(self, function_name_or_arn: str, qualifier: str | None = None) -> _Function:
        """Any: whether it is there is seen when it is started."""
        del qualifier
        return _Function(function_name_or_arn)

    def send_log_event(
        self, function_arn: str, filter_name: str, log_group_name: str, log_stream_name: str, log_events: list[Any]
    ) -> None:
        """Logs that a subscription filter let through."""
        from moto.logs.models import logs_backends
        from moto.logs.utils import EventMessageFilter

        # moto sends every line, whatever the pattern
        group = logs_backends[self._account][self._region].groups[log_group_name]
        wanted = EventMessageFilter(group.subscription_filters[filter_name].filter_pattern or "")
        log_events = [each for each in log_events if wanted.matches(each["message"])]
        if not log_events:
            return
        events = [logs.LogEvent(str(each["id"]), int(each["timestamp"]), each["message"]) for each in log_events]
        made = logs.subscription(self._account, log_group_name, log_stream_name, [filter_name], events)
        push(function_arn, "logs", made)

    def invoke(self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any) -> bytes:
        """A step of the rotation of a secret."""
        del qualifier, headers, response_headers
        asked = json.loads(body)
        CURRENT.is_rotating = True
        secret = self._secret_arn(asked["SecretId"])
        event = secrets.rotation(asked["Step"], secret, asked["ClientRequestToken"], str(uuid.uuid4()))
        push(function_name, "secretsmanager", event, group=f"{secret}:{asked['ClientRequestToken']}")
        return b"null"

    def _secret_arn(self, name: str) -> str:
        from moto.secretsmanager.models import secretsmanager_backends

        return str(secretsmanager_backends[self._account][self._region].secrets[name].arn)


def forget_messages(ids: Iterable[str]) -> None:
    """Take messages out of all queues: they had been deleted."""
    from moto.sqs.models import sqs_backends

    gone = set(ids)
    for account in sqs_backends.values():
        for backend in account.values():
            for queue in backend.queues.values():
                queue._messages = [each for each in queue._messages if each.id not in gone]


def prepare(gateway: Mapping[str, Any]) -> None:
    """Change what is loaded in any case, before anything else of moto is; `gateway` has the `url` and a `key` to it."""
    moto_states.GATEWAY.update(gateway)
    import moto.core.utils as core

    core.utcnow = utcnow  # before the services take it by its name
    import moto.awslambda.utils as utils
    from moto.core.config import default_user_config
    from moto.moto_api._internal import mock_random
    from moto.moto_api._internal.moto_random import MotoRandom

    utils.get_backend = _Lambda  # type: ignore[assignment]  # it is called as the class is
    mock_random.__class__ = type("Seeded", (Seeded, MotoRandom), {})
    default_user_config["stepfunctions"] = {"execute_state_machine": True}


def prepare_service(service: str) -> None:
    """Change a service at its first request."""
    with _LOCK:
        change = _CHANGES.get(service)
        if change is not None:
            change()  # where something is not installed, it is tried again with the next request
            del _CHANGES[service]


def _change_s3() -> None:
    moto_s3.change()
    change = _CHANGES.pop("sns", None)  # notifications go through topics, whose subscriptions to functions are changed
    if change is not None:
        change()


_LOCK = threading.Lock()
_CHANGES: dict[str, Callable[[], None]] = {
    "s3": _change_s3,
    "dynamodb": moto_streams.change,
    "kinesis": moto_shards.change,
    "sns": moto_sns.change,
    "secretsmanager": moto_secrets.change,
    "states": moto_states.change,
    "apigateway": moto_gateway.change,
}
