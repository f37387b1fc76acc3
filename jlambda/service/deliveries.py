"""Results and dead letters of asynchronous events are sent to where they belong; what cannot be sent is told, and kept.

A thread of its own, since a destination may take its time. When what is tried again is `results`' part.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from jlambda.errors import LambdaError
from jlambda.model.delivery import DEAD_LETTER, Delivery, Destination
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.service.results import next_try
from jlambda.store.queue import Queue

_log = logging.getLogger("jlambda")

#: deliveries that are read at one time
_TAKEN = 50


class Deliveries:
    """What is sent on in one session. `destinations` are by the service in their ARNs; more may be plugged in at any time."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        self._queue, self._now = queue, clock.now
        self.destinations: dict[str, Destination] = {}
        #: tries so far
        self.tries = 0
        self._thread = DueThread("results of asynchronous events", self, clock)
        #: tells that there is something to be sent, or somewhere to send to
        self.wake = self._thread.wake
        #: waits until all that is due now has been tried
        self.settle = self._thread.settle
        if self.next_due() is not None:
            self.wake()

    def next_due(self) -> float | None:
        """When the next is due, by the session's clock. Raises `StateError`."""
        return self._queue.next_delivery()

    def run_due(self, now: float) -> None:
        """Try all that is due at `now` or earlier. Raises `StateError`."""
        while found := self._queue.take_deliveries(now, _TAKEN):
            for delivery in found:
                if self._thread.is_closing:
                    return
                self._send(delivery)

    def _send(self, delivery: Delivery) -> None:
        self.tries += 1
        try:
            destination = self.destinations.get(delivery.service)
            if destination is None:
                raise LambdaError(f"there is no {delivery.service} here to send to")
            destination.send(delivery)
        except Exception as error:  # whatever a destination raises, the others get theirs
            self._failed(delivery, error)
        else:
            self._queue.delivered(delivery)

    def _failed(self, delivery: Delivery, error: Exception) -> None:
        is_final = isinstance(error, LambdaError) and error.status < 500 and error.status != 429
        now, reason = self._now(), f"{type(error).__name__}: {error}"
        due_at = next_try(delivery, is_final, now)
        if due_at is not None:
            self._queue.postpone(delivery, due_at, reason)
            return
        self._queue.give_up(delivery, now, reason)
        what = "event" if delivery.kind == DEAD_LETTER else "result of event"
        _log.warning(
            "the %s %s of %s could not be sent to %s: %s (it is kept: session.queue.deliveries())",
            *(what, delivery.request_id, delivery.function, delivery.arn, error),
        )

    def close(self) -> None:
        """End the thread; what has not been sent is kept."""
        self._thread.close()


class FunctionDestination:
    """Functions as destinations: the document becomes an asynchronous event of theirs."""

    def __init__(self, accept: Callable[..., str]) -> None:
        self._accept = accept

    def send(self, delivery: Delivery) -> None:
        """Have the queue take it in."""
        self._accept(delivery.arn, delivery.body, trigger="destination", trace_id=delivery.trace_id)
