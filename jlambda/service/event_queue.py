"""Asynchronous invocations: what is accepted is on the disk, and is run until it has succeeded or its retries are over.

One thread drives the environments of all events, from a loop; it sleeps while nothing is due. What becomes of an event
after an attempt is decided by `outcomes`, and carried out here.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import EngineError, RequestTooLarge, ResourceNotFound, StateError
from jlambda.model.arn import LATEST, Account
from jlambda.model.delivery import Delivery, Destination, Response
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES
from jlambda.model.invocation import DIRECT, InvocationRecord
from jlambda.model.limits import ASYNC_PAYLOAD_BYTES
from jlambda.service.chaos import ChaosExperiments
from jlambda.service.clock import Clock
from jlambda.service.concurrency import Concurrency
from jlambda.service.control import ControlPlane
from jlambda.service.deliveries import Deliveries, FunctionDestination
from jlambda.service.event_invoke import EventInvokeConfigs
from jlambda.service.fan import HeldInterrupt
from jlambda.service.invoke import Invoker, new_request_id
from jlambda.service.lane import Lane, Settled, Target
from jlambda.service.outcomes import Again, Over, Rules
from jlambda.service.results import Policy, deliveries_of
from jlambda.store.queue import DEAD, DELIVERING, RETRYING, RUNNING, WAITING, Change, Queue, QueuedEvent
from jlambda.store.records import Records

_log = logging.getLogger("jlambda")

#: events that a lane takes from the store at one time
_TAKEN = 256
#: outcomes are stored when there are so many, or after so many seconds, or when there is nothing else to do
_SETTLED, _SETTLE_AFTER_S = 64, 0.005
#: how long a disk that cannot be written is left alone
_TROUBLE_S = 1.0
#: how often `wait` counts what is pending, in seconds; it is told when nothing is due any more
_LOOK_S = 0.25
_NEVER = float("inf")


class EventHandle(Future[InvocationRecord]):
    """An asynchronous invocation: `result()` waits for the record of its last attempt, whatever that came to.

    Raises `ResourceNotFound` where the function was deleted before, and `EngineError` where the session was closed: the
    event is kept then, and runs when the session is opened again.
    """

    request_id: str = ""

    def __repr__(self) -> str:
        return f"<EventHandle {self.request_id} {'done' if self.done() else 'pending'}>"


class EventQueue:
    """The asynchronous events of one session."""

    def __init__(
        self,
        folder: Path,
        engine: Engine,
        invoker: Invoker,
        records: Records,
        control: ControlPlane,
        reservations: Concurrency,
        configs: EventInvokeConfigs,
        clock: Clock,
        account: Account,
    ) -> None:
        self._engine, self.invoker, self._control = engine, invoker, control
        self._records, self._reservations, self._configs = records, reservations, configs
        self.chaos = ChaosExperiments()
        self.now = clock.now
        self.elapsed = time.monotonic
        self.opened_at = self.now()
        self._queue = Queue(folder)
        self._lanes: dict[str, Lane] = {}
        self._policies: dict[str, Policy] = {}
        self._account = account
        self._deliveries = Deliveries(self._queue, self.now)
        self._deliveries.destinations["lambda"] = FunctionDestination(self.accept)
        self._handles: dict[str, EventHandle] = {}
        self._news: deque[str] = deque(self._queue.due())
        self._unstored: list[Settled] = []
        self._unstored_since = 0.0
        self._trouble: StateError | None = None
        self._changed = threading.Condition()
        self._turns_asked = self._turns_settled = 0
        self._starting = threading.Lock()
        self._is_awake = self._is_closing = False
        self._woken_by, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._thread: threading.Thread | None = None
        self._calls: deque[Callable[[], None]] = deque()
        clock.add("asynchronous events", self, self.settle)
        clock.listen(lambda _: self._look_again())
        if self._news:
            self._wake()

    # -- in ------------------------------------------------------------------------------------------------------------

    def accept(
        self,
        reference: str,
        event: bytes,
        *,
        trigger: str = DIRECT,
        trace_id: str | None = None,
        client_context: str | None = None,
        request_id: str | None = None,
    ) -> str:
        """Take an event in, JSON, for a function by name, NAME:QUALIFIER or ARN; its request id, once it is on the disk.

        Raises `ResourceNotFound`, `RequestTooLarge` (over 1 MB) and `StateError`: then it will never run.
        """
        made = self._event(reference, event, trigger, trace_id, client_context, request_id)
        self._put(made)
        return made.request_id

    def submit(self, reference: str, event: bytes, trigger: str = DIRECT) -> EventHandle:
        """`accept`, and a handle to wait for what becomes of the event."""
        made = self._event(reference, event, trigger, None, None, None)
        handle = EventHandle()
        handle.request_id = made.request_id
        handle.set_running_or_notify_cancel()
        self._handles[made.request_id] = handle
        try:
            self._put(made)
        except BaseException:
            self._handles.pop(made.request_id, None)
            raise
        return handle

    def accept_later(
        self,
        reference: str,
        event: bytes,
        told: Callable[[Exception | None], object],
        *,
        trigger: str = DIRECT,
        trace_id: str | None = None,
        client_context: str | None = None,
        request_id: str | None = None,
    ) -> str:
        """`accept` that does not wait: `told` is called in another thread, with None once the event is on the disk."""
        made = self._event(reference, event, trigger, trace_id, client_context, request_id)

        def stored(error: Exception | None) -> None:
            if error is None:
                self._arrived(made.target)
            told(error)

        self._queue.put_later(made, stored)
        return made.request_id

    def _event(
        self,
        reference: str,
        event: bytes,
        trigger: str,
        trace_id: str | None,
        client_context: str | None,
        request_id: str | None,
    ) -> QueuedEvent:
        version, qualifier = self._control.resolve(reference)
        if len(event) > ASYNC_PAYLOAD_BYTES:
            raise RequestTooLarge(
                f"{len(event)} byte payload is too large for the Event invocation type (limit {ASYNC_PAYLOAD_BYTES} bytes)"
            )
        if self._is_closing:
            raise EngineError("this session is closed; make a new one")
        target = version.function if qualifier is None else f"{version.function}:{qualifier}"
        now = self.now()
        about = target, request_id or new_request_id(), trigger, trace_id, client_context
        return QueuedEvent(0, *about, now, now, WAITING, 0, 0, 0, None, event)

    def _put(self, made: QueuedEvent) -> None:
        with HeldInterrupt():  # it is accepted or it is not
            self._queue.put(made)
            self._arrived(made.target)

    def _arrived(self, target: str) -> None:
        self._news.append(target)
        if not self._is_awake:
            self._wake()

    # -- to be looked at ------------------------------------------------------------------------------------------------

    def rows(self, target: str | None = None) -> list[QueuedEvent]:
        """What there is in the queue, oldest first, dead events too; without what the events hold."""
        return self._queue.rows(target)

    def counts(self) -> dict[str, int]:
        """How many events are waiting, running, retrying, dead and corrupt; how many results delivering and undelivered."""
        return self._queue.counts()

    def deliveries(self) -> list[Delivery]:
        """Results and dead letters that have not been sent yet, and those that were given up (no `due_at`)."""
        return self._queue.deliveries()

    def plug(self, service: str, destination: Destination) -> None:
        """Have results and dead letters for ARNs of a service (sqs, sns, events, s3) sent by `destination`."""
        self._deliveries.destinations[service] = destination
        self._deliveries.wake()

    @property
    def pending(self) -> int:
        """How many events are not over, or have a result that is still to be delivered."""
        counts = self._queue.counts()
        return sum(counts.get(state, 0) for state in (WAITING, RUNNING, RETRYING, DELIVERING))

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until no event is pending, retries of minutes included; False if the time was over first."""
        deadline = _NEVER if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while self.pending:  # to count them takes a while where there are many: not too often
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _LOOK_S))
        return True

    # -- what the clock calls -------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When the next event is due, by the session's clock, or was, if it is being run; None if none is pending."""
        others = self._queue.running_since(), self._queue.next_delivery()
        return min((*self._queue.due().values(), *(at for at in others if at is not None)), default=None)

    def run_due(self, now: float) -> None:
        """Begin all that is due at `now`, which the clock tells too."""
        del now
        self._look_again()

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that is due now has had its attempt, results and what follows from them too.

        False if the time was over first. Raises `StateError` where the disk does not let it.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            tries = self._deliveries.tries
            for settle in (self._settle_events, self._deliveries.settle):
                if not settle(None if deadline is None else max(0.0, deadline - time.monotonic())):
                    return False
            if self._deliveries.tries == tries:
                return True

    def _settle_events(self, timeout_s: float | None) -> bool:
        with self._changed:
            self._turns_asked += 1
            mine = self._turns_asked
            self._look_again()
            self._changed.wait_for(lambda: self._turns_settled >= mine or self._trouble or self._is_closing, timeout_s)
            if self._trouble is not None:
                raise self._trouble
            return self._turns_settled >= mine

    def _look_again(self) -> None:
        self._news.extend(self._queue.due())
        self._wake()
        self._deliveries.look_again()

    def clear(self) -> None:
        """Forget all events; what is being run finishes."""
        done = threading.Event()

        def clear() -> None:
            for lane in self._lanes.values():
                lane.ready.clear()
            done.set()

        self._queue.clear()
        self._calls.append(clear)
        self._wake()
        done.wait()
        for request_id in list(self._handles):
            if (handle := self._handles.pop(request_id, None)) is not None:
                handle.set_exception(ResourceNotFound(f"the session was reset before event {request_id} had run"))

    def start(self) -> None:
        """Start the threads ahead of the first event."""
        self._queue.start()
        self._wake()

    # -- the thread -----------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with self._starting:
            if self._is_closing:
                return
            self._is_awake = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jlambda-queue", daemon=True)
                self._thread.start()
            with suppress(BlockingIOError):
                self._waker.send(b"x")

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
            wait = min(wait, lane.look_again_in(), max(0.0, lane.due_at - now))
        is_idle = all(lane.is_idle for lane in self._lanes.values())
        if self._unstored:
            late_by = self.elapsed() - self._unstored_since - _SETTLE_AFTER_S
            if is_idle or late_by >= 0:
                self._store_or_wait()
            wait = min(wait, _TROUBLE_S if self._trouble else max(0.001, -late_by))
        if is_idle and not self._unstored and all(lane.due_at > now for lane in self._lanes.values()):
            with self._changed:
                self._turns_settled = asked
                self._changed.notify_all()
        return None if wait == _NEVER else wait

    # -- what lanes call --------------------------------------------------------------------------------------------------

    def take(self, target: str) -> tuple[list[QueuedEvent], float | None]:
        """Events of a target that are due, from here on running, and when its next is due."""
        try:
            self._store()  # retries, so that they are found
            self._policies[target] = self._policy(target)
            taken = self._queue.take(target, self.now(), _TAKEN)
        except StateError as error:
            self._has_trouble(error)
            return [], self.now() + _TROUBLE_S
        self._trouble = None
        return taken.events, taken.next_due

    def _policy(self, target: str) -> Policy:
        name, _, qualifier = target.partition(":")
        config = self._configs.find(name, qualifier or LATEST)
        dead_letter: str | None = None
        with suppress(ResourceNotFound):
            members = self._control.get(target).members
            dead_letter = (members.get("DeadLetterConfig") or {}).get("TargetArn")
        if config is None:
            return Policy(Rules(), None, None, dead_letter)
        retries = DEFAULT_RETRIES if config.retries is None else config.retries
        rules = Rules(retries, DEFAULT_EVENT_AGE_S if config.event_age_s is None else config.event_age_s)
        return Policy(rules, config.destination(True), config.destination(False), dead_letter)

    def resolve(self, target: str) -> Target:
        """What a target is now. Raises `ResourceNotFound`."""
        name, _, qualifier = target.partition(":")
        reserved = self._reservations.reserved(name)
        if not qualifier:
            return Target(self._control.version(name), None, self.chaos.is_on(name), self._policies[target].rules, reserved)
        version, _ = self._control.resolve(name, qualifier)
        is_alias = not qualifier.isdigit() and qualifier != LATEST
        is_drawn = self.chaos.is_on(name) or (is_alias and bool(self._control.alias(name, qualifier).weights))
        return Target(version, qualifier, is_drawn, self._policies[target].rules, reserved)

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
        with self._changed:
            self._trouble = error
            self._changed.notify_all()

    def _store(self) -> None:
        """Store what events have come to, and tell who waits for them."""
        stored = self._unstored
        if not stored:
            return
        changes, deliveries = [], list[Delivery]()
        for it in stored:
            changes.append(_change(it))
            if isinstance(it.verdict, Over):
                deliveries += self._deliveries_of(it, it.verdict)
        self._queue.settle(changes, deliveries)
        self._unstored = []
        if deliveries:
            self._deliveries.wake()
        for it in stored:
            if isinstance(it.verdict, Over) and (handle := self._handles.pop(it.event.request_id, None)) is not None:
                self._tell(handle, it)

    def _deliveries_of(self, it: Settled, over: Over) -> list[Delivery]:
        """What is sent on of an event; what its function asks for is read anew, but for the many that simply succeed."""
        target = it.event.target
        policy = self._policies[target] if over.is_success else self._policy(target)
        if over.is_success and policy.on_success is None:
            return []
        name, _, qualifier = target.partition(":")
        arn = self._account.function_arn(name, qualifier or LATEST)
        return deliveries_of(it.event, over, _response(it), policy, arn, self.now())

    def _tell(self, handle: EventHandle, it: Settled) -> None:
        if it.finished is not None:
            handle.set_result(it.finished.record)
            return
        found = self._records.rows(request_id=it.event.request_id)
        if found:
            handle.set_result(found[-1])
        else:
            handle.set_exception(ResourceNotFound(f"{it.event.target} was deleted before its event {it.event.request_id} ran"))

    # -- end --------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the thread. What is pending is kept, and what is being run is run again when the session is next opened."""
        with self._starting:
            self._is_closing = True
            thread = self._thread
        if thread is not None:
            with suppress(BlockingIOError):
                self._waker.send(b"x")
            thread.join()
        self._deliveries.close()
        self._woken_by.close()
        self._waker.close()
        with self._changed:
            self._changed.notify_all()
        self._queue.close()
        for handle in self._handles.values():
            handle.set_exception(
                EngineError(f"the session was closed: event {handle.request_id} is kept, and runs when it is opened again")
            )


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
