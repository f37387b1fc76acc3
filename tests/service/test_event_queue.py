"""Asynchronous invocation, from the accepted event to its last attempt, on a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

import jlambda
from jlambda.errors import EngineError, RequestTooLarge, ResourceNotFound
from jlambda.service.event_runner import EventRunner
from tests.conftest import eventually


def test_an_event_runs_and_its_handle_has_the_record(session: jlambda.Session) -> None:
    """The record has the handle's request id, and nothing is left in the queue."""
    f = session.deploy("def handler(event, context): return event", "f")
    handle = f.invoke({"a": 1}, type="Event")
    record = handle.result(30)
    assert (record.request_id, record.status, record.attempt, record.trigger) == (handle.request_id, "success", 1, "direct")
    assert session.queue.counts() == {}


def test_a_failing_function_is_tried_three_times_under_one_request_id(session: jlambda.Session) -> None:
    """One minute and two later; then the event is dead, and the handle has the record of the last attempt."""
    f = session.deploy("def handler(event, context): raise ValueError(event)", "f")
    handle = f.invoke("x", type="Event")
    assert session.queue.settle(30)
    (row,) = session.queue.rows()
    assert (row.state, row.attempts, row.reason) == ("retrying", 1, "ValueError")
    assert row.due_at is not None
    assert 60 <= row.due_at - row.accepted_at < 70
    session.clock.advance(50)
    assert session.queue.rows("f")[0].attempts == 1
    session.clock.advance(20)
    (again,) = session.queue.rows()
    assert again.due_at is not None
    assert 120 <= again.due_at - row.due_at < 130
    assert not handle.done()
    session.clock.advance(120)
    record = handle.result(0)
    assert (record.attempt, record.status, record.request_id) == (3, "error", handle.request_id)
    assert session.invocations()["attempt"].tolist() == [1, 2, 3]
    assert session.invocations()["request_id"].tolist() == [handle.request_id] * 3
    (row,) = session.queue.rows()
    assert (row.state, row.reason, row.attempts) == ("dead", "RetriesExhausted", 3)
    assert session.queue.pending == 0


def test_what_is_pending_is_kept_and_runs_when_the_session_is_opened_again(tmp_path: Path) -> None:
    """With its attempts counted; the handle says so."""
    session = jlambda.Session(tmp_path / "state")
    f = session.deploy("def handler(event, context): raise ValueError", "f")
    handle = f.invoke({}, type="Event")
    assert session.queue.settle(30)
    session.close()
    with pytest.raises(EngineError, match="is kept, and runs when it is opened again"):
        handle.result(0)
    (row,) = session.queue.rows()
    assert (row.state, row.attempts, row.request_id) == ("retrying", 1, handle.request_id)
    session.close()


def test_code_is_resolved_when_an_event_is_delivered(session: jlambda.Session) -> None:
    """A retry runs what is deployed by then."""
    session.deploy("def handler(event, context): raise ValueError", "f")
    handle = session.get("f").invoke({}, type="Event")
    assert session.queue.settle(30)
    session.deploy("def handler(event, context): return 1", "f")
    session.clock.advance(61)
    assert (handle.result(0).status, handle.result(0).attempt) == ("success", 2)


def test_reserved_concurrency_of_zero_ends_an_event_at_once(session: jlambda.Session) -> None:
    """Nothing runs; the record is that of a throttle."""
    f = session.deploy("def handler(event, context): return 1", "f")
    f.reserve(0)
    assert f.invoke({}, type="Event").result(30).status == "throttled"
    assert [(row.state, row.reason, row.attempts) for row in session.queue.rows()] == [("dead", "ZeroReservedConcurrency", 0)]


def test_a_throttled_event_waits_and_runs_in_the_end(session: jlambda.Session) -> None:
    """While all of the function's concurrency is taken by others it backs off, and no attempt is counted."""
    f = session.deploy("import time\ndef handler(event, context): time.sleep(event)", "f", timeout=30)
    f.reserve(1)
    slow = f.submit(2)
    while not session.engine.scheduler.running.get("f"):
        pass
    handle = f.invoke(0, type="Event")
    assert session.queue.settle(30)
    (row,) = session.queue.rows()
    assert (row.state, row.attempts, row.setbacks) == ("retrying", 0, 1)
    slow.result(30)
    session.clock.advance(1)
    assert (handle.result(0).status, handle.result(0).attempt) == ("success", 1)


def test_events_of_a_deleted_function_are_told_of(session: jlambda.Session) -> None:
    """They are dead, and the handle raises."""
    f = session.deploy("def handler(event, context): raise ValueError", "f")
    handle = f.invoke({}, type="Event")
    assert session.queue.settle(30)
    f.delete()
    session.clock.advance(61)
    assert handle.result(0).attempt == 1
    assert [(row.state, row.reason) for row in session.queue.rows()] == [("dead", "FunctionDeleted")]


def test_what_is_refused(session: jlambda.Session) -> None:
    """No such function, more than a megabyte, an invocation type that there is not."""
    f = session.deploy("def handler(event, context): return 1", "f")
    with pytest.raises(ResourceNotFound):
        session.queue.accept("nothing", b"{}")
    with pytest.raises(RequestTooLarge, match="limit 1048576 bytes"):
        f.invoke("x" * 1_048_576, type="Event")
    with pytest.raises(jlambda.LambdaError, match="use RequestResponse or Event"):
        f.invoke({}, type="DryRun")  # type: ignore[call-overload]
    assert session.queue.counts() == {}


def test_events_that_are_over_before_they_are_begun(session: jlambda.Session) -> None:
    """An environment may have answered by the time that the event is sent: that counts as much as any other."""
    session.deploy("def handler(event, context): return event", "f").alias("live", session.get("f").publish().qualifier)
    live = session.get("f:live")
    handles = [live.invoke(number, type="Event") for number in range(300)]
    assert session.queue.settle(30)
    assert {handle.result(0).status for handle in handles} == {"success"}


def test_many_events_of_many_functions(session: jlambda.Session) -> None:
    """Each runs once, and one function's backlog keeps nobody waiting."""
    slow = session.deploy("import time\ndef handler(event, context): time.sleep(0.05)", "slow")
    slow.reserve(1)
    backlog = [slow.invoke({}, type="Event") for _ in range(20)]
    quick = session.deploy("def handler(event, context): return event", "quick")
    handles = [quick.invoke(number, type="Event") for number in range(100)]
    assert {h.result(30).status for h in handles} == {"success"}
    assert not all(h.done() for h in backlog)
    assert session.queue.wait(30)
    assert [h.result(0).status for h in backlog] == ["success"] * 20


def test_a_snapshot_that_has_to_be_made_anew_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    """After reopening, the event of a version with SnapStart waits for its init, and those of others do not."""
    with jlambda.Session(tmp_path / "state") as session:
        source = "import time\ntime.sleep(1)\ndef handler(event, context): return event"
        session.deploy(source, "slow", snap_start=True, timeout=30).publish()
        session.deploy("def handler(event, context): return event", "quick")
    with jlambda.Session(tmp_path / "state") as session:
        slow = session.get("slow:1").invoke(1, type="Event")
        quick = session.get("quick").invoke(2, type="Event")
        assert quick.result(30).status == "success"
        assert not slow.done()
        record = slow.result(30)
        assert (record.status, record.initialization) == ("success", "snap-start")


def test_a_backlog_behind_a_busy_environment_is_no_work(session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """While all of a function's concurrency is at work the queue looks at what waits now and then, not all the time."""
    f = session.deploy("import time\ndef handler(event, context): time.sleep(0.3)", "f")
    f.reserve(1)
    turns: list[float | None] = []
    turn = EventRunner._turn

    def counted(runner: EventRunner) -> float | None:
        turns.append(turn(runner))
        return turns[-1]

    monkeypatch.setattr(EventRunner, "_turn", counted)
    for _ in range(400):
        session.queue.accept("f", b"1")
    assert eventually(lambda: len(session.invocations()) > 2)
    taken = len(session.queue.rows())
    session.close()
    assert taken > 300
    assert len(turns) < 1_000
    assert 0 not in turns
