"""The events of one target, a function or one of its versions or aliases: run by as many environments as it takes.

Carries out what `outcomes` decides. All of it is called from the queue's own thread.
"""

from __future__ import annotations

import os
from collections import deque
from typing import NamedTuple, Protocol

from jlambda.engine.loop import Loop
from jlambda.errors import LambdaError, RecursiveInvocation, ResourceNotFound, Throttled
from jlambda.model.invocation import Outcome, Request
from jlambda.service import outcomes
from jlambda.service.chaos import ChaosExperiments
from jlambda.service.invoke import Finished, Invoker
from jlambda.service.outcomes import Again, Came, Over, Progress, Rules
from jlambda.service.policies import Target
from jlambda.service.version import DeployedVersion
from jlambda.store.queued_event import QueuedEvent

#: where no invocation has ended for so many seconds, the function waits more than it computes: one more environment
_GROW_AFTER_S = 0.05
_NEVER = float("inf")


class EventRequest(Request):
    """A request that an event of the queue has become."""

    queued: QueuedEvent


class Settled(NamedTuple):
    """What an event has come to: again, or over; `finished` is its last invocation, where this was one."""

    event: QueuedEvent
    verdict: Again | Over
    finished: Finished | None


class Surroundings(Protocol):
    """What a lane has from the queue that it is in."""

    loop: Loop
    invoker: Invoker
    chaos: ChaosExperiments

    def now(self) -> float:
        """The session's time."""

    def elapsed(self) -> float:
        """Real seconds since some moment."""

    def take(self, target: str) -> tuple[list[QueuedEvent], float | None]:
        """Events of a target that are due, from here on running, and when its next is due."""

    def is_ready(self, version: DeployedVersion, lane: Lane) -> bool:
        """Whether an environment of a version can be had at once; if not, the lane is told when it can: `go_on`."""

    def resolve(self, target: str) -> Target:
        """What a target is now. Raises `ResourceNotFound`."""

    def settled(self, it: Settled) -> None:
        """Keep what an event has come to."""

    def end_environment(self, log_stream: str) -> None:
        """End an environment that has nothing to do."""

    @property
    def opened_at(self) -> float:
        """When the session was opened."""


class Lane:
    """The events of one target that are due."""

    def __init__(self, target: str, queue: Surroundings) -> None:
        self.target, self._queue = target, queue
        self.ready: deque[QueuedEvent] = deque()
        #: when there may be something in the store
        self.due_at = -_NEVER
        #: environments at work
        self.at_work = 0
        self._most = self._first_most = 2 * (os.cpu_count() or 1)
        self._progressed_at = 0.0
        self._is_throttled = False
        #: for a snapshot to be made
        self._is_waiting = False
        self._failure: Exception | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be done, now or later."""
        return self.is_idle and self.due_at == _NEVER

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self.ready and not self.at_work

    def go_on(self, failure: Exception | None) -> None:
        """What the lane waited for is there, or cannot be had for now."""
        self._is_waiting, self._failure = False, failure

    def wait_s(self, now: float) -> float:
        """After how many seconds `serve` has something to do again, unless something happens before."""
        if self._is_waiting:
            return _NEVER
        # what is due and was not begun has not got an environment yet
        return _GROW_AFTER_S if self.ready or self.due_at <= now else self.due_at - now

    def serve(self) -> None:
        """Begin what is due, as far as there may be environments for it."""
        if self._is_waiting:
            return
        if not self.at_work:
            self._most, self._is_throttled = self._first_most, False
            self._progressed_at = self._queue.elapsed()
        elif self._queue.elapsed() - self._progressed_at > _GROW_AFTER_S:
            self._progressed_at = self._queue.elapsed()
            self._most += 1
            self._is_throttled = False
        while self.at_work < self._most and not self._is_throttled and (event := self.next()) is not None:
            self._begin(event)
            if self._is_waiting:
                return

    def next(self) -> QueuedEvent | None:
        """The next event that is due, None if there is none."""
        if not self.ready and self.due_at <= self._queue.now():
            found, due_at = self._queue.take(self.target)
            self.ready.extend(found)
            self.due_at = _NEVER if due_at is None else due_at
        return self.ready.popleft() if self.ready else None

    def _begin(self, event: QueuedEvent) -> None:
        try:
            target = self._queue.resolve(self.target)
        except ResourceNotFound:
            self.over(event, Over(outcomes.FUNCTION_DELETED, event.attempts))
            return
        failure, self._failure = self._failure, None
        if failure is None and not self._queue.is_ready(target.version, self):
            self.ready.appendleft(event)
            self._is_waiting = True
            return
        request = self.request(event, target)
        if request is None:
            return
        if failure is not None:
            self.refused(event, target, request, failure)
            return
        stream = Stream(self, target)
        self.at_work += 1  # first: it may be over before `serve` returns
        stream.outstanding = 1
        try:
            self._queue.loop.serve(target.version, request, stream)
        except LambdaError as error:
            self.at_work -= 1
            self.refused(event, target, request, error)

    def request(self, event: QueuedEvent, target: Target) -> EventRequest | None:
        """An event as what is sent to an environment, None where it is not to be tried."""
        progress = progress_of(event)
        over = outcomes.before_attempt(progress, target.rules, target.reserved, self._queue.now(), self._queue.opened_at)
        about = event.request_id, event.event, event.trigger, event.attempts + 1
        asked = Request(*about, target.qualifier, event.client_context, None, event.trace_id)
        if over is None:
            try:
                asked = self._queue.invoker.follow(target.version.function, asked)
            except RecursiveInvocation:
                over = Over(outcomes.RECURSIVE_INVOCATION, event.attempts)
        request = EventRequest(*asked)
        request.queued = event
        if over is None:
            self._queue.chaos.begun(target.version.function, request)
            return request
        is_throttled = over.condition == outcomes.ZERO_RESERVED_CONCURRENCY
        self.over(event, over, self._queue.invoker.record_throttle(target.version, request) if is_throttled else None)
        return None

    def refused(self, event: QueuedEvent, target: Target, request: Request, error: Exception) -> None:
        """No environment for an event now: it waits for one of ours, if there are any."""
        is_throttle = isinstance(error, Throttled)
        if is_throttle and self.at_work:
            self.ready.appendleft(event)
            self._is_throttled = True
            return
        finished = self._queue.invoker.record_throttle(target.version, request) if is_throttle else None
        self.came(event, Came.TO_NOTHING, target.rules, finished)

    def came(self, event: QueuedEvent, came: Came, rules: Rules, finished: Finished | None) -> None:
        """An attempt has ended."""
        verdict = outcomes.after_attempt(progress_of(event), came, rules, self._queue.now())
        if isinstance(verdict, Again):
            self.due_at = min(self.due_at, verdict.at)
        self._queue.settled(Settled(event, verdict, finished))

    def over(self, event: QueuedEvent, over: Over, finished: Finished | None = None) -> None:
        """An event is not tried any more."""
        self._queue.settled(Settled(event, over, finished))

    def progressed(self) -> None:
        """An invocation has ended."""
        self._progressed_at = self._queue.elapsed()
        self._is_throttled = False


class Stream:
    """The events of a lane that one environment runs, one after the other: the source of a flight."""

    def __init__(self, lane: Lane, target: Target) -> None:
        self._lane, self._target = lane, target
        #: events that the environment has, or is about to get
        self.outstanding = 0

    def take(self) -> Request | None:
        """The lane's next event, if this environment may still run it: code is resolved when it is delivered."""
        lane, target = self._lane, self._target
        if target.is_drawn:
            return None
        while (event := lane.next()) is not None:
            try:
                now = lane._queue.resolve(lane.target)
            except ResourceNotFound:
                now = None
            if now is None or now.version is not target.version:
                lane.ready.appendleft(event)
                return None
            self._target = now
            request = lane.request(event, now)
            if request is not None:
                self.outstanding += 1
                return request
        return None

    def ended(self, request: Request, outcome: Outcome) -> None:
        """An invocation has ended."""
        assert isinstance(request, EventRequest)
        lane, version = self._lane, self._target.version
        lane.progressed()
        self._less(1)
        outcome, is_killed, is_again = lane._queue.chaos.ended(version.function, request, outcome)
        finished = lane._queue.invoker.finish(version, request, outcome)
        if is_killed:
            lane._queue.end_environment(outcome.log_stream)
        if is_again:
            lane.ready.appendleft(request.queued)
            return
        came = Came.TO_SUCCESS if finished.record.error_type is None else Came.TO_AN_ERROR
        lane.came(request.queued, came, self._target.rules, finished)

    def give_back(self, requests: list[Request]) -> None:
        """Events that no environment has begun."""
        for request in reversed(requests):
            assert isinstance(request, EventRequest)
            self._lane.ready.appendleft(request.queued)
        self._less(len(requests))

    def refused(self, request: Request, error: LambdaError) -> None:
        """There is no other environment for an event whose own was lost."""
        assert isinstance(request, EventRequest)
        self._less(1)
        self._lane.refused(request.queued, self._target, request, error)

    def _less(self, number: int) -> None:
        self.outstanding -= number
        if not self.outstanding:
            self._lane.at_work -= 1


def progress_of(event: QueuedEvent) -> Progress:
    """How far an event is."""
    return Progress(event.accepted_at, event.attempts, event.setbacks)
