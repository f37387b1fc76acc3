"""Decide which environment runs which invocation.

`Scheduler.handle` takes what happened and returns what to do; the engine does it. No processes, clock or locks here:
time arrives on events, and whoever calls holds the session's one scheduler lock.

An invocation that finds no idle environment is bound to the one that is started for it, as on Lambda; a BecameIdle
never has to look for waiting invocations. Provisioned environments take what they can first; what they cannot spills over
to the others. What is provisioned is taken off the concurrency that the others share, used or not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from jlambda.engine.events import (
    Actions,
    Advanced,
    Assign,
    BecameIdle,
    Elapsed,
    Ended,
    Event,
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
from jlambda.engine.lifecycle import State, check_transition

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, TooManyRequestsException
ACCOUNT_LIMIT = "ConcurrentInvocationLimitExceeded"
RESERVED_LIMIT = "ReservedFunctionConcurrentInvocationLimitExceeded"
SCALING_LIMIT = "FunctionInvocationRateLimitExceeded"
# https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html: 1,000 environments every 10 seconds for each
# function, given back continuously, never more than 1,000 at once
SCALING_BURST = 1_000
SCALING_PER_S = 100.0


@dataclass(slots=True)
class _Environment:
    id: int
    version: str
    function: str
    state: State
    idle_since: float = 0.0
    is_provisioned: bool = False


@dataclass(slots=True)
class _Version:
    #: most recently used last
    idle: list[int] = field(default_factory=list)
    #: the same of provisioned ones, and how many of these there should be
    ready: list[int] = field(default_factory=list)
    provisioned: int = 0
    #: how many there are, whatever they do
    ahead: int = 0
    function: str = ""
    is_retired: bool = False


class Allocation(NamedTuple):
    """Provisioned environments of a version: asked for, initialised, and of these not at work."""

    requested: int
    allocated: int
    available: int


@dataclass(slots=True)
class _Scaling:
    """How many environments a function may start now."""

    left: float
    at: float

    def may_start(self, at: float) -> bool:
        self.left = min(float(SCALING_BURST), self.left + max(0.0, at - self.at) * SCALING_PER_S)
        self.at = at
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Scheduler:
    """All environments of a session; changed only by `handle` and the limits.

    `concurrency` is the account's limit on invocations at one time; `reserved` a function's own part of it;
    `keep_alive_s` how long an idle environment stays.
    """

    def __init__(self, concurrency: int, keep_alive_s: float) -> None:
        self.concurrency = concurrency
        self.keep_alive_s = keep_alive_s
        self.reserved: dict[str, int] = {}
        self._all_reserved = 0
        self.environments: dict[int, _Environment] = {}
        self.versions: dict[str, _Version] = {}
        #: invocations running now, by function, but for those in provisioned environments
        self.running: dict[str, int] = {}
        self.unreserved_running = 0
        #: provisioned environments asked for, by function
        self.provisioned: dict[str, int] = {}
        self._unreserved_provisioned = 0
        self._scaling: dict[str, _Scaling] = {}
        self.story: deque[tuple[Event, Actions]] = deque(maxlen=1000)
        self._last_id = 0
        self._handlers: dict[type, Callable[..., Actions]] = {
            Invoked: self._invoked,
            BecameIdle: self._became_idle,
            WasReset: self._was_reset,
            Ended: self._ended,
            Retired: self._retired,
            Elapsed: self._elapsed,
            Advanced: self._advanced,
            Provisioned: self._provision,
            Prepared: self._prepared,
            PreparationFailed: self._preparation_failed,
        }

    def handle(self, event: Event) -> Actions:
        """Take one event, return the actions it calls for, remember both."""
        actions = self._handlers[event.__class__](event)
        self.story.append((event, actions))
        return actions

    def is_resting(self, environment_id: int) -> bool:
        """Whether an environment is there and nobody uses it."""
        environment = self.environments.get(environment_id)
        return environment is not None and environment.state in (State.IDLE, State.RESET)

    def next_expiry(self) -> float | None:
        """The earliest time at which an environment that is idle now will have been idle for too long."""
        since = [e.idle_since for e in self.environments.values() if _can_expire(e)]
        return min(since) + self.keep_alive_s if since else None

    def allocation(self, version: str) -> Allocation:
        """The provisioned environments of a version."""
        it = self.versions.get(version)
        if it is None:
            return Allocation(0, 0, 0)
        ahead = [e for e in self.environments.values() if e.is_provisioned and e.version == version]
        allocated = sum(e.state in (State.IDLE, State.BUSY) for e in ahead)
        return Allocation(it.provisioned, allocated, len(it.ready))

    def _invoked(self, event: Invoked) -> Actions:
        function = event.function
        version = self.versions.get(event.version)
        if version is not None and version.ready:
            environment_id = version.ready.pop()
            self.environments[environment_id].state = State.BUSY
            return (Assign(event.request_id, environment_id),)
        running = self.running.get(function, 0)
        is_reserved = function in self.reserved
        if is_reserved:
            if running >= self.reserved[function] - self.provisioned.get(function, 0):
                return (Throttle(event.request_id, RESERVED_LIMIT),)
        elif self.unreserved_running >= self.concurrency - self._all_reserved - self._unreserved_provisioned:
            return (Throttle(event.request_id, ACCOUNT_LIMIT),)
        if version is None:
            version = self.versions[event.version] = _Version(function=function)
        environment = self.environments[version.idle.pop()] if version.idle else self._new(event)
        if environment is None:
            return (Throttle(event.request_id, SCALING_LIMIT),)
        self.running[function] = running + 1
        if not is_reserved:
            self.unreserved_running += 1
        if environment.state is State.IDLE:
            environment.state = State.BUSY
            return (Assign(event.request_id, environment.id),)
        is_new = environment.state is State.STARTING
        environment.state = State.STARTING
        return (Start(event.request_id, environment.id, is_new),)

    def _new(self, event: Invoked) -> _Environment | None:
        """A new environment, if the function may have one more so soon."""
        scaling = self._scaling.get(event.function)
        if scaling is None:
            scaling = self._scaling[event.function] = _Scaling(float(SCALING_BURST), event.at)
        if not scaling.may_start(event.at):
            return None
        return self._add(event.version, event.function, State.STARTING)

    def _add(self, version: str, function: str, state: State) -> _Environment:
        self._last_id += 1
        is_provisioned = state is State.PREPARING
        if is_provisioned:
            self.versions[version].ahead += 1
        environment = _Environment(self._last_id, version, function, state, is_provisioned=is_provisioned)
        self.environments[self._last_id] = environment
        return environment

    def _provision(self, event: Provisioned) -> Actions:
        version = self.versions.get(event.version)
        if version is None:
            if not event.concurrency:
                return ()
            version = self.versions[event.version] = _Version(function=event.function)
        if version.is_retired:
            return ()
        version.provisioned = event.concurrency
        self._count_provisioned()
        return self._fill_or_drain(event.version, version)

    def _fill_or_drain(self, name: str, version: _Version) -> Actions:
        """Begin as many provisioned environments as are missing, or stop those at rest that are too many."""
        missing = version.provisioned - version.ahead
        if missing > 0:
            made = [self._add(name, version.function, State.PREPARING) for _ in range(missing)]
            return tuple(Prepare(name, environment.id, True) for environment in made)
        surplus = min(-missing, len(version.ready))
        stopped, version.ready = version.ready[:surplus], version.ready[surplus:]
        for environment_id in stopped:
            self._forget(self.environments[environment_id])
        return tuple(Stop(environment_id) for environment_id in stopped)

    def _prepared(self, event: Prepared) -> Actions:
        return self._rest_or_stop(self.environments[event.environment_id], event.at)

    def _preparation_failed(self, event: PreparationFailed) -> Actions:
        """What cannot be initialised is not tried again: the version has none provisioned from here on."""
        environment = self.environments[event.environment_id]
        name = environment.version
        self.versions[name].provisioned = 0
        self._count_provisioned()
        self._forget(environment)
        left = self.versions.get(name)
        others = self._fill_or_drain(name, left) if left is not None else ()
        return (Stop(environment.id), *others)

    def _rest_or_stop(self, environment: _Environment, at: float) -> Actions:
        """A provisioned environment has nothing to do: it waits, unless there are too many of it."""
        version = self.versions[environment.version]
        environment.state = check_transition(environment.id, environment.state, State.IDLE)
        environment.idle_since = at
        if version.ahead > version.provisioned:
            self._forget(environment)
            return (Stop(environment.id),)
        version.ready.append(environment.id)
        return ()

    def _count_provisioned(self) -> None:
        self.provisioned = {}
        for version in self.versions.values():
            if version.provisioned:
                self.provisioned[version.function] = self.provisioned.get(version.function, 0) + version.provisioned
        self._unreserved_provisioned = sum(n for function, n in self.provisioned.items() if function not in self.reserved)

    def _became_idle(self, event: BecameIdle) -> Actions:
        environment = self.environments[event.environment_id]
        if environment.is_provisioned:
            return self._rest_or_stop(environment, event.at)
        return self._finished(environment, State.IDLE, event.at)

    def _was_reset(self, event: WasReset) -> Actions:
        environment = self.environments[event.environment_id]
        if not environment.is_provisioned:
            return self._finished(environment, State.RESET, event.at)
        version = self.versions[environment.version]
        if version.ahead > version.provisioned:
            self._forget(environment)
            return (Stop(environment.id),)
        environment.state = check_transition(environment.id, environment.state, State.PREPARING)
        return (Prepare(environment.version, environment.id, False),)

    def _finished(self, environment: _Environment, state: State, at: float) -> Actions:
        environment.state = check_transition(environment.id, environment.state, state)
        environment.idle_since = at
        self._release(environment.function)
        version = self.versions[environment.version]
        if version.is_retired:
            self._forget(environment)
            return (Stop(environment.id),)
        version.idle.append(environment.id)
        return ()

    def _ended(self, event: Ended) -> Actions:
        environment = self.environments.get(event.environment_id)
        if environment is None:  # we stopped it ourselves
            return ()
        version = self.versions[environment.version]
        if environment.is_provisioned:
            if environment.state is State.IDLE:
                version.ready.remove(environment.id)
            self._forget(environment)
            return self._fill_or_drain(environment.version, version) if not version.is_retired else ()
        if environment.state in (State.STARTING, State.BUSY):
            self._release(environment.function)
        else:
            version.idle.remove(environment.id)
        self._forget(environment)
        return ()

    def _retired(self, event: Retired) -> Actions:
        version = self.versions.get(event.version)
        if version is None:
            return ()
        version.is_retired, version.provisioned = True, 0
        self._count_provisioned()
        idle, version.idle, version.ready = [*version.idle, *version.ready], [], []
        for environment_id in idle:
            self._forget(self.environments[environment_id])
        self._drop_if_drained(event.version)
        return tuple(Stop(environment_id) for environment_id in idle)

    def _elapsed(self, event: Elapsed) -> Actions:
        due = [e for e in self.environments.values() if _can_expire(e) and e.idle_since + self.keep_alive_s <= event.at]
        for environment in due:
            self.versions[environment.version].idle.remove(environment.id)
            self._forget(environment)
        return tuple(Stop(environment.id) for environment in due)

    def _advanced(self, event: Advanced) -> Actions:
        for environment in self.environments.values():
            environment.idle_since -= event.by_s
        for scaling in self._scaling.values():
            scaling.at -= event.by_s
        return ()

    def _release(self, function: str) -> None:
        left = self.running[function] - 1
        if left:
            self.running[function] = left
        else:
            del self.running[function]
        if function not in self.reserved:
            self.unreserved_running -= 1

    def _forget(self, environment: _Environment) -> None:
        check_transition(environment.id, environment.state, State.STOPPED)
        del self.environments[environment.id]
        if environment.is_provisioned:
            self.versions[environment.version].ahead -= 1
        self._drop_if_drained(environment.version)

    def _drop_if_drained(self, name: str) -> None:
        version = self.versions.get(name)
        if version is not None and version.is_retired and all(e.version != name for e in self.environments.values()):
            del self.versions[name]

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Give a function its own part of the account's concurrency; None takes it back."""
        running = self.running.get(function, 0)
        was_reserved = function in self.reserved
        if concurrency is None:
            self.reserved.pop(function, None)
        else:
            self.reserved[function] = concurrency
        self._all_reserved = sum(self.reserved.values())
        if was_reserved and concurrency is None:
            self.unreserved_running += running
        elif not was_reserved and concurrency is not None:
            self.unreserved_running -= running
        self._count_provisioned()

    def validate(self) -> None:
        """Assert what must hold after every event; tests call it."""
        told = f"{self!r}\n" + "\n".join(map(repr, list(self.story)[-20:]))
        waiting = [i for v in self.versions.values() for i in v.idle]
        assert len(waiting) == len(set(waiting)), told
        ordinary = [e for e in self.environments.values() if not e.is_provisioned]
        resting = {e.id for e in ordinary if e.state in (State.IDLE, State.RESET)}
        assert set(waiting) == resting, told
        ready = {i for v in self.versions.values() for i in v.ready}
        ahead = [e for e in self.environments.values() if e.is_provisioned]
        assert ready == {e.id for e in ahead if e.state is State.IDLE}, told
        assert not [e for e in ahead if e.state in (State.STARTING, State.RESET)], told
        for name, version in self.versions.items():
            have = sum(e.version == name for e in ahead)
            assert have == version.ahead, told
            at_work = sum(e.version == name and e.state is not State.IDLE for e in ahead)
            assert version.provisioned <= have <= max(version.provisioned, at_work), told
        working = [e for e in ordinary if e.state in (State.STARTING, State.BUSY)]
        for function in {e.function for e in self.environments.values()} | set(self.running):
            assert self.running.get(function, 0) == sum(e.function == function for e in working), told
        assert self.unreserved_running == sum(e.function not in self.reserved for e in working), told
        assert all(e.version in self.versions for e in self.environments.values()), told

    def __repr__(self) -> str:
        count = dict.fromkeys(State, 0)
        for environment in self.environments.values():
            count[environment.state] += 1
        return (
            f"<Scheduler {count[State.BUSY]} busy, {count[State.STARTING]} starting, "
            f"{count[State.IDLE]} idle, {count[State.RESET]} reset>"
        )


def _can_expire(environment: _Environment) -> bool:
    """Whether nobody uses it, and nobody has asked for it to be there."""
    return environment.state in (State.IDLE, State.RESET) and not environment.is_provisioned
