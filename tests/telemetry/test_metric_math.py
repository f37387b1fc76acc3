"""Metric math."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.telemetry.metric_math import evaluate

ERRORS, CALLS = {0: 1.0, 60: 0.0}, {0: 4.0, 60: 2.0, 120: 8.0}
SERIES = {"errors": ERRORS, "calls": CALLS}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("errors / calls * 100", {0: 25.0, 60: 0.0}),
        ("100 - 100 * errors / calls", {0: 75.0, 60: 100.0}),
        ("calls / errors", {0: 4.0}),
        ("-calls", {0: -4.0, 60: -2.0, 120: -8.0}),
        ("SUM(METRICS())", {0: 5.0, 60: 2.0, 120: 8.0}),
        ("MAX([errors, calls])", {0: 4.0, 60: 2.0, 120: 8.0}),
        ("AVG(METRICS())", {0: 2.5, 60: 1.0, 120: 8.0}),
        ("calls / MAX(calls)", {0: 0.5, 60: 0.25, 120: 1.0}),
        ("FILL(errors, 9)", {0: 1.0, 60: 0.0, 120: 9.0}),
        ("ceil(calls / 3)", {0: 2.0, 60: 1.0, 120: 3.0}),
        ("SUM(METRICS() / 2)", {0: 2.5, 60: 1.0, 120: 4.0}),
        ("7", {0: 7.0, 60: 7.0, 120: 7.0}),
    ],
)
def test_what_an_expression_comes_to(expression: str, expected: dict[int, float]) -> None:
    """Series go together by their times; a division by zero gives none."""
    assert evaluate(expression, SERIES, SERIES) == expected


@pytest.mark.parametrize(
    "expression",
    [
        *("", "errors +", "nothing", "errors.real", "__import__('os')", "errors if 1 else 2", "SEARCH('x', 'Sum', 60)"),
        *("1 / 0", "METRICS() + METRICS()", "[1]", "True", "errors[0]", "lambda: 1", "calls(1)"),
    ],
)
def test_anything_else_is_refused(expression: str) -> None:
    """With an error of ours, and nothing is carried out."""
    with pytest.raises(InvalidParameter, match="Error in expression"):
        evaluate(expression, SERIES, SERIES)


@given(st.text("ec+-*/()1. METRICSU[],", max_size=25))
def test_any_text_is_an_expression_or_is_refused(expression: str) -> None:
    """Nothing else happens."""
    try:
        found = evaluate(expression, {"e": ERRORS, "c": CALLS}, {"e": ERRORS})
    except InvalidParameter:
        return
    assert all(isinstance(value, float) for value in found.values())
