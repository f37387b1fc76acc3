"""queue.db: asynchronous events, from the moment they are accepted until nothing is left to be done for them.

A file of its own, so that no event waits for a batch of records to be stored. An event is on the disk before its caller
hears of it; what is stored of it later outlives a killed process, but need not outlive a power failure: the event is then
delivered once more. Knows nothing of retries, functions or clocks.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jlambda.model.delivery import Delivery
from jlambda.store.connection import errors_told, open_reader, open_writer, transaction
from jlambda.store.group_commit import GroupCommit, Told
from jlambda.store.schema import Migration

#: what an event is doing
WAITING, RUNNING, RETRYING, DEAD, CORRUPT = "waiting", "running", "retrying", "dead", "corrupt"
#: and what results are that are being sent, or were given up
DELIVERING, UNDELIVERED = "delivering", "undelivered"
#: dead events that are kept to be looked at
DEAD_KEPT = 1_000


class QueuedEvent(NamedTuple):
    """An event in the queue. Times are in seconds since the epoch, by the session's clock.

    `target` is NAME or NAME:QUALIFIER. `due_at` is None while it runs, and once it is dead; `attempts` are those that the
    function failed, `setbacks` those since that ran nothing, `interruptions` those that ended with the session;
    `executed_version` and `response` are those of the last attempt that ran.
    """

    id: int
    target: str
    request_id: str
    trigger: str
    trace_id: str | None
    client_context: str | None
    accepted_at: float
    due_at: float | None
    state: str
    attempts: int
    setbacks: int
    interruptions: int
    reason: str | None
    event: bytes
    executed_version: str | None = None
    response: bytes | None = None


class Taken(NamedTuple):
    """Events to be run, what was too damaged to be, and when the target's next event is due."""

    events: list[QueuedEvent]
    damaged: list[int]
    next_due: float | None


class Change(NamedTuple):
    """What becomes of an event: it is gone where `state` is None."""

    id: int
    state: str | None = None
    due_at: float | None = None
    attempts: int = 0
    setbacks: int = 0
    reason: str | None = None
    executed_version: str | None = None
    response: bytes | None = None


_COLUMNS = ", ".join(QueuedEvent._fields)
_SHOWN = _COLUMNS.replace(", event, executed_version, response", ", x''")
_SENT = ", ".join(Delivery._fields[:-1])
_INSERT = (
    "insert into events (target, request_id, trigger, trace_id, client_context, accepted_at, due_at, state, checksum, event)"
    f" values (?, ?, ?, ?, ?, ?, ?, '{WAITING}', ?, ?)"
)
_Row = tuple[str, str, str, str | None, str | None, float, float, int, bytes]


def _events(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        create table events (
            id integer primary key,
            target text not null,
            request_id text not null,
            trigger text not null,
            trace_id text,
            client_context text,
            accepted_at real not null,
            due_at real,
            state text not null,
            attempts integer not null default 0,
            setbacks integer not null default 0,
            interruptions integer not null default 0,
            reason text,
            checksum integer not null,
            event blob not null
        )
        """
    )
    connection.execute("create index events_due on events (target, due_at, state) where due_at is not null")
    connection.execute("create index events_at_rest on events (state, target) where due_at is null")


def _deliveries(connection: sqlite3.Connection) -> None:
    connection.execute("alter table events add column executed_version text")
    connection.execute("alter table events add column response blob")
    connection.execute(
        """
        create table deliveries (
            id integer primary key,
            arn text not null,
            kind text not null,
            function_arn text not null,
            request_id text not null,
            trace_id text,
            body blob not null,
            error_code text not null,
            error_message text not null,
            created_at real not null,
            due_at real,
            attempts integer not null,
            reason text
        )
        """
    )
    connection.execute("create index deliveries_due on deliveries (due_at) where due_at is not null")


#: the steps to today's queue.db
STEPS: tuple[Migration, ...] = (_events, _deliveries)


class Queue:
    """The events of one state folder, used by one session at a time. Raises `StateError` where the disk does not play along."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "queue.db"
        self._connection = open_writer(self.path, STEPS)
        self._reader = open_reader(self.path)
        self._reading = threading.Lock()
        self._is_full = False
        self._accepted: GroupCommit[_Row] = GroupCommit(self._insert)
        self._interrupted = self._recover()

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
        with errors_told(self.path):
            self._synchronise(True)
            if len(rows) == 1:
                self._connection.execute(_INSERT, rows[0])  # a transaction of its own
            else:
                with transaction(self._connection):
                    self._connection.executemany(_INSERT, rows)

    def _synchronise(self, is_full: bool) -> None:
        """Whether the next transactions wait for the disk."""
        if is_full is not self._is_full:
            self._connection.execute(f"pragma synchronous = {'full' if is_full else 'normal'}")
            self._is_full = is_full

    # -- out -----------------------------------------------------------------------------------------------------------

    def take(self, target: str, now: float, most: int) -> Taken:
        """The events of a target that are due, longest due first: they count as running from here on.

        Rows that are not what was stored once are set aside, and the others go on.
        """
        statement = f"select {_COLUMNS}, checksum from events where target = ? and due_at <= ? order by due_at, id limit ?"
        with self._accepted.alone(), errors_told(self.path):
            rows = self._connection.execute(statement, (target, now, most)).fetchall()
            found = [event for row in rows if _is_sound(event := QueuedEvent._make(row[:-1]), row[-1])]
            sound = {event.id for event in found}
            damaged = [row[0] for row in rows if row[0] not in sound]
            if rows:
                self._synchronise(False)
                with transaction(self._connection):
                    self._mark(RUNNING, sound)
                    self._mark(CORRUPT, damaged)
            first = "select min(due_at) from events where target = ? and due_at is not null"
            (next_due,) = self._connection.execute(first, (target,)).fetchone()
        return Taken(found, damaged, next_due)

    def _mark(self, state: str, ids: Sequence[int] | set[int]) -> None:
        if ids:
            self._connection.execute(
                "update events set state = ?, due_at = null where id in (select value from json_each(?))",
                (state, json.dumps(list(ids))),
            )

    def settle(self, changes: Sequence[Change], deliveries: Sequence[Delivery] = ()) -> None:
        """Keep what became of events, and what is to be sent on of them: all of it or nothing."""
        gone = [change.id for change in changes if change.state is None]
        with self._accepted.alone(), errors_told(self.path):
            self._synchronise(False)
            with transaction(self._connection):
                if gone:
                    statement = "delete from events where id in (select value from json_each(?))"
                    self._connection.execute(statement, (json.dumps(gone),))
                for change in changes:
                    if change.state is not None:
                        self._connection.execute(
                            "update events set state = ?, due_at = ?, attempts = ?, setbacks = ?, reason = ?,"
                            " executed_version = ?, response = ? where id = ?",
                            (*change[1:], change.id),
                        )
                for delivery in deliveries:
                    marks = ", ".join("?" * (len(delivery) - 1))
                    self._connection.execute(f"insert into deliveries ({_SENT}) values ({marks})", delivery[:-1])
                if any(change.state == DEAD for change in changes):
                    self._connection.execute(
                        "delete from events where id in (select id from events where due_at is null and state = ?"
                        " order by id desc limit -1 offset ?)",
                        (DEAD, DEAD_KEPT),
                    )

    def _recover(self) -> int:
        """What ran when the last session ended is due again, as the same attempt."""
        with errors_told(self.path), transaction(self._connection):
            return self._connection.execute(
                "update events set due_at = accepted_at, interruptions = interruptions + 1,"
                " state = case attempts + setbacks when 0 then ? else ? end where due_at is null and state = ?",
                (WAITING, RETRYING, RUNNING),
            ).rowcount

    # -- what is sent on ---------------------------------------------------------------------------------------------------

    def take_deliveries(self, now: float, most: int) -> list[Delivery]:
        """What is to be sent at `now`, longest due first. It stays until `delivered` or `postpone` tells what came of it."""
        statement = f"select {_SENT}, id from deliveries where due_at <= ? order by due_at, id limit ?"
        return [Delivery._make(row) for row in self._read(statement, (now, most))]

    def delivered(self, delivery: Delivery) -> None:
        """It is where it belongs."""
        self._write("delete from deliveries where id = ?", (delivery.id,))

    def postpone(self, delivery: Delivery, due_at: float | None, reason: str) -> None:
        """It could not be sent: it is tried again at `due_at`, or given up and kept."""
        statement = "update deliveries set due_at = ?, attempts = attempts + 1, reason = ? where id = ?"
        self._write(statement, (due_at, reason, delivery.id))

    def next_delivery(self) -> float | None:
        """When something is to be sent next."""
        found: float | None = self._read("select min(due_at) from deliveries where due_at is not null")[0][0]
        return found

    def deliveries(self) -> list[Delivery]:
        """What has not been sent yet, and what was given up (no `due_at`), oldest first."""
        return [Delivery._make(row) for row in self._read(f"select {_SENT}, id from deliveries order by id")]

    def _write(self, statement: str, parameters: tuple[object, ...]) -> None:
        with self._accepted.alone(), errors_told(self.path):
            self._synchronise(False)
            self._connection.execute(statement, parameters)

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

    def rows(self, target: str | None = None) -> list[QueuedEvent]:
        """All events, or those of one target, oldest first; without what they hold."""
        where = "" if target is None else " where target = ?"
        statement = f"select {_SHOWN} from events{where} order by id"
        return [QueuedEvent(*row) for row in self._read(statement, () if target is None else (target,))]

    def _read(self, statement: str, parameters: tuple[object, ...] = ()) -> list[Any]:
        with self._reading, errors_told(self.path):
            return self._reader.execute(statement, parameters).fetchall()

    def running_since(self) -> float | None:
        """When the oldest of the events that are being run was accepted, None if none is."""
        statement = "select min(accepted_at) from events where due_at is null and state = ?"
        found: float | None = self._read(statement, (RUNNING,))[0][0]
        return found

    def clear(self) -> None:
        """Forget all events."""
        self._write("delete from events", ())
        self._write("delete from deliveries", ())

    def close(self) -> None:
        """Store what callers still wait for, and close the file."""
        self._accepted.close()
        self._reader.close()
        self._connection.close()


def _row(event: QueuedEvent) -> _Row:
    checksum = _checksum(event.target, event.request_id, event.event)
    about = event.target, event.request_id, event.trigger, event.trace_id, event.client_context
    return (*about, event.accepted_at, event.due_at or event.accepted_at, checksum, event.event)


def _checksum(target: str, request_id: str, event: bytes) -> int:
    return zlib.crc32(event, zlib.crc32(f"{target} {request_id}".encode()))


def _is_sound(event: QueuedEvent, checksum: int) -> bool:
    """Whether a row is what was stored."""
    return isinstance(event.event, bytes) and _checksum(event.target, event.request_id, event.event) == checksum
