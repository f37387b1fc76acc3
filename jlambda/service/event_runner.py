"""The thread that runs asynchronous events: it drives the environments of all of them from one loop, and sleeps meanwhile.

What becomes of an event after an attempt is decided by `outcomes`, and carried out here.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import StateError
from jlambda.model.arn import LATEST, Account
from jlambda.model.delivery import Delivery, Response
from jlambda.service import outcomes
from jlambda.service.chaos import ChaosExperiments
from jlambda.service.deliveries import Deliveries
from jlambda.service.invoke import Invoker
from jlambda.service.lane import Lane, Settled
from jlambda.service.outcomes import Again, Over
from jlambda.service.policies import Policies, Target
from jlambda.service.results import deliveries_of
from jlambda.service.version import DeployedVersion
from jlambda.store.event_counts import DROPPED, EventCount, minute_of
from jlambda.store.queue import Queue
from jlambda.store.queue_schema import DEAD, RETRYING
from jlambda.store.queued_event import Change, QueuedEvent

_log = logging.getLogger("jlambda")

#: events that a lane takes from the store at one time
_TAKEN = 256
#: outcomes are stored when there are so many, or after so many seconds, or when there is nothing else to do
_SETTLED, _SETTLE_AFTER_S = 64, 0.005
#: how long a disk that cannot be written is left alone
_TROUBLE_S = 1.0
_NEVER = float("inf")


class EventRunner:
    """Runs what is due in a `Queue`. `over` is called with each event that is over, once that is stored."""

    def __init__(
        self,
        queue: Queue,
        deliveries: Deliveries,
        policies: Policies,
        engine: Engine,
        invoker: Invoker,
        chaos: ChaosExperiments,
        account: Account,
        now: Callable[[], float],
        over: Callable[[Settled], None],
    ) -> None:
        self._queue, self._deliveries, self._policies, self._engine = queue, deliveries, policies, engine
        self.invoker, self.chaos, self._account, self.now, self._over = invoker, chaos, account, now, over
        self.elapsed = time.monotonic
        self.opened_at = now()
        self._lanes: dict[str, Lane] = {}
        self._news: deque[str] = deque()
        self._calls: deque[Callable[[], None]] = deque()
        self._unstored: list[Settled] = []
        self._unstored_since = 0.0
        self._trouble: StateError | None = None
        #: told whenever nothing is due any more
        self.rested = threading.Condition()
        self._turns_asked = self._turns_settled = 0
        self._starting = threading.Lock()
        self._is_awake = self._is_closing = False
        self._woken_by, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._thread: threading.Thread | None = None

    # -- called from any thread -----------------------------------------------------------------------------------------

    def arrived(self, target: str) -> None:
        """There is a new event for a target."""
        self._news.append(target)
        if not self._is_awake:
            self.wake()

    def look_again(self) -> None:
        """It may be later than it was, or others may have changed what is stored."""
        self._news.extend(self._queue.due())
        self.wake()

    def settle(self, timeout_s: float | None) -> bool:
        """Wait until everything that is due now has had its attempt; False if the time was over first. Raises `StateError`."""
        with self.rested:
            self._turns_asked += 1
            mine = self._turns_asked
            self.look_again()
            self.rested.wait_for(lambda: self._turns_settled >= mine or self._trouble or self._is_closing, timeout_s)
            if self._trouble is not None:
                raise self._trouble
            return self._turns_settled >= mine

    def forget(self) -> None:
        """Begin nothing of what was taken from the store: it is there no more."""
        done = threading.Event()

        def forget() -> None:
            for lane in self._lanes.values():
                lane.ready.clear()
            done.set()

        self._calls.append(forget)
        self.wake()
        while not self._is_closing and not done.wait(_TROUBLE_S):
            pass

    def wake(self) -> None:
        """Have the thread look at what is new; it is started if need be."""
        with self._starting:
            if self._is_closing:
                return
            self._is_awake = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jlambda-queue", daemon=True)
                self._thread.start()
            with suppress(BlockingIOError):
                self._waker.send(b"x")

    def close(self) -> None:
        """End the thread. What is being run is run again when the session is next opened."""
        with self._starting:
            self._is_closing = True
            thread = self._thread
        if thread is not None:
            with suppress(BlockingIOError):
                self._waker.send(b"x")
            thread.join()
        with self.rested:
            self.rested.notify_all()
        self._woken_by.close()
        self._waker.close()

    # -- the thread -----------------------------------------------------------------------------------------------------

    def _woken(self) -> None:
        self._woken_by.recv(4096)
        self._is_awake = False  # before the news are read

    def _run(self) -> None:
        self.loop = Loop(self._engine)
        self.loop.watch(self._woken_by.fileno(), self._woken)
        try:
            while not self._is_closing:
                try:
                    self.loop.run_once(self._turn())
                except Exception:  # one event's trouble must not end the queue of all others
                    _log.exception("asynchronous events wait for a second")
                    self.loop.run_once(_TROUBLE_S)
            with suppress(StateError):
                self._store()
        finally:
            self._engine.leave_to_background(self.loop)

    def _turn(self) -> float | None:
        """Begin what is due; after how many seconds to come again, None for when something happens."""
        asked = self._turns_asked
        while self._calls:
            self._calls.popleft()()
        while self._news:
            target = self._news.popleft()
            lane = self._lanes.get(target)
            if lane is None:
                lane = self._lanes[target] = Lane(target, self)
            lane.due_at = -_NEVER
        now, wait = self.now(), _NEVER
        for lane in list(self._lanes.values()):
            if lane.ready or lane.due_at <= now:
                lane.serve()
            if lane.is_empty:
                del self._lanes[lane.target]
            wait = min(wait, lane.wait_s(now))
        is_idle = all(lane.is_idle for lane in self._lanes.values())
        if self._unstored:
            late_by = self.elapsed() - self._unstored_since - _SETTLE_AFTER_S
            if is_idle or late_by >= 0:
                self._store_or_wait()
            wait = min(wait, _TROUBLE_S if self._trouble else max(0.001, -late_by))
        if is_idle and not self._unstored and all(lane.due_at > now for lane in self._lanes.values()):
            with self.rested:
                self._turns_settled = asked
                self.rested.notify_all()
        return None if wait == _NEVER else wait

    # -- what lanes call --------------------------------------------------------------------------------------------------

    def take(self, target: str) -> tuple[list[QueuedEvent], float | None]:
        """Events of a target that are due, from here on running, and when its next is due."""
        try:
            self._store()  # retries, so that they are found
            self._policies.read(target)
            taken = self._queue.take(target, self.now(), _TAKEN)
        except StateError as error:
            self._has_trouble(error)
            return [], self.now() + _TROUBLE_S
        self._trouble = None
        for number in taken.damaged:
            _log.warning("event %d of %s is damaged on the disk, and set aside (session.queue.rows() has it)", number, target)
        return taken.events, taken.next_due

    def resolve(self, target: str) -> Target:
        """What a target is now. Raises `ResourceNotFound`."""
        return self._policies.resolve(target)

    def is_ready(self, version: DeployedVersion, lane: Lane) -> bool:
        """Whether an environment of a version can be had at once: a snapshot may have to be made anew, which takes long."""
        snapshots = self._engine.snapshots
        if not version.has_snapshot or snapshots.is_ready(version):
            return True

        def prepared(failure: Exception | None) -> None:
            self._calls.append(partial(lane.go_on, failure))
            self.wake()

        snapshots.prepare(version, prepared)
        return False

    def end_environment(self, log_stream: str) -> None:
        """End an environment that has nothing to do."""
        self._engine.end_resting(log_stream)

    def settled(self, it: Settled) -> None:
        """Keep what an event has come to."""
        if not self._unstored:
            self._unstored_since = self.elapsed()
        self._unstored.append(it)
        if len(self._unstored) >= _SETTLED and self._trouble is None:
            self._store_or_wait()

    def _store_or_wait(self) -> None:
        try:
            self._store()
            self._trouble = None
        except StateError as error:
            self._has_trouble(error)
            self._unstored_since = self.elapsed() + _TROUBLE_S

    def _has_trouble(self, error: StateError) -> None:
        if self._trouble is None:
            _log.warning("asynchronous events wait: %s", error)
        with self.rested:
            self._trouble = error
            self.rested.notify_all()

    def _store(self) -> None:
        """Store what events have come to, and tell who waits for them."""
        stored = self._unstored
        if not stored:
            return
        changes, deliveries, counts, minute = [], list[Delivery](), list[EventCount](), minute_of(self.now())
        for it in stored:
            changes.append(_change(it))
            if isinstance(it.verdict, Over):
                deliveries += self._deliveries_of(it, it.verdict)
                if not it.verdict.is_success:
                    counts.append(EventCount(it.event.target.partition(":")[0], DROPPED, minute))
        self._queue.settle(changes, deliveries, counts)
        self._unstored = []
        if deliveries:
            self._deliveries.wake()
        for it in stored:
            if isinstance(it.verdict, Over):
                if it.verdict.condition == outcomes.FUNCTION_DELETED:
                    _log.warning("event %s is dead: %s was deleted before it could run", it.event.request_id, it.event.target)
                self._over(it)

    def _deliveries_of(self, it: Settled, over: Over) -> list[Delivery]:
        """What is sent on of an event; what its function asks for is read anew, but for the many that simply succeed."""
        target = it.event.target
        policy = self._policies.last_read(target) if over.is_success else self._policies.read(target)
        if over.is_success and policy.on_success is None:
            return []
        name, _, qualifier = target.partition(":")
        arn = self._account.function_arn(name, qualifier or LATEST)
        return deliveries_of(it.event, over, _response(it), policy, arn, self.now())


def _change(it: Settled) -> Change:
    event, verdict = it.event, it.verdict
    if isinstance(verdict, Again):
        progress, response = verdict.progress, _response(it)
        reason = it.finished.record.error_type if it.finished else "ServiceException"
        last = (response.executed_version, response.payload) if response else (None, None)
        return Change(event.id, RETRYING, verdict.at, progress.attempts, progress.setbacks, reason, *last)
    if verdict.is_success:
        return Change(event.id)
    return Change(event.id, DEAD, None, verdict.attempts, event.setbacks, verdict.condition)


def _response(it: Settled) -> Response | None:
    """What the last attempt answered that ran: this one, or an earlier one."""
    if it.finished is not None and it.finished.record.status != "throttled":
        record = it.finished.record
        return Response(record.version, it.finished.payload, record.error_type is not None)
    event = it.event
    if event.response is None or event.executed_version is None:
        return None
    return Response(event.executed_version, event.response, is_error=True)
