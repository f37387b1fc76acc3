"""`map`: order, concurrency, errors in the middle, and Ctrl-C at any moment."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

import jlambda
from jlambda.errors import FunctionError, InvalidRequestContent
from jlambda.service.fan import HeldInterrupt
from tests.conftest import eventually
from tests.service.records import records

ECHO = "def handler(event, context): return event\n"
SLEEP = "import time\ndef handler(event, context): time.sleep(event); return event\n"


def test_map_keeps_the_order_of_the_events(session: jlambda.Session) -> None:
    """Whatever ends first; events may come from anything that can be iterated over."""
    function = session.deploy(SLEEP, "f")
    times = [0.2, 0.0, 0.1, 0.0, 0.05]
    assert function.map(times, max_concurrency=5) == times
    assert function.map(iter(times)) == times
    assert function.map(t for t in times) == times
    assert function.map([]) == []
    assert len(records(session)) == 15


@pytest.mark.parametrize("most", [1, 3])
def test_map_runs_at_most_so_many_at_one_time(session: jlambda.Session, most: int) -> None:
    """And, where the events last long enough, exactly so many: measured inside the function."""
    source = "import time\ndef handler(event, context):\n    a = time.time(); time.sleep(0.1); return a, time.time()\n"
    spans = session.deploy(source, "f").map(range(4 * most), max_concurrency=most)
    moments = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    running, seen = 0, []
    for _, change in moments:
        running += change
        seen.append(running)
    assert max(seen) == most
    assert len({record.log_stream for record in records(session)}) == most


@pytest.mark.parametrize("most", [0, -1, 1_001, 2.0, "4", True])
def test_a_concurrency_that_cannot_be(session: jlambda.Session, most: int) -> None:
    """One line that says what is allowed."""
    function = session.deploy(ECHO, "f")
    with pytest.raises(
        jlambda.InvalidParameter, match=r"max_concurrency is .*; it must be a whole number from 1 to 1000 invocations"
    ):
        function.map([1], max_concurrency=most)


def test_map_raises_the_first_error_and_begins_no_more(session: jlambda.Session) -> None:
    """What was under way goes on; every invocation that began is recorded."""
    source = "import time\ndef handler(event, context):\n    assert event != 3\n    time.sleep(0.05); return event\n"
    function = session.deploy(source, "f")
    with pytest.raises(FunctionError, match="AssertionError"):
        function.map(range(1_000), max_concurrency=2)
    assert eventually(lambda: not session.engine.scheduler.running)
    kept = records(session)
    assert 4 <= len(kept) <= 6
    assert [record.error_type for record in kept].count("AssertionError") == 1


def test_map_can_return_errors_in_their_places(session: jlambda.Session) -> None:
    """Then nothing is raised, and every event is run."""
    results = session.deploy("def handler(event, context): return 1 / event\n", "f").map([1, 0, 2, 0], return_errors=True)
    assert [results[0], results[2]] == [1, 0.5]
    assert [type(results[i]) for i in (1, 3)] == [FunctionError] * 2
    assert results[1].error_type == "ZeroDivisionError"


def failing_events(after: int, error: BaseException) -> Iterator[object]:
    """Some events, then an error of the one who makes them."""
    yield from range(after)
    raise error


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("after", [0, 1, 20])
def test_an_event_that_fails_loses_no_invocation(session: jlambda.Session, after: int, most: int) -> None:
    """An event in the middle that is not JSON, or cannot be had, ends the map; all that began is recorded."""
    function = session.deploy(ECHO, "f")
    with pytest.raises(InvalidRequestContent):
        function.map([*range(after), {1}, *range(1_000)], max_concurrency=most)
    with pytest.raises(LookupError, match="no more"):
        function.map(failing_events(after, LookupError("no more")), max_concurrency=most)
    assert eventually(lambda: not session.engine.scheduler.running)
    assert eventually(lambda: len(records(session)) == 2 * after)
    assert {record.status for record in records(session)} <= {"success"}


def test_a_map_within_a_maps_events(session: jlambda.Session) -> None:
    """The events of one map may come from another."""
    function = session.deploy(ECHO, "f")
    assert function.map(sum(function.map(range(n))) for n in range(5)) == [0, 0, 1, 3, 6]


def test_events_are_drawn_as_they_are_needed(session: jlambda.Session) -> None:
    """An endless source is fine as long as somebody stops it: events are drawn while others run, not before."""
    drawn = []

    def endless() -> Iterator[int]:
        while True:
            drawn.append(1)
            yield 0 if len(drawn) == 7 else 1

    with pytest.raises(FunctionError, match="ZeroDivisionError"):
        session.deploy("def handler(event, context): return 1 / event\n", "f").map(endless(), max_concurrency=2)
    assert len(drawn) >= 7


# -- Ctrl-C -----------------------------------------------------------------------------------------


def interrupted(act: Callable[[], object], after_s: float) -> None:
    """Run `act` until Ctrl-C comes."""
    timer = threading.Timer(after_s, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        act()
    timer.join()


def has_records(session: jlambda.Session, number: int) -> bool:
    """Whether so many invocations are recorded."""
    return len(records(session)) == number


def test_ctrl_c_ends_the_waiting_not_the_invocation(session: jlambda.Session) -> None:
    """Cold and warm: the call returns at once, the record comes when the function is done."""
    function = session.deploy(SLEEP, "f")
    session.engine.protection()  # what is interrupted before there are environments has not begun
    for number in (1, 2):
        interrupted(lambda: function(1.2), 0.3)
        assert len(records(session)) == number - 1
        assert eventually(partial(has_records, session, number))
        assert records(session)[-1].status == "success"
        assert records(session)[-1].duration_ms > 500
    assert function(0) == 0


def test_ctrl_c_in_a_map(session: jlambda.Session) -> None:
    """What is under way goes on and is recorded, nothing else begins."""
    function = session.deploy(SLEEP, "f")
    interrupted(lambda: function.map([1.5] * 50, max_concurrency=3), 0.7)
    assert records(session) == []
    assert eventually(lambda: len(records(session)) == 3)
    assert {record.status for record in records(session)} == {"success"}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_in_a_busy_map_loses_nothing(session: jlambda.Session) -> None:
    """At whatever moment it comes: as many records as invocations that ran, and every environment is free again."""
    source = "import time\nn = 0\ndef handler(event, context):\n    global n\n    n += 1\n    time.sleep(event)\n    return n\n"
    function = session.deploy(source, "f")
    for repeat in range(12):
        interrupted(lambda: function.map(itertools.repeat(0)), 0.05 + 0.013 * repeat)
    assert eventually(lambda: not session.engine.scheduler.running)
    session.engine.scheduler.validate()
    environments = len(session.engine.scheduler.environments)
    ran = sum(function.map([0.2] * environments, max_concurrency=environments))
    kept = records(session)
    assert len({record.request_id for record in kept}) == len(kept) == ran
    assert {record.status for record in kept} == {"success"}


def test_ctrl_c_while_the_events_are_made(session: jlambda.Session) -> None:
    """Whoever makes events may be interrupted in it, at once."""
    function = session.deploy(ECHO, "f")

    gone_on = list[int]()

    def slow() -> Iterator[int]:
        yield 1
        time.sleep(30)
        gone_on.append(1)
        yield 2

    interrupted(lambda: function.map(slow()), 0.4)
    assert not gone_on
    assert eventually(lambda: len(records(session)) == 1)


def test_a_held_interrupt_is_let_through_once() -> None:
    """It waits for the first good moment, and whoever listened before hears of it."""
    heard: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    try:
        with HeldInterrupt() as held:
            os.kill(os.getpid(), signal.SIGINT)
            assert heard == []
            held.let_through()
            held.let_through()
            assert heard == [signal.SIGINT]
            assert held.during(lambda: os.kill(os.getpid(), signal.SIGINT)) is None
            assert len(heard) == 2
            os.kill(os.getpid(), signal.SIGINT)
        assert len(heard) == 3
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_have_no_interrupts_to_hold(session: jlambda.Session) -> None:
    """A map in a thread leaves the process's signal handlers alone."""
    function = session.deploy(ECHO, "f")
    answers: list[list[object]] = []
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=lambda: answers.append(function.map(range(50))))
    thread.start()
    thread.join()
    assert answers == [list(range(50))]
    assert signal.getsignal(signal.SIGINT) is before
