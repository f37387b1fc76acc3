"""Asynchronous invocations: what is accepted is on the disk, and is run until it has succeeded or its retries are over.

Accepts, and tells what there is; `EventRunner` runs it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

from jlambda.engine.engine import Engine
from jlambda.errors import EngineError, RequestTooLarge, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.model.delivery import Delivery, Destination
from jlambda.model.invocation import DIRECT, InvocationRecord
from jlambda.model.limits import ASYNC_PAYLOAD_BYTES
from jlambda.service.chaos import ChaosExperiments
from jlambda.service.clock import Clock
from jlambda.service.concurrency import Concurrency
from jlambda.service.control import ControlPlane
from jlambda.service.deliveries import Deliveries, FunctionDestination
from jlambda.service.event_invoke import EventInvokeConfigs
from jlambda.service.event_runner import EventRunner
from jlambda.service.fan import HeldInterrupt
from jlambda.service.invoke import Invoker, new_request_id
from jlambda.service.lane import Settled
from jlambda.service.policies import Policies
from jlambda.store.event_counts import EventCount
from jlambda.store.queue import Queue
from jlambda.store.queue_schema import DELIVERING, RETRYING, RUNNING, WAITING
from jlambda.store.queued_event import QueuedEvent
from jlambda.store.records import Records

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
        self._control, self._records, self.now = control, records, clock.now
        self.chaos = ChaosExperiments()
        self._queue = Queue(folder)
        self._handles: dict[str, EventHandle] = {}
        self._deliveries = Deliveries(self._queue, clock)
        self._deliveries.destinations["lambda"] = FunctionDestination(self.accept)
        policies = Policies(control, configs, reservations, self.chaos)
        self._runner = EventRunner(
            *(self._queue, self._deliveries, policies, engine, invoker, self.chaos, account, self.now, self._is_over)
        )
        self._arrived = self._runner.arrived
        self._is_closing = False
        #: told that an event has come or is over: must return at once
        self.stirred: Callable[[], None] | None = None
        clock.add("asynchronous events", self, self.settle)
        clock.listen(lambda _: self._runner.look_again())
        if self._queue.due():
            self._runner.look_again()

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
            self._stir()
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
        self._stir()

    def _stir(self) -> None:
        stirred = self.stirred
        if stirred is not None:
            stirred()

    # -- to be looked at ------------------------------------------------------------------------------------------------

    def rows(self, target: str | None = None) -> list[QueuedEvent]:
        """What there is in the queue, oldest first, dead events too; without what the events hold."""
        return self._queue.rows(target)

    def counts(self) -> dict[str, int]:
        """How many events are waiting, running, retrying, dead and corrupt; how many results delivering and undelivered."""
        return self._queue.counts()

    def oldest_accepted_at(self) -> float | None:
        """When the oldest event that is not over was accepted, by the session's clock; None where all are."""
        return self._queue.oldest()

    def deliveries(self) -> list[Delivery]:
        """Results and dead letters that have not been sent yet, and those that were given up (no `due_at`)."""
        return self._queue.deliveries()

    def metrics(self, function: str | None = None, since: float = 0.0) -> list[EventCount]:
        """AsyncEventsReceived, -Age, -Dropped, DestinationDeliveryFailures, DeadLetterErrors and IteratorAge by minute.

        An event counts as received once it is first taken to be run, in the minute in which it was accepted.
        """
        return self._queue.metrics(function, since)

    def deliver(self, delivery: Delivery) -> None:
        """Have something sent as results are: it is on the disk now, tried until it is there, and kept if it never is.

        Raises `StateError` where the disk does not take it.
        """
        self._queue.settle((), [delivery])
        self._deliveries.wake()

    def count(self, it: EventCount) -> None:
        """Count something for `metrics` that happens elsewhere. Raises `StateError` where the disk does not take it."""
        self._queue.settle((), (), [it])

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
        with self._runner.rested:
            while self.pending:  # to count them takes a while where there are many: not too often
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._runner.rested.wait(min(left, _LOOK_S))
        return True

    # -- what the clock calls -------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When the next event is due, by the session's clock, or was, if it is being run; None if none is pending."""
        return self._queue.next_due()

    def run_due(self, now: float) -> None:
        """Begin all that is due at `now`, which the clock tells too."""
        del now
        self._runner.look_again()

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until everything that is due now has had its attempt, results and what follows from them too.

        False if the time was over first. Raises `StateError` where the disk does not let it.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            tries = self._deliveries.tries
            for settle in (self._runner.settle, self._deliveries.settle):
                if not settle(None if deadline is None else max(0.0, deadline - time.monotonic())):
                    return False
            if self._deliveries.tries == tries:
                return True

    def clear(self) -> None:
        """Forget all events; what is being run finishes."""
        self._queue.clear()
        self._runner.forget()
        for request_id in list(self._handles):
            if (handle := self._handles.pop(request_id, None)) is not None:
                handle.set_exception(ResourceNotFound(f"the session was reset before event {request_id} had run"))

    def start(self) -> None:
        """Start the threads ahead of the first event."""
        self._queue.start()
        self._runner.wake()

    def _is_over(self, it: Settled) -> None:
        """Tell who waits for an event."""
        self._stir()
        handle = self._handles.pop(it.event.request_id, None)
        if handle is None:
            return
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
        self._is_closing = True
        self._runner.close()
        self._deliveries.close()
        self._queue.close()
        for handle in self._handles.values():
            handle.set_exception(
                EngineError(f"the session was closed: event {handle.request_id} is kept, and runs when it is opened again")
            )
