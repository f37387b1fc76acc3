"""Invocation records and the output of each invocation, with its event and response where they are small.

`append` is on the hot path of every invocation: it adds to a deque, and the database's writer thread does the rest.
Keeps output as the environment wrote it, redacted by whoever appends; reading it is `jlambda.telemetry.logs`'s part.
"""

from __future__ import annotations

import gc
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, NamedTuple

from jlambda.model.invocation import InvocationRecord
from jlambda.store import payloads
from jlambda.store.connection import transaction
from jlambda.store.database import Database
from jlambda.store.payloads import PAYLOAD_BYTES, Payloads

# What all invocations of one execution environment share is stored once, in a table of environments.
_SHARED = (
    *("function", "version", "memory_mb", "log_stream", "architecture", "ephemeral_storage_mb", "initialization"),
    "system_log_level",
)
_OWN = tuple(name for name in InvocationRecord._fields if name not in _SHARED)
_shared_of = itemgetter(*map(InvocationRecord._fields.index, _SHARED))
_own_of = itemgetter(*map(InvocationRecord._fields.index, _OWN))

# One statement stores many rows without the interpreter: a statement a row takes the interpreter's lock each time,
# which is what the threads that invoke wait for (p99 of a ping-pong beside it 16 against 130 us). But the lock is
# held while rows become JSON, so not too many at once.
_INSERT_ROWS = 200
_INSERT = "insert into records (id, environment, {}) select {} from json_each(?)".format(
    ", ".join(_OWN), ", ".join(f"json_extract(value, '$[{i}]')" for i in range(len(_OWN) + 2))
)
_SELECT = "select environment, {}, {} from records{}"
#: a record, the output of its invocation, event and response
_Row = tuple[InvocationRecord, bytes, bytes | None, bytes | None]
_OUTPUT = " left join logs on logs.record = records.id"


_STREAMS = """
    select function, version, log_stream, min(started_at), max(started_at + (duration_ms + ifnull(init_ms, 0)) / 1000)
    from records join environments on environments.id = environment where status <> 'throttled' group by environment
"""
_INVOKED = """
    select distinct function, version, qualifier, initialization from records join environments on environments.id = environment
    order by function, version, qualifier
"""


class LogStream(NamedTuple):
    """The log stream of an environment: when its first invocation began and its last was over, in seconds since the epoch."""

    function: str
    version: str
    name: str
    began_at: float
    ended_at: float


class Invoked(NamedTuple):
    """What has been invoked, by which qualifier, in which kind of environment."""

    function: str
    version: str
    qualifier: str | None
    initialization: str


class _Wanted(NamedTuple):
    """Which records are meant; None where it does not matter."""

    function: str | None = None
    request_id: str | None = None
    since: float | None = None
    log_stream: str | None = None

    def where(self) -> tuple[str, tuple[object, ...]]:
        """The condition on the table of records, and its parameters."""
        environments = "environment in (select id from environments where {} = ?)"
        conditions = {
            environments.format("function"): self.function,
            "request_id = ?": self.request_id,
            "started_at >= ?": self.since,
            environments.format("log_stream"): self.log_stream,
        }
        given = {condition: value for condition, value in conditions.items() if value is not None}
        return (" where " + " and ".join(given) if given else ""), tuple(given.values())

    def has(self, record: InvocationRecord) -> bool:
        """Whether a record is meant."""
        return (
            self.function in (None, record.function)
            and self.request_id in (None, record.request_id)
            and (self.since is None or record.started_at >= self.since)
            and self.log_stream in (None, record.log_stream)
        )


class Records:
    """The records and logs in a `Database`. Reading gives all that was appended before, stored yet or not.

    While rows cannot be stored (a full disk), the next read raises `StateError`, once; later reads give what is stored
    together with what waits in memory.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting = database.buffer(_store)

    def append(self, record: InvocationRecord, log: bytes, event: bytes = b"", response: bytes = b"") -> None:
        """Keep one record, the output of its invocation, its event and its response. Neither waits nor fails."""
        self._waiting.append(
            (record, log, event if len(event) <= PAYLOAD_BYTES else None, response if len(response) <= PAYLOAD_BYTES else None)
        )
        if self._database.is_parked:
            self._database.wake()

    def flush(self) -> None:
        """Return when all that was appended is stored."""
        self._database.flush()

    def count(self) -> int:
        """How many records there are."""
        self.flush()
        count = "select count(*) from records"
        if not self._database.is_failing:
            return int(self._database.execute(count)[0][0])
        return self._database.in_writer(lambda connection: int(connection.execute(count).fetchone()[0]) + len(self._waiting))

    def rows(
        self,
        function: str | None = None,
        request_id: str | None = None,
        newest: int | None = None,
        since: float | None = None,
    ) -> list[InvocationRecord]:
        """The records of one function and request, or of all, in order of start; only the `newest` if a number is given.

        `since` leaves those out that began earlier, in seconds since the epoch.
        """
        wanted = _Wanted(function, request_id, since)
        return [record for record, _ in self._find(_SELECT.format(", ".join(_OWN), "null", ""), wanted, newest)]

    def raw_logs(
        self,
        function: str | None = None,
        request_id: str | None = None,
        since: float | None = None,
        log_stream: str | None = None,
    ) -> list[tuple[InvocationRecord, bytes]]:
        """The same records, each with the output of its invocation (empty if it wrote nothing)."""
        wanted = _Wanted(function, request_id, since, log_stream)
        return self._find(_SELECT.format(", ".join(_OWN), "output", _OUTPUT), wanted)

    def streams(self) -> list[LogStream]:
        """The log streams that invocations have written to."""
        self.flush()
        return [LogStream(*row) for row in self._database.execute(_STREAMS)]

    def invoked(self) -> list[Invoked]:
        """Every function, version, qualifier and kind of environment of which there are records."""
        self.flush()
        return [Invoked(*row) for row in self._database.execute(_INVOKED)]

    def find(self, prefix: str, newest: int) -> list[tuple[InvocationRecord, bytes, Payloads]]:
        """The `newest` invocations whose request ids begin with `prefix`, in order of start, with output and payloads."""
        self.flush()
        where = " where substr(request_id, 1, ?) = ? order by started_at desc, records.id desc limit ?"

        def read(connection: sqlite3.Connection) -> list[tuple[InvocationRecord, bytes, Payloads]]:
            statement = f"select environment, records.id, {', '.join(_OWN)}, output from records{_OUTPUT}{where}"
            rows = connection.execute(statement, (len(prefix), prefix, newest)).fetchall()
            shared = _environments(connection)
            found = [
                (*_record_and_output(shared[row[0]], (row[0], *row[2:])), payloads.load(connection, row[1])) for row in rows
            ]
            return found[::-1]

        def read_with_waiting(connection: sqlite3.Connection) -> list[tuple[InvocationRecord, bytes, Payloads]]:
            waiting = [row for row in self._waiting.copy() if row[0].request_id.startswith(prefix)]
            return read(connection) + [(record, log, Payloads(*both)) for record, log, *both in waiting]

        found = self._database.in_writer(read_with_waiting) if self._database.is_failing else self._database.read(read)
        return sorted(found, key=lambda row: row[0].started_at)[-newest:]

    def clear(self, function: str | None = None) -> None:
        """Forget the records and logs of a function, or of all."""
        wanted = _Wanted(function)
        where, parameters = wanted.where()

        def act(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(f"delete from logs where record in (select id from records{where})", parameters)
                connection.execute(f"delete from records{where}", parameters)
                if function is None:  # else they stay in their rows, where no record leads to them any more
                    connection.execute("delete from payloads")
                connection.execute("delete from environments where id not in (select environment from records)")
            for _ in range(len(self._waiting)):  # what cannot be stored just now; others may append meanwhile
                row = self._waiting.popleft()
                if not wanted.has(row[0]):
                    self._waiting.append(row)

        self._database.in_writer(act)

    def _find(self, statement: str, wanted: _Wanted, newest: int | None = None) -> list[tuple[InvocationRecord, bytes]]:
        """The records that match, stored or waiting, in order of start, each with what `statement` selects as output."""
        self.flush()
        where, parameters = wanted.where()
        order = "" if newest is None else " order by started_at desc, id desc limit ?"

        def read(connection: sqlite3.Connection) -> list[tuple[InvocationRecord, bytes]]:
            shared = _environments(connection)
            rows = connection.execute(statement + where + order, parameters if newest is None else (*parameters, newest))
            found = [_record_and_output(shared[row[0]], row) for row in rows]
            return found if newest is None else found[::-1]

        def read_with_waiting(connection: sqlite3.Connection) -> list[tuple[InvocationRecord, bytes]]:
            return read(connection) + [row[:2] for row in self._waiting.copy() if wanted.has(row[0])]

        with _collector_paused():
            found = self._database.in_writer(read_with_waiting) if self._database.is_failing else self._database.read(read)
            found.sort(key=lambda row: row[0].started_at)
        return found if newest is None else found[max(0, len(found) - newest) :]


def _environments(connection: sqlite3.Connection) -> dict[int, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in connection.execute(f"select id, {', '.join(_SHARED)} from environments")}


def _store(connection: sqlite3.Connection, batch: list[_Row]) -> None:
    (last,) = connection.execute("select coalesce(max(id), 0) from records").fetchone()
    environments = {shared: _environment(connection, shared) for shared in {_shared_of(row[0]) for row in batch}}
    for start in range(0, len(batch), _INSERT_ROWS):
        part = enumerate(batch[start : start + _INSERT_ROWS], last + 1 + start)
        rows = [(number, environments[_shared_of(record)], *_own_of(record)) for number, (record, *_) in part]
        text = json.dumps(rows, ensure_ascii=False)
        # half a surrogate pair, in the name of an exception, would make the row unreadable
        connection.execute(_INSERT, (text.encode(errors="replace").decode(),))
    outputs = [(number, log) for number, (_, log, *_) in enumerate(batch, last + 1) if log]
    if outputs:
        connection.executemany("insert into logs values (?, ?)", outputs)
    payloads.store(connection, last + 1, [Payloads(*row[2:]) for row in batch])


def _environment(connection: sqlite3.Connection, shared: tuple[Any, ...]) -> int:
    """The row of what an environment's invocations share, made if there is none."""
    names, same = ", ".join(_SHARED), " and ".join(f"{name} is ?" for name in _SHARED)
    found = connection.execute(f"select id from environments where {same}", shared).fetchone()
    if found:
        return int(found[0])
    marks = ", ".join("?" * len(_SHARED))
    return int(connection.execute(f"insert into environments ({names}) values ({marks})", shared).lastrowid or 0)


def _record_and_output(shared: tuple[Any, ...], row: tuple[Any, ...]) -> tuple[InvocationRecord, bytes]:
    function, version, memory_mb, log_stream, architecture, storage_mb, initialization, log_level = shared
    (
        _, request_id, started_at, duration_ms, billed_ms, init_ms, peak_mb, cold, status, error, trigger, attempt,
        sent, got, restore_ms, billed_restore_ms, qualifier, output,
    ) = row  # fmt: skip
    record = InvocationRecord(
        request_id, function, version, started_at, duration_ms, billed_ms, init_ms, memory_mb, peak_mb, cold != 0,
        status, error, trigger, attempt, log_stream, sent, got, architecture, storage_mb, initialization, log_level,
        restore_ms, billed_restore_ms, qualifier,
    )  # fmt: skip
    return record, output or b""


@contextmanager
def _collector_paused() -> Iterator[None]:
    """The cyclic collector would find nothing and take half the time of reading 100,000 records."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
