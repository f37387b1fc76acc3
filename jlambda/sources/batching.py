"""Decide how many gathered records go to the function as one batch, and when. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jlambda.model.limits import PAYLOAD_BYTES

#: ``{"Records": []}``, and what stands between two records
_AROUND, _BETWEEN = 64, 2


class BatchLimits(NamedTuple):
    """A batch has at most so many records and bytes, and is gathered for at most so many seconds.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
    """

    records: int
    window_s: float = 0.0
    bytes: int = PAYLOAD_BYTES


def ready(sizes: Sequence[int], since: float, now: float, limits: BatchLimits) -> int:
    """How many of the gathered records, first come first, make a batch now; 0 while it waits for more.

    `sizes` are those of the records' JSON, `since` is when the first of them came. A batch is full with its last record or
    byte, and goes as it is at the end of its window. A record that is too large by itself goes alone.
    """
    total, count = _AROUND, 0
    for size in sizes[: limits.records]:
        total += size + _BETWEEN
        if count and total > limits.bytes:
            return count
        count += 1
    return count if count == limits.records or now >= since + limits.window_s else 0
