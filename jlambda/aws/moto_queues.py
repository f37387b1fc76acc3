"""moto's queues, made quicker: what a message costs must not grow with the messages that are there.

moto counts all messages of a queue, three times over and for each message that is sent or received, to find one attribute
that is no count. It looks at all of them, too, to receive ten or to delete one. And it drops the system attributes of
messages that are sent in batches, and gives none to those of topics and buckets: by them loops are told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC
from functools import wraps
from typing import Any

from jlambda.aws.moto_request import CURRENT, utcnow

TRACE_HEADER = "AWSTraceHeader"
_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible")


def quicken() -> None:
    """Have messages sent and received without counting those of their queue. To be called once."""
    from moto.sqs import models

    here = threading.local()
    others = [name for name in models.Queue.BASE_ATTRIBUTES if name not in _COUNTS]
    whole = models.Queue.attributes.fget  # type: ignore[attr-defined]

    def attributes(queue: Any) -> dict[str, Any]:
        if not getattr(here, "depth", 0):
            return whole(queue)  # type: ignore[no-any-return]
        queue.BASE_ATTRIBUTES = others
        try:
            return whole(queue)  # type: ignore[no-any-return]
        finally:
            del queue.BASE_ATTRIBUTES

    def uncounted(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(*args: Any, **kwargs: Any) -> Any:
            here.depth = getattr(here, "depth", 0) + 1
            try:
                return method(*args, **kwargs)
            finally:
                here.depth -= 1

        return call

    models.Queue.attributes = property(attributes)  # type: ignore[assignment]
    for name in ("send_message", "send_message_batch", "receive_message"):
        setattr(models.SQSBackend, name, uncounted(getattr(models.SQSBackend, name)))
    models.Queue.approximate_number_of_messages_delayed = property(_delayed)  # type: ignore[assignment, method-assign]
    models.Queue.approximate_number_of_messages_not_visible = property(_in_flight)  # type: ignore[assignment, method-assign]
    models.Queue.messages = property(Visible)  # type: ignore[assignment]
    models.Queue.delete_message = delete_message  # type: ignore[method-assign, assignment]
    models.SQSBackend.is_message_valid_based_on_retention_period = _is_retained  # type: ignore[method-assign, assignment]


class Visible:
    """The messages of a queue that can be received, found one after the other: whoever wants ten looks at no more."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def __iter__(self) -> Iterator[Any]:
        now = _now() * 1000
        for message in list(self._queue._messages):
            if message.visible_at < now >= message.delayed_until:
                yield message

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)


def _delayed(queue: Any) -> int:
    now = _now() * 1000
    return sum(now < each.delayed_until for each in list(queue._messages))


def _in_flight(queue: Any) -> int:
    now = _now() * 1000
    return sum(now <= each.visible_at for each in list(queue._messages))


def _now() -> float:
    return utcnow().replace(tzinfo=UTC).timestamp()


def _is_retained(backend: Any, queue_name: str, message: Any) -> bool:
    """Whether a message is not older than its queue keeps them."""
    return bool(_now() < message.sent_timestamp / 1000 + backend.get_queue(queue_name).message_retention_period)


def delete_message(queue: Any, receipt: str) -> None:
    """Delete the message that has, or had, this receipt. Those in flight are the first, so few are looked at."""
    from moto.sqs.exceptions import ReceiptHandleIsInvalid

    if receipt in queue.deleted_messages:
        return
    for at, message in enumerate(queue._messages):
        if receipt == message.receipt_handle or receipt in message._old_receipt_handles:
            del queue._messages[at]
            queue.pending_messages.discard(message)
            queue.deleted_messages.update(message.all_receipt_handles)
            return
    raise ReceiptHandleIsInvalid


def keep_system_attributes() -> None:
    """Have messages that are sent in batches keep the attributes that the system gave them. To be called once."""
    from moto.sqs import models

    send = models.SQSBackend.send_message_batch

    @wraps(send)
    def send_message_batch(backend: Any, queue_name: str, entries: dict[str, dict[str, Any]]) -> Any:
        messages, failed = send(backend, queue_name, entries)
        given = {entry["Id"]: entry.get("MessageSystemAttributes") for entry in entries.values()}
        for message in messages:
            message.system_attributes = message.system_attributes or given[message.user_id] or {}  # type: ignore[attr-defined]
        return messages, failed

    models.SQSBackend.send_message_batch = send_message_batch  # type: ignore[method-assign, assignment]


def follow_traces() -> None:
    """Have messages that topics and buckets send carry the trace header of the request. To be called once."""
    from moto.sqs import models

    send = models.SQSBackend.send_message

    @wraps(send)
    def send_message(backend: Any, *given: Any, **more: Any) -> Any:
        message = send(backend, *given, **more)
        if trace := getattr(CURRENT, "trace", None):
            message.system_attributes = {TRACE_HEADER: {"DataType": "String", "StringValue": trace}}
        return message

    models.SQSBackend.send_message = send_message  # type: ignore[method-assign, assignment]
