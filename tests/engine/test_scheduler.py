"""The scheduler, by example and over random histories."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from jlambda.engine.events import (
    Advanced,
    Assign,
    BecameIdle,
    Elapsed,
    Ended,
    Invoked,
    PreparationFailed,
    Prepare,
    Prepared,
    Provisioned,
    Retired,
    Start,
    Stop,
    Throttle,
    WasReset,
)
from jlambda.engine.scheduler import ACCOUNT_LIMIT, RESERVED_LIMIT, SCALING_LIMIT, Scheduler
from jlambda.errors import EngineError


def invoked(request_id: str, at: float = 0.0, version: str = "f:1", function: str = "f") -> Invoked:
    """An invocation of version 1 of f, unless said otherwise."""
    return Invoked(request_id, version, function, at)


@pytest.fixture
def scheduler() -> Scheduler:
    """A scheduler allowed two invocations at one time."""
    return Scheduler(concurrency=2, keep_alive_s=600)


def test_first_invocation_starts_an_environment(scheduler: Scheduler) -> None:
    """With nothing idle, an invocation is bound to a new environment."""
    assert scheduler.handle(invoked("r1")) == (Start("r1", 1, is_new=True),)
    assert repr(scheduler) == "<Scheduler 0 busy, 1 starting, 0 idle, 0 reset>"


def test_most_recently_used_environment_is_reused(scheduler: Scheduler) -> None:
    """Of the idle environments the one that was busy last is taken."""
    for request_id in ("r1", "r2"):
        scheduler.handle(invoked(request_id))
    scheduler.handle(BecameIdle(2, 1))
    scheduler.handle(BecameIdle(1, 2))
    assert scheduler.handle(invoked("r3", 3)) == (Assign("r3", 1),)
    assert scheduler.handle(invoked("r4", 3)) == (Assign("r4", 2),)


def test_over_the_account_limit_is_throttled(scheduler: Scheduler) -> None:
    """The account's concurrency counts invocations of all functions together."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(invoked("r2", version="g:1", function="g"))
    assert scheduler.handle(invoked("r3")) == (Throttle("r3", ACCOUNT_LIMIT),)
    scheduler.handle(BecameIdle(1, 1))
    assert scheduler.handle(invoked("r4")) == (Assign("r4", 1),)


def test_reserved_concurrency_is_the_functions_own(scheduler: Scheduler) -> None:
    """A reservation limits its function, across versions, and takes from the others."""
    scheduler.reserve("f", 1)
    scheduler.handle(invoked("r1"))
    assert scheduler.handle(invoked("r2", version="f:2")) == (Throttle("r2", RESERVED_LIMIT),)
    scheduler.handle(invoked("r3", version="g:1", function="g"))
    assert scheduler.handle(invoked("r4", version="g:1", function="g")) == (Throttle("r4", ACCOUNT_LIMIT),)


def test_reserving_nothing_throttles_everything(scheduler: Scheduler) -> None:
    """Reserved concurrency 0 switches a function off."""
    scheduler.reserve("f", 0)
    assert scheduler.handle(invoked("r1")) == (Throttle("r1", RESERVED_LIMIT),)
    scheduler.reserve("f", None)
    assert scheduler.handle(invoked("r2")) == (Start("r2", 1, is_new=True),)


def test_a_reset_environment_is_initialised_anew(scheduler: Scheduler) -> None:
    """After its process was lost, the next invocation is a cold start in the same sandbox."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(WasReset(1, 1))
    assert scheduler.handle(invoked("r2", 2)) == (Start("r2", 1, is_new=False),)


def test_idle_environments_expire(scheduler: Scheduler) -> None:
    """An environment that was idle for the keep-alive time is stopped; not one moment earlier."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(BecameIdle(1, 10))
    assert scheduler.next_expiry() == 610
    assert scheduler.handle(Elapsed(609.9)) == ()
    assert scheduler.handle(Elapsed(610)) == (Stop(1),)
    assert scheduler.handle(invoked("r2", 700)) == (Start("r2", 2, is_new=True),)


def test_time_that_was_leapt_over_counts(scheduler: Scheduler) -> None:
    """An idle environment expires as much earlier, and a function may start as many more."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(BecameIdle(1, 10))
    scheduler.handle(Advanced(400))
    assert scheduler.next_expiry() == 210
    assert scheduler.handle(Elapsed(210)) == (Stop(1),)


def test_a_retired_version_drains(scheduler: Scheduler) -> None:
    """Idle environments of a replaced version stop at once, busy ones when they are done."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(invoked("r2"))
    scheduler.handle(BecameIdle(1, 1))
    assert scheduler.handle(Retired("f:1", 2)) == (Stop(1),)
    assert scheduler.handle(BecameIdle(2, 3)) == (Stop(2),)
    assert not scheduler.environments
    assert not scheduler.versions


def test_an_environment_that_ended_frees_its_concurrency(scheduler: Scheduler) -> None:
    """A busy environment that is gone counts no longer; one we do not know is no matter."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(Ended(1, 1))
    scheduler.handle(Ended(99, 1))
    assert scheduler.running == {}
    assert scheduler.next_expiry() is None


def test_an_environment_never_runs_two(scheduler: Scheduler) -> None:
    """A second end of the same invocation is refused, with the environment's name."""
    scheduler.handle(invoked("r1"))
    scheduler.handle(BecameIdle(1, 1))
    with pytest.raises(EngineError, match="environment 1 cannot go from IDLE to IDLE"):
        scheduler.handle(BecameIdle(1, 2))
    assert isinstance(scheduler.story[-1][0], BecameIdle)


def test_a_function_scales_by_a_thousand_every_ten_seconds() -> None:
    """A burst of 1,000 environments, then 100 more each second; another function has its own."""
    scheduler = Scheduler(concurrency=5_000, keep_alive_s=600)

    def start(function: str, at: float) -> object:
        return scheduler.handle(Invoked("r", f"{function}:1", function, at))[0]

    assert all(isinstance(start("f", 0), Start) for _ in range(1_000))
    assert start("f", 0) == Throttle("r", SCALING_LIMIT)
    assert isinstance(start("g", 0), Start)
    assert sum(isinstance(start("f", 1.0), Start) for _ in range(200)) == 100
    scheduler.handle(BecameIdle(1, 1))
    assert start("f", 1.0) == Assign("r", 1)
    scheduler.validate()


# -- provisioned concurrency -----------------------------------------------------------------------


def provisioned(scheduler: Scheduler, concurrency: int, version: str = "f:1") -> None:
    """Have environments of version 1 of f initialised ahead, and ready."""
    for action in scheduler.handle(Provisioned(version, version[0], concurrency, 0)):
        assert isinstance(action, Prepare)
        scheduler.handle(Prepared(action.environment_id, 1))


def test_provisioned_environments_are_begun_at_once(scheduler: Scheduler) -> None:
    """They are allocated when their init phase is over, and available while they wait."""
    assert scheduler.handle(Provisioned("f:1", "f", 2, 0)) == (Prepare("f:1", 1, True), Prepare("f:1", 2, True))
    assert scheduler.allocation("f:1") == (2, 0, 0)
    scheduler.handle(Prepared(1, 1))
    assert scheduler.allocation("f:1") == (2, 1, 1)
    assert scheduler.handle(invoked("r1")) == (Assign("r1", 1),)
    assert scheduler.allocation("f:1") == (2, 1, 0)


def test_what_provisioned_environments_cannot_take_spills_over() -> None:
    """One more than there are provisioned is an ordinary cold start; the next goes to a provisioned one again."""
    scheduler = Scheduler(concurrency=10, keep_alive_s=600)
    provisioned(scheduler, 1)
    assert scheduler.handle(invoked("r1")) == (Assign("r1", 1),)
    assert scheduler.handle(invoked("r2")) == (Start("r2", 2, is_new=True),)
    scheduler.handle(BecameIdle(2, 1))
    scheduler.handle(BecameIdle(1, 2))
    assert scheduler.handle(invoked("r3")) == (Assign("r3", 1),)
    assert scheduler.running == {}


def test_provisioned_concurrency_is_taken_off_what_others_share(scheduler: Scheduler) -> None:
    """Used or not: with one of two provisioned for f, g can have one."""
    provisioned(scheduler, 1)
    scheduler.handle(invoked("r1", version="g:1", function="g"))
    assert scheduler.handle(invoked("r2", version="g:1", function="g")) == (Throttle("r2", ACCOUNT_LIMIT),)
    assert scheduler.handle(invoked("r3")) == (Assign("r3", 1),)


def test_provisioned_concurrency_is_part_of_what_is_reserved(scheduler: Scheduler) -> None:
    """Reserved 1 and provisioned 1 on version 1: $LATEST is throttled, version 1 runs. (Recorded on AWS.)"""
    scheduler.reserve("f", 1)
    provisioned(scheduler, 1)
    assert scheduler.handle(invoked("r1", version="f:$LATEST")) == (Throttle("r1", RESERVED_LIMIT),)
    assert scheduler.handle(invoked("r2")) == (Assign("r2", 1),)
    assert scheduler.handle(invoked("r3")) == (Throttle("r3", RESERVED_LIMIT),)


def test_a_provisioned_environment_that_is_lost_is_replaced(scheduler: Scheduler) -> None:
    """Its process: initialised again, ahead of the next invocation. Itself: another is begun."""
    provisioned(scheduler, 1)
    scheduler.handle(invoked("r1"))
    assert scheduler.handle(WasReset(1, 2)) == (Prepare("f:1", 1, False),)
    scheduler.handle(Prepared(1, 3))
    assert scheduler.handle(Ended(1, 4)) == (Prepare("f:1", 2, True),)


def test_provisioned_environments_do_not_expire(scheduler: Scheduler) -> None:
    """They stay until they are taken back; one at work ends when it has finished."""
    provisioned(scheduler, 2)
    assert scheduler.next_expiry() is None
    assert scheduler.handle(Elapsed(10_000)) == ()
    scheduler.handle(invoked("r1"))
    assert scheduler.handle(Provisioned("f:1", "f", 0, 0)) == (Stop(1),)
    assert scheduler.handle(BecameIdle(2, 1)) == (Stop(2),)
    assert scheduler.environments == {}


def test_what_cannot_be_initialised_is_not_tried_for_ever(scheduler: Scheduler) -> None:
    """One failure takes the whole provision back."""
    scheduler.handle(Provisioned("f:1", "f", 2, 0))
    scheduler.handle(Prepared(1, 1))
    assert scheduler.handle(PreparationFailed(2, 1)) == (Stop(2), Stop(1))
    assert scheduler.allocation("f:1") == (0, 0, 0)
    assert scheduler.handle(invoked("r1")) == (Start("r1", 3, is_new=True),)


def test_a_deleted_version_loses_what_it_had_provisioned(scheduler: Scheduler) -> None:
    """What is being initialised stops once it is."""
    scheduler.handle(Provisioned("f:1", "f", 2, 0))
    scheduler.handle(Prepared(1, 1))
    assert scheduler.handle(Retired("f:1", 2)) == (Stop(1),)
    assert scheduler.handle(Prepared(2, 3)) == (Stop(2),)
    assert scheduler.handle(Provisioned("f:1", "f", 0, 4)) == ()


class Histories(RuleBasedStateMachine):
    """Any history of invocations, ends, resets, losses, redeployments and passing time."""

    working: Bundle[int] = Bundle("working")

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler(concurrency=4, keep_alive_s=50)
        self.at = 0.0
        self.in_use: dict[int, str] = {}
        self.stopped: set[int] = set()
        self.preparing: set[int] = set()
        self.provisioned: set[int] = set()
        self.requests = 0

    def carry_out(self, actions: tuple[object, ...]) -> None:
        """Note the stops and preparations, as an engine would."""
        for action in actions:
            if isinstance(action, Prepare):
                assert action.is_new == (action.environment_id not in self.provisioned)
                assert action.environment_id not in self.in_use | dict.fromkeys(self.preparing | self.stopped, "")
                self.preparing.add(action.environment_id)
                self.provisioned.add(action.environment_id)
                continue
            assert isinstance(action, Stop)
            assert action.environment_id not in self.in_use
            assert action.environment_id not in self.stopped
            self.stopped.add(action.environment_id)

    @rule(target=working, function=st.sampled_from("fg"), version=st.integers(1, 2))
    def invoke(self, function: str, version: int) -> int:
        """A caller comes: it gets exactly one environment that nobody has, or a throttle."""
        self.requests += 1
        request_id = f"r{self.requests}"
        (action,) = self.scheduler.handle(Invoked(request_id, f"{function}:{version}", function, self.at))
        if isinstance(action, Throttle):
            ahead = self.scheduler.provisioned
            reserved = self.scheduler.reserved.get(function)
            running = [name for number, name in self.in_use.items() if number not in self.provisioned]
            if reserved is not None:
                assert running.count(function) >= reserved - ahead.get(function, 0)
            else:
                others = sum(name not in self.scheduler.reserved for name in running)
                taken = sum(count for name, count in ahead.items() if name not in self.scheduler.reserved)
                assert others >= 4 - sum(self.scheduler.reserved.values()) - taken
            return 0
        assert isinstance(action, (Assign, Start))
        assert action.request_id == request_id
        assert action.environment_id not in self.in_use
        assert action.environment_id not in self.stopped | self.preparing
        self.in_use[action.environment_id] = function
        return action.environment_id

    @rule(environment=consumes(working), how=st.sampled_from([BecameIdle, WasReset, Ended]))
    def finish(self, environment: int, how: type[BecameIdle] | type[WasReset] | type[Ended]) -> None:
        """An invocation is over, one way or another."""
        if environment:
            del self.in_use[environment]
            self.carry_out(self.scheduler.handle(how(environment, self.at)))

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        """Time passes, and the engine looks at the clock."""
        self.at += seconds
        self.carry_out(self.scheduler.handle(Elapsed(self.at)))
        following = self.scheduler.next_expiry()
        assert following is None or following > self.at

    @rule(seconds=st.integers(0, 60))
    def leap(self, seconds: int) -> None:
        """The session's clock is moved on: what expires does so as much earlier."""
        before = self.scheduler.next_expiry()
        self.carry_out(self.scheduler.handle(Advanced(seconds)))
        after = self.scheduler.next_expiry()
        assert (after is None) == (before is None)
        if before is not None:
            assert after == pytest.approx(before - seconds)
        self.carry_out(self.scheduler.handle(Elapsed(self.at)))

    @rule(function=st.sampled_from("fg"), version=st.integers(1, 2))
    def redeploy(self, function: str, version: int) -> None:
        """A version is replaced."""
        self.carry_out(self.scheduler.handle(Retired(f"{function}:{version}", self.at)))

    @rule(function=st.sampled_from("fg"), reserved=st.one_of(st.none(), st.integers(0, 2)))
    def reserve(self, function: str, reserved: int | None) -> None:
        """A reservation comes or goes, whatever runs."""
        self.scheduler.reserve(function, reserved)

    @rule(function=st.sampled_from("fg"), version=st.integers(1, 2), concurrency=st.integers(0, 3))
    def provision(self, function: str, version: int, concurrency: int) -> None:
        """Environments are to be initialised ahead, or no longer."""
        self.carry_out(self.scheduler.handle(Provisioned(f"{function}:{version}", function, concurrency, self.at)))

    @rule(has_worked=st.sampled_from([True, True, False]))
    def prepare(self, has_worked: bool) -> None:
        """One of those that were begun ahead is initialised, or cannot be."""
        if self.preparing:
            done = self.preparing.pop()
            event = Prepared(done, self.at) if has_worked else PreparationFailed(done, self.at)
            self.carry_out(self.scheduler.handle(event))

    @invariant()
    def books_add_up(self) -> None:
        """What the scheduler holds is what we hold."""
        self.scheduler.validate()
        assert sum(self.scheduler.running.values()) == sum(number not in self.provisioned for number in self.in_use)


TestHistories = Histories.TestCase


@given(st.lists(st.sampled_from("fgh"), max_size=40), st.integers(0, 10))
def test_never_more_at_one_time_than_allowed(functions: list[str], concurrency: int) -> None:
    """However many come at once, no more environments work than the account allows."""
    scheduler = Scheduler(concurrency, keep_alive_s=1)
    actions = [scheduler.handle(Invoked(f"r{i}", f"{f}:1", f, 0.0))[0] for i, f in enumerate(functions)]
    started = sum(isinstance(action, Start) for action in actions)
    assert started == min(concurrency, len(functions))
