"""Records: nothing that was appended is lost, on any path, and appending costs next to nothing."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import deque
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jlambda.errors import StateError
from jlambda.model.invocation import InvocationRecord
from jlambda.store.database import Database
from jlambda.store.records import Records
from tests.samples import STREAM, a_record
from tests.store.conftest import Child

# Python gives no class a name with a NUL in it
text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
records_to_keep = st.builds(
    a_record,
    number=st.integers(0, 10**12 - 1),
    function=st.sampled_from(["a", "b"]),
    started_at=st.integers(0, 4 * 10**15).map(lambda micros: micros / 1e6),
    duration_ms=st.integers(0, 9 * 10**7).map(lambda hundredths: hundredths / 100),
    init_ms=st.none() | st.integers(0, 10**6).map(lambda hundredths: hundredths / 100),
    memory_mb=st.integers(128, 10_240),
    cold_start=st.booleans(),
    status=st.sampled_from(["success", "error", "timeout", "out_of_memory", "throttled"]),
    error_type=st.none() | text,
    log_stream=st.sampled_from([STREAM, "", STREAM[::-1]]),
    request_bytes=st.integers(0, 6_291_456),
)
kept = st.lists(st.tuples(records_to_keep, st.binary(max_size=30)), max_size=20)


@pytest.fixture
def records(database: Database) -> Records:
    """The records of an empty database."""
    return Records(database)


@given(kept)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_records_come_back_as_they_were(records: Records, some: list[tuple[InvocationRecord, bytes]]) -> None:
    """Every field and every byte of output, in order of start; bool is bool, None is None."""
    records.clear()
    for record, log in some:
        records.append(record, log)
    expected = sorted(some, key=lambda pair: pair[0].started_at)
    assert records.raw_logs() == expected
    assert records.rows() == [record for record, _ in expected]
    assert records.count() == len(some)
    assert all(type(record.cold_start) is bool for record in records.rows())


@given(kept, st.sampled_from([None, "a", "b", "c"]), st.integers(0, 5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_records_are_found(
    records: Records, some: list[tuple[InvocationRecord, bytes]], function: str | None, newest: int
) -> None:
    """By function, by request, and the newest of them, oldest first."""
    records.clear()
    for record, log in some:
        records.append(record, log)
    mine = sorted((record for record, _ in some if function in (None, record.function)), key=lambda record: record.started_at)
    assert records.rows(function) == mine
    assert records.rows(function, newest=newest) == mine[len(mine) - min(newest, len(mine)) :]
    for record in mine[:3]:
        assert record in records.rows(function, request_id=record.request_id)
        assert (record, dict(some)[record]) in records.raw_logs(request_id=record.request_id)
    assert records.rows(request_id="nobody's") == []


def test_a_record_is_seen_as_soon_as_it_is_appended(records: Records) -> None:
    """No reader has to wait for the writer's pace."""
    for number in range(20):
        records.append(a_record(number), b"")
        assert records.count() == number + 1
        assert records.rows(newest=1) == [a_record(number)]


def test_clear_forgets_records_and_logs(records: Records, database: Database) -> None:
    """Of one function or of all, stored or just appended; nothing of them stays in any table."""
    for number in range(3):
        records.append(a_record(number), b"mine\n")
        records.append(a_record(number, function="other"), b"other\n")
    records.clear("hello")
    assert [record.function for record in records.rows()] == ["other"] * 3
    assert [log for _, log in records.raw_logs()] == [b"other\n"] * 3
    assert database.execute("select function from environments") == [("other",)]
    records.clear()
    assert records.count() == 0
    assert [database.execute(f"select count(*) from {table}") for table in ("logs", "environments")] == [[(0,)]] * 2


def test_what_an_environment_repeats_is_stored_once(records: Records, database: Database) -> None:
    """Function, version, sizes and log stream are kept by environment, also over several batches."""
    for number in range(4):
        records.append(a_record(number), b"")
        records.append(a_record(number, memory_mb=256), b"")
        records.flush()
    assert database.execute("select memory_mb from environments order by id") in ([(128,), (256,)], [(256,), (128,)])
    assert [record.memory_mb for record in records.rows()] == [128, 256] * 4


@pytest.mark.measures
def test_appending_is_cheap(records: Records) -> None:
    """Less than a microsecond more than to append to a deque."""
    record, plain = a_record(), deque[object]()

    def best(append: object) -> float:
        times = []
        for _ in range(30):
            began = time.perf_counter()
            for _ in range(1_000):
                append(record, b"")  # type: ignore[operator]
            times.append((time.perf_counter() - began) / 1_000)
        return min(times)

    assert best(records.append) - best(lambda record, log: plain.append((record, log))) < 1e-6


# -- processes that die, disks that fill up

KILLED = """
import sys
from pathlib import Path
from jlambda.store.database import Database
from jlambda.store.records import Records
from tests.samples import a_record
records = Records(Database(Path(sys.argv[1])))
for number in range(1_000):
    records.append(a_record(number), b"line %d" % number)
records.flush()
print("flushed", flush=True)
number = 1_000
while True:
    records.append(a_record(number), b"line %d" % number)
    number += 1
"""


def test_a_killed_process_loses_nothing_that_was_flushed(folder: Path, child: Child) -> None:
    """Killed in the midst of writing: whole batches are there, each record with its log, in a sound database."""
    process = child(KILLED, folder)
    assert process.stdout is not None
    assert process.stdout.readline() == "flushed\n"
    process.kill()
    process.wait()
    database = Database(folder)
    found = Records(database).raw_logs()
    assert len(found) >= 1_000
    assert found == [(a_record(number), b"line %d" % number) for number in range(len(found))]
    assert database.execute("pragma integrity_check") == [("ok",)]
    database.close()


FULL = """
import json, resource, signal, sys
from pathlib import Path
from jlambda.errors import StateError
from jlambda.store import database as module
from jlambda.store.records import Records
from tests.samples import a_record

module.RETRY_S = 0.01
database = module.Database(Path(sys.argv[1]))
records = Records(database)
records.append(a_record(0), b"before")
records.flush()
told = []

def attempt(read):
    try:
        return read()
    except StateError as error:
        told.append(str(error))

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # no file may grow beyond this
for number in range(1, 5_000):
    records.append(a_record(number, function="hello" if number % 2 else "other"), b"x" * 100)
first = attempt(records.count)
counts = [attempt(records.count), len(attempt(records.rows)), len(attempt(lambda: records.rows("other")))]
newest = attempt(lambda: records.rows(newest=2)) == [a_record(4_998, function="other"), a_record(4_999)]
logs = sum(len(log) for _, log in attempt(records.raw_logs))
stored = database.execute("select count(*) from records")[0][0]
attempt(lambda: database.write(lambda c: c.execute("insert into functions values ('f', '1', ?)", ("x" * 200_000,))))
if sys.argv[2] == "room again":
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    after = attempt(records.count)
    is_failing = database.is_failing
    records.append(a_record(5_000), b"after")
else:
    after, is_failing = None, database.is_failing
attempt(database.close)
print(json.dumps([told, first, counts, newest, logs, stored, after, is_failing]))
"""


def test_a_full_disk_is_told_once_and_nothing_is_lost(folder: Path, child: Child) -> None:
    """Records wait in memory, reads show them, and they are stored when there is room; a write that fails leaves no half."""
    output, errors = child(FULL, folder, "room again").communicate()
    assert errors == ""
    told, first, counts, newest, logs, stored, after, is_failing = json.loads(output)
    assert first is None
    assert len(told) == 2  # the first read, and the write
    for line in told:
        assert line.startswith(f"{folder / 'state.db'} cannot be written or read (")
        assert line.endswith("make room on the disk, or choose another folder with Session(state=...)")
    assert counts == [5_000, 5_000, 2_499]
    assert (newest, logs) == (True, 6 + 4_999 * 100)
    assert stored == 1
    assert (after, is_failing) == (5_000, False)
    database = Database(folder)
    assert Records(database).count() == 5_001
    assert database.execute("select * from functions") == []
    assert database.execute("pragma integrity_check") == [("ok",)]
    database.close()


def test_records_that_never_find_room_are_told_at_the_end(folder: Path, child: Child) -> None:
    """Closing says how many are lost; what was stored before is sound."""
    output, errors = child(FULL, folder, "full for good").communicate()
    assert errors == ""
    told = json.loads(output)[0]
    assert told[-1].startswith("4999 records could not be saved: ")
    database = Database(folder)
    assert Records(database).raw_logs() == [(a_record(0), b"before")]
    database.close()


def test_clear_forgets_what_waits_in_memory(records: Records, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while nothing can be stored."""
    monkeypatch.setattr("jlambda.store.records._INSERT", "insert into nothing select ?")
    records.append(a_record(0), b"")
    records.append(a_record(1, function="other"), b"")
    with pytest.raises(StateError):
        records.count()
    records.clear("hello")
    assert [record.function for record in records.rows()] == ["other"]
    assert records.count() == 1
    records.clear()
    assert records.rows() == []
    assert not database.is_failing


def test_an_error_type_that_is_no_unicode_does_not_stop_the_others(records: Records) -> None:
    """Half a surrogate pair, which JSON can carry, is replaced."""
    records.append(a_record(0, status="error", error_type="Bad\ud800"), b"")
    records.append(a_record(1), b"")
    assert [record.error_type for record in records.rows()] == ["Bad?", None]


def test_two_sessions_that_read_one_file_agree(records: Records, folder: Path) -> None:
    """Another program may read the records while they are written."""
    records.append(a_record(), b"")
    records.flush()
    other = sqlite3.connect(f"file:{folder / 'state.db'}?mode=ro", uri=True)
    assert other.execute("select count(*) from records").fetchone() == (1,)
    other.close()
