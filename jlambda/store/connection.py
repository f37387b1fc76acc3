"""Connections to state.db, and what SQLite's errors mean to whoever reads them.

Knows SQLite's codes and settings; nothing of tables, threads or batches.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from jlambda.errors import StateError
from jlambda.store.folder import is_on_network
from jlambda.store.schema import Migration, NewerSchemaError, migrate

#: how long a statement waits for a lock that another connection holds
BUSY_S = 5.0

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNWRITABLE = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


def open_writer(path: Path, steps: Sequence[Migration] | None = None) -> sqlite3.Connection:
    """The connection that writes: the file is made if need be and taken through the `steps` that it lacks, state.db's if
    none are given.

    Write-ahead logging, where the file system can, so that readers never wait; what is committed outlives a killed
    process. Raises `StateError`.
    """
    with errors_told(path):
        connection = _connect(path)
        try:
            if is_on_network(path.parent):
                connection.execute("pragma journal_mode = delete")
            else:
                connection.execute("pragma journal_mode = wal")
                connection.execute("pragma synchronous = normal")
            migrate(connection, steps)
        except BaseException:
            connection.close()
            raise
        return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that reads only. Raises `StateError`."""
    with errors_told(path):
        connection = _connect(path)
        connection.execute("pragma query_only = on")
        return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of the block is stored, or none of it."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # some errors have rolled back already
            connection.execute("rollback")
        raise


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """All reads of the block see one state of the database."""
    connection.execute("begin")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("rollback")


@contextmanager
def errors_told(path: Path) -> Iterator[None]:
    """Turn what SQLite raises in the block into a `StateError` that names the file and what to do."""
    try:
        yield
    except (sqlite3.Error, NewerSchemaError) as error:
        raise StateError(_told(error, path)) from error


def is_damage(error: StateError) -> bool:
    """Whether an error tells of a damaged file."""
    return getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF in _DAMAGED


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


def _told(error: Exception, path: Path) -> str:
    other = "choose another folder with Session(state=...)"
    if isinstance(error, NewerSchemaError):
        return f"{path} was written by a newer jlambda: upgrade with pip install -U jlambda, or {other}"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code; the rest is detail
    if code in _DAMAGED:
        return f"{path} is damaged ({error}): move it away to start afresh, or {other}"
    if code in _UNWRITABLE:
        return f"{path} cannot be opened for writing ({error}): check the folder's permissions, or {other}"
    if code in _NO_ROOM:
        return f"{path} cannot be written or read ({error}): make room on the disk, or {other}"
    if code in _BUSY:
        return f"{path} is held by another process ({error}): close what has it open, or {other}"
    return f"{path}: {error}"
