"""The tables of queue.db and the steps that lead to them, and the words for what an event is doing."""

from __future__ import annotations

import sqlite3

from jlambda.store.event_counts import make_table
from jlambda.store.schema import Migration

#: what an event is doing
WAITING, RUNNING, RETRYING, DEAD, CORRUPT = "waiting", "running", "retrying", "dead", "corrupt"
#: and what results are that are being sent, or were given up
DELIVERING, UNDELIVERED = "delivering", "undelivered"


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


def _object_keys(connection: sqlite3.Connection) -> None:
    connection.execute("alter table deliveries add column object_key text")


#: the steps to today's queue.db
STEPS: tuple[Migration, ...] = (_events, _deliveries, make_table, _object_keys)
