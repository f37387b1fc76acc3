"""Counting invocations one by one comes to what going through all of them does."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda import billing
from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry.overview import Overview, QueueOverview
from jlambda.telemetry.tally import RECENT, SECONDS, Tally
from tests.samples import NOON, a_record

RECORDS = st.lists(
    st.builds(
        a_record,
        st.integers(0, 5 * 86_400),
        function=st.sampled_from(["hello", "other"]),
        duration_ms=st.floats(0.0, 10_000.0),
        billed_ms=st.integers(1, 10_000),
        status=st.sampled_from(["success", "error", "timeout", "throttled"]),
    ),
    max_size=60,
)


def tally_of(records: list[InvocationRecord]) -> Tally:
    """A tally of these records."""
    made = Tally()
    for record in records:
        made.add(record)
    return made


@given(RECORDS)
def test_functions_are_counted(records: list[InvocationRecord]) -> None:
    """Invocations, errors, throttles and cost of each function are those of its records."""
    tally = tally_of(records)
    assert set(tally.functions) == {record.function for record in records}
    for name, counts in tally.functions.items():
        mine = [record for record in records if record.function == name]
        ran = [record for record in mine if record.status != "throttled"]
        assert counts.invocations == len(ran)
        assert counts.throttles == len(mine) - len(ran)
        assert counts.errors == sum(record.status != "success" for record in ran)
        assert counts.cost_usd == pytest.approx(sum(billing.cost(record).total_usd for record in ran))


@given(RECORDS)
def test_days_and_months_add_up(records: list[InvocationRecord]) -> None:
    """What the days of a month cost is what its invocations do."""
    tally, first = tally_of(records), datetime.fromtimestamp(NOON, UTC).replace(day=1, hour=0).timestamp()
    total = sum(billing.cost(record).total_usd for record in records)
    assert sum(tally.cost_today_usd(first + day * 86_400) for day in range(60)) == pytest.approx(total)
    assert tally.cost_month_usd(NOON + 7 * 86_400) == pytest.approx(total)  # the last of November
    assert tally.cost_month_usd(NOON + 8 * 86_400) == 0.0


@given(st.lists(st.floats(0.001, 900_000.0), min_size=1, max_size=200))
def test_percentiles_are_within_one_percent(durations: list[float]) -> None:
    """A duration that is told is that of the nearest rank, off by 1 % at most."""
    window = tally_of([a_record(duration_ms=ms, started_at=NOON + 0.5 - ms / 1_000) for ms in durations]).seconds(NOON)[0]
    ranked = sorted(durations)
    for part, told in ((0.5, window.p50_ms), (0.9, window.p90_ms), (0.99, window.p99_ms)):
        assert told == pytest.approx(ranked[math.ceil(part * len(ranked)) - 1], rel=0.0101)


def test_a_second_is_the_one_in_which_an_invocation_ends() -> None:
    """What began at 0.9 and took 0.2 s, its init phase included, belongs to the next second."""
    tally = tally_of([a_record(started_at=NOON + 0.9, init_ms=150.0, duration_ms=50.0), a_record(1), a_record(2)])
    assert [(window.start - NOON, window.invocations) for window in tally.seconds(NOON + 3)] == [(1, 2), (2, 1)]


def test_the_minute_leaves_out_what_is_not_over() -> None:
    """The last 60 whole seconds; an hour like them costs sixty times as much."""
    records = [a_record(number) for number in range(100)]
    tally = tally_of(records)
    minute = tally.minute(NOON + 99.5)
    assert (minute.start, minute.invocations, minute.per_second) == (NOON + 39, 60, 1.0)
    assert minute.usd_per_hour == pytest.approx(3_600 * billing.cost(records[0]).total_usd)
    assert tally.minute(NOON + 99.9) is minute
    tally.add(a_record(99))
    assert tally.minute(NOON + 99.9) is minute
    tally.add(a_record(98))
    assert tally.minute(NOON + 99.9).invocations == 61


def test_what_is_told_is_bounded_and_kept_while_it_is_the_same() -> None:
    """Only the latest are kept; what has not changed is the same object."""
    tally = tally_of([a_record(number) for number in range(500)])
    now = NOON + 500
    assert len(tally.seconds(now)) == SECONDS - 1
    recent = tally.recent()
    assert [it.request_id for it in recent[:2]] == [a_record(499).request_id, a_record(498).request_id]
    assert len(recent) == RECENT
    tally.add(a_record(499, request_id="new"))
    assert tally.recent()[1] is recent[0]
    assert tally.seconds(now)[0] is tally.seconds(now)[0]
    assert not tally.seconds(now + SECONDS)


def test_an_overview_is_json() -> None:
    """All of it turns into JSON and back into the same values."""
    tally = tally_of([a_record()])
    overview = Overview(NOON, (), (), QueueOverview(1), tally.recent(), tally.seconds(NOON), tally.minute(NOON + 1), 0.5, 1.5)
    told = json.loads(json.dumps(overview.to_json()))
    assert told["recent"][0]["function"] == "hello"
    assert told["queue"] == {"waiting": 1, "running": 0, "retrying": 0, "dead": 0, "oldest_accepted_at": None}
    assert (told["minute"]["invocations"], told["cost_month_usd"], told["functions"]) == (1, 1.5, [])
