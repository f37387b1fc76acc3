"""state.db: one thread writes, any thread reads.

Knows threads, batches and what to do while a disk is full; nothing of functions and records. Writing is either
`Database.write`, which waits, or a buffer: rows in a deque that the writer gathers and stores in batches.
"""

from __future__ import annotations

import atexit
import os
import queue
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from jlambda.errors import StateError
from jlambda.store.connection import errors_told, open_reader, open_writer, snapshot, transaction

T = TypeVar("T")
Row = TypeVar("Row")

#: how long the first row of a batch waits for company
GATHER_S = 0.05
#: how long rows that could not be stored wait for the next attempt
RETRY_S = 1.0
#: rows in one transaction
BATCH = 5_000


class Database:
    """The open state.db of one state folder.

    Raises `StateError`, in one line, wherever the file cannot be opened, read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state.db"
        #: how many changes `write` has made: whoever keeps what was read looks here whether it still holds
        self.changes = 0
        #: True while the writer sleeps until it is woken; whoever adds a row reads it
        self.is_parked = False
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._buffers: list[tuple[deque[Any], Callable[[sqlite3.Connection, list[Any]], None]]] = []
        self._failure: StateError | None = None
        self._is_failure_told = False
        self._is_running = True
        self._is_closed = False
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._idle_readers: list[sqlite3.Connection] = []
        self._connection = open_writer(self.path)
        self._writer = threading.Thread(target=self._run, name="jlambda-store", daemon=True)
        self._writer.start()
        atexit.register(self._close_at_exit)

    @property
    def is_failing(self) -> bool:
        """Whether the last attempt to store buffered rows failed; they are still in their buffer."""
        return self._failure is not None

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> list[Any]:
        """The rows of a query on what is stored now."""
        return self.read(lambda connection: connection.execute(statement, parameters).fetchall())

    def read(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `act` on a connection that only reads, and that sees one state of the database throughout."""
        try:
            reader = self._idle_readers.pop()
        except IndexError:
            reader = open_reader(self.path)
        try:
            with errors_told(self.path), snapshot(reader):
                return act(reader)
        finally:
            with self._lock:
                if self._is_closed:
                    reader.close()
                else:
                    self._idle_readers.append(reader)

    def write(self, change: Callable[[sqlite3.Connection], T]) -> T:
        """Carry out `change` in one transaction, behind all rows buffered so far, and give its result.

        What `change` raises is raised here, with nothing stored.
        """

        def in_transaction(connection: sqlite3.Connection) -> T:
            with transaction(connection):
                result = change(connection)
            self.changes += 1
            return result

        return self.in_writer(in_transaction)

    def in_writer(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `act`, in the writer thread: no row leaves a buffer meanwhile."""
        done: Future[T] = Future()

        def call() -> None:
            try:
                with errors_told(self.path):
                    result = act(self._connection)
            except BaseException as error:
                done.set_exception(error)
            else:
                done.set_result(result)

        with self._lock:
            if self._is_closed:
                raise StateError(f"{self.path} has been closed with its session: make a new Session")
            self._calls.put(call)
        return done.result()

    def buffer(self, store: Callable[[sqlite3.Connection, list[Row]], None]) -> deque[Row]:
        """A deque whose rows the writer hands to `store`, oldest first, many at a time; a row leaves once it is stored.

        Whoever appends calls `wake` afterwards if `is_parked`.
        """
        rows: deque[Row] = deque()
        self._buffers.append((rows, store))
        return rows

    def wake(self) -> None:
        """Tell the writer that a buffer has rows."""
        self.is_parked = False
        self._calls.put(None)

    def flush(self) -> None:
        """Return when all buffered rows are stored.

        Raises `StateError` if they cannot be; once, not again while the same trouble lasts.
        """
        if self._is_pending():
            self.in_writer(lambda _: None)
        failure = self._failure
        if failure and not self._is_failure_told:
            self._is_failure_told = True
            raise failure

    def close(self) -> None:
        """Store what is buffered, end the writer thread and close the file; a second call does nothing.

        Raises `StateError` if rows cannot be stored: they are lost.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._calls.put(self._stop)
        self._writer.join()
        atexit.unregister(self._close_at_exit)
        for connection in (*self._idle_readers, self._connection):
            connection.close()
        lost = sum(len(rows) for rows, _ in self._buffers)
        if lost:
            raise StateError(f"{lost} records could not be saved: {self._failure}")

    def _close_at_exit(self) -> None:
        if os.getpid() != self._pid:  # a fork of the kernel has neither the writer nor a right to the file
            return
        try:
            self.close()
        except StateError as error:
            print(error, file=sys.stderr)

    def _run(self) -> None:
        while self._is_running:
            call = self._next()
            self._store_buffers()
            if call:
                call()

    def _stop(self) -> None:
        self._is_running = False

    def _next(self) -> Callable[[], None] | None:
        """Sleep until there is something to call, or until buffered rows have waited long enough."""
        if not self._is_pending():
            self.is_parked = True
            # Whoever appends after this look sees the flag: append comes before the flag is read there.
            call = None if self._is_pending() else self._calls.get()
            self.is_parked = False
            if call:
                return call
        with suppress(queue.Empty):
            return self._calls.get(timeout=RETRY_S if self._failure else GATHER_S)
        return None

    def _is_pending(self) -> bool:
        return any(rows for rows, _ in self._buffers)

    def _store_buffers(self) -> None:
        """Store all rows. What goes wrong is kept for `flush` and `close` to tell; the thread lives on."""
        try:
            for rows, store in self._buffers:
                while batch := list(islice(rows.copy(), BATCH)):
                    with errors_told(self.path), transaction(self._connection):
                        store(self._connection, batch)
                    for _ in batch:
                        rows.popleft()
        except Exception as error:
            self._failure = error if isinstance(error, StateError) else StateError(f"{self.path}: {error!r}")
        else:
            self._failure, self._is_failure_told = None, False
