"""The database: one writer, many readers, and every way in which a disk can fail."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jlambda.errors import StateError
from jlambda.store import connection as connections
from jlambda.store.database import BATCH, Database
from jlambda.store.schema import MIGRATIONS
from tests.store.conftest import Child


def make_numbers(connection: sqlite3.Connection) -> None:
    """A table to write to."""
    connection.execute("create table numbers (n integer)")


def numbers(database: Database) -> list[int]:
    """What is in it."""
    return [n for (n,) in database.execute("select n from numbers order by n")]


def wait_until(is_so: object) -> None:
    """Return when `is_so()` is true; fail after 5 s."""
    limit = time.monotonic() + 30
    while not is_so():  # type: ignore[operator]
        assert time.monotonic() < limit
        time.sleep(0.001)


# -- writing and reading


def test_a_write_gives_its_result_and_is_seen_at_once(database: Database) -> None:
    """When `write` returns, every reader sees what it did."""
    database.write(make_numbers)
    assert database.write(lambda c: c.execute("insert into numbers values (1)").rowcount) == 1
    assert numbers(database) == [1]


def test_a_write_that_fails_changes_nothing(database: Database) -> None:
    """What it raises is raised to the caller, and what it had done is undone."""
    database.write(make_numbers)

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("insert into numbers values (1)")
        raise KeyError("changed my mind")

    with pytest.raises(KeyError, match="changed my mind"):
        database.write(half)
    assert numbers(database) == []


def test_what_sqlite_refuses_is_a_state_error(database: Database) -> None:
    """In one line, with the file's name."""
    for attempt in (lambda: database.execute("select * from nothing"), lambda: database.write(lambda c: c.execute("nonsense"))):
        with pytest.raises(StateError, match=r"state\.db: ") as told:
            attempt()
        assert "\n" not in str(told.value)


def test_readers_cannot_write(database: Database) -> None:
    """Only the writer thread changes anything."""
    with pytest.raises(StateError, match="readonly"):
        database.execute("create table t (n)")


def test_many_threads_read_and_write(database: Database) -> None:
    """Writes come one after the other, reads beside them; all are done."""
    database.write(make_numbers)

    def act(n: int) -> int:
        database.write(lambda c: c.execute("insert into numbers values (?)", (n,)))
        return len(numbers(database))

    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(act, range(200)))
    assert numbers(database) == list(range(200))
    assert min(counts) >= 1


def test_a_read_sees_one_state(database: Database) -> None:
    """What is written during a read of several queries is seen by none of them."""
    database.write(make_numbers)

    def read(connection: sqlite3.Connection) -> list[int]:
        before = len(connection.execute("select * from numbers").fetchall())
        database.write(lambda c: c.execute("insert into numbers values (1)"))
        return [before, len(connection.execute("select * from numbers").fetchall())]

    assert database.read(read) == [0, 0]
    assert numbers(database) == [1]


def test_readers_are_few(database: Database, folder: Path) -> None:
    """Threads that read one after the other share a connection, however many come and go."""
    for _ in range(20):
        thread = threading.Thread(target=database.execute, args=("select 1",))
        thread.start()
        thread.join()
    opened = [
        os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{fd}")
    ]
    assert opened.count(str(folder / "state.db")) <= 2


# -- buffers


def test_buffered_rows_are_stored_in_order(database: Database) -> None:
    """Many rows at a time, none twice, none lost; a row leaves its buffer when it is stored."""
    batches: list[list[int]] = []
    rows: deque[int] = database.buffer(lambda _, batch: batches.append(batch))
    for n in range(2 * BATCH + 1):
        rows.append(n)
        if database.is_parked:
            database.wake()
    database.flush()
    assert [n for batch in batches for n in batch] == list(range(2 * BATCH + 1))
    assert max(map(len, batches)) <= BATCH
    assert not rows


def test_a_buffered_row_is_stored_without_being_asked_for(database: Database) -> None:
    """Whoever appends wakes the writer; soon after the row is on disk."""
    stored = threading.Event()
    rows: deque[int] = database.buffer(lambda *_: stored.set())
    wait_until(lambda: database.is_parked)
    rows.append(1)
    database.wake()
    assert stored.wait(30)


@pytest.mark.measures
def test_an_idle_writer_does_not_wake_up(database: Database) -> None:
    """With nothing to do its thread is not scheduled once."""
    database.write(make_numbers)
    wait_until(lambda: database.is_parked)
    (writer,) = (thread for thread in threading.enumerate() if thread.name == "jlambda-store")
    status = Path(f"/proc/self/task/{writer.native_id}/status")

    def wakeups() -> list[str]:
        return [line for line in status.read_text().splitlines() if "ctxt_switches" in line]

    wait_until(lambda: "State:\tS" in status.read_text())
    before = wakeups()
    threading.Event().wait(0.3)
    assert wakeups() == before


def test_rows_survive_a_failing_store(database: Database) -> None:
    """They stay buffered and in order, the trouble is told once, and they are stored when it is over."""
    is_broken = True
    stored: list[int] = []

    def store(_: sqlite3.Connection, batch: list[int]) -> None:
        if is_broken:
            raise sqlite3.OperationalError("database or disk is full")
        stored.extend(batch)

    rows = database.buffer(store)
    rows.extend([1, 2])
    database.wake()
    with pytest.raises(StateError, match="disk is full"):
        database.flush()
    assert database.is_failing
    rows.append(3)
    database.flush()  # told already
    assert list(rows) == [1, 2, 3]
    is_broken = False
    database.flush()
    assert (stored, list(rows), database.is_failing) == ([1, 2, 3], [], False)
    is_broken = True
    rows.append(4)
    with pytest.raises(StateError):
        database.flush()
    is_broken = False


def test_the_writer_lives_on_whatever_a_store_raises(database: Database) -> None:
    """An error that is not SQLite's is told the same way, and writes still work."""

    def store(_: sqlite3.Connection, batch: list[int]) -> None:
        batch[0] //= 0

    rows = database.buffer(store)
    rows.append(1)
    with pytest.raises(StateError, match="ZeroDivisionError"):
        database.flush()
    database.write(make_numbers)
    rows.clear()


def test_closing_stores_what_is_buffered(folder: Path) -> None:
    """Rows appended just before the end are there; the database takes nothing afterwards."""
    stored: list[int] = []
    database = Database(folder)
    rows: deque[int] = database.buffer(lambda _, batch: stored.extend(batch))
    rows.extend(range(10))
    database.close()
    database.close()
    assert stored == list(range(10))
    with pytest.raises(StateError, match="closed"):
        database.write(make_numbers)


def test_closing_tells_what_is_lost(folder: Path) -> None:
    """Rows that cannot be stored to the last are counted in the error, and everything is closed all the same."""

    def store(_: sqlite3.Connection, batch: list[int]) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    database = Database(folder)
    database.buffer(store).extend([1, 2, 3])
    with pytest.raises(StateError, match=r"3 records could not be saved: .*disk is full"):
        database.close()


AT_EXIT = """
import sys
from pathlib import Path
from jlambda.store.database import Database
database = Database(Path(sys.argv[1]))
database.write(lambda c: c.execute("create table numbers (n integer)"))
rows = database.buffer(lambda c, batch: c.executemany(sys.argv[2], batch))
rows.append((7,))
"""


def test_an_interpreter_that_ends_stores_what_is_buffered(folder: Path, child: Child) -> None:
    """Nobody has to close the database for that."""
    process = child(AT_EXIT, folder, "insert into numbers values (?)")
    assert process.communicate() == ("", "")
    database = Database(folder)
    assert numbers(database) == [7]
    database.close()


def test_an_interpreter_that_ends_tells_what_is_lost(folder: Path, child: Child) -> None:
    """In one line, without a traceback."""
    _, told = child(AT_EXIT, folder, "insert into nothing values (?)").communicate()
    assert told.startswith("1 records could not be saved: ")
    assert told.count("\n") == 1


FORK = """
import os, sys
from pathlib import Path
from jlambda.store.database import Database
database = Database(Path(sys.argv[1]))
rows = database.buffer(lambda c, batch: None)
if os.fork() == 0:
    rows.append(1)
    sys.exit()
os.wait()
database.write(lambda c: c.execute("create table numbers (n integer)"))
"""


def test_a_fork_that_ends_closes_nothing(folder: Path, child: Child) -> None:
    """It has no writer thread, and the file is its parent's."""
    assert child(FORK, folder).communicate() == ("", "")
    database = Database(folder)
    assert numbers(database) == []
    database.close()


# -- the file


def test_the_file_is_in_wal_mode(database: Database, folder: Path) -> None:
    """Readers do not wait for the writer."""
    assert database.execute("pragma journal_mode") == [("wal",)]
    assert (folder / "state.db-wal").exists()


def test_no_wal_on_a_network(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its shared memory does not work there."""
    monkeypatch.setattr(connections, "is_on_network", lambda _: True)
    database = Database(folder)
    database.write(make_numbers)
    assert database.execute("pragma journal_mode") == [("delete",)]
    assert numbers(database) == []
    database.close()


@pytest.mark.parametrize("content", [b"this is not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4_080])
def test_a_file_that_is_no_database_is_told_and_left_alone(folder: Path, content: bytes) -> None:
    """The error says that it is damaged and what to do; the file keeps every byte."""
    path = folder / "state.db"
    path.write_bytes(content)
    with pytest.raises(StateError, match=rf"{path} is damaged \(.*\): move it away") as told:
        Database(folder)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == content


def test_a_page_that_is_damaged_later_is_told(folder: Path) -> None:
    """Damage that opening does not see is found by the first to read it."""
    database = Database(folder)
    database.write(make_numbers)
    database.write(lambda c: c.executemany("insert into numbers values (?)", [(n,) for n in range(50_000)]))
    database.close()
    with open(folder / "state.db", "r+b") as file:
        file.seek(-200_000, os.SEEK_END)
        file.write(os.urandom(100_000))
    database = Database(folder)
    with pytest.raises(StateError, match="is damaged"):
        numbers(database)
    database.close()


def test_a_newer_database_is_told_and_left_alone(folder: Path) -> None:
    """An older jlambda does not guess at tables that it does not know."""
    Database(folder).close()
    connection = sqlite3.connect(folder / "state.db")
    connection.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = (folder / "state.db").read_bytes()
    with pytest.raises(StateError, match="written by a newer jlambda: upgrade with pip install -U jlambda"):
        Database(folder)
    assert (folder / "state.db").read_bytes() == before


def test_a_folder_in_place_of_the_file_is_told(folder: Path) -> None:
    """SQLite cannot open it."""
    (folder / "state.db").mkdir()
    with pytest.raises(StateError, match=r"cannot be opened for writing \(unable to open database file\)"):
        Database(folder)
    (folder / "state.db").rmdir()


def test_a_database_that_another_holds_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that keeps it locked, such as a database browser, is named as the reason."""
    monkeypatch.setattr(connections, "BUSY_S", 0.01)
    database = Database(folder)
    other = sqlite3.connect(folder / "state.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(StateError, match="is held by another process"):
        database.write(make_numbers)
    other.close()
    database.write(make_numbers)
    database.close()


AS_NOBODY = """
import os, sys
from pathlib import Path
from jlambda.errors import StateError
from jlambda.store.database import Database
if os.geteuid() == 0:
    os.setuid(65534)
try:
    database = Database(Path(sys.argv[1]))
    database.write(lambda c: c.execute("create table t (n)"))
except StateError as error:
    print(error)
"""


@pytest.mark.parametrize("has_database", [True, False])
def test_a_read_only_folder_is_told(has_database: bool, tmp_path_factory: pytest.TempPathFactory, child: Child) -> None:
    """An ordinary user who may not write there learns it in one line, and nothing is left half made."""
    folder = tmp_path_factory.mktemp("readonly")
    if has_database:
        Database(folder).close()
    before = sorted(os.listdir(folder))
    modes = {path: path.stat().st_mode for path in (folder, folder.parent, folder.parent.parent)}
    for path in modes:
        path.chmod(0o755)
    folder.chmod(0o555)
    try:
        told, errors = child(AS_NOBODY, folder).communicate()
    finally:
        for path, mode in modes.items():
            path.chmod(mode)
    assert f"{folder / 'state.db'} cannot be opened for writing (" in told
    assert (told.count("\n"), errors) == (1, "")
    assert sorted(os.listdir(folder)) == before
