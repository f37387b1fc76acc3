"""Tumbling windows: what falls into which, what is carried through, and when each is over."""

from __future__ import annotations

import json
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.sources.batching import BatchLimits
from jlambda.sources.came import Came
from jlambda.sources.shard import Shard, StreamBatch, StreamRecord, StreamSettings
from jlambda.sources.tumbling import STATE_BYTES, Window, event_of, start_of, state_of

LENGTH_S = 10
ERROR, NOTHING, STATELESS = Came("error"), Came("nothing"), Came("success", b'{"batchItemFailures": []}')


def record(number: int, at: float) -> StreamRecord:
    """A record that arrived at a time, and was read then."""
    return StreamRecord(f"{number:05}", "k", at, at, b"x" * 100)


def shard(records: int = 100, window_s: float = 0.0, window: Window | None = None, **rest: object) -> Shard:
    """A shard whose windows are ten seconds long."""
    return Shard(StreamSettings(BatchLimits(records, window_s), tumbling_s=LENGTH_S, **rest), window=window)  # type: ignore[arg-type]


def counted(batch: StreamBatch, *failed: StreamRecord) -> Came:
    """What a function answers that counts records, or says that some failed."""
    assert batch.window is not None
    before = json.loads(batch.window.state).get("seen", [])
    done = [each.sequence for each in batch.records if each not in failed]
    failures = [{"itemIdentifier": each.sequence} for each in failed]
    return Came("success", json.dumps({"state": {"seen": before + done}, "batchItemFailures": failures}).encode())


def seen(window: Window | None) -> list[int]:
    """The records that a window's state has counted."""
    assert window is not None
    return [int(each) for each in json.loads(window.state).get("seen", [])]


def one(stream: Shard, now: float) -> StreamBatch:
    """The only batch that is due."""
    (batch,) = stream.due(now)
    return batch


def test_the_state_is_carried_to_the_end_of_the_window() -> None:
    """From batch to batch, to an invocation without records once a later one has come; the next window begins empty."""
    stream = shard(2)
    stream.received([record(1, 1), record(2, 2), record(3, 9), record(4, 10)])
    for expected, state in (([1, 2], []), ([3], [1, 2])):
        batch = one(stream, 10)
        assert ([int(each.sequence) for each in batch.records], seen(batch.window)) == (expected, state)
        assert not batch.is_final
        stream.ended(batch, counted(batch), 10)
    last = one(stream, 10)
    assert (last.records, last.is_final, seen(last.window)) == ((), True, [1, 2, 3])
    assert stream.checkpoint == "00003"
    stream.ended(last, counted(last), 10)
    batch = one(stream, 10)
    assert ([each.sequence for each in batch.records], seen(batch.window)) == (["00004"], [])
    assert batch.window == Window(10.0, LENGTH_S)


def test_a_window_ends_once_all_of_it_was_read() -> None:
    """Not before its time, nor while something may come that has arrived in it; at once where the shard is closed."""
    stream = shard()
    stream.received([record(1, 1)])
    assert stream.window_ends_at == 10
    batch = one(stream, 1)
    stream.ended(batch, counted(batch), 1)
    stream.caught_up(9.9)
    assert stream.due(99) == []
    assert not stream.is_idle
    stream.caught_up(10)
    last = one(stream, 99)
    assert last.is_final
    stream.ended(last, counted(last), 99)
    assert stream.is_idle and stream.window_ends_at is None
    stream.received([record(2, 11)])
    batch = one(stream, 99)
    stream.ended(batch, counted(batch), 99)
    stream.caught_up(inf)
    assert one(stream, 99).is_final


def test_records_are_gathered_no_longer_than_their_window() -> None:
    """A batch waits for more only while more can come."""
    stream = shard(window_s=300)
    stream.received([record(1, 9)])
    assert stream.due(9.5) == []
    stream.received([record(2, 11)])
    assert [each.sequence for each in one(stream, 11).records] == ["00001"]
    stream = shard(window_s=300)
    stream.received([record(1, 9)])
    stream.caught_up(10)
    assert [each.sequence for each in one(stream, 10).records] == ["00001"]


def test_an_end_that_fails_is_told_again_before_anything_else() -> None:
    """With the same state, after longer and longer waits; an answer without a state is a failure."""
    stream = shard(window=Window(0.0, LENGTH_S, '{"seen": ["00001"]}'), retries=0)
    stream.received([record(2, 12)])
    now = 12.0
    for came in (ERROR, STATELESS, NOTHING, ERROR):
        batch = one(stream, now)
        assert batch.is_final and seen(batch.window) == [1]
        assert stream.ended(batch, came, now) is None
        due = stream.next_due()
        assert due is not None and due > now
        now = due
    batch = one(stream, now)
    stream.ended(batch, counted(batch), now)
    assert [each.sequence for each in one(stream, now).records] == ["00002"]


def test_a_batch_without_a_state_has_failed() -> None:
    """And is given up as any other; the state stays what it was."""
    stream = shard(retries=0)
    stream.received([record(1, 1)])
    batch = one(stream, 1)
    stream.ended(batch, counted(batch), 1)
    stream.received([record(2, 2)])
    given_up = stream.ended(one(stream, 2), STATELESS, 2)
    assert given_up is not None and [each.sequence for each in given_up.records] == ["00002"]
    stream.caught_up(10)
    assert seen(one(stream, 10).window) == [1]


def test_a_state_that_is_too_large_ends_its_window_early() -> None:
    """Before anything else; what comes later in the same span begins again, with an empty state."""
    stream = shard(1)
    stream.received([record(1, 1), record(2, 2)])
    large = json.dumps({"state": {"x": "x" * STATE_BYTES}}).encode()
    stream.ended(one(stream, 2), Came("success", large), 2)
    last = one(stream, 2)
    assert last.is_final and last.window is not None and last.window.is_full
    assert json.loads(event_of([], last.window, True, "s", "arn"))["isWindowTerminatedEarly"] is True
    stream.ended(last, STATELESS, 2)
    last = one(stream, 99)
    stream.ended(last, Came("success", b'{"state": {}}'), 99)
    batch = one(stream, 99)
    assert ([each.sequence for each in batch.records], batch.window) == (["00002"], Window(0.0, LENGTH_S))


def test_a_window_goes_on_after_a_restart() -> None:
    """With the state of the last batch that succeeded; and counts time by a clock that may be ahead."""
    stream = shard(window=Window(60.0, LENGTH_S, '{"seen": ["00001"]}'))
    stream.received([record(2, 3)], ahead_s=60)
    batch = one(stream, 3)
    assert (seen(batch.window), stream.window_ends_at) == ([1], 70)
    stream.ended(batch, counted(batch), 3)
    assert seen(stream.window) == [1, 2]


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        (b'{"state": {"a": [1, 2]}}', '{"a": [1, 2]}'),
        (b'{"state": null}', "{}"),
        (b'{"state": 3}', None),
        (b"{}", None),
        (b"null", None),
        (b'"text"', None),
        (b"<not JSON>", None),
        (b"[" * 100_000, None),
    ],
)
def test_what_an_answer_carries_on(payload: bytes, state: str | None) -> None:
    """An object, or nothing, which is none; all else is a failure."""
    assert state_of(payload) == state


def test_the_event() -> None:
    """As Lambda has it."""
    made = event_of(
        [b'{"n": 1}', b'{"n": 2}'], Window(start_of(1_607_497_475.3, 120), 120, '{"1": 282}'), False, "shard", "arn"
    )
    assert json.loads(made) == {
        "Records": [{"n": 1}, {"n": 2}],
        "window": {"start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:06:00Z"},
        "state": {"1": 282},
        "shardId": "shard",
        "eventSourceARN": "arn",
        "isFinalInvokeForWindow": False,
        "isWindowTerminatedEarly": False,
    }


@given(
    st.data(),
    st.lists(st.integers(0, 12), max_size=30),
    st.integers(1, 5),
    st.sampled_from([0.0, 3.0, 50.0]),
    st.booleans(),
    st.booleans(),
)
def test_every_record_is_counted_in_its_window(
    data: st.DataObject, gaps: list[int], records: int, window_s: float, bisects: bool, reports: bool
) -> None:
    """Whatever fails: once, in its own window; each window ends once, with all of it, before the next begins."""
    stream = shard(records, window_s, bisects=bisects, reports_failures=reports)
    waiting = [record(number, float(sum(gaps[: number + 1]))) for number in range(len(gaps))]
    expected: dict[float, list[int]] = {}
    for each in waiting:
        expected.setdefault(start_of(each.arrived_at, LENGTH_S), []).append(int(each.sequence))
    ended: list[tuple[float, list[int]]] = []
    now, steps = 0.0, 0
    while waiting or not stream.is_idle:
        steps, now = steps + 1, now + (data.draw(st.integers(0, 9)) if steps < 60 else 50)
        ready = [each for each in waiting if each.arrived_at <= now][: stream.wants()]
        stream.received(ready)
        waiting = waiting[len(ready) :]
        if not ready and not any(each.arrived_at <= now for each in waiting):
            stream.caught_up(now)
        for batch in stream.due(now):
            assert batch.window is not None
            assert {each.window for each in batch.records} <= {batch.window.start}
            assert batch.is_final == (not batch.records)
            good = counted(batch)
            if reports and batch.records:
                some = batch.records.index(data.draw(st.sampled_from(batch.records)))
                good = data.draw(st.sampled_from([good, counted(batch, *batch.records[some:])]))
            came = data.draw(st.sampled_from([good, good, ERROR, NOTHING, STATELESS])) if steps < 60 else counted(batch)
            assert stream.ended(batch, came, now) is None
            if batch.is_final and came.payload not in (ERROR.payload, NOTHING.payload, STATELESS.payload):
                ended.append((batch.window.start, seen(batch.window)))
        assert steps < 2_000
    assert ended == sorted(expected.items())
