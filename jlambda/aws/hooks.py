"""What moto does differently in the child: what it would start functions with is handed to the gateway instead.

moto calls a Lambda of its own while it carries out a request. Here that Lambda only takes down what is to be started; it
goes to the gateway with the answer, which makes it durable before whoever asked has the answer. Events are built as AWS
builds them, by the builders that sample events come from. Everything in this module touches moto's insides.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from jlambda.model.arn import Account
from jlambda.model.event_pattern import problem
from jlambda.model.events import logs, s3, secrets, sns
from jlambda.model.filters import subscribed

_CURRENT = threading.local()


def begin(seed: int, at: float) -> list[dict[str, Any]]:
    """Begin a request in this thread: what it starts is added to the list.

    Its random names come from `seed` and its time is `at`, so that a replay makes what there was.
    """
    pushes: list[dict[str, Any]] = []
    _CURRENT.pushes, _CURRENT.at = pushes, at or None
    _CURRENT.random = Random(seed) if seed else _FREE
    return pushes


def _push(arn: str, source: str, event: Mapping[str, Any], **more: Any) -> None:
    pushes = getattr(_CURRENT, "pushes", None)
    if pushes is not None:
        pushes.append({"arn": arn, "source": source, "event": json.dumps(event), **more})


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
        _push(function_arn, "logs", made)

    def invoke(self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any) -> bytes:
        """A step of the rotation of a secret."""
        del qualifier, headers, response_headers
        asked = json.loads(body)
        _CURRENT.is_rotating = True
        secret = self._secret_arn(asked["SecretId"])
        event = secrets.rotation(asked["Step"], secret, asked["ClientRequestToken"], str(uuid.uuid4()))
        _push(function_name, "secretsmanager", event, group=f"{secret}:{asked['ClientRequestToken']}")
        return b"null"

    def _secret_arn(self, name: str) -> str:
        from moto.secretsmanager.models import secretsmanager_backends

        return str(secretsmanager_backends[self._account][self._region].secrets[name].arn)


class _Seeded:
    """moto's random numbers, those of a request from its own seed."""

    def random(self) -> float:
        """A number between 0 and 1."""
        return getattr(_CURRENT, "random", _FREE).random()

    def getrandbits(self, bits: int) -> int:
        """A number of so many bits."""
        return getattr(_CURRENT, "random", _FREE).getrandbits(bits)


class _SeededOs:
    """The module `os`, but for random bytes, which are those of the request."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def urandom(self, size: int) -> bytes:
        """So many bytes."""
        random: Random = getattr(_CURRENT, "random", _FREE)
        return random.randbytes(size)


def _utcnow() -> datetime:
    """moto's time: that of the request, without a time zone."""
    at = getattr(_CURRENT, "at", None)
    return datetime.fromtimestamp(time.time() if at is None else at, UTC).replace(tzinfo=None)


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
    _GATEWAY.update(gateway)
    import moto.core.utils as core

    core.utcnow = _utcnow  # before the services take it by its name
    import moto.awslambda.utils as utils
    from moto.core.config import default_user_config
    from moto.moto_api._internal import mock_random
    from moto.moto_api._internal.moto_random import MotoRandom

    utils.get_backend = _Lambda  # type: ignore[assignment]  # it is called as the class is
    mock_random.__class__ = type("Seeded", (_Seeded, MotoRandom), {})
    default_user_config["stepfunctions"] = {"execute_state_machine": True}


def prepare_service(service: str) -> None:
    """Change a service at its first request."""
    with _LOCK:
        change = _CHANGES.pop(service, None)
        if change is not None:
            change()


def _prepare_s3() -> None:
    import flask
    import moto.s3.models as models
    import moto.s3.notifications as notifications

    def change(event_name: str, bucket: Any, key: Any) -> s3.ObjectChange:
        name = event_name[3:]  # an enumeration, whose text is another
        is_gone = name.startswith("ObjectRemoved")
        return s3.ObjectChange(
            name=name,
            bucket=bucket.name,
            key=key.name,
            at=time.time(),
            request_id=uuid.uuid4().hex[:16].upper(),
            sequencer=_sequencer(),
            size=None if is_gone else key.size,
            etag=None if is_gone else key.etag.strip('"'),
            version_id=str(key.version_id) if bucket.is_versioned else None,
        )

    def event(event_name: str, bucket: Any, key: Any, notification_id: str) -> dict[str, Any]:
        account = Account(bucket.account_id, bucket.region_name)
        return s3.notification(change(event_name, bucket, key), account, notification_id)

    def to_bus(account_id: str, bucket: Any, event_name: str, key: Any) -> None:
        account = Account(account_id, bucket.region_name)
        made = s3.to_eventbridge(change(event_name, bucket, key), account, str(uuid.uuid4()))
        _push(f"arn:aws:events:{account.region}:{account_id}:event-bus/default", "s3", made)

    def invoke(account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
        del account_id, region_name
        _push(fn_arn, "s3", event_body)

    def to_topic(account_id: str, event_body: Any, topic_arn: str, region_name: str) -> None:
        from moto.sns.models import sns_backends

        topics = sns_backends[account_id][region_name]
        if topic_arn in topics.topics:
            topics.publish(arn=topic_arn, message=json.dumps(event_body), subject=s3.SUBJECT)

    models.__dict__["os"] = _SeededOs()  # ids of multipart uploads come from it
    # its subscriptions to functions are among those that are changed
    prepare_soon("sns")
    notifications._get_s3_event, notifications._invoke_awslambda = event, invoke
    notifications._send_sns_message, notifications._send_event_bridge_message = to_topic, to_bus
    send = notifications.send_event

    def send_event(account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        """moto takes every put for one that sets tags, too."""
        if not event_name.startswith("s3:ObjectTagging") or "tagging" in flask.request.args:
            send(account_id, event_name, bucket, key)

    notifications.send_event = send_event
    set_marker = models.S3Backend._set_delete_marker

    def with_event(self: Any, bucket_name: str, key_name: str) -> Any:
        marker = set_marker(self, bucket_name, key_name)
        name = notifications.S3NotificationEvent.OBJECT_REMOVED_DELETE_MARKER_CREATED_EVENT
        notifications.send_event(self.account_id, name, self.get_bucket(bucket_name), marker)
        return marker

    models.S3Backend._set_delete_marker = with_event  # type: ignore[method-assign]
    complete, put = models.S3Backend.complete_multipart_upload, models.S3Backend.put_object

    def completed(self: Any, *given: Any, **more: Any) -> Any:
        """moto tells of the same object twice, as put and as completed."""
        _CURRENT.is_completing = True
        try:
            return complete(self, *given, **more)
        finally:
            _CURRENT.is_completing = False

    def put_object(self: Any, *given: Any, **more: Any) -> Any:
        if getattr(_CURRENT, "is_completing", False):
            more["disable_notification"] = True
        return put(self, *given, **more)

    models.S3Backend.complete_multipart_upload = completed  # type: ignore[method-assign]
    models.S3Backend.put_object = put_object  # type: ignore[method-assign]


def prepare_soon(service: str) -> None:
    """Change another service, from within the change of one."""
    change = _CHANGES.pop(service, None)
    if change is not None:
        change()


def _prepare_sns() -> None:
    import moto.sns.models as models

    publish = models.Subscription.publish

    def push(self: Any, message: str, message_id: str, **more: Any) -> None:
        if self.protocol != "lambda":
            publish(self, message, message_id, **more)
            return
        attributes = more.get("message_attributes")
        if self._filter_policy_matcher is not None and not self._filter_policy_matcher.matches(attributes, message):
            return
        if more.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        made = sns.Message(
            text=message,
            message_id=message_id,
            topic_arn=self.topic.arn,
            subscription_arn=self.arn,
            at=time.time(),
            subject=more.get("subject"),
            attributes={
                name: {"Type": each["Type"], "Value": _text(each["Value"])} for name, each in (attributes or {}).items()
            },
        )
        _push(self.endpoint, "sns", made.event())

    models.Subscription.publish = push  # type: ignore[method-assign,assignment]
    _prepare_filter_policies()


def _prepare_filter_policies() -> None:
    """Filter policies mean what patterns of events do: moto knows some operators not at all, and takes $or for a name."""
    import moto.sns.models as models
    from moto.sns.exceptions import SNSInvalidParameter
    from moto.sns.utils import FilterPolicyMatcher

    validate = models.SNSBackend._validate_filter_policy

    def is_policy(self: Any, value: Any, scope: str | None) -> None:
        try:
            validate(self, value, scope)
        except SNSInvalidParameter as error:
            if "Unrecognized match type" not in str(error):
                raise
        if (found := problem(value)) is not None:
            raise SNSInvalidParameter(f"Invalid parameter: FilterPolicy: {found}")

    def is_wanted(self: Any, message_attributes: dict[str, Any] | None, message: str) -> bool:
        return subscribed(self.filter_policy, self.filter_policy_scope, message, message_attributes or {})

    models.SNSBackend._validate_filter_policy = is_policy  # type: ignore[method-assign]
    FilterPolicyMatcher.matches = is_wanted  # type: ignore[method-assign]


def _prepare_secrets() -> None:
    import moto.secretsmanager.models as models

    set_default = models.FakeSecret.set_default_version_id

    def unless_rotating(self: Any, version_id: str | None) -> None:
        # the function has not run yet: its last step makes the new version the current one
        if getattr(_CURRENT, "is_rotating", False):
            _CURRENT.is_rotating = False
        else:
            set_default(self, version_id)

    models.FakeSecret.set_default_version_id = unless_rotating  # type: ignore[method-assign]
    update = models.SecretsManagerBackend.update_secret_version_stage

    def update_stage(
        self: Any, secret_id: str, version_stage: str, remove_from_version_id: str, move_to_version_id: str
    ) -> Any:
        updated = update(self, secret_id, version_stage, remove_from_version_id, move_to_version_id)
        if version_stage == "AWSCURRENT" and move_to_version_id:
            set_default(self.secrets[secret_id], move_to_version_id)  # what GetSecretValue gives, which moto leaves as it was
        return updated

    models.SecretsManagerBackend.update_secret_version_stage = update_stage  # type: ignore[method-assign]


def _prepare_states() -> None:
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
        key_id, secret, token = _GATEWAY["key"]
        keys = {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
        return boto3.client(service, region_name=region, endpoint_url=_GATEWAY["url"], config=config, **keys)

    clients.boto_client_for = client_for

    # after the above: what it loads takes it by its name
    import moto.stepfunctions.parser.models as models

    start = models.StepFunctionsParserBackend.start_execution

    def named(self: Any, state_machine_arn: str, name: str | None = None, *more: Any, **others: Any) -> Any:
        """moto calls all executions without a name None, and refuses the second."""
        return start(self, state_machine_arn, name or str(uuid.uuid4()), *more, **others)

    models.StepFunctionsParserBackend.start_execution = named  # type: ignore[method-assign]


def _sequencer() -> str:
    """What orders the changes of a key: it only ever grows."""
    global _LAST
    _LAST = max(_LAST + 1, time.time_ns())
    return f"{_LAST:016X}"


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


_LAST = 0
_LOCK = threading.Lock()
_FREE = Random()
_GATEWAY: dict[str, Any] = {}
#: as long as a task may last that sets no time of its own
_TASK_TIMEOUT_S = 99_999_999
_CHANGES = {"states": _prepare_states, "s3": _prepare_s3, "sns": _prepare_sns, "secretsmanager": _prepare_secrets}
