"""queue.db: asynchronous events, from the moment they are accepted until nothing is left to be done for them.

A file of its own, so that no event waits for a batch of records to be stored. An event is on the disk before its caller
hears of it; what is stored of it later outlives a killed process, but need not outlive a power failure: the event is then
delivered once more. Knows nothing of retries, functions or clocks.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from jlambda.model.delivery import DEAD_LETTER, Delivery
from jlambda.store import event_counts
from jlambda.store.connection import transaction
from jlambda.store.event_counts import EventCount
from jlambda.store.group_commit import GroupCommit, Told
from jlambda.store.queue_file import QueueFile
from jlambda.store.queue_schema import CORRUPT, DEAD, DELIVERING, RETRYING, RUNNING, UNDELIVERED, WAITING
from jlambda.store.queued_event import Change, QueuedEvent, Taken, checksum_of, is_sound

T = TypeVar("T")

#: dead events that are kept to be looked at
DEAD_KEPT = 1_000


_COLUMNS = ", ".join(QueuedEvent._fields)
_SHOWN = _COLUMNS.replace(", event, executed_version, response", ", x''")
_SENT = ", ".join(Delivery._fields[:-1])
_INSERT = (
    "insert into events (target, request_id, trigger, trace_id, client_context, accepted_at, due_at, state, checksum, event)"
    f" values (?, ?, ?, ?, ?, ?, ?, '{WAITING}', ?, ?)"
)
_UPDATE = (
    "update events set state = ?, due_at = ?, attempts = ?, setbacks = ?, reason = ?, executed_version = ?, response = ?"
    " where id = ?"
)
_SEND = f"insert into deliveries ({_SENT}) values ({', '.join('?' * (len(Delivery._fields) - 1))})"
_POSTPONE = "update deliveries set due_at = ?, attempts = attempts + 1, reason = ? where id = ?"
# one statement, so that nothing is missed that goes from one to the other meanwhile
_NEXT_DUE = (
    "select min(at) from (select min(due_at) as at from events where due_at is not null"
    " union all select min(accepted_at) from events where due_at is null and state = ?"
    " union all select min(due_at) from deliveries where due_at is not null)"
)
_BURY = (
    "delete from events where id in"
    " (select id from events where due_at is null and state = ? order by id desc limit -1 offset ?)"
)
_Row = tuple[str, str, str, str | None, str | None, float, float, int, bytes]


class Queue:
    """The events of one state folder, used by one session at a time. Raises `StateError` where the disk does not play along."""

    def __init__(self, folder: Path) -> None:
        self._file = QueueFile(folder / "queue.db")
        self._accepted: GroupCommit[_Row] = GroupCommit(self._insert)
        self._interrupted = self._file.write(_recover, is_synchronised=False)

    @property
    def interrupted(self) -> int:
        """How many events were being run when the last session on this folder ended: they run again."""
        return self._interrupted

    # -- in ------------------------------------------------------------------------------------------------------------

    def put(self, event: QueuedEvent) -> None:
        """Keep a new event; it is on the disk when this returns."""
        self._accepted.put(_row(event))

    def put_later(self, event: QueuedEvent, told: Told) -> None:
        """Keep a new event; `told` is called in another thread, with None once it is on the disk, or with the error."""
        self._accepted.put_later(_row(event), told)

    def start(self) -> None:
        """Start the thread that `put_later` needs."""
        self._accepted.start()

    def _insert(self, rows: list[_Row]) -> None:
        self._file.write(lambda connection: _insert(connection, rows), is_synchronised=True)

    # -- out -----------------------------------------------------------------------------------------------------------

    def take(self, target: str, now: float, most: int) -> Taken:
        """The events of a target that are due, longest due first: they count as running from here on.

        Rows that are not what was stored once are set aside, and the others go on.
        """
        return self._write(lambda connection: _take(connection, target, now, most))

    def settle(self, changes: Sequence[Change], deliveries: Sequence[Delivery] = (), counts: Sequence[EventCount] = ()) -> None:
        """Keep what became of events, what is to be sent on of them, and what is counted: all of it or nothing."""
        self._write(lambda connection: _settle(connection, changes, deliveries, counts))

    # -- what is sent on ---------------------------------------------------------------------------------------------------

    def take_deliveries(self, now: float, most: int) -> list[Delivery]:
        """What is to be sent at `now`, longest due first. It stays until `delivered` or `postpone` tells what came of it."""
        statement = f"select {_SENT}, id from deliveries where due_at <= ? order by due_at, id limit ?"
        return [Delivery._make(row) for row in self._read(statement, (now, most))]

    def delivered(self, delivery: Delivery) -> None:
        """It is where it belongs."""
        self._write(lambda connection: connection.execute("delete from deliveries where id = ?", (delivery.id,)))

    def postpone(self, delivery: Delivery, due_at: float, reason: str) -> None:
        """It could not be sent: it is tried again at `due_at`."""
        self._write(lambda connection: connection.execute(_POSTPONE, (due_at, reason, delivery.id)))

    def give_up(self, delivery: Delivery, now: float, reason: str) -> None:
        """It could not be sent, and never will: it is kept, and counted."""
        metric = event_counts.DEAD_LETTER_ERRORS if delivery.kind == DEAD_LETTER else event_counts.DESTINATION_FAILURES

        def act(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(_POSTPONE, (None, reason, delivery.id))
                event_counts.add(connection, [EventCount(delivery.function, metric, event_counts.minute_of(now))])

        self._write(act)

    def next_delivery(self) -> float | None:
        """When something is to be sent next."""
        found: float | None = self._read("select min(due_at) from deliveries where due_at is not null")[0][0]
        return found

    def deliveries(self) -> list[Delivery]:
        """What has not been sent yet, and what was given up (no `due_at`), oldest first."""
        return [Delivery._make(row) for row in self._read(f"select {_SENT}, id from deliveries order by id")]

    def _write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        with self._accepted.alone():
            return self._file.write(act, is_synchronised=False)

    # -- to be looked at -------------------------------------------------------------------------------------------------

    def due(self) -> dict[str, float]:
        """The targets that have events to be run, and when the first of each is due."""
        statement = "select target, min(due_at) from events where due_at is not null group by target"
        return dict(self._read(statement))

    def counts(self) -> dict[str, int]:
        """How many events, and results of events, there are in each state."""
        return dict(
            self._read(
                "select state, sum(n) from (select state, count(*) as n from events where due_at is not null group by state"
                " union all select state, count(*) from events where due_at is null group by state"
                f" union all select iif(due_at is null, '{UNDELIVERED}', '{DELIVERING}'), count(*) from deliveries group by 1)"
                " group by state"
            )
        )

    def oldest(self) -> float | None:
        """When the first of the events that are not over was accepted."""
        found = self._read("select accepted_at from events where due_at is not null order by id limit 1")
        return float(found[0][0]) if found else None

    def rows(self, target: str | None = None) -> list[QueuedEvent]:
        """All events, or those of one target, oldest first; without what they hold."""
        where = "" if target is None else " where target = ?"
        statement = f"select {_SHOWN} from events{where} order by id"
        return [QueuedEvent(*row) for row in self._read(statement, () if target is None else (target,))]

    def metrics(self, function: str | None = None, since: float = 0.0) -> list[EventCount]:
        """What was counted of one function or all, from the minute of a time on, oldest first."""
        return [EventCount(*row) for row in self._read(*event_counts.query(function, since))]

    def _read(self, statement: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        return self._file.read(statement, parameters, self._accepted.alone)

    def next_due(self) -> float | None:
        """When something is to be done next; of an event that is being run, when it was accepted; None if nothing is."""
        found: float | None = self._read(_NEXT_DUE, (RUNNING,))[0][0]
        return found

    def clear(self) -> None:
        """Forget all events, and what was counted of them."""
        self._write(_clear)

    def close(self) -> None:
        """Store what callers still wait for, and close the file."""
        self._accepted.close()
        self._file.close()


def _insert(connection: sqlite3.Connection, rows: list[_Row]) -> None:
    if len(rows) == 1:
        connection.execute(_INSERT, rows[0])  # a transaction of its own
        return
    with transaction(connection):
        connection.executemany(_INSERT, rows)


def _take(connection: sqlite3.Connection, target: str, now: float, most: int) -> Taken:
    statement = f"select {_COLUMNS}, checksum from events where target = ? and due_at <= ? order by due_at, id limit ?"
    rows = connection.execute(statement, (target, now, most)).fetchall()
    found = [event for row in rows if is_sound(event := QueuedEvent._make(row[:-1]), row[-1])]
    sound = {event.id for event in found}
    damaged = [row[0] for row in rows if row[0] not in sound]
    if rows:
        with transaction(connection):
            event_counts.add(connection, _counts_of(found, now))
            _mark(connection, RUNNING, sound)
            _mark(connection, CORRUPT, damaged)
    first = "select min(due_at) from events where target = ? and due_at is not null"
    (next_due,) = connection.execute(first, (target,)).fetchone()
    return Taken(found, damaged, next_due)


def _counts_of(taken: list[QueuedEvent], now: float) -> Iterator[EventCount]:
    """What is counted of events that are about to be run: that they came, if it is the first time, and how old they are."""
    minute = event_counts.minute_of(now)
    for event in taken:
        function = event.target.partition(":")[0]
        age_ms = max(0.0, now - event.accepted_at) * 1000
        yield EventCount(function, event_counts.AGE, minute, 1, age_ms, age_ms)
        if not (event.attempts or event.setbacks or event.interruptions):
            yield EventCount(function, event_counts.RECEIVED, event_counts.minute_of(event.accepted_at))


def _mark(connection: sqlite3.Connection, state: str, ids: Sequence[int] | set[int]) -> None:
    if ids:
        connection.execute(
            "update events set state = ?, due_at = null where id in (select value from json_each(?))",
            (state, json.dumps(list(ids))),
        )


def _settle(
    connection: sqlite3.Connection,
    changes: Sequence[Change],
    deliveries: Sequence[Delivery],
    counts: Sequence[EventCount],
) -> None:
    gone = [change.id for change in changes if change.state is None]
    with transaction(connection):
        if gone:
            statement = "delete from events where id in (select value from json_each(?))"
            connection.execute(statement, (json.dumps(gone),))
        for change in changes:
            if change.state is not None:
                connection.execute(_UPDATE, (*change[1:], change.id))
        for delivery in deliveries:
            connection.execute(_SEND, delivery[:-1])
        event_counts.add(connection, counts)
        if any(change.state == DEAD for change in changes):
            connection.execute(_BURY, (DEAD, DEAD_KEPT))


def _recover(connection: sqlite3.Connection) -> int:
    """What ran when the last session ended is due again, as the same attempt."""
    with transaction(connection):
        return connection.execute(
            "update events set due_at = accepted_at, interruptions = interruptions + 1,"
            " state = case attempts + setbacks when 0 then ? else ? end where due_at is null and state = ?",
            (WAITING, RETRYING, RUNNING),
        ).rowcount


def _clear(connection: sqlite3.Connection) -> None:
    with transaction(connection):
        for table in ("events", "deliveries", "event_counts"):
            connection.execute(f"delete from {table}")


def _row(event: QueuedEvent) -> _Row:
    checksum = checksum_of(event.target, event.request_id, event.event)
    about = event.target, event.request_id, event.trigger, event.trace_id, event.client_context
    return (*about, event.accepted_at, event.due_at or event.accepted_at, checksum, event.event)
