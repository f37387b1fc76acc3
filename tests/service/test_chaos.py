"""Chaos in the queue: events that run twice, the same ones each time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.model.chaos import Chaos
from jlambda.telemetry.chaos import ChaosReport

ECHO = "def handler(event, context):\n    print('did', event)\n    return event\n"
EVENTS = 20


def experiment(folder: Path, seed: int) -> tuple[ChaosReport, jlambda.Session]:
    """Twenty events through chaos, until all of them are over; the session is left closed."""
    with jlambda.Session(folder) as session:
        f = jlambda.deploy(ECHO, name="f")
        f.chaos(duplicates=0.3, kills=0.2, seed=seed)
        handles = [f.submit(number, type="Event") for number in range(EVENTS)]
        session.clock.advance("2 minutes")
        assert session.wait("20 seconds")
        assert {handle.result(0).status for handle in handles} == {"success"}
        return f.chaos(off=True), session


def test_the_same_events_run_twice_each_time(tmp_path: Path) -> None:
    """By the seed and the order of the events, whichever environments run them and when."""
    reports = [experiment(tmp_path / str(number), seed)[0] for number, seed in enumerate((7, 7, 8))]
    seen = [[(e.number, e.event, e.delivered_twice, e.killed, e.runs) for e in report] for report in reports]
    assert seen[0] == seen[1] != seen[2]
    for report, seed in zip(reports, (7, 7, 8), strict=True):
        assert not report.is_on
        assert len(report) == EVENTS
        for event in report:
            assert (event.delivered_twice, event.killed) == Chaos(0.3, 0.2, seed).fate(event.number)
            assert event.runs == 1 + event.delivered_twice + event.killed
            assert event.number == int(event.event) + 1
        assert report.twice == tuple(event for event in report if event.runs > 1)
        assert list(report.frame()["runs"]) == [event.runs for event in report]


def test_what_a_killed_environment_did_stays_done(session: jlambda.Session) -> None:
    """Its handler has run and written its log; the answer is lost, the environment is gone, the event is tried again."""
    f = jlambda.deploy(ECHO, name="f")
    f.chaos(kills=1)
    handle = f.submit("once", type="Event")
    assert session.queue.settle(30)
    (row,) = session.queue.rows()
    assert (row.state, row.attempts, row.reason) == ("retrying", 1, "Runtime.ExitError")
    assert "did once" in "".join(f.logs()["message"])
    assert "signal: killed" in "".join(f.logs()["message"])
    session.clock.advance("1 minute")
    record = handle.result(30)
    assert (record.status, record.attempt, record.cold_start) == ("success", 2, True)
    (event,) = f.chaos()
    assert (event.runs, event.killed, event.delivered_twice) == (2, True, False)


def test_a_duplicate_has_the_same_request_id(session: jlambda.Session) -> None:
    """It is the same attempt of the same event, and its result is the event's."""
    f = jlambda.deploy(ECHO, name="f")
    f.chaos(duplicates=1)
    handle = f.submit({"n": 1}, type="Event")
    assert handle.result(30).attempt == 1
    assert session.invocations()["request_id"].tolist() == [handle.request_id] * 2
    assert [json.loads(event.event) for event in f.chaos().twice] == [{"n": 1}]


def test_chaos_that_is_off_counts_on(session: jlambda.Session) -> None:
    """What was killed before is retried after, and that is a second run; new events are left alone."""
    f = jlambda.deploy(ECHO, name="f")
    f.chaos(kills=1, seed=3)
    f.submit("before", type="Event")
    assert session.queue.settle(30)
    assert f.chaos(off=True).twice == ()
    f.submit("after", type="Event")
    session.clock.advance("1 minute")
    assert session.wait("10 seconds")
    assert [(event.event, event.runs) for event in f.chaos()] == [('"before"', 2)]


def test_other_functions_and_direct_calls_are_left_alone(session: jlambda.Session) -> None:
    """Lambda promises more to who waits for an answer."""
    f, g = (jlambda.deploy(ECHO, name=name) for name in "fg")
    f.chaos(duplicates=1, kills=1)
    assert g.submit(1, type="Event").result(30).status == "success"
    assert f(2) == 2
    assert session.queue.wait(30)
    assert len(session.invocations()) == 2
    assert repr(f.chaos()) == "<ChaosReport f: 0 events, 0 ran more than once>"


def test_a_function_without_chaos_has_no_report(session: jlambda.Session) -> None:
    """The error says how to begin."""
    f = jlambda.deploy(ECHO, name="f")
    for off in (False, True):
        with pytest.raises(InvalidParameter, match="%lambda chaos f --duplicates 0"):
            f.chaos(off=off)
    with pytest.raises(InvalidParameter, match="kills is 2"):
        f.chaos(kills=2)
