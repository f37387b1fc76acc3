"""What can still be read of a damaged queue.db, in a new one: an event is lost with its page, the others go on.

Knows the tables of queue.db; whoever calls has closed it, and nobody else opens it meanwhile.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

from jlambda.store import event_counts
from jlambda.store.connection import open_writer, transaction
from jlambda.store.event_counts import EventCount
from jlambda.store.queue_schema import CORRUPT, STEPS

_TABLES = ("events", "deliveries")
#: indexes that know an event's target without its row
_INDEXES = (("events_due", "is not null"), ("events_at_rest", "is null"))


def salvage(path: Path) -> Path:
    """Put what can be read of the database at `path` in its place, and return where the damaged one is now.

    An event that cannot be read stays in the queue by its number and target, as corrupt. Raises `StateError` and `OSError`.
    """
    kept = next(at for n in count(1) if not (at := path.with_name(f"{path.name}.damaged{'' if n == 1 else f'-{n}'}")).exists())
    fresh = path.with_name(f"{path.name}.salvaged")
    fresh.unlink(missing_ok=True)
    old = sqlite3.connect(path, isolation_level=None)
    new = open_writer(fresh, STEPS)
    try:
        with transaction(new):
            for table in _TABLES:
                for row in _readable(old, table):
                    names, marks = ", ".join(row.keys()), ", ".join("?" * len(row))
                    new.execute(f"insert into {table} ({names}) values ({marks})", tuple(row))
            with suppress(sqlite3.DatabaseError):
                event_counts.add(new, [EventCount(*row) for row in old.execute("select * from event_counts")])
            for number, target in _known(old):
                new.execute(
                    "insert or ignore into events (id, target, request_id, trigger, accepted_at, state, checksum, event)"
                    " values (?, ?, '', '', 0, ?, 0, x'')",
                    (number, target, CORRUPT),
                )
    finally:
        old.close()
        new.close()
    os.link(path, kept)
    for end in ("-wal", "-shm"):
        beside = Path(f"{path}{end}")
        if beside.exists():
            beside.rename(f"{kept}{end}")
    fresh.replace(path)  # at any moment there is one whole database at `path`
    return kept


def _readable(old: sqlite3.Connection, table: str) -> Iterator[sqlite3.Row]:
    """The rows of a table that can be read, by number: each is looked for by itself."""
    old.row_factory = sqlite3.Row
    numbers = {number for number, _ in _known(old)} if table == "events" else set()
    for number in sorted(numbers | set(range(1, _last(old, table) + 1))):
        try:
            row = old.execute(f"select * from {table} where id = ?", (number,)).fetchone()
        except sqlite3.DatabaseError:
            continue
        if row is not None:
            yield row


def _last(old: sqlite3.Connection, table: str) -> int:
    """The last number that can be found in a table."""
    try:
        return int(old.execute(f"select coalesce(max(id), 0) from {table}").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0


def _known(old: sqlite3.Connection) -> list[tuple[int, str]]:
    """Number and target of all events that the indexes tell of."""
    found: list[tuple[int, str]] = []
    for index, is_due in _INDEXES:
        try:
            rows = old.execute(f"select id, target from events indexed by {index} where due_at {is_due}").fetchall()
        except sqlite3.DatabaseError:
            continue
        found += [(row[0], row[1]) for row in rows]
    return found
