"""Decide which environment runs which invocation.

`Scheduler.handle` takes what happened and returns what to do; the engine does it. No processes, clock or locks here:
time arrives on events, and whoever calls holds the session's one scheduler lock.

An invocation that finds no idle environment is bound to the one that is started for it, as on Lambda; a BecameIdle
never has to look for waiting invocations.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from jlambda.engine.lifecycle import State, check_transition

# Events are plain slots classes: frozen ones cost 1 us more each on the hot path. Nobody changes them.


@dataclass(slots=True)
class Invoked:
    """A caller wants `request_id` run by a version of a function."""

    request_id: str
    version: str
    function: str
    at: float


@dataclass(slots=True)
class BecameIdle:
    """An environment has finished its invocation, and its process waits for the next one."""

    environment_id: int
    at: float


@dataclass(slots=True)
class WasReset:
    """An environment's process ended (timeout, exit, failed init); its sandbox is left."""

    environment_id: int
    at: float


@dataclass(slots=True)
class Ended:
    """An environment is gone, with its sandbox."""

    environment_id: int
    at: float


@dataclass(slots=True)
class Retired:
    """A version was replaced or deleted: its environments finish what they run, and stop."""

    version: str
    at: float


@dataclass(slots=True)
class Elapsed:
    """Time has passed; environments idle for too long are due."""

    at: float


@dataclass(slots=True)
class Assign:
    """Hand `request_id` to an idle environment."""

    request_id: str
    environment_id: int


@dataclass(slots=True)
class Start:
    """Begin an init phase for `request_id`: in a new environment, or in one that was reset (`is_new` is false)."""

    request_id: str
    environment_id: int
    is_new: bool


@dataclass(slots=True)
class Throttle:
    """Refuse `request_id`; `reason` is AWS's word for why."""

    request_id: str
    reason: str


@dataclass(slots=True)
class Stop:
    """End an environment and its sandbox."""

    environment_id: int


Event = Invoked | BecameIdle | WasReset | Ended | Retired | Elapsed
Action = Assign | Start | Throttle | Stop
Actions = tuple[Action, ...]

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


@dataclass(slots=True)
class _Version:
    #: most recently used last
    idle: list[int] = field(default_factory=list)
    is_retired: bool = False


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
        #: invocations running now, by function
        self.running: dict[str, int] = {}
        self.unreserved_running = 0
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
        since = [e.idle_since for e in self.environments.values() if e.state in (State.IDLE, State.RESET)]
        return min(since) + self.keep_alive_s if since else None

    def _invoked(self, event: Invoked) -> Actions:
        function = event.function
        running = self.running.get(function, 0)
        is_reserved = function in self.reserved
        if is_reserved:
            if running >= self.reserved[function]:
                return (Throttle(event.request_id, RESERVED_LIMIT),)
        elif self.unreserved_running >= self.concurrency - self._all_reserved:
            return (Throttle(event.request_id, ACCOUNT_LIMIT),)
        version = self.versions.get(event.version)
        if version is None:
            version = self.versions[event.version] = _Version()
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
        self._last_id += 1
        environment = _Environment(self._last_id, event.version, event.function, State.STARTING)
        self.environments[self._last_id] = environment
        return environment

    def _became_idle(self, event: BecameIdle) -> Actions:
        return self._finished(self.environments[event.environment_id], State.IDLE, event.at)

    def _was_reset(self, event: WasReset) -> Actions:
        return self._finished(self.environments[event.environment_id], State.RESET, event.at)

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
        if environment.state in (State.STARTING, State.BUSY):
            self._release(environment.function)
        else:
            self.versions[environment.version].idle.remove(environment.id)
        self._forget(environment)
        return ()

    def _retired(self, event: Retired) -> Actions:
        version = self.versions.get(event.version)
        if version is None:
            return ()
        version.is_retired = True
        idle, version.idle = version.idle, []
        for environment_id in idle:
            self._forget(self.environments[environment_id])
        self._drop_if_drained(event.version)
        return tuple(Stop(environment_id) for environment_id in idle)

    def _elapsed(self, event: Elapsed) -> Actions:
        due = [
            e
            for e in self.environments.values()
            if e.state in (State.IDLE, State.RESET) and e.idle_since + self.keep_alive_s <= event.at
        ]
        for environment in due:
            self.versions[environment.version].idle.remove(environment.id)
            self._forget(environment)
        return tuple(Stop(environment.id) for environment in due)

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

    def validate(self) -> None:
        """Assert what must hold after every event; tests call it."""
        told = f"{self!r}\n" + "\n".join(map(repr, list(self.story)[-20:]))
        waiting = [i for v in self.versions.values() for i in v.idle]
        assert len(waiting) == len(set(waiting)), told
        resting = {e.id for e in self.environments.values() if e.state in (State.IDLE, State.RESET)}
        assert set(waiting) == resting, told
        working = [e for e in self.environments.values() if e.state in (State.STARTING, State.BUSY)]
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
