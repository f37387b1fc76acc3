"""Samples of S3, SQS, SNS and EventBridge, and of what one of them hands on to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jlambda.model.events import eventbridge, s3, sns, sqs
from jlambda.model.samples.setting import Setting, text

_ORDER = {"order": 1, "item": "tea"}
_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
Members = dict[str, Any]


def _change(
    setting: Setting, name: str, bucket: str, key: str, size: int | None, etag: str | None, version_id: str | None
) -> s3.ObjectChange:
    request_id, sequencer = setting.hex(16), setting.hex(18, 1)
    return s3.ObjectChange(name, bucket, key, setting.at, request_id, sequencer, size, etag, version_id)


def _notification(
    setting: Setting, name: str, bucket: str, key: str, size: int | None, etag: str | None, version_id: str | None
) -> Members:
    return s3.notification(_change(setting, name, bucket, key, size, etag, version_id), setting.account, setting.id(2))


def _created(how: str, summary: str, size: int = 1024, etag: str = _ETAG) -> Callable[..., Members]:
    """The sample of an object that came into a bucket in one of several ways."""

    def build(
        setting: Setting,
        *,
        bucket: str = "my-bucket",
        key: str = "in/data.csv",
        size: int = size,
        etag: str = etag,
        version_id: str | None = None,
    ) -> Members:
        return _notification(setting, f"ObjectCreated:{how}", bucket, key, size, etag, version_id)

    build.__doc__ = summary
    return build


s3_put = _created("Put", "An object was put into a bucket.")
s3_post = _created("Post", "An object was uploaded by an HTML form.")
s3_copy = _created("Copy", "An object was copied into a bucket.")
_LARGE = "The last part of a large object was uploaded."
s3_multipart = _created("CompleteMultipartUpload", _LARGE, 10_485_760, f"{_ETAG}-2")


def s3_delete(setting: Setting, *, bucket: str = "my-bucket", key: str = "in/data.csv") -> Members:
    """An object was deleted for good."""
    return _notification(setting, "ObjectRemoved:Delete", bucket, key, None, None, None)


def s3_delete_marker(
    setting: Setting,
    *,
    bucket: str = "my-bucket",
    key: str = "in/data.csv",
    version_id: str = "096fKKXTRTtl3on89fVO.nfljtsv6qko",
) -> Members:
    """An object of a bucket with versions was deleted: a marker hides it."""
    return _notification(setting, "ObjectRemoved:DeleteMarkerCreated", bucket, key, 0, _ETAG, version_id)


def s3_batch(
    setting: Setting,
    *,
    bucket: str = "my-bucket",
    keys: Sequence[str] = ("in/data.csv",),
    arguments: Mapping[str, str] | None = None,
) -> Members:
    """S3 Batch Operations asks for something to be done with an object."""
    named = {"userArguments": dict(arguments)} if arguments else {}
    return {
        "invocationSchemaVersion": "2.0" if arguments else "1.0",
        "invocationId": setting.id(),
        "job": {"id": setting.id(1), **named},
        "tasks": [
            {
                "taskId": setting.hex(24, 2 + number),
                "s3Key": s3.url_encoded(key),
                "s3VersionId": None,
                **({"s3Bucket": bucket} if arguments else {"s3BucketArn": f"arn:aws:s3:::{bucket}"}),
            }
            for number, key in enumerate(keys)
        ],
    }


def _message(
    setting: Setting, number: int, body: object, attributes: Mapping[str, object], system: Mapping[str, str]
) -> Members:
    milliseconds = int(setting.at * 1000)
    return {
        "MessageId": setting.id(number),
        "ReceiptHandle": f"AQEB{setting.hex(60, number)}",
        "Body": text(body),
        "Attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(milliseconds),
            "SenderId": "AIDAIENQZJOLO23YVJ4VO",
            "ApproximateFirstReceiveTimestamp": str(milliseconds + 5),
            **system,
        },
        "MessageAttributes": {name: _typed(value) for name, value in attributes.items()},
    }


def _typed(value: object) -> Members:
    if isinstance(value, bytes):
        return {"DataType": "Binary", "BinaryValue": value}
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"DataType": "Number" if is_number else "String", "StringValue": text(value)}


def sqs_standard(
    setting: Setting,
    *,
    queue: str = "my-queue",
    body: object = _ORDER,
    bodies: Sequence[object] | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Members:
    """A batch of messages of a queue: one, or as many as there are in bodies."""
    all_bodies = [body] if bodies is None else bodies
    arn = setting.arn("sqs", queue)
    messages = [_message(setting, number, each, attributes or {}, {}) for number, each in enumerate(all_bodies)]
    return {"Records": [sqs.record(message, arn) for message in messages]}


def sqs_fifo(
    setting: Setting,
    *,
    queue: str = "my-queue.fifo",
    body: object = _ORDER,
    bodies: Sequence[object] | None = None,
    group: str = "group-1",
    attributes: Mapping[str, object] | None = None,
) -> Members:
    """A batch of messages of a FIFO queue, all of one group."""
    records = []
    for number, each in enumerate([body] if bodies is None else bodies):
        system = {
            "SequenceNumber": setting.digits(20, number),
            "MessageGroupId": group,
            "MessageDeduplicationId": setting.hex(32, number).lower(),
        }
        records.append(sqs.record(_message(setting, number, each, attributes or {}, system), setting.arn("sqs", queue)))
    return {"Records": records}


def _sns_message(
    setting: Setting, topic: str, message: object, subject: str | None, attributes: Mapping[str, object] | None
) -> sns.Message:
    arn = setting.arn("sns", topic)
    given = {
        name: {"Type": typed["DataType"], "Value": typed["StringValue"]}
        for name, value in (attributes or {}).items()
        if (typed := _typed(value)) and "StringValue" in typed
    }
    return sns.Message(text(message), setting.id(10), arn, f"{arn}:{setting.id(11)}", setting.at, subject, given)


def sns_message(
    setting: Setting,
    *,
    topic: str = "my-topic",
    message: object = _ORDER,
    subject: str | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Members:
    """A message that was published to a topic."""
    return _sns_message(setting, topic, message, subject, attributes).event()


def eventbridge_event(
    setting: Setting,
    *,
    source: str = "my.app",
    detail_type: str = "Order Placed",
    detail: Mapping[str, object] = _ORDER,
    resources: Sequence[str] = (),
) -> Members:
    """An event that was put on a bus and that a rule wanted."""
    return eventbridge.event(
        source=source,
        detail_type=detail_type,
        detail=dict(detail),
        event_id=setting.id(),
        at=setting.at,
        account=setting.account,
        resources=resources,
    )


def eventbridge_s3(setting: Setting, *, bucket: str = "my-bucket", key: str = "in/data.csv", size: int = 1024) -> Members:
    """S3 told EventBridge of a new object."""
    return s3.to_eventbridge(
        _change(setting, "ObjectCreated:Put", bucket, key, size, _ETAG, None), setting.account, setting.id(3)
    )


def schedule_rule(setting: Setting, *, rule: str = "my-schedule") -> Members:
    """A rule with a schedule has come due."""
    return eventbridge.scheduled(setting.arn("events", f"rule/{rule}"), setting.id(), setting.at, setting.account)


def schedule_scheduler(setting: Setting, *, schedule: str = "my-schedule", group: str = "default") -> Members:
    """A schedule of EventBridge Scheduler has come due, and has no input of its own."""
    arn = setting.arn("scheduler", f"schedule/{group}/{schedule}")
    return eventbridge.scheduler(arn, setting.id(), setting.at, setting.account)


def sqs_s3(
    setting: Setting, *, queue: str = "my-queue", bucket: str = "my-bucket", key: str = "in/data.csv", size: int = 1024
) -> Members:
    """A notification of S3 in a message of SQS."""
    return sqs_standard(setting, queue=queue, body=s3_put(setting, bucket=bucket, key=key, size=size))


def sns_s3(
    setting: Setting, *, topic: str = "my-topic", bucket: str = "my-bucket", key: str = "in/data.csv", size: int = 1024
) -> Members:
    """A notification of S3 in a message of SNS."""
    return sns_message(setting, topic=topic, message=s3_put(setting, bucket=bucket, key=key, size=size), subject=s3.SUBJECT)


def sqs_sns(
    setting: Setting,
    *,
    queue: str = "my-queue",
    topic: str = "my-topic",
    message: object = _ORDER,
    subject: str | None = None,
    attributes: Mapping[str, object] | None = None,
) -> Members:
    """A message of SNS in one of SQS."""
    return sqs_standard(setting, queue=queue, body=_sns_message(setting, topic, message, subject, attributes).envelope())


def sqs_sns_s3(
    setting: Setting,
    *,
    queue: str = "my-queue",
    topic: str = "my-topic",
    bucket: str = "my-bucket",
    key: str = "in/data.csv",
    size: int = 1024,
) -> Members:
    """A notification of S3 in a message of SNS in one of SQS."""
    found = s3_put(setting, bucket=bucket, key=key, size=size)
    return sqs_sns(setting, queue=queue, topic=topic, message=found, subject=s3.SUBJECT)


def sqs_eventbridge(
    setting: Setting,
    *,
    queue: str = "my-queue",
    source: str = "my.app",
    detail_type: str = "Order Placed",
    detail: Mapping[str, object] = _ORDER,
) -> Members:
    """An event of EventBridge in a message of SQS."""
    found = eventbridge_event(setting, source=source, detail_type=detail_type, detail=detail)
    return sqs_standard(setting, queue=queue, body=found)
