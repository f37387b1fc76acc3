"""What CloudWatch would hold of invocations in the namespace AWS/Lambda: points in time, and statistics of them. Pure.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html: each point has the time at which its invocation
began.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from jlambda.errors import InvalidParameter
from jlambda.model.invocation import PROVISIONED, InvocationRecord

NAMESPACE = "AWS/Lambda"
#: a moment in seconds since the epoch, and a value
Point = tuple[float, float]
Series = dict[int, float]

_FAILED = ("error", "timeout", "out_of_memory")
_PERCENTILE = re.compile(r"(p|tm)(\d{1,2}(?:\.\d{1,10})?|100)")


class Metric(NamedTuple):
    """A metric of AWS/Lambda: its unit, and its points in the records that it is of."""

    unit: str
    points: Callable[[Sequence[InvocationRecord]], list[Point]]


def _each(value: Callable[[InvocationRecord], float], *, ran_only: bool = True) -> Callable[..., list[Point]]:
    def points(records: Sequence[InvocationRecord]) -> list[Point]:
        return [(record.started_at, value(record)) for record in records if not ran_only or _ran(record)]

    return points


def _ran(record: InvocationRecord) -> bool:
    return record.status != "throttled"


def _concurrent(records: Sequence[InvocationRecord]) -> list[Point]:
    """How many ran when each began, itself included."""
    ran = [record for record in records if _ran(record)]
    starts = sorted(record.started_at for record in ran)
    ends = sorted(ended_at(record) for record in ran)
    return [(start, number - bisect_right(ends, start)) for number, start in enumerate(starts, 1)]


def _provisioned(records: Sequence[InvocationRecord]) -> list[InvocationRecord]:
    return [record for record in records if record.initialization == PROVISIONED]


METRICS: Mapping[str, Metric] = {
    "Invocations": Metric("Count", _each(lambda _: 1.0)),
    "Errors": Metric("Count", _each(lambda record: float(record.status in _FAILED))),
    "Throttles": Metric("Count", _each(lambda record: float(not _ran(record)), ran_only=False)),
    "Duration": Metric("Milliseconds", _each(lambda record: record.duration_ms)),
    "ConcurrentExecutions": Metric("Count", _concurrent),
    "ProvisionedConcurrencyInvocations": Metric(
        "Count", lambda records: [(record.started_at, 1.0) for record in _provisioned(records)]
    ),
    "ProvisionedConcurrentExecutions": Metric("Count", lambda records: _concurrent(_provisioned(records))),
}
#: those that only functions with provisioned concurrency have
OF_PROVISIONED = frozenset({"ProvisionedConcurrencyInvocations", "ProvisionedConcurrentExecutions"})
#: of the whole account only: what runs in functions without reserved concurrency
UNRESERVED = "UnreservedConcurrentExecutions"
#: those of functions that are counted by the minute where they happen: no record tells of them
COUNTED: Mapping[str, str] = {
    "AsyncEventsReceived": "Count",
    "AsyncEventAge": "Milliseconds",
    "AsyncEventsDropped": "Count",
    "DestinationDeliveryFailures": "Count",
    "DeadLetterErrors": "Count",
    "IteratorAge": "Milliseconds",
    "RecursiveInvocationsDropped": "Count",
}
UNITS = {**{name: metric.unit for name, metric in METRICS.items()}, UNRESERVED: "Count", **COUNTED}


def ended_at(record: InvocationRecord) -> float:
    """When an invocation was over, in seconds since the epoch."""
    return record.started_at + (record.duration_ms + (record.init_ms or 0.0) + (record.restore_ms or 0.0)) / 1_000


def points_of(name: str, records: Sequence[InvocationRecord], reserved: Collection[str] = ()) -> list[Point]:
    """The points of a metric; none for a metric that there is not. `reserved` names functions with reserved concurrency."""
    if name == UNRESERVED:
        return _concurrent([record for record in records if record.function not in reserved])
    metric = METRICS.get(name)
    return [] if metric is None else metric.points(records)


def counted(name: str, number: int, total: float, most: float) -> list[float]:
    """The values that were counted together: so many of them, with this sum and maximum; those between are their average."""
    if COUNTED[name] == "Count":
        return [1.0] * number
    return [*[(total - most) / (number - 1)] * (number - 1), most] if number > 1 else [total]


def periods(points: Iterable[Point], start: float, end: float, period_s: int) -> dict[int, list[float]]:
    """The values from `start` until before `end`, by the beginning of the period that each falls into, in order of time."""
    found: dict[int, list[float]] = {}
    for at, value in points:
        if start <= at < end:
            found.setdefault(int(at // period_s) * period_s, []).append(value)
    return dict(sorted(found.items()))


def statistic(name: str, values: Sequence[float]) -> float:
    """A statistic of the values of one period. Raises `InvalidParameter` for one that there is not."""
    simple: dict[str, Callable[[Sequence[float]], float]] = {
        "SampleCount": len,
        "Sum": math.fsum,
        "Average": lambda given: math.fsum(given) / len(given),
        "Minimum": min,
        "Maximum": max,
    }
    if name in simple:
        return float(simple[name](values))
    found = _PERCENTILE.fullmatch(name)
    if not found:
        raise InvalidParameter(f"The value {name} for parameter Stat is not supported.")
    part, ordered = float(found[2]) / 100, sorted(values)
    if found[1] == "tm":
        kept = ordered[: max(1, math.ceil(part * len(ordered)))]
        return math.fsum(kept) / len(kept)
    place = part * (len(ordered) - 1)
    below = ordered[math.floor(place)]
    return below + (ordered[math.ceil(place)] - below) * (place - math.floor(place))
