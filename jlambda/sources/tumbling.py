"""Tumbling windows: spans of time that a shard's records fall into, and the state that functions carry through each. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html, services-ddb-windows.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from jlambda.model.events.moments import iso_s

#: a window whose state is larger than this ends early
STATE_BYTES = 1_048_576
_EMPTY = "{}"


@dataclass(frozen=True, slots=True)
class Window:
    """One window of one shard: when it began, in seconds since the epoch, how long it is, and its state so far, as JSON."""

    start: float
    length_s: int
    state: str = _EMPTY

    @property
    def end(self) -> float:
        """When the next one begins."""
        return self.start + self.length_s

    @property
    def is_full(self) -> bool:
        """Whether its state is too large for it to go on."""
        return len(self.state.encode()) > STATE_BYTES


def start_of(at: float, length_s: int) -> float:
    """When the window began that a moment falls into."""
    return float(at // length_s * length_s)


def state_of(payload: bytes) -> str | None:
    """The state that a function's answer carries on, as JSON; None if it has none, which makes it a failure."""
    try:
        answer = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(answer, dict) or "state" not in answer:
        return None
    state = answer["state"]
    if state is None:
        return _EMPTY
    return json.dumps(state) if isinstance(state, dict) else None


def event_of(records: Iterable[bytes], window: Window, is_final: bool, shard_id: str, source_arn: str) -> bytes:
    """What a function gets for a batch of a window, or at its end."""
    about = {
        "shardId": shard_id,
        "eventSourceARN": source_arn,
        "isFinalInvokeForWindow": is_final,
        "isWindowTerminatedEarly": is_final and window.is_full,
    }
    span = {"start": iso_s(window.start), "end": iso_s(window.end)}
    head = b'{"Records": [' + b", ".join(records) + b"]"
    return head + f', "window": {json.dumps(span)}, "state": {window.state}, {json.dumps(about)[1:]}'.encode()
