"""The messages of a queue's mapping: batches, failures, order of groups, room."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.sources.batching import BatchLimits
from jlambda.sources.came import Came
from jlambda.sources.queue import Message, QueueBatch, QueueBatches, QueueSettings

SUCCESS, ERROR, NOTHING = Came("success", b"null"), Came("error"), Came("nothing")


def message(name: str, group: str | None = None, at: float = 0.0, visible_at: float = 30.0) -> Message:
    """A message that came at a time."""
    return Message(name, f"receipt-{name}-{at}", group, at, visible_at, b"x" * 100)


def failing(*names: str) -> Came:
    """An answer that says which messages failed."""
    return Came("success", json.dumps({"batchItemFailures": [{"itemIdentifier": name} for name in names]}).encode())


def ids(messages: Sequence[Message]) -> list[str]:
    """The ids of messages."""
    return [each.id for each in messages]


def batches(records: int = 10, **rest: object) -> QueueBatches:
    """A mapping's batches of so many messages."""
    window_s = rest.pop("window_s", 0.0)
    assert isinstance(window_s, float)
    return QueueBatches(QueueSettings(BatchLimits(records, window_s), **rest))  # type: ignore[arg-type]


def test_what_succeeds_is_deleted_and_what_fails_comes_up_again() -> None:
    """A whole batch at a time."""
    queue = batches(2)
    queue.received(map(message, "abc"))
    first, second = queue.due(0)
    assert (ids(first.messages), ids(second.messages)) == (["a", "b"], ["c"])
    assert ids(queue.ended(first, SUCCESS, 1)) == ["a", "b"]
    assert queue.ended(second, ERROR, 1) == []
    assert ids(queue.left()) == ["c"]
    assert queue.left() == []
    assert queue.is_idle


def test_only_those_that_failed_come_up_again_where_they_are_reported() -> None:
    """And all of them where the answer makes no sense."""
    queue = batches(3, reports_failures=True)
    queue.received(map(message, "abcdef"))
    first, second = queue.due(0)
    assert ids(queue.ended(first, failing("b"), 1)) == ["a", "c"]
    assert queue.ended(second, failing("nope"), 1) == []
    assert ids(queue.left()) == ["b", "d", "e", "f"]


def test_reports_count_only_where_the_mapping_asks_for_them() -> None:
    """Else an answer is an answer."""
    queue = batches(3)
    queue.received(map(message, "abc"))
    (batch,) = queue.due(0)
    assert ids(queue.ended(batch, failing("b"), 1)) == ["a", "b", "c"]


def test_a_batch_is_gathered_for_its_window() -> None:
    """Until then there is nothing to do, and it is known when there will be."""
    queue = batches(100, window_s=5.0)
    queue.received([message("a", at=1)])
    assert (queue.due(2), queue.next_due(2)) == ([], 6.0)
    queue.received([message("b", at=3)])
    (batch,) = queue.due(6)
    assert ids(batch.messages) == ["a", "b"]


def test_five_batches_at_first_and_no_more_than_the_maximum() -> None:
    """More are wanted only as far as they can be begun."""
    queue = batches(1)
    assert queue.wants() == 5
    queue.received([message(str(i)) for i in range(7)])
    assert (len(queue.due(0)), queue.wants(), queue.due(0)) == (5, 0, [])
    assert len(queue.due(1)) == 2  # five more in a second
    limited = batches(1, maximum_concurrency=2)
    assert limited.wants() == 2


def test_what_found_no_room_is_offered_again_until_it_comes_up() -> None:
    """With longer and longer waits; nothing of it is lost or deleted."""
    queue = batches(1)
    queue.received([message("a", visible_at=30)])
    (batch,) = queue.due(0)
    assert queue.ended(batch, NOTHING, 0) == []
    assert (queue.due(0.05), queue.next_due(0.05)) == ([], 0.1)
    (again,) = queue.due(0.1)
    assert (again.messages, again.attempt) == (batch.messages, 2)
    queue.ended(again, NOTHING, 0.1)
    assert queue.next_due(0.1) == 0.1 + 0.2
    assert queue.due(29.99) == []
    assert ids(queue.left()) == ["a"]
    assert queue.is_idle


def test_what_was_gathered_too_long_is_let_go() -> None:
    """It would come up while it is with the function."""
    queue = batches(100, window_s=60.0)
    queue.received([message("a", visible_at=30), message("b", visible_at=90)])
    assert queue.due(30) == []
    assert ids(queue.left()) == ["a"]
    (batch,) = queue.due(60)
    assert ids(batch.messages) == ["b"]


def test_a_copy_of_what_is_with_the_function_is_deleted_with_it() -> None:
    """Where the function takes longer than the visibility timeout; of a FIFO queue it is never begun meanwhile."""
    queue = batches(1, is_fifo=True)
    queue.received([message("a", "g")])
    (batch,) = queue.due(0)
    queue.received([message("a", "g", at=31, visible_at=61)])
    assert queue.due(32) == []
    assert [each.receipt for each in queue.ended(batch, SUCCESS, 33)] == ["receipt-a-0.0", "receipt-a-31"]
    assert queue.is_idle


def test_a_group_waits_for_its_batch_and_others_do_not() -> None:
    """What follows in a group that failed goes back with it."""
    queue = batches(2, is_fifo=True)
    queue.received([message("a1", "a"), message("a2", "a"), message("a3", "a"), message("b1", "b")])
    first, second = queue.due(0)
    assert (ids(first.messages), ids(second.messages)) == (["a1", "a2"], ["b1"])
    assert queue.ended(first, ERROR, 1) == []
    assert ids(queue.left()) == ["a1", "a2", "a3"]
    assert ids(queue.ended(second, SUCCESS, 1)) == ["b1"]
    reporting = batches(4, is_fifo=True, reports_failures=True)
    reporting.received([message("a1", "a"), message("b1", "b"), message("a2", "a"), message("a3", "a")])
    (batch,) = reporting.due(0)
    assert ids(reporting.ended(batch, failing("a2"), 1)) == ["a1", "b1"]
    assert ids(reporting.left()) == ["a2", "a3"]


class FifoQueue:
    """SQS FIFO as it is told of in its guide: a group with a message in flight gives no other."""

    def __init__(self, groups: Sequence[int]) -> None:
        self.left = [(f"{group}-{i}", f"g{group}") for i, group in enumerate(groups)]
        self.in_flight: dict[str, float] = {}

    def receive(self, count: int, now: float, visibility_s: float) -> list[Message]:
        """The next messages of groups that are free."""
        self.in_flight = {name: at for name, at in self.in_flight.items() if at > now}
        blocked = {group for name, group in self.left if name in self.in_flight}
        found = [(name, group) for name, group in self.left if group not in blocked][:count]
        self.in_flight |= {name: now + visibility_s for name, _ in found}
        return [message(name, group, now, now + visibility_s) for name, group in found]

    def delete(self, name: str) -> None:
        """One is done."""
        self.left = [each for each in self.left if each[0] != name]
        self.in_flight.pop(name, None)


@settings(deadline=None)
@given(st.data(), st.lists(st.integers(0, 3), max_size=30), st.integers(1, 10), st.booleans(), st.sampled_from([0.5, 30.0]))
def test_groups_keep_their_order_whatever_fails(
    data: st.DataObject, groups: list[int], records: int, reports: bool, visibility_s: float
) -> None:
    """Nothing is lost, no group is with two batches, and no message is done before those that came before it in its group."""
    source = FifoQueue(groups)
    queue = batches(records, is_fifo=True, reports_failures=reports)
    running: list[QueueBatch] = []
    done: list[str] = []
    now, steps = 0.0, 0
    while source.left:
        steps += 1
        now += 0.1
        queue.received(source.receive(queue.wants(), now, visibility_s))
        running += queue.due(now)
        busy = [group for batch in running for group in {each.group for each in batch.messages}]
        assert len(busy) == len(set(busy))
        if running:
            batch = running.pop(data.draw(st.integers(0, len(running) - 1)) if steps < 60 else 0)
            came = (
                data.draw(st.sampled_from([SUCCESS, ERROR, NOTHING, failing(batch.messages[0].id)])) if steps < 60 else SUCCESS
            )
            deleted = queue.ended(batch, came, now)
            for each in deleted:
                if each.id not in done:
                    done.append(each.id)
                source.delete(each.id)
        queue.left()
        assert steps < 5_000
    assert queue.is_idle or visibility_s < 1
    for group in set(groups):
        order = [name for name in done if name.startswith(f"{group}-")]
        assert order == [f"{group}-{i}" for i, each in enumerate(groups) if each == group]
