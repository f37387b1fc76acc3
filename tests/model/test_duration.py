"""Spans of time, read and written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.duration import seconds_of, span_text


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("2 minutes", 120),
        ("+2m", 120),
        ("1h30m", 5_400),
        ("1 hour and 30 minutes", 5_400),
        ("1 day, 1 s", 86_401),
        ("1.5 hrs", 5_400),
        ("90", 90),
        (90, 90),
        (0.5, 0.5),
        (timedelta(minutes=2), 120),
        ("-2m", -120),
    ],
)
def test_a_span_is_read_as_people_write_it(span: float | str | timedelta, seconds: float) -> None:
    """Words, short forms, numbers of seconds and timedeltas."""
    assert seconds_of(span) == seconds


@pytest.mark.parametrize("span", ["", "+", "soon", "2 fortnights", "2 minutes 30", "1m 1m", "1h-2m", True, float("nan"), "ss"])
def test_what_is_no_span_is_refused(span: object) -> None:
    """In one line that says how to write one."""
    with pytest.raises(InvalidParameter, match="use seconds, a timedelta"):
        seconds_of(span)  # type: ignore[arg-type]


@given(st.integers(0, 10_000_000))
def test_what_is_written_can_be_read(seconds: int) -> None:
    """To the precision of its second unit."""
    assert abs(seconds_of(span_text(seconds)) - seconds) <= max(1, seconds / 2)
    assert span_text(seconds_of(span_text(seconds))) == span_text(seconds)


def test_a_span_is_written_in_its_two_largest_units() -> None:
    """One where the second is nothing."""
    spans = (5_400, 120, 1, 0.4, 0, 90_061, 59.6)
    assert [span_text(each) for each in spans] == [
        *("1 hour 30 minutes", "2 minutes", "1 second", "0.4 seconds", "0 seconds", "1 day 1 hour", "1 minute"),
    ]
