"""Events and responses: what is kept, for how long, and that each belongs to its record."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.store import payloads
from jlambda.store.payloads import Payloads
from jlambda.store.schema import migrate


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty state.db in memory."""
    made = sqlite3.connect(":memory:", isolation_level=None)
    migrate(made)
    yield made
    made.close()


either = st.none() | st.binary(max_size=20)


@given(st.lists(st.lists(st.builds(Payloads, either, either), min_size=1, max_size=450), max_size=3))
def test_each_record_finds_its_own(batches: list[list[Payloads]]) -> None:
    """Whatever the sizes of the batches, and with pieces that are missing or empty."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    first = 1
    for batch in batches:
        payloads.store(connection, first, batch)
        first += len(batch)
    kept = [both for batch in batches for both in batch]
    assert [payloads.load(connection, number) for number in range(1, first)] == kept
    assert payloads.load(connection, first) == Payloads()
    connection.close()


def test_numbers_that_are_given_again_lead_to_the_new_ones(connection: sqlite3.Connection) -> None:
    """The newest records were deleted, so theirs are the numbers of those that come next."""
    old, new = [Payloads(b"old", b"old")] * 5, [Payloads(b"new", None)] * 2
    payloads.store(connection, 1, old)
    payloads.store(connection, 6, old)
    payloads.store(connection, 4, new)
    assert [payloads.load(connection, number).event for number in range(1, 8)] == [b"old"] * 3 + [b"new"] * 2 + [None] * 2


def test_only_the_newest_are_kept(connection: sqlite3.Connection) -> None:
    """Rows do not pile up for ever."""
    for first in range(1, 2 * payloads.KEPT, 1_000):
        payloads.store(connection, first, [Payloads(b"event", b"")] * 1_000)
    rows = connection.execute("select count(*) from payloads").fetchone()[0]
    assert rows <= payloads.KEPT / 200 + 2
    assert payloads.load(connection, 2 * payloads.KEPT) == Payloads(b"event", b"")
    assert payloads.load(connection, payloads.KEPT + 1) == Payloads(b"event", b"")
    assert payloads.load(connection, 1) == Payloads()
