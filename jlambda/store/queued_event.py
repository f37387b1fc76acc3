"""An asynchronous event as the queue has it, and what becomes of it."""

from __future__ import annotations

import zlib
from typing import NamedTuple


class QueuedEvent(NamedTuple):
    """An event in the queue. Times are in seconds since the epoch, by the session's clock.

    `target` is NAME or NAME:QUALIFIER. `due_at` is None while it runs, and once it is dead; `attempts` are those that the
    function failed, `setbacks` those since that ran nothing, `interruptions` those that ended with the session;
    `executed_version` and `response` are those of the last attempt that ran.
    """

    id: int
    target: str
    request_id: str
    trigger: str
    trace_id: str | None
    client_context: str | None
    accepted_at: float
    due_at: float | None
    state: str
    attempts: int
    setbacks: int
    interruptions: int
    reason: str | None
    event: bytes
    executed_version: str | None = None
    response: bytes | None = None


class Taken(NamedTuple):
    """Events to be run, what was too damaged to be, and when the target's next event is due."""

    events: list[QueuedEvent]
    damaged: list[int]
    next_due: float | None


class Change(NamedTuple):
    """What becomes of an event: it is gone where `state` is None."""

    id: int
    state: str | None = None
    due_at: float | None = None
    attempts: int = 0
    setbacks: int = 0
    reason: str | None = None
    executed_version: str | None = None
    response: bytes | None = None


def checksum_of(target: str, request_id: str, event: bytes) -> int:
    """What tells an event that is damaged."""
    return zlib.crc32(event, zlib.crc32(f"{target} {request_id}".encode()))


def is_sound(event: QueuedEvent, checksum: int) -> bool:
    """Whether a row is what was stored."""
    return isinstance(event.event, bytes) and checksum_of(event.target, event.request_id, event.event) == checksum
