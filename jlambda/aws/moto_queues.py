"""moto's queues, made quicker: what a message costs must not grow with the messages that are there.

moto counts all messages of a queue, three times over and for each message that is sent or received, to find one attribute
that is no count. And it drops the system attributes of messages that are sent in batches, by which loops are told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

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
    for name in ("send_message", "send_message_batch", "receive_message", "is_message_valid_based_on_retention_period"):
        setattr(models.SQSBackend, name, uncounted(getattr(models.SQSBackend, name)))


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
