"""What the embedded queues do for one message does not grow with the messages that are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice

import pytest

from jlambda.aws.moto_queues import Visible, delete_message


@dataclass(eq=False)
class Message:
    """As moto has it, counting how often it is looked at."""

    number: int
    receipt_handle: str | None = None
    delayed_until: float = 0.0
    until: float = 0.0
    looks: int = 0
    _old_receipt_handles: list[str | None] = field(default_factory=list)

    @property
    def visible_at(self) -> float:
        self.looks += 1
        return self.until

    @property
    def all_receipt_handles(self) -> list[str | None]:
        return [self.receipt_handle, *self._old_receipt_handles]


class Queue:
    """As moto has it."""

    def __init__(self, count: int) -> None:
        self._messages = [Message(number) for number in range(count)]
        self.pending_messages: set[Message] = set()
        self.deleted_messages: set[str | None] = set()


def test_to_receive_ten_of_many_looks_at_ten() -> None:
    """However many messages there are, those are looked at that are received."""
    queue = Queue(10_000)
    assert [each.number for each in islice(Visible(queue), 10)] == list(range(10))
    assert bool(Visible(queue))
    assert sum(each.looks for each in queue._messages) <= 12


def test_messages_in_flight_and_delayed_ones_are_not_visible() -> None:
    """A message is found when neither its visibility timeout nor its delay is to come."""
    queue, later = Queue(4), 1e15
    queue._messages[0].until = queue._messages[2].delayed_until = later
    assert [each.number for each in Visible(queue)] == [1, 3]
    assert len(Visible(queue)) == 2


def test_a_message_is_deleted_by_any_receipt_that_it_had() -> None:
    """By the last, or by an earlier one; again does no harm, and a receipt of nothing is refused."""
    from moto.sqs.exceptions import ReceiptHandleIsInvalid

    queue = Queue(3)
    first, second, _ = queue._messages
    first.receipt_handle, second.receipt_handle, second._old_receipt_handles = "a", "c", [None, "b"]
    queue.pending_messages = {first, second}
    delete_message(queue, "b")
    delete_message(queue, "a")
    delete_message(queue, "c")
    assert [each.number for each in queue._messages] == [2]
    assert not queue.pending_messages
    with pytest.raises(ReceiptHandleIsInvalid):
        delete_message(queue, "d")
