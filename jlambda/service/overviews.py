"""Make overviews of a session: what is deployed, what the environments do, what waits, and what was counted.

Remembers what it made, and makes anew only what has changed.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from jlambda.engine.board import IDLE, INIT
from jlambda.engine.engine import Engine
from jlambda.engine.running import EnvironmentState
from jlambda.errors import ResourceNotFound
from jlambda.model import function_state
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import PROVISIONED
from jlambda.service.control import ControlPlane
from jlambda.service.event_queue import EventQueue
from jlambda.store.queue_schema import DEAD, RETRYING, RUNNING, WAITING
from jlambda.telemetry.overview import EnvironmentOverview, FunctionOverview, Overview, Phase, QueueOverview
from jlambda.telemetry.tally import Counts, Tally

#: to count the queue takes longer the more there is in it; it is done so seldom that it takes this part of the time at most
_QUEUE_PART = 0.02
_NOTHING = Counts()


class Overviews:
    """The overviews of one session. One thread at a time."""

    def __init__(self, engine: Engine, control: ControlPlane, queue: EventQueue) -> None:
        self._engine, self._control, self._queue = engine, control, queue
        self._configurations: dict[str, FunctionConfiguration] | None = None
        self._functions: dict[str, FunctionOverview] = {}
        self._revisions: Counter[str] = Counter()
        self._environments: dict[EnvironmentState, EnvironmentOverview] = {}
        self._queued, self._queue_due = QueueOverview(), 0.0

    def forget(self) -> None:
        """Whatever may have changed: look at all functions anew."""
        self._configurations = None
        self._functions = {}

    def changed(self, names: Iterable[str]) -> None:
        """These functions were made, changed or deleted, or what belongs to them was."""
        self._revisions.update(names := set(names))
        if self._configurations is None:
            return
        for name in names:
            self._functions.pop(name, None)
            try:
                self._configurations[name] = self._control.get(name)
            except ResourceNotFound:
                self._configurations.pop(name, None)

    def make(self, tally: Tally, now: float) -> Overview:
        """What there is to see at `now`."""
        return Overview(
            now,
            self._all_functions(tally, now),
            self._all_environments(),
            self.queue(),
            tally.recent(),
            tally.seconds(now),
            tally.minute(now),
            tally.cost_today_usd(now),
            tally.cost_month_usd(now),
        )

    def _all_functions(self, tally: Tally, now: float) -> tuple[FunctionOverview, ...]:
        if self._configurations is None:
            self._configurations = {each.name: each for each in self._control.list()}
        made = self._functions
        for name, configuration in self._configurations.items():
            counts = tally.functions.get(name, _NOTHING)
            before = made.get(name)
            if before is None or configuration.pending or (before.invocations, before.throttles) != counts.told:
                shown = _function(configuration, counts, self._revisions[name], now)
                if shown != before:
                    made[name] = shown
        return tuple(made[name] for name in sorted(self._configurations))

    def _all_environments(self) -> tuple[EnvironmentOverview, ...]:
        before = self._environments
        self._environments = {it: before.get(it) or _environment(it) for it in self._engine.environments()}
        return tuple(sorted(self._environments.values(), key=lambda it: (it.function, it.version)))

    def queue(self) -> QueueOverview:
        """The queue, as it was counted last."""
        began = time.monotonic()
        if began >= self._queue_due:
            counts = self._queue.counts()
            waiting, running, retrying, dead = (counts.get(state, 0) for state in (WAITING, RUNNING, RETRYING, DEAD))
            found = QueueOverview(waiting, running, retrying, dead, self._queue.oldest_accepted_at())
            if found != self._queued:
                self._queued = found
            ended = time.monotonic()
            self._queue_due = ended + (ended - began) / _QUEUE_PART
        return self._queued


def _function(it: FunctionConfiguration, counts: Counts, revision: int, now: float) -> FunctionOverview:
    told = function_state.state_members(function_state.at(it, now))
    return FunctionOverview(
        it.name,
        it.runtime,
        it.memory_mb,
        it.version,
        told["State"],
        told.get("LastUpdateStatus", ""),
        it.origin,
        it.last_modified,
        revision,
        counts.invocations,
        counts.errors,
        counts.throttles,
        counts.cost_usd,
    )


def _environment(it: EnvironmentState) -> EnvironmentOverview:
    phase: Phase = "busy"
    if it.phase == INIT:
        phase = "starting"
    elif it.phase == IDLE:
        phase = "frozen" if it.is_frozen else "idle"
    version = it.log_stream.partition("[")[2].partition("]")[0]
    return EnvironmentOverview(it.log_stream[-32:], it.function, version, phase, it.initialization == PROVISIONED)
