"""moto's buckets: notifications as AWS writes them, each change once, delete markers too."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from jlambda.aws.moto_request import CURRENT, SeededOs, push
from jlambda.model.arn import Account
from jlambda.model.events import s3

_LAST = 0


def change() -> None:
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
        push(f"arn:aws:events:{account.region}:{account_id}:event-bus/default", "s3", made)

    def invoke(account_id: str, event_body: Any, fn_arn: str, region_name: str) -> None:
        del account_id, region_name
        push(fn_arn, "s3", event_body)

    def to_topic(account_id: str, event_body: Any, topic_arn: str, region_name: str) -> None:
        from moto.sns.models import sns_backends

        topics = sns_backends[account_id][region_name]
        if topic_arn in topics.topics:
            topics.publish(arn=topic_arn, message=json.dumps(event_body), subject=s3.SUBJECT)

    models.__dict__["os"] = SeededOs()  # ids of multipart uploads come from it
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
        CURRENT.is_completing = True
        try:
            return complete(self, *given, **more)
        finally:
            CURRENT.is_completing = False

    def put_object(self: Any, *given: Any, **more: Any) -> Any:
        if getattr(CURRENT, "is_completing", False):
            more["disable_notification"] = True
        return put(self, *given, **more)

    models.S3Backend.complete_multipart_upload = completed  # type: ignore[method-assign]
    models.S3Backend.put_object = put_object  # type: ignore[method-assign]


def _sequencer() -> str:
    """What orders the changes of a key: it only ever grows."""
    global _LAST
    _LAST = max(_LAST + 1, time.time_ns())
    return f"{_LAST:016X}"
