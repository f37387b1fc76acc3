"""The session's clock: in which order what is due happens, over random histories and on a real session."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.service.clock import Clock, next_step
from jlambda.store.database import Database

START = 1_700_000_000.0
Times = list[tuple[float, float | None]]


class Calendar:
    """Things due at times; each may bring another about, so many seconds after it has run."""

    def __init__(self, clock: Clock, times: Times, ran: list[float]) -> None:
        self.left = [(START + at, after) for at, after in times]
        self.clock, self.ran = clock, ran
        clock.add("things", self)

    def next_due(self) -> float | None:
        return min((at for at, _ in self.left), default=None)

    def run_due(self, now: float) -> None:
        assert now == self.clock.now()
        due = sorted((each for each in self.left if each[0] <= now), key=lambda each: each[0])
        for each in due:
            at, after = each
            self.left.remove(each)
            self.ran.append(at)
            if after is not None:
                self.left.append((at + after, None))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database for clocks."""
    database = Database(tmp_path_factory.mktemp("clock"))
    yield database
    database.close()


def clock_of(database: Database) -> Clock:
    """A clock that shows `START`, where real time stands still."""
    clock = Clock(database, lambda: START)
    clock.start_over()
    return clock


times = st.lists(st.tuples(st.integers(0, 100).map(float), st.none() | st.integers(1, 50).map(float)), max_size=8)


@given(st.lists(times, min_size=1, max_size=3), st.lists(st.integers(0, 90), min_size=1, max_size=4))
def test_what_is_due_happens_in_order_of_time(kept: Database, calendars: list[Times], spans: list[int]) -> None:
    """All that is due by then, what that brings about included, and nothing later; in one go or in several."""
    clock = clock_of(kept)
    ran: list[float] = []
    made = [Calendar(clock, each, ran) for each in calendars]
    for span in spans:
        clock.advance(span)
        left = [at for calendar in made for at, _ in calendar.left]
        assert all(at > clock.now() for at in left)
    assert clock.now() == START + sum(spans)
    assert ran == sorted(ran)
    every = [START + at for each in calendars for at, _ in each]
    every += [START + at + after for each in calendars for at, after in each if after is not None]
    assert sorted(ran) == sorted(at for at in every if at <= clock.now())


@given(st.lists(st.none() | st.floats(0, 100)), st.floats(0, 100))
def test_the_earliest_has_its_turn(dues: list[float | None], target: float) -> None:
    """Of two at one time the first; nobody after the target."""
    i = next_step(dues, target)
    by_target = [at for at in dues if at is not None and at <= target]
    assert (i is None) == (not by_target)
    if i is not None:
        assert dues[i] == min(by_target)
        assert dues.index(dues[i]) == i


def test_what_cannot_be_done_does_not_hold_time_up(kept: Database) -> None:
    """Something that stays due is asked once; the others have their turn."""

    class Stuck:
        asked = 0

        def next_due(self) -> float:
            return START + 5

        def run_due(self, _: float) -> None:
            self.asked += 1

    clock, stuck = clock_of(kept), Stuck()
    ran: list[float] = []
    clock.add("stuck", stuck)
    Calendar(clock, [(10, None)], ran)
    clock.advance("1 minute")
    assert (stuck.asked, ran, clock.now()) == (1, [START + 10], START + 60)


def test_a_step_is_finished_before_the_next(kept: Database) -> None:
    """Whoever began something is given the time that is left, in real seconds, to finish it."""
    clock = clock_of(kept)
    ran: list[float] = []
    calendar = Calendar(clock, [(10, None), (20, None)], ran)
    given_s: list[tuple[int, float]] = []
    clock.add("begun", calendar, lambda seconds: given_s.append((len(ran), seconds)))
    clock.advance(30)
    clock.advance(1)
    assert given_s == [(1, 30), (2, 30)]
    Calendar(clock, [(31, None)], ran)
    clock.advance(0)
    assert given_s[-1] == (3, 5)


def test_time_stands_still_while_a_step_is_taken(kept: Database) -> None:
    """However long that takes for real; what follows from it is due as if it had taken no time. It never goes back."""
    real = [START]
    clock = Clock(kept, lambda: real[0])
    clock.start_over()
    seen: list[float] = []

    class Slow(Calendar):
        def run_due(self, now: float) -> None:
            super().run_due(now)
            real[0] += 25
            seen.append(self.clock.now())

    slow = Slow(clock, [(10, 20.0)], [])
    clock.advance(60)
    assert seen == [START + 10, START + 30]
    assert clock.now() == START + 60
    assert clock.offset_s == 10
    slow.left = [(START + 60, None)]
    clock.advance(2)
    assert (clock.now(), clock.offset_s) == (START + 85, 10)
    real[0] += 1
    assert clock.now() == START + 86


def test_sleepers_are_told_of_each_leap(kept: Database) -> None:
    """Once the clock shows the new time."""
    clock = clock_of(kept)
    told: list[tuple[float, float]] = []
    clock.listen(lambda seconds: told.append((seconds, clock.now())))
    Calendar(clock, [(10, None)], [])
    clock.advance(30)
    assert told == [(10, START + 10), (20, START + 30)]


def test_time_goes_forward_only(kept: Database) -> None:
    """And not beyond what a calendar has."""
    clock = clock_of(kept)
    with pytest.raises(InvalidParameter, match="forward only"):
        clock.advance("-2m")
    with pytest.raises(InvalidParameter, match="9999"):
        clock.advance(1e15)
    assert clock.offset_s == 0


def test_the_offset_is_kept(tmp_path: Path) -> None:
    """A session that is opened again goes on in the time that it had."""
    with jlambda.Session(tmp_path) as session:
        assert repr(session.clock.advance("2 minutes")).endswith("UTC, 2 minutes ahead>")
    with jlambda.Session(tmp_path) as session:
        assert session.clock.offset_s == pytest.approx(120, abs=1)
        assert jlambda.clock is session.clock
        session.reset()
        assert session.clock.offset_s == 0


def test_idle_environments_end_when_their_time_has_come(session: jlambda.Session) -> None:
    """Warm until the keep-alive time is over by the session's clock; then the next call is a cold start."""
    function = jlambda.deploy("def handler(event, context): return event", name="f")
    assert function.invoke().record.cold_start
    assert [name for name, _ in session.clock.upcoming()] == ["idle environments end"]
    session.clock.advance(session.keep_alive_s - 60)
    assert not function.invoke().record.cold_start
    session.clock.advance(session.keep_alive_s - 60)
    assert not function.invoke().record.cold_start
    session.clock.advance(session.keep_alive_s + 1)
    assert function.invoke().record.cold_start


def test_a_function_at_work_is_not_moved(session: jlambda.Session) -> None:
    """Neither its deadline nor its duration: an hour that leaps over it is not its own."""
    source = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return context.get_remaining_time_in_millis()"
    function = jlambda.deploy(source, name="f", timeout=3)
    function()
    future = function.submit()
    session.clock.advance("1 hour")
    assert 0 < future.result() <= 2_500
    assert function.invocations()["duration_ms"].max() < 3_000


def test_two_threads_advance_one_after_the_other(kept: Database) -> None:
    """Both spans count."""
    clock = clock_of(kept)
    ran: list[float] = []
    Calendar(clock, [(at, None) for at in range(1, 120)], ran)
    threads = [threading.Thread(target=clock.advance, args=(60,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == START + 120
    assert ran == sorted(ran)
