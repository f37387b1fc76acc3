"""Events and responses of invocations, so that one can be looked at and run again. Written with the records, many to a row.

Only what is small enough is kept, and of the newest invocations only: see `PAYLOAD_BYTES` and `KEPT`.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Sequence
from typing import NamedTuple

#: events and responses with more bytes than this are not kept
PAYLOAD_BYTES = 1 << 16
#: of how many invocations they are kept
KEPT = 10_000
#: invocations in one row; compressing and storing it leaves the interpreter to the threads that invoke
_ROW = 200
_FAST = 1


class Payloads(NamedTuple):
    """What went in and what came out, in bytes; None for what was not kept."""

    event: bytes | None = None
    response: bytes | None = None


def store(connection: sqlite3.Connection, first: int, payloads: Sequence[Payloads]) -> None:
    """Keep what belongs to the records `first`, `first` + 1 …, and forget what is older than the newest `KEPT`."""
    # left over from records that have been deleted, whose numbers are given again
    connection.execute("delete from payloads where first >= ?", (first,))
    for start in range(0, len(payloads), _ROW):
        part = payloads[start : start + _ROW]
        sizes = json.dumps([[None if each is None else len(each) for each in both] for both in part])
        content = zlib.compress(b"".join(each for both in part for each in both if each), _FAST)
        connection.execute("insert into payloads values (?, ?, ?)", (first + start, sizes, content))
    connection.execute("delete from payloads where first <= ?", (first + len(payloads) - KEPT - _ROW,))


def load(connection: sqlite3.Connection, record: int) -> Payloads:
    """What was kept of the invocation with this record."""
    found = connection.execute(
        "select first, sizes, content from payloads where first <= ? order by first desc limit 1", (record,)
    ).fetchone()
    if found is None:
        return Payloads()
    first, text, content = found
    sizes = json.loads(text)
    if record - first >= len(sizes):
        return Payloads()
    whole = zlib.decompress(content)
    at = sum(size or 0 for both in sizes[: record - first] for size in both)
    taken: list[bytes | None] = []
    for size in sizes[record - first]:
        taken.append(None if size is None else whole[at : at + size])
        at += size or 0
    return Payloads(*taken)
