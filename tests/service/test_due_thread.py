"""The thread that carries out what is due: no wake is lost, it follows the clock, and a failure ends nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from jlambda.errors import LambdaError
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.store.database import Database
from tests.conftest import eventually

START = 1_700_000_000.0


class Calendar:
    """Things due at times; `before_sleep` is called when the thread has been told when to come again."""

    def __init__(self, *times: float) -> None:
        self.left = list(times)
        self.ran: list[float] = []
        self.rounds = 0
        self.before_sleep: Callable[[], object] = lambda: None
        self.failure: Exception | None = None

    def next_due(self) -> float | None:
        found = min(self.left, default=None)
        self.before_sleep()
        return found

    def run_due(self, now: float) -> None:
        self.rounds += 1
        if self.failure is not None:
            raise self.failure
        for at in sorted(at for at in self.left if at <= now):
            self.left.remove(at)
            self.ran.append(at)


@pytest.fixture
def clock(database: Database) -> Clock:
    """A clock that moves only where it is told to."""
    return Clock(database, lambda: START)


@pytest.fixture
def begin(clock: Clock) -> Iterator[Callable[[Calendar], DueThread]]:
    """Makes the thread of a calendar; it is closed after the test."""
    made: list[DueThread] = []

    def make(calendar: Calendar) -> DueThread:
        made.append(DueThread("things due", calendar, clock))
        return made[-1]

    yield make
    for thread in made:
        thread.close()


def is_there() -> bool:
    """Whether a thread of these tests runs."""
    return any(thread.name == "jlambda-things-due" for thread in threading.enumerate())


def test_it_is_there_while_there_is_something_to_come(clock: Clock, begin: Callable[[Calendar], DueThread]) -> None:
    """Begun by who wakes it, ended when the last thing is done, begun again by the next."""
    calendar = Calendar(START + 100)
    thread = begin(calendar)
    assert not is_there()
    thread.wake()
    assert thread.settle(20)
    assert is_there()
    clock.advance(100)
    assert eventually(lambda: calendar.ran == [START + 100] and not is_there())
    calendar.left.append(START + 50)
    thread.wake()
    assert eventually(lambda: calendar.ran == [START + 100, START + 50] and not is_there())


def test_a_wake_while_it_is_about_to_sleep_is_not_lost(begin: Callable[[Calendar], DueThread]) -> None:
    """What comes after the next due time was told, and before the sleep begins, is carried out at once."""
    calendar = Calendar(START + 10_000)
    thread = begin(calendar)

    def come_late() -> None:
        calendar.before_sleep = lambda: None
        calendar.left.append(START - 1)
        thread.wake()

    calendar.before_sleep = come_late
    thread.wake()
    assert eventually(lambda: calendar.ran == [START - 1])


def test_a_leap_of_the_clock_while_it_is_about_to_sleep_is_not_lost(
    clock: Clock, begin: Callable[[Calendar], DueThread]
) -> None:
    """The next due time was told by the old time: it looks again."""
    calendar = Calendar(START + 10_000)
    thread = begin(calendar)

    def leap() -> None:
        calendar.before_sleep = lambda: None
        clock.advance(20_000)

    calendar.before_sleep = leap
    thread.wake()
    assert eventually(lambda: calendar.ran == [START + 10_000])


def test_a_wake_while_it_is_about_to_end_is_not_lost(begin: Callable[[Calendar], DueThread]) -> None:
    """There was nothing to come any more, and then there is."""
    calendar = Calendar()
    thread = begin(calendar)

    def come_late() -> None:
        calendar.before_sleep = lambda: None
        calendar.left.append(START)
        thread.wake()

    calendar.before_sleep = come_late
    thread.wake()
    assert eventually(lambda: calendar.ran == [START] and not is_there())


def test_nothing_is_lost_of_what_many_threads_bring(begin: Callable[[Calendar], DueThread]) -> None:
    """Each adds a thing and wakes, over and over, while the thread ends and begins; all of it is carried out."""
    calendar = Calendar()
    thread = begin(calendar)

    def bring(first: int) -> None:
        for number in range(200):
            calendar.left.append(START - first - number)
            thread.wake()

    brought = [threading.Thread(target=bring, args=(1_000 * each,)) for each in range(8)]
    for each in brought:
        each.start()
    for each in brought:
        each.join()
    assert eventually(lambda: len(calendar.ran) == 1_600)
    assert sorted(calendar.ran) == sorted(START - 1_000 * each - number for each in range(8) for number in range(200))


def test_who_settles_waits_for_what_is_due(begin: Callable[[Calendar], DueThread]) -> None:
    """And for nothing where there is nothing to come; not for ever, and not for a thread that is closed."""
    calendar = Calendar(START, START + 100)
    thread = begin(calendar)
    assert thread.settle(0)
    thread.wake()
    assert thread.settle(20)
    assert calendar.ran == [START]
    hold, held = threading.Event(), threading.Event()

    def stay() -> None:
        held.set()
        hold.wait(20)

    calendar.before_sleep = stay
    thread.wake()
    assert held.wait(20)
    assert not thread.settle(0.01)
    thread.leave()
    assert not thread.settle(20)
    hold.set()


def test_a_failure_is_told_once_and_tried_again(
    begin: Callable[[Calendar], DueThread], caplog: pytest.LogCaptureFixture
) -> None:
    """One line for one of ours, a traceback for any other; then all goes on as before."""
    calendar = Calendar(START)
    thread = begin(calendar)
    calendar.failure = LambdaError("the disk is full")
    with caplog.at_level(logging.WARNING, "jlambda"):
        thread.wake()
        assert thread.settle(20)
        assert thread.settle(20)
        assert [(each.message, bool(each.exc_info)) for each in caplog.records] == [("things due: the disk is full", False)]
        calendar.failure = ValueError("odd")
        assert thread.settle(20)
    assert [(each.message, bool(each.exc_info)) for each in caplog.records[1:]] == [("things due: odd", True)]
    calendar.failure = None
    assert eventually(lambda: calendar.ran == [START])  # by itself


def test_one_that_is_closed_begins_nothing(begin: Callable[[Calendar], DueThread]) -> None:
    """It ends while it sleeps, and no wake begins it again."""
    calendar = Calendar(START + 100)
    thread = begin(calendar)
    thread.wake()
    assert thread.settle(20)
    thread.close()
    assert not is_there()
    rounds = calendar.rounds
    thread.wake()
    assert not is_there()
    assert calendar.rounds == rounds
