"""DataFrames: their columns and types, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda import billing
from jlambda.errors import InvalidParameter
from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry import frames
from tests.samples import NOON, a_record

COLUMNS = {
    "invocations": "request_id function version qualifier started_at duration_ms billed_ms init_ms restore_ms memory_mb "
    "max_memory_mb cold_start status error_type trigger attempt environment_id request_bytes response_bytes cost_usd",
    "logs": "timestamp function version request_id log_stream level message",
    "cost": "function invocations gb_seconds request_usd compute_usd storage_usd restore_usd total_usd",
    "metrics": "period_start function invocations errors throttles duration_p50_ms duration_p90_ms duration_p99_ms "
    "concurrent_executions",
    "queued": "request_id function state attempts due_at due_in_s age_s reason trigger",
}
THROTTLED = a_record(9, status="throttled", duration_ms=0.0, billed_ms=0, log_stream="", max_memory_mb=0)
SOME = [
    a_record(0, cold_start=True, init_ms=110.1, billed_ms=114),
    a_record(1, status="error", error_type="ValueError"),
    a_record(2, function="other", cold_start=True, restore_ms=50.0, billed_restore_ms=7, billed_ms=11),
    THROTTLED,
]
MAKE: dict[str, Callable[[list[InvocationRecord]], pd.DataFrame]] = {
    "invocations": frames.invocations,
    "logs": lambda records: frames.logs((record, b"[INFO]\ta\nb\n") for record in records),
    "cost": frames.cost,
    "metrics": frames.metrics,
    "queued": lambda records: frames.queued(
        ((r.request_id, r.function, "waiting", 0, None, NOON, None, r.trigger) for r in records), NOON
    ),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_and_types_do_not_depend_on_the_rows(name: str) -> None:
    """No rows, one row or many: the same columns of the same types."""
    none, one, many = (MAKE[name](records) for records in ([], [THROTTLED], SOME))
    assert list(many.columns) == COLUMNS[name].split()
    assert len(none) == 0
    assert len(many) > 0
    assert none.dtypes.equals(many.dtypes)
    assert one.dtypes.equals(many.dtypes)


def test_invocations_show_the_records() -> None:
    """Each field stands in its column, with the environment's id and the cost."""
    frame = frames.invocations(SOME)
    first = frame.iloc[0]
    assert first["started_at"] == pd.Timestamp("2026-11-23T12:00:00Z")
    assert (first["duration_ms"], first["init_ms"], first["cold_start"]) == (3.01, 110.1, True)
    assert first["environment_id"] == "0123456789abcdef0123456789abcdef"
    assert first["cost_usd"] == billing.cost(SOME[0]).total_usd
    assert frame["error_type"].tolist()[1] == "ValueError"
    assert frame["error_type"].isna().tolist() == [True, False, True, True]
    assert frame["init_ms"].isna().tolist() == [False, True, True, True]
    assert frame["status"].tolist() == ["success", "error", "success", "throttled"]
    assert [frame["environment_id"].iloc[3], frame["cost_usd"].iloc[3]] == ["", 0.0]


def test_times_are_exact_to_a_microsecond() -> None:
    """A time in seconds as a float becomes the microsecond that it means."""
    frame = frames.invocations([a_record(started_at=1_795_435_200.123456)])
    assert frame.loc[0, "started_at"] == pd.Timestamp("2026-11-23T12:00:00.123456Z")


def test_logs_are_in_the_order_of_time() -> None:
    """The events of invocations that ran at one time stand between each other."""
    long = a_record(0, duration_ms=5_000.0)
    frame = frames.logs([(long, b""), (a_record(1), b"[ERROR] oh\n")])
    assert frame["request_id"].tolist() == [long.request_id, *[a_record(1).request_id] * 4, long.request_id, long.request_id]
    assert frame["timestamp"].is_monotonic_increasing
    assert frame["message"].tolist()[2] == "[ERROR] oh"
    assert frame["level"].tolist()[2] == "ERROR"
    assert frame["level"].isna().sum() == 6


def test_cost_adds_up_a_function_over_all_months() -> None:
    """One row a function, by name; throttles cost nothing; the note says whose prices these are."""
    frame = frames.cost([*SOME, a_record(40 * 86_400)])
    assert frame["function"].tolist() == ["hello", "other"]
    assert frame["invocations"].tolist() == [3, 1]
    mine = [*SOME[:2], a_record()]
    assert frame.loc[0, "total_usd"] == pytest.approx(sum(billing.cost(record).total_usd for record in mine))
    assert "AWS's list prices" in frame.attrs["note"]


def test_metrics_count_by_function_and_period() -> None:
    """Errors are part of the invocations, throttles are not; a period without invocations has no row."""
    timeout = a_record(61, status="timeout", duration_ms=9.0)
    frame = frames.metrics([*SOME, timeout, a_record(200)], "1min").set_index(["period_start", "function"])
    minutes = [NOON, NOON, NOON + 60, NOON + 180]
    assert [at.timestamp() for at, _ in frame.index] == minutes
    assert frame["invocations"].tolist() == [2, 1, 1, 1]
    assert frame["errors"].tolist() == [1, 0, 1, 0]
    assert frame["throttles"].tolist() == [1, 0, 0, 0]
    assert frame["duration_p50_ms"].tolist() == [3.01, 3.01, 9.0, 3.01]


def test_percentiles() -> None:
    """They are those of the durations, init left out."""
    some = [a_record(i % 50, duration_ms=float(i), init_ms=1_000.0) for i in range(101)]
    row = frames.metrics(some).iloc[0]
    assert (row["duration_p50_ms"], row["duration_p90_ms"], row["duration_p99_ms"]) == (50.0, 90.0, 99.0)


def test_a_period_of_throttles_has_no_duration() -> None:
    """Nothing ran, so there is nothing to measure."""
    row = frames.metrics([THROTTLED]).iloc[0]
    assert (row["invocations"], row["throttles"], row["concurrent_executions"]) == (0, 1, 0)
    assert pd.isna(row["duration_p50_ms"])


def test_concurrent_executions_are_the_most_at_one_time() -> None:
    """Init counts; one that ends as another begins does not overlap it; one that began earlier still counts."""
    some = [
        a_record(0, duration_ms=70_000.0),
        a_record(10, duration_ms=5_000.0, init_ms=5_000.0),
        a_record(19, duration_ms=2_000.0),
        a_record(21, duration_ms=1_000.0),
        a_record(69, duration_ms=500.0),
        a_record(75, duration_ms=500.0),
    ]
    assert frames.metrics(some, "1min")["concurrent_executions"].tolist() == [3, 2]
    assert frames.metrics(some, "5s")["concurrent_executions"].tolist() == [1, 2, 3, 2, 2, 1]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30))), st.sampled_from(["1s", "10s", "1min"]))
def test_concurrency_agrees_with_counting(spans: list[tuple[int, int]], period: str) -> None:
    """The sweep finds what counting who runs in each second of each period finds."""
    some = [a_record(start, duration_ms=seconds * 1_000.0) for start, seconds in spans]
    found = frames.metrics(some, period).set_index("period_start")["concurrent_executions"]
    length = int(pd.Timedelta(period).total_seconds())
    for at, most in found.items():
        assert isinstance(at, pd.Timestamp)
        begin = int(at.timestamp() - NOON)
        running = [sum(start <= second < start + took for start, took in spans) for second in range(begin, begin + length)]
        assert most == max(running)


@pytest.mark.parametrize("period", ["often", "", "-1min", "0s"])
def test_a_period_must_be_a_length_of_time(period: str) -> None:
    """What is none is refused in one line that shows how to write one."""
    with pytest.raises(InvalidParameter, match="'10s', '1min' or '1h'"):
        frames.metrics(SOME, period)


def test_frames_can_be_plotted_as_pandas_does() -> None:
    """Times are an axis, amounts are numbers, and a status is a colour: by column, by index, resampled and pivoted."""
    from matplotlib import pyplot

    records = [a_record(3600 * n, function="fg"[n % 2], status="error" if n % 9 == 0 else "success") for n in range(40)]
    invocations, metrics, cost = frames.invocations(records), frames.metrics(records, "1h"), frames.cost(records)
    timed = invocations.set_index("started_at")
    drawn = [
        invocations.plot(x="started_at", y=["duration_ms", "billed_ms"]),
        invocations.plot.scatter(x="started_at", y="duration_ms", c="status", colormap="viridis"),
        invocations["status"].value_counts().plot.bar(),
        timed["cost_usd"].resample("1D").sum().plot.bar(),
        timed["duration_ms"].plot(),
        metrics.set_index("period_start")[["invocations", "errors", "throttles"]].plot.area(),
        metrics.pivot(index="period_start", columns="function", values="invocations").plot(),
        cost.set_index("function")[["request_usd", "compute_usd"]].plot.barh(stacked=True),
    ]
    assert all(each.has_data() for each in drawn)
    assert str(timed.index.dtype) == "datetime64[us, UTC]"
    pyplot.close("all")
