"""CloudWatch, of the metrics that functions have in the namespace AWS/Lambda."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jlambda.api.observed.cbor import Moment
from jlambda.api.observed.here import PASSED_ON, Here, Members, page
from jlambda.api.observed.wire import seconds, whole
from jlambda.errors import InvalidParameter, LambdaError
from jlambda.service.function_metrics import FunctionMetric
from jlambda.telemetry.metric_data import NAMESPACE, UNITS, Series, statistic
from jlambda.telemetry.metric_math import evaluate

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html, API_GetMetricStatistics.html
_LISTED, _DATAPOINTS = 500, 1_440


class Combination(LambdaError):
    """Parameters that do not go together."""

    code, status = "InvalidParameterCombination", 400


class Missing(LambdaError):
    """A parameter that must be given."""

    code, status = "MissingParameter", 400


def list_metrics(here: Here, given: Members) -> Members:
    """ListMetrics: those of functions and all others."""
    namespace, name = given.get("Namespace"), given.get("MetricName")
    found: list[dict[str, Any]] = []
    if namespace != NAMESPACE:
        passed = {member: given[member] for member in ("Namespace", "MetricName", "Dimensions") if given.get(member)}
        if namespace is not None:
            return PASSED_ON
        found = here.all_behind("ListMetrics", passed, "Metrics")
    filters = [(each.get("Name"), each.get("Value")) for each in given.get("Dimensions") or ()]
    for metric in here.session.service.metrics.list():
        has = all(key in metric.dimensions and value in (None, metric.dimensions[key]) for key, value in filters)
        if name in (None, metric.name) and has:
            dimensions = [{"Name": key, "Value": value} for key, value in metric.dimensions.items()]
            found.append({"Namespace": NAMESPACE, "MetricName": metric.name, "Dimensions": dimensions})
    keys = [f"{number:08d}" for number in range(len(found))]
    part = page(list(zip(keys, found, strict=True)), lambda each: each[0], given.get("NextToken"), _LISTED)
    answered: dict[str, Any] = {"Metrics": [each for _, each in part.items]}
    return answered if part.token is None else {**answered, "NextToken": part.token}


def get_statistics(here: Here, given: Members) -> Members:
    """GetMetricStatistics."""
    if given.get("Namespace") != NAMESPACE:
        return PASSED_ON
    plain, extended = given.get("Statistics") or [], given.get("ExtendedStatistics") or []
    if not plain and not extended:
        raise Missing("The parameters Statistics or ExtendedStatistics must be given")
    start, end, period_s = _span(given)
    if (end - start) / period_s > _DATAPOINTS:
        raise Combination(
            f"You have requested up to {int((end - start) / period_s)} datapoints, which exceeds the limit of {_DATAPOINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    name = str(given.get("MetricName"))
    unit = UNITS.get(name, "None")
    if given.get("Unit") not in (None, unit):
        return {"Label": name, "Datapoints": []}
    values = here.session.service.metrics.values(FunctionMetric(name, _dimensions(given)), start, end, period_s)
    points = []
    for at, each in values.items():
        point = {"Timestamp": Moment(at), "Unit": unit, **{stat: statistic(stat, each) for stat in plain}}
        if extended:
            point["ExtendedStatistics"] = {stat: statistic(stat, each) for stat in extended}
        points.append(point)
    return {"Label": name, "Datapoints": points}


def get_data(here: Here, given: Members) -> Members:
    """GetMetricData: metrics of functions and others, and expressions over both."""
    queries = given.get("MetricDataQueries") or []
    if not any(_namespace(query) == NAMESPACE for query in queries):
        return PASSED_ON
    start, end = seconds(given.get("StartTime")), seconds(given.get("EndTime"))
    series: dict[str, Series] = {}
    for query in queries:
        if _namespace(query) == NAMESPACE:
            series[str(query["Id"])] = _series(here, query["MetricStat"], start, end)
    others = [{**query, "ReturnData": True} for query in queries if _namespace(query) not in (None, NAMESPACE)]
    if others:
        asked = {"MetricDataQueries": others, "StartTime": Moment(start), "EndTime": Moment(end)}
        for result in here.all_behind("GetMetricData", asked, "MetricDataResults"):
            series[str(result["Id"])] = dict(zip(map(int, result["Timestamps"]), result["Values"], strict=True))
    _evaluate(queries, series)
    results = [_result(query, series[str(query["Id"])], given) for query in queries if _is_returned(query)]
    return {"MetricDataResults": results, "Messages": []}


OPERATIONS: Mapping[str, Callable[[Here, Members], Members]] = {
    "ListMetrics": list_metrics,
    "GetMetricStatistics": get_statistics,
    "GetMetricData": get_data,
}


def _namespace(query: Members) -> str | None:
    metric = (query.get("MetricStat") or {}).get("Metric") or {}
    found = metric.get("Namespace")
    return None if found is None else str(found)


def _series(here: Here, stat: Members, start: float, end: float) -> Series:
    period_s = _period(stat)
    metric = stat["Metric"]
    wanted = FunctionMetric(str(metric.get("MetricName")), _dimensions(metric))
    start = start // period_s * period_s
    name = str(stat.get("Stat"))
    values = here.session.service.metrics.values(wanted, start, end, period_s)
    return {at: statistic(name, each) for at, each in values.items()}


def _evaluate(queries: Sequence[Members], series: dict[str, Series]) -> None:
    """Add the series of all expressions, of which one may name another."""
    metrics = dict(series)
    left = {str(query["Id"]): str(query["Expression"]) for query in queries if query.get("Expression")}
    while left:
        found: dict[str, Series] = {}
        refused: LambdaError | None = None
        for name, expression in left.items():
            try:
                found[name] = evaluate(expression, series, metrics)
            except InvalidParameter as fault:
                refused = fault
        if not found and refused is not None:
            raise refused
        series.update(found)
        left = {name: expression for name, expression in left.items() if name not in found}


def _is_returned(query: Members) -> bool:
    return query.get("ReturnData") not in (False, "false")


def _result(query: Members, found: Series, given: Members) -> dict[str, Any]:
    is_descending = given.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    times = sorted(found, reverse=is_descending)
    metric = (query.get("MetricStat") or {}).get("Metric") or {}
    return {
        "Id": query["Id"],
        "Label": query.get("Label") or metric.get("MetricName") or query["Id"],
        "Timestamps": [Moment(at) for at in times],
        "Values": [float(found[at]) for at in times],
        "StatusCode": "Complete",
    }


def _dimensions(given: Members) -> dict[str, str]:
    return {str(each.get("Name")): str(each.get("Value")) for each in given.get("Dimensions") or ()}


def _span(given: Members) -> tuple[float, float, int]:
    start, end, period_s = seconds(given.get("StartTime")), seconds(given.get("EndTime")), _period(given)
    if start >= end:
        raise Combination("The parameter StartTime must be less than the parameter EndTime.")
    return start // period_s * period_s, end, period_s


def _period(given: Members) -> int:
    period_s = whole(given.get("Period"), "Period")
    if period_s not in (1, 5, 10, 20, 30) and (period_s < 60 or period_s % 60):
        raise InvalidParameter("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.")
    return period_s
