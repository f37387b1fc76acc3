"""Metrics of functions, as CloudWatch has them in the namespace AWS/Lambda, read off the records and what is counted beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from jlambda.model.invocation import PROVISIONED, InvocationRecord
from jlambda.model.limits import TIMEOUT_S
from jlambda.store.event_counts import EventCount
from jlambda.store.functions import Functions
from jlambda.store.records import Records
from jlambda.telemetry.metric_data import COUNTED, METRICS, OF_PROVISIONED, UNRESERVED, counted, periods, points_of

#: what was under way at a moment began at most so long before
_LONGEST_S = TIMEOUT_S[-1] + 130
#: the sets of dimensions that Lambda's metrics have
_SETS = (
    frozenset[str](),
    frozenset({"FunctionName"}),
    frozenset({"FunctionName", "Resource"}),
    frozenset({"FunctionName", "Resource", "ExecutedVersion"}),
)


class FunctionMetric(NamedTuple):
    """A metric by name and dimensions."""

    name: str
    dimensions: Mapping[str, str]


class FunctionMetrics:
    """The metrics of one session's functions."""

    def __init__(self, records: Records, functions: Functions) -> None:
        self._records, self._functions = records, functions
        #: what is counted by the minute, of one function or all, from a time on
        self.counts: Callable[[str | None, float], Iterable[EventCount]] = lambda _function, _since: ()

    def values(self, metric: FunctionMetric, start: float, end: float, period_s: int) -> dict[int, list[float]]:
        """The values of a metric from `start` until before `end` (seconds since the epoch), by the beginning of the period."""
        if frozenset(metric.dimensions) not in _SETS or (metric.name == UNRESERVED and metric.dimensions):
            return {}
        if metric.name in COUNTED:
            return {} if metric.dimensions.keys() - {"FunctionName"} else self._counted(metric, start, end, period_s)
        records = self._records.rows(metric.dimensions.get("FunctionName"), since=start - _LONGEST_S)
        chosen = [record for record in records if record.started_at < end and _is_of(record, metric.dimensions)]
        return periods(points_of(metric.name, chosen, self._functions.reserved()), start, end, period_s)

    def _counted(self, metric: FunctionMetric, start: float, end: float, period_s: int) -> dict[int, list[float]]:
        found = self.counts(metric.dimensions.get("FunctionName"), start)
        points = [
            (float(it.minute), value)
            for it in found
            if it.metric == metric.name
            for value in counted(it.metric, it.number, it.total, it.most)
        ]
        return periods(points, start, end, period_s)

    def list(self) -> list[FunctionMetric]:
        """Every metric that there are values of."""
        found: dict[tuple[str, frozenset[tuple[str, str]]], FunctionMetric] = {}
        for each in self._records.invoked():
            resource = each.function if each.qualifier is None else f"{each.function}:{each.qualifier}"
            dimensions = {"FunctionName": each.function, "Resource": resource, "ExecutedVersion": each.version}
            for names in _SETS if _is_alias(each.qualifier) else _SETS[:-1]:
                chosen = {name: value for name, value in dimensions.items() if name in names}
                for metric in (*METRICS, *(() if names else (UNRESERVED,))):
                    if metric not in OF_PROVISIONED or each.initialization == PROVISIONED:
                        found.setdefault((metric, frozenset(chosen.items())), FunctionMetric(metric, chosen))
        for it in self.counts(None, 0.0):
            for chosen in ({}, {"FunctionName": it.function}):
                found.setdefault((it.metric, frozenset(chosen.items())), FunctionMetric(it.metric, chosen))
        return list(found.values())


def _is_of(record: InvocationRecord, dimensions: Mapping[str, str]) -> bool:
    resource = dimensions.get("Resource")
    if resource is not None:
        name, _, qualifier = resource.partition(":")
        if (name, qualifier or None) != (record.function, record.qualifier):
            return False
    return dimensions.get("ExecutedVersion") in (None, record.version)


def _is_alias(qualifier: str | None) -> bool:
    return qualifier is not None and not qualifier.isdigit() and qualifier != "$LATEST"
