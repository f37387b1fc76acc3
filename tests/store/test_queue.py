"""queue.db: what is put is there, what is taken is marked, what is damaged is set aside."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jlambda.errors import StateError
from jlambda.model.delivery import Delivery
from jlambda.store.event_counts import EventCount
from jlambda.store.queue import Queue
from jlambda.store.queue_schema import DEAD, RETRYING
from jlambda.store.queued_event import Change, QueuedEvent

NOON = 1_795_435_200.0


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """An empty queue."""
    queue = Queue(tmp_path)
    yield queue
    queue.close()


def an_event(number: int, target: str = "f", at: float = NOON, event: bytes = b"{}") -> QueuedEvent:
    """A new event."""
    return QueuedEvent(0, target, f"r{number}", "direct", None, None, at, at, "waiting", 0, 0, 0, None, event)


def test_events_are_taken_in_the_order_in_which_they_are_due(queue: Queue) -> None:
    """Only those of the target, only those that are due, and no event twice."""
    for number, at in ((1, NOON + 2), (2, NOON + 1), (3, NOON + 9)):
        queue.put(an_event(number, at=at))
    queue.put(an_event(4, "g"))
    taken = queue.take("f", NOON + 5, 10)
    assert [event.request_id for event in taken.events] == ["r2", "r1"]
    assert taken.next_due == NOON + 9
    assert queue.take("f", NOON + 5, 10).events == []
    assert queue.counts() == {"running": 2, "waiting": 2}
    assert queue.due() == {"f": NOON + 9, "g": NOON}


def test_what_becomes_of_events(queue: Queue) -> None:
    """Gone, due again with its attempts counted, or dead and kept with the reason."""
    for number in range(3):
        queue.put(an_event(number))
    first, second, third = queue.take("f", NOON, 10).events
    queue.settle(
        [
            Change(first.id),
            Change(second.id, RETRYING, NOON + 60, 1, 0, "ValueError"),
            Change(third.id, DEAD, None, 3, 0, "RetriesExhausted"),
        ]
    )
    rows = {row.request_id: row for row in queue.rows()}
    assert (rows["r1"].state, rows["r1"].due_at, rows["r1"].attempts, rows["r1"].reason) == (
        *("retrying", NOON + 60, 1, "ValueError"),
    )
    assert (rows["r2"].state, rows["r2"].due_at, rows["r2"].reason) == ("dead", None, "RetriesExhausted")
    assert len(rows) == 2
    assert [event.attempts for event in queue.take("f", NOON + 60, 10).events] == [1]


def test_what_ran_when_a_session_ended_is_due_again(tmp_path: Path) -> None:
    """As the same attempt: what had been counted before is kept."""
    queue = Queue(tmp_path)
    queue.put(an_event(1))
    (event,) = queue.take("f", NOON, 1).events
    queue.settle([Change(event.id, RETRYING, NOON + 60, 1, 0, "ValueError")])
    queue.take("f", NOON + 60, 1)
    queue.close()
    queue = Queue(tmp_path)
    assert queue.interrupted == 1
    (again,) = queue.take("f", NOON + 60, 1).events
    assert (again.attempts, again.interruptions, again.event) == (1, 1, b"{}")
    queue.close()


def test_a_damaged_row_is_set_aside_and_the_others_go_on(queue: Queue) -> None:
    """An event whose bytes are no longer those that were accepted is not run."""
    for number in range(3):
        queue.put(an_event(number))
    with sqlite3.connect(queue._file.path) as other:
        other.execute("update events set event = '[]' where request_id = 'r1'")
    other.close()
    taken = queue.take("f", NOON, 10)
    assert [event.request_id for event in taken.events] == ["r0", "r2"]
    assert taken.damaged == [2]
    assert queue.counts() == {"corrupt": 1, "running": 2}


def test_many_threads_share_commits(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of 8 x 100 events are stored, in far fewer transactions; and a turn alone comes in between."""
    batches: list[int] = []
    insert = queue._accepted._store

    def counted(rows: list[object]) -> None:
        batches.append(len(rows))
        insert(rows)  # type: ignore[arg-type]

    monkeypatch.setattr(queue._accepted, "_store", counted)
    together = threading.Barrier(9)

    def send(thread: int) -> None:
        together.wait()
        for number in range(100):
            queue.put(an_event(1000 * thread + number))

    with ThreadPoolExecutor(8) as pool:
        sent = [pool.submit(send, thread) for thread in range(8)]
        together.wait()
        taken = 0
        while not all(each.done() for each in sent):
            taken += len(queue.take("f", NOON, 7).events)
        for each in sent:
            each.result()
    assert sum(batches) == 800
    assert len(batches) < 700
    counts = queue.counts()
    assert (counts.get("running", 0), counts.get("waiting", 0)) == (taken, 800 - taken)


def test_put_later_tells_when_an_event_is_stored(queue: Queue) -> None:
    """Nobody waits, and who is told can read the event."""
    told = threading.Event()
    found: list[object] = []

    def stored(error: Exception | None) -> None:
        with sqlite3.connect(queue._file.path) as other:
            found.extend([error, other.execute("select count(*) from events").fetchone()[0]])
        other.close()
        told.set()

    queue.put_later(an_event(1), stored)
    assert told.wait(30)
    assert found == [None, 1]


def test_a_full_disk_refuses_the_event(queue: Queue) -> None:
    """The caller is told, whether it waits or not, and the event is not there."""
    queue.put(an_event(0))
    pages = queue._file.connection.execute("pragma page_count").fetchone()[0]
    queue._file.connection.execute(f"pragma max_page_count = {pages}")
    big = b'"' + b"x" * 20_000 + b'"'
    with pytest.raises(StateError, match="make room on the disk"):
        queue.put(an_event(1, event=big))
    told: list[Exception | None] = []
    over = threading.Event()

    def refused(error: Exception | None) -> None:
        told.append(error)
        over.set()

    queue.put_later(an_event(2, event=big), refused)
    assert over.wait(30)
    assert isinstance(told[0], StateError)
    queue._file.connection.execute("pragma max_page_count = 1000000")
    queue.put(an_event(3, event=big))
    assert [row.request_id for row in queue.rows()] == ["r0", "r3"]


def test_an_event_waits_for_the_disk_and_what_becomes_of_it_does_not(queue: Queue) -> None:
    """A commit of events is synchronised in full, so that a power failure takes none of them; others are not."""
    statements: list[str] = []
    queue._file.connection.set_trace_callback(statements.append)
    for number in range(2):
        queue.put(an_event(number))
        assert queue._file.connection.execute("pragma synchronous").fetchone() == (2,)
        queue.take("f", NOON, 1)
        assert queue._file.connection.execute("pragma synchronous").fetchone() == (1,)
    inserted = [i for i, statement in enumerate(statements) if statement.startswith("insert")]
    assert [statements[i - 1] for i in inserted] == ["pragma synchronous = full"] * 2


def test_events_that_share_a_commit_share_its_failure(queue: Queue) -> None:
    """Where one of them finds the disk full all are refused, and none is stored."""
    queue.put(an_event(0))
    pages = queue._file.connection.execute("pragma page_count").fetchone()[0]
    queue._file.connection.execute(f"pragma max_page_count = {pages}")
    told: list[Exception | None] = []
    with queue._accepted.alone():  # so that all three are in one transaction
        for number, event in ((1, b"1"), (2, b'"' + b"x" * 20_000 + b'"'), (3, b"3")):
            queue.put_later(an_event(number, event=event), told.append)
    with queue._accepted.alone():
        pass
    assert [type(error) for error in told] == [StateError] * 3
    assert [row.request_id for row in queue.rows()] == ["r0"]


def test_what_becomes_of_an_event_and_what_is_sent_on_is_one(queue: Queue) -> None:
    """Where the result cannot be kept, the event is not over either."""
    queue.put(an_event(0))
    (event,) = queue.take("f", NOON, 1).events
    delivery = Delivery("arn", "OnSuccess", "f", "r0", None, b"{}", "200", "", NOON, NOON)
    with pytest.raises(StateError):
        queue.settle([Change(event.id)], [delivery, delivery._replace(body=None)])  # type: ignore[arg-type]
    assert queue.counts() == {"running": 1}
    queue.settle([Change(event.id)], [delivery])
    assert queue.counts() == {"delivering": 1}
    (kept,) = queue.take_deliveries(NOON, 10)
    assert kept._replace(id=0) == delivery
    queue.postpone(kept, NOON + 5, "later")
    assert [each.attempts for each in queue.take_deliveries(NOON + 5, 10)] == [1]
    queue.give_up(kept._replace(function_arn="arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"), NOON, "gone")
    assert (queue.counts(), queue.take_deliveries(NOON + 9, 10)) == ({"undelivered": 1}, [])
    assert queue.metrics("f", NOON)[-1] == EventCount("f", "DestinationDeliveryFailures", int(NOON))


def test_what_is_counted(queue: Queue) -> None:
    """An event is received once, in the minute in which it was accepted; its age counts each time that it is taken."""
    queue.put(an_event(0))
    queue.put(an_event(1, "f:live"))
    queue.put(an_event(2, "g"))
    (event,) = queue.take("f", NOON + 61.5, 10).events
    queue.take("f:live", NOON + 62.5, 10)
    queue.settle([Change(event.id, RETRYING, NOON + 120, 1)], counts=[EventCount("f", "AsyncEventsDropped", int(NOON))])
    queue.take("f", NOON + 120, 10)
    assert queue.metrics() == [
        EventCount("f", "AsyncEventsDropped", int(NOON), 1),
        EventCount("f", "AsyncEventsReceived", int(NOON), 2),
        EventCount("f", "AsyncEventAge", int(NOON) + 60, 2, 124_000.0, 62_500.0),
        EventCount("f", "AsyncEventAge", int(NOON) + 120, 1, 120_000.0, 120_000.0),
    ]
    assert queue.metrics("g") == []
    assert len(queue.metrics("f", NOON + 60)) == 2


@pytest.mark.parametrize("is_open", [True, False], ids=["while it is used", "before it is opened"])
def test_a_damaged_page_takes_its_own_events_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, is_open: bool
) -> None:
    """What is on other pages goes on; what was on this one stays in the queue by its number, and the damaged file is kept."""
    queue = Queue(tmp_path)
    for number in range(200):
        queue.put(an_event(number, event=b'"' + b"x" * 100 + b'"'))
    queue.take("f", NOON, 20)
    queue.close()
    with open(queue._file.path, "r+b") as file:
        content = file.read()
        at = content.index(b"r100direct") // 4_096 * 4_096
        assert content[at] == 13, "a leaf of a table"  # https://sqlite.org/fileformat2.html#b_tree_pages
        file.seek(at)
        file.write(b"\xff" * 4_096)
    lost = {number for number in range(200) if b"r%ddirect" % number in content[at : at + 4_096]}
    with monkeypatch.context() as patched:
        if is_open:  # nothing of it is read before events are taken
            patched.setattr("jlambda.store.queue._recover", lambda _: 0)
        queue = Queue(tmp_path)
    taken = queue.take("f", NOON, 500).events
    assert len(taken) == len({event.request_id for event in taken}) == 200 - len(lost) - (20 if is_open else 0)
    assert not {f"r{number}" for number in lost} & {event.request_id for event in taken}
    assert 10 < len(lost) < 50
    corrupt = [row for row in queue.rows() if row.state == "corrupt"]
    assert {(row.id, row.target) for row in corrupt} == {(number + 1, "f") for number in lost}
    assert "what could be read goes on, the damaged file is" in caplog.text
    assert (tmp_path / "queue.db.damaged").exists()
    queue.put(an_event(1_000))
    queue.close()
