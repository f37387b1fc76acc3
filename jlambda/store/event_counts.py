"""What is counted of asynchronous events and of streams, by function and minute: the numbers that Lambda's metrics are made of.

https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, "Asynchronous invocation metrics"
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

RECEIVED, AGE, DROPPED = "AsyncEventsReceived", "AsyncEventAge", "AsyncEventsDropped"
DESTINATION_FAILURES, DEAD_LETTER_ERRORS = "DestinationDeliveryFailures", "DeadLetterErrors"
ITERATOR_AGE, RECURSION_DROPPED = "IteratorAge", "RecursiveInvocationsDropped"

_ADD = """
insert into event_counts values (?, ?, ?, ?, ?, ?)
on conflict (function, metric, minute) do update
set number = number + excluded.number, total = total + excluded.total, most = max(most, excluded.most)
"""
_SELECT = "select * from event_counts where coalesce(?, function) = function and minute >= ? order by minute, function, metric"


class EventCount(NamedTuple):
    """One metric of one function in one minute, that begins at `minute`, in seconds since the epoch.

    `number` is how many there were; of ages `total` and `most` are ms, for the others 0.
    """

    function: str
    metric: str
    minute: int
    number: int = 1
    total: float = 0.0
    most: float = 0.0


def minute_of(at: float) -> int:
    """When the minute began that a time is in."""
    return int(at // 60) * 60


def make_table(connection: sqlite3.Connection) -> None:
    """A step of queue.db's schema."""
    connection.execute(
        """
        create table event_counts (
            function text not null,
            metric text not null,
            minute integer not null,
            number integer not null,
            total real not null,
            most real not null,
            primary key (function, metric, minute)
        ) without rowid
        """
    )


def add(connection: sqlite3.Connection, counts: Iterable[EventCount]) -> None:
    """Count on, within the transaction that is open."""
    summed: dict[tuple[str, str, int], EventCount] = {}
    for it in counts:
        key = it[:3]
        so_far = summed.get(key)
        if so_far is not None:
            it = EventCount(*key, so_far.number + it.number, so_far.total + it.total, max(so_far.most, it.most))
        summed[key] = it
    connection.executemany(_ADD, summed.values())


def query(function: str | None, since: float) -> tuple[str, tuple[object, ...]]:
    """The statement, and its parameters, for the counts of one function or all, from the minute of a time on."""
    return _SELECT, (function, minute_of(since))
