"""Metric math: an expression over series of values, as GetMetricData takes it. Pure.

Arithmetic, METRICS(), SUM, AVG, MIN, MAX, ABS, CEIL, FLOOR and FILL, after
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping

from jlambda.errors import InvalidParameter

Series = Mapping[int, float]
_Value = float | Series | list[Series]

_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_OVER: dict[str, Callable[[list[float]], float]] = {
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
_ONE: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


def evaluate(expression: str, series: Mapping[str, Series], metrics: Mapping[str, Series]) -> dict[int, float]:
    """The series that an expression comes to; `series` are all that it may name, `metrics` what METRICS() means.

    Raises `InvalidParameter` for an expression that is none, or names what there is not.
    """
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval")
        found = _Evaluation(series, metrics).value(tree.body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InvalidParameter(f"Error in expression {expression!r}: it cannot be read") from None
    if not isinstance(found, Mapping):
        times = sorted({at for each in series.values() for at in each})
        found = _over(math.fsum, found) if isinstance(found, list) else dict.fromkeys(times, float(found))
    return dict(found)


class _Evaluation:
    """One expression, taken apart."""

    def __init__(self, series: Mapping[str, Series], metrics: Mapping[str, Series]) -> None:
        self._series, self._metrics = series, metrics

    def value(self, node: ast.expr) -> _Value:
        """What a part of the expression comes to."""
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                if name not in self._series:
                    raise InvalidParameter(f"Error in expression: there is no metric with the id {name!r}")
                return self._series[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return _paired(operator.mul, -1.0, self.value(operand))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return _paired(_OPERATORS[type(op)], self.value(left), self.value(right))
            case ast.List(elts=parts):
                return [each for part in parts for each in _all(self.value(part))]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._called(name.upper(), arguments)
        raise InvalidParameter(f"Error in expression: {ast.unparse(node)} is not supported")

    def _called(self, name: str, arguments: list[ast.expr]) -> _Value:
        if name == "METRICS" and not arguments:
            return list(self._metrics.values())
        values = [self.value(argument) for argument in arguments]
        if name in _OVER and len(values) == 1:
            (given,) = values
            if isinstance(given, Mapping):  # of one series a number
                return _OVER[name](list(given.values())) if given else 0.0
            return _over(_OVER[name], given) if isinstance(given, list) else given
        if name in _ONE and len(values) == 1 and isinstance(values[0], Mapping):
            return {at: float(_ONE[name](value)) for at, value in values[0].items()}
        if name == "FILL" and len(values) == 2 and isinstance(values[0], Mapping) and isinstance(values[1], float):
            times = {at for each in self._series.values() for at in each}
            return {**dict.fromkeys(sorted(times), values[1]), **values[0]}
        raise InvalidParameter(f"Error in expression: {name} is not supported here")


def _all(value: _Value) -> list[Series]:
    if isinstance(value, list):
        return value
    if isinstance(value, Mapping):
        return [value]
    raise InvalidParameter("Error in expression: a list holds metrics")


def _over(combine: Callable[[list[float]], float], given: list[Series]) -> dict[int, float]:
    times = sorted({at for each in given for at in each})
    return {at: float(combine([each[at] for each in given if at in each])) for at in times}


def _paired(act: Callable[[float, float], float], left: _Value, right: _Value) -> _Value:
    """`act` on what both have at a time; a division by zero gives no value."""
    if isinstance(left, list) or isinstance(right, list):
        if isinstance(left, list) and isinstance(right, list):
            raise InvalidParameter("Error in expression: two lists of metrics cannot be combined")
        if isinstance(left, list):
            return [found for each in left if isinstance(found := _paired(act, each, right), Mapping)]
        return [found for each in _all(right) if isinstance(found := _paired(act, left, each), Mapping)]
    if isinstance(left, float) and isinstance(right, float):
        if act is operator.truediv and not right:
            raise InvalidParameter("Error in expression: a division by zero")
        return act(left, right)
    times = [at for each in (left, right) if isinstance(each, Mapping) for at in each]
    found = {}
    for at in sorted(set(times)):
        pair = [each.get(at) if isinstance(each, Mapping) else each for each in (left, right)]
        if pair[0] is None or pair[1] is None or (act is operator.truediv and not pair[1]):
            continue
        found[at] = act(pair[0], pair[1])
    return found
