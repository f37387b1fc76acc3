"""The records of a shard: order, retries, bisects, ages, checkpoints."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.sources.batching import BatchLimits
from jlambda.sources.came import Came
from jlambda.sources.shard import Shard, StreamBatch, StreamRecord, StreamSettings

SUCCESS, ERROR, NOTHING = Came("success", b"null"), Came("error"), Came("nothing")


def record(number: int, key: str = "k", at: float = 0.0, *, is_wanted: bool = True) -> StreamRecord:
    """A record that arrived at a time, and was read then."""
    return StreamRecord(f"{number:05}", key, at, at, b"x" * 100, is_wanted)


def failing(number: int) -> Came:
    """An answer that says which record failed."""
    return Came("success", json.dumps({"batchItemFailures": [{"itemIdentifier": f"{number:05}"}]}).encode())


def numbers(records: Sequence[StreamRecord]) -> list[int]:
    """The numbers of records."""
    return [int(each.sequence) for each in records]


def shard(records: int = 4, window_s: float = 0.0, **rest: object) -> Shard:
    """A shard that is read in batches of so many records."""
    return Shard(StreamSettings(BatchLimits(records, window_s), **rest))  # type: ignore[arg-type]


def one(due: list[StreamBatch]) -> StreamBatch:
    """The only batch that is due."""
    (batch,) = due
    return batch


def test_batches_go_one_after_the_other() -> None:
    """Each record is done once its batch succeeds, and the checkpoint says so."""
    stream = shard(2)
    stream.received(map(record, range(1, 6)))
    batch = one(stream.due(0))
    assert numbers(batch.records) == [1, 2]
    assert stream.due(9) == []
    assert stream.ended(batch, SUCCESS, 1) is None
    assert stream.checkpoint == "00002"
    assert numbers(one(stream.due(1)).records) == [3, 4]


def test_a_failed_batch_comes_first_again_and_blocks_its_lane() -> None:
    """For ever, with longer and longer waits, if nothing limits it."""
    stream = shard(2)
    stream.received(map(record, range(1, 6)))
    now = 0.0
    for failures in range(20):
        batch = one(stream.due(now))
        assert (numbers(batch.records), batch.failures) == ([1, 2], failures)
        assert stream.ended(batch, ERROR, now) is None
        assert stream.due(now) == []
        due = stream.next_due()
        assert due is not None and now < due <= now + 30
        now = due
    assert stream.checkpoint is None


def test_retries_end_and_the_batch_is_given_up() -> None:
    """With what the last attempt came to; throttles do not count."""
    stream = shard(2, retries=1)
    stream.received(map(record, range(1, 4)))
    assert stream.ended(one(stream.due(0)), NOTHING, 0) is None
    assert stream.ended(one(stream.due(60)), ERROR, 60) is None
    given_up = stream.ended(one(stream.due(120)), ERROR, 120)
    assert given_up is not None
    assert (numbers(given_up.records), given_up.reason, given_up.attempts, given_up.came) == (
        *([1, 2], "RetryAttemptsExhausted", 2),
        ERROR,
    )
    assert stream.checkpoint == "00002"
    assert numbers(one(stream.due(120)).records) == [3]


def test_bisecting_finds_the_poison_record() -> None:
    """All others are done, in order, and only that one is given up."""
    stream = shard(8, retries=1, bisects=True)
    stream.received(map(record, range(1, 9)))
    now, seen, given_up = 0.0, [], []
    while not stream.is_idle:
        now += 100
        batch = one(stream.due(now))
        poison = any(each.sequence == "00005" for each in batch.records)
        seen += [] if poison else numbers(batch.records)
        gone = stream.ended(batch, ERROR if poison else SUCCESS, now)
        given_up += numbers(gone.records) if gone else []
    assert (seen, given_up) == ([1, 2, 3, 4, 6, 7, 8], [5])


def test_a_report_moves_the_checkpoint_to_the_first_that_failed() -> None:
    """What comes before it is done, all that follows is tried again; a record that is new to failing has all its retries."""
    stream = shard(4, retries=1, reports_failures=True)
    stream.received(map(record, range(1, 5)))
    stream.ended(one(stream.due(0)), failing(3), 0)
    assert stream.checkpoint == "00002"
    again = one(stream.due(1))
    assert (numbers(again.records), again.failures) == ([3, 4], 1)
    stream.ended(again, failing(4), 1)
    last = one(stream.due(2))
    assert (numbers(last.records), last.failures) == ([4], 1)
    given_up = stream.ended(last, failing(4), 2)
    assert given_up is not None and numbers(given_up.records) == [4]


def test_what_is_too_old_is_given_up() -> None:
    """Before it was tried, or between two attempts."""
    stream = shard(4, maximum_age_s=60)
    stream.received([record(1, at=0), record(2, at=50), record(3, at=100)])
    stream.ended(one(stream.due(100)), ERROR, 100)
    (first,) = stream.expired(100)
    assert (numbers(first.records), first.reason, first.attempts, first.came) == ([1], "RecordAgeExceeded", 1, None)
    (second,) = stream.expired(111)
    assert (numbers(second.records), second.attempts) == ([2], 1)
    third = one(stream.due(111))
    assert numbers(third.records) == [3]
    stream.ended(third, SUCCESS, 111)
    stream.received([record(4, at=100)])
    (last,) = stream.expired(200)
    assert (numbers(last.records), last.attempts) == ([4], 0)


def test_what_is_filtered_out_counts_as_done() -> None:
    """As far as all before it is."""
    stream = shard(4)
    stream.received([record(1, is_wanted=False), record(2), record(3, is_wanted=False)])
    assert stream.checkpoint == "00001"
    stream.ended(one(stream.due(0)), SUCCESS, 0)
    assert stream.checkpoint == "00003"


def test_a_window_gathers_a_batch() -> None:
    """Until it is full, or the window is over."""
    stream = shard(4, window_s=2.0)
    stream.received([record(1, at=1), record(2, at=2)])
    assert (stream.due(2), stream.next_due()) == ([], 3.0)
    assert numbers(one(stream.due(3)).records) == [1, 2]


def test_lanes_run_beside_each_other_and_keys_stay_in_order() -> None:
    """The checkpoint waits for the slowest."""
    stream = shard(1, lanes=10)
    stream.received([record(i, f"key{i % 5}") for i in range(1, 11)])
    begun = stream.due(0)
    assert len(begun) > 1
    assert len({each.lane for each in begun}) == len(begun)
    (first,) = [each for each in begun if numbers(each.records) == [1]]
    for each in begun:
        if each is not first:
            stream.ended(each, SUCCESS, 0)
    assert stream.checkpoint is None
    stream.ended(first, SUCCESS, 0)
    assert stream.checkpoint is not None


@settings(deadline=None)
@given(
    st.data(),
    st.lists(st.integers(0, 4), max_size=40),
    st.integers(1, 7),
    st.integers(1, 4),
    st.booleans(),
    st.booleans(),
    st.sampled_from([-1, 0, 2]),
)
def test_keys_keep_their_order_whatever_fails(
    data: st.DataObject, keys: list[int], records: int, lanes: int, bisects: bool, reports: bool, retries: int
) -> None:
    """Every record is done or given up once, in the order of its key, and the checkpoint never passes one that is not."""
    stream = shard(records, lanes=lanes, bisects=bisects, reports_failures=reports, retries=retries)
    waiting = [record(i, f"key{key}") for i, key in enumerate(keys)]
    total, now, steps = len(waiting), 0.0, 0
    over: list[int] = []
    running: list[StreamBatch] = []
    while len(over) < total:
        steps, now = steps + 1, now + 50.0
        count = min(stream.wants(), data.draw(st.integers(1, 9)))
        stream.received(waiting[:count])
        waiting = waiting[count:]
        running += stream.due(now)
        assert len({each.lane for each in running}) == len(running)
        if running:
            batch = running.pop(data.draw(st.integers(0, len(running) - 1)))
            some = data.draw(st.sampled_from(batch.records))
            came = data.draw(st.sampled_from([SUCCESS, ERROR, NOTHING, failing(int(some.sequence))])) if steps < 50 else SUCCESS
            given_up = stream.ended(batch, came, now)
            if given_up is not None:
                over += numbers(batch.records[: len(batch.records) - len(given_up.records)]) + numbers(given_up.records)
            elif came.how == "success":
                failed = batch.records.index(some) if came is not SUCCESS and reports else len(batch.records)
                over += numbers(batch.records[:failed])
        assert stream.checkpoint is None or set(range(int(stream.checkpoint) + 1)) <= set(over)
        assert steps < 5_000
    assert sorted(over) == list(range(total))
    assert stream.is_idle
    for key in set(keys):
        order = [i for i in over if keys[i] == key]
        assert order == sorted(order)
