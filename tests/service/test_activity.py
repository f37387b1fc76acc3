"""Following a session: what is told, what an overview shows, and that nothing is left of it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from itertools import pairwise

import pytest

import jlambda
from jlambda.errors import EngineError, FunctionError
from jlambda.telemetry.overview import Overview
from tests.conftest import eventually

ECHO = "def handler(event, context): return event"
WAITS = """
import socket

def handler(event, context):
    with socket.create_connection(("127.0.0.1", event)) as gate:
        gate.recv(1)
"""


class Seen:
    """A follower: the overviews of all that it was told."""

    def __init__(self, session: jlambda.Session) -> None:
        self._session, self.overviews = session, list[Overview]()
        self.end = session.follow(self._changed)

    def _changed(self) -> None:
        self.overviews.append(self._session.overview())

    def comes(self, wanted: Callable[[Overview], bool]) -> bool:
        """Whether an overview like this is told of in good time."""
        return eventually(lambda: any(map(wanted, self.overviews)))


def activity_threads() -> list[threading.Thread]:
    """The threads that tell followers."""
    return [thread for thread in threading.enumerate() if thread.name == "jlambda-activity"]


def test_what_ran_before_is_counted(session: jlambda.Session) -> None:
    """An overview has the same counts whether somebody follows or not, and those of later invocations on top."""
    function = session.deploy(ECHO, "hello")
    function(1)
    with pytest.raises(FunctionError):
        session.deploy("def handler(event, context): raise ValueError", "bad")()
    alone = session.overview()
    assert [(it.name, it.invocations, it.errors) for it in alone.functions] == [("bad", 1, 1), ("hello", 1, 0)]
    seen = Seen(session)
    assert session.overview().functions == alone.functions
    for number in range(10):
        function(number)
    assert seen.comes(lambda it: it.functions[1].invocations == 11)
    now = session.overview()
    assert now.functions[0] is session.overview().functions[0]
    assert now.cost_today_usd == pytest.approx(sum(it.cost_usd for it in now.functions))
    assert now.recent[0].function == "hello"
    seen.end()
    assert session.overview().functions == now.functions


def test_phases_of_environments_are_told(session: jlambda.Session) -> None:
    """Busy while it runs, frozen when it has answered, gone when the function is."""
    function = session.deploy(WAITS, "waits", timeout=60)
    seen = Seen(session)
    with socket.create_server(("127.0.0.1", 0)) as gate:
        future = function.submit(gate.getsockname()[1])
        assert seen.comes(lambda it: [each.phase for each in it.environments] == ["busy"])
        gate.accept()[0].close()
        future.result()
    assert seen.comes(lambda it: it.functions[0].invocations == 1 and [each.phase for each in it.environments] == ["frozen"])
    function.delete()
    assert seen.comes(lambda it: not it.functions and not it.environments)


def test_functions_and_events_are_told(session: jlambda.Session) -> None:
    """A new setting; an event that waits for its retry, and one that is dead."""
    function = session.deploy("def handler(event, context): raise ValueError", "bad")
    seen = Seen(session)
    function.update(memory=512)
    assert seen.comes(lambda it: it.functions[0].memory_mb == 512)
    function.invoke(1, type="Event")
    assert seen.comes(lambda it: it.queue.retrying == it.queue.depth == 1 and it.queue.oldest_accepted_at is not None)
    session.clock.advance("10 minutes")
    assert seen.comes(lambda it: it.queue.dead == 1 and it.queue.depth == 0 and it.functions[0].errors == 3)


def test_a_reset_starts_over(session: jlambda.Session) -> None:
    """No function and no count is left."""
    session.deploy(ECHO, "hello")()
    seen = Seen(session)
    session.reset()
    session.deploy(ECHO, "hello")
    assert session.overview().functions[0].invocations == 0
    assert seen.comes(lambda it: bool(it.functions) and it.functions[0].invocations == 0)


def test_nothing_is_left_when_nobody_follows(session: jlambda.Session) -> None:
    """One thread for all followers, which ends with the last of them; then nothing is handed on."""
    function = session.deploy(ECHO, "hello")
    seen = [Seen(session), Seen(session)]
    assert len(activity_threads()) == 1
    for each in seen:
        each.end()
        each.end()
    assert eventually(lambda: not activity_threads())
    assert not session.invoker._listeners
    assert session.engine.stirred is None
    assert session.queue.stirred is None
    function()
    assert not session._open().activity._arrived
    third = Seen(session)
    function()
    assert third.comes(lambda it: it.functions[0].invocations == 2)


def test_closing_the_session_ends_it(session: jlambda.Session) -> None:
    """The thread ends with the session, also where a follower closes it."""
    session.deploy(ECHO, "hello")
    told = threading.Event()

    def close() -> None:
        session.close()
        told.set()

    activity = session._open().activity
    session.follow(close)
    assert told.wait(30)
    assert eventually(lambda: not activity_threads())
    with pytest.raises(EngineError):
        activity.follow(close)


def test_a_follower_that_fails_is_told_no_more(session: jlambda.Session, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, once, and the others go on."""
    function = session.deploy(ECHO, "hello")

    def fail() -> None:
        raise RuntimeError("broken view")

    session.follow(fail)
    seen = Seen(session)
    function()
    assert seen.comes(lambda it: it.functions[0].invocations == 1)
    function()
    assert seen.comes(lambda it: it.functions[0].invocations == 2)
    assert [record.exc_text is not None for record in caplog.records if record.name.startswith("jlambda.service")] == [True]


def test_at_most_ten_times_a_second(session: jlambda.Session) -> None:
    """However much runs."""
    function = session.deploy(ECHO, "hello")
    times: list[float] = []
    end = session.follow(lambda: times.append(time.monotonic()))
    began = time.monotonic()
    while time.monotonic() < began + 0.5:
        function()
    end()
    assert times
    assert all(after - before >= 0.09 for before, after in pairwise(times))
