"""Migrations: from any earlier schema to today's, all steps or none."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from jlambda.store import schema
from jlambda.store.database import Database
from jlambda.store.records import Records
from tests.samples import a_record


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty database in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    """The tables that there are."""
    return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_an_empty_database_gets_all_tables(connection: sqlite3.Connection) -> None:
    """Once; a second time changes nothing."""
    schema.migrate(connection)
    parts = {"functions", "environments", "records", "logs"}
    assert tables(connection) == parts | {"concurrency", "aliases", "version_numbers", "provisioned", "resources", "payloads"}
    assert connection.execute("pragma user_version").fetchone() == (len(schema.MIGRATIONS),)
    changes = connection.total_changes
    schema.migrate(connection)
    assert connection.total_changes == changes


def test_every_step_follows_the_one_before(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of each earlier version arrives at the same tables as a new one."""
    schema.migrate(connection)
    arrived = connection.execute("select type, name, sql from sqlite_master order by name").fetchall()
    every = list(schema.MIGRATIONS)
    for version in range(len(every)):
        old = sqlite3.connect(":memory:", isolation_level=None)
        for steps in (every[:version], every):
            monkeypatch.setattr(schema, "MIGRATIONS", steps)
            schema.migrate(old)
        assert old.execute("select type, name, sql from sqlite_master order by name").fetchall() == arrived
        old.close()


def test_a_new_step_keeps_what_there_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records of an earlier release are still there after an upgrade."""
    database = Database(folder)
    Records(database).append(a_record(), b"hello\n")
    database.close()
    steps = [*schema.MIGRATIONS]
    monkeypatch.setattr(schema, "MIGRATIONS", steps)

    @schema.migration
    def add_a_column(connection: sqlite3.Connection) -> None:
        connection.execute("alter table functions add column colour text")

    database = Database(folder)
    assert database.execute("select colour from functions") == []
    assert Records(database).raw_logs() == [(a_record(), b"hello\n")]
    database.close()


def test_a_step_that_fails_takes_the_others_back(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """All the steps that were missing, or none."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("create table extra (n)")
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(schema, "MIGRATIONS", [*schema.MIGRATIONS, fail])
    with pytest.raises(sqlite3.OperationalError):
        schema.migrate(connection)
    assert tables(connection) == set()
    assert connection.execute("pragma user_version").fetchone() == (0,)
