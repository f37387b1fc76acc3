"""The tables of state.db and the steps that lead to them.

A step is a decorated function; SQLite's ``user_version`` counts the steps that a database has taken. A step that has
been released is never changed: add another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: list[Migration] = []


def migration(step: Migration) -> Migration:
    """Add `step` to the end of the way from an empty database to today's."""
    MIGRATIONS.append(step)
    return step


class NewerSchemaError(Exception):
    """The database was written by a later jlambda."""


def migrate(connection: sqlite3.Connection, steps: Sequence[Migration] | None = None) -> None:
    """Take the `steps` that the database lacks, all or none; those of state.db if none are given."""
    steps = MIGRATIONS if steps is None else steps
    (version,) = connection.execute("pragma user_version").fetchone()
    if version > len(steps):
        raise NewerSchemaError(version)
    if version == len(steps):
        return
    connection.execute("begin immediate")
    try:
        for step in steps[version:]:
            step(connection)
        connection.execute(f"pragma user_version = {len(steps)}")
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


@migration
def _functions_and_records(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        create table functions (
            name text not null,
            version text not null,
            configuration text not null,
            primary key (name, version)
        ) without rowid
        """
    )
    connection.execute(
        """
        create table environments (
            id integer primary key,
            function text not null,
            version text not null,
            memory_mb integer not null,
            log_stream text not null,
            architecture text not null,
            ephemeral_storage_mb integer not null
        )
        """
    )
    connection.execute("create index environments_by_stream on environments (log_stream, function)")
    connection.execute(
        """
        create table records (
            id integer primary key,
            environment integer not null references environments,
            request_id text not null,
            started_at real not null,
            duration_ms real not null,
            billed_ms integer not null,
            init_ms real,
            max_memory_mb integer not null,
            cold_start integer not null,
            status text not null,
            error_type text,
            trigger text not null,
            attempt integer not null,
            request_bytes integer not null,
            response_bytes integer not null
        )
        """
    )
    connection.execute("create index records_by_start on records (started_at)")
    # Apart from the records, so that reading those does not page through megabytes of output.
    connection.execute("create table logs (record integer primary key, output blob not null)")


@migration
def _reserved_concurrency(connection: sqlite3.Connection) -> None:
    connection.execute("create table concurrency (function text primary key, reserved integer not null) without rowid")


@migration
def _versions_and_aliases(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        create table aliases (
            function text not null,
            name text not null,
            alias text not null,
            primary key (function, name)
        ) without rowid
        """
    )
    connection.execute("create table version_numbers (function text primary key, last integer not null) without rowid")


@migration
def _provisioned_concurrency(connection: sqlite3.Connection) -> None:
    connection.execute("alter table environments add column initialization text not null default 'on-demand'")
    connection.execute(
        """
        create table provisioned (
            function text not null,
            qualifier text not null,
            concurrency integer not null,
            changed_at real not null,
            primary key (function, qualifier)
        ) without rowid
        """
    )


@migration
def _log_format(connection: sqlite3.Connection) -> None:
    connection.execute("alter table environments add column system_log_level text")  # null: the log is text


@migration
def _resources(connection: sqlite3.Connection) -> None:
    connection.execute(
        """
        create table resources (
            owner text not null,
            kind text not null,
            key text not null,
            document text not null,
            primary key (owner, kind, key)
        ) without rowid
        """
    )
    connection.execute("create index resources_by_kind on resources (kind, owner, key)")


@migration
def _restores(connection: sqlite3.Connection) -> None:
    connection.execute("alter table records add column restore_ms real")
    connection.execute("alter table records add column billed_restore_ms integer not null default 0")


@migration
def _payloads(connection: sqlite3.Connection) -> None:
    connection.execute("create table payloads (first integer primary key, sizes text not null, content blob not null)")


@migration
def _qualifiers(connection: sqlite3.Connection) -> None:
    connection.execute("alter table records add column qualifier text")
