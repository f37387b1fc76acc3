"""Results and dead letters of asynchronous events are sent to where they belong; what cannot be sent is told, and kept.

One thread, since a destination may take its time; it is there from the first delivery on. When what is tried again is
`results`' part.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from jlambda.errors import LambdaError, StateError
from jlambda.model.delivery import DEAD_LETTER, Delivery, Destination
from jlambda.service.results import next_try
from jlambda.store.queue import Queue

_log = logging.getLogger("jlambda")

#: deliveries that are read at one time
_TAKEN = 50
#: how long a disk that cannot be written is left alone
_TROUBLE_S = 1.0


class Deliveries:
    """What is sent on in one session. `destinations` are by the service in their ARNs; more may be plugged in at any time."""

    def __init__(self, queue: Queue, now: Callable[[], float]) -> None:
        self._queue, self._now = queue, now
        self.destinations: dict[str, Destination] = {}
        self._changed = threading.Condition()
        self._asked = self._done = 0
        #: tries so far
        self.tries = 0
        self._is_closing = False
        self._thread: threading.Thread | None = None
        if queue.next_delivery() is not None:
            self.wake()

    def wake(self) -> None:
        """There is something to be sent, or it is later than it was."""
        with self._changed:
            if self._is_closing:
                return
            self._asked += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jlambda-deliveries", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def look_again(self) -> None:
        """It is later than it was."""
        if self._thread is not None:
            self.wake()

    def settle(self, timeout_s: float | None = None) -> bool:
        """Wait until all that is due now has been tried; False if the time was over first."""
        if self._thread is None:
            return True
        self.wake()
        with self._changed:
            mine = self._asked
            self._changed.wait_for(lambda: self._done >= mine or self._is_closing, timeout_s)
            return self._done >= mine

    def _run(self) -> None:
        while True:
            with self._changed:
                asked = self._asked
            wait = self._send_due()
            with self._changed:
                self._done = asked
                self._changed.notify_all()
                self._changed.wait_for(lambda seen=asked: self._asked != seen or self._is_closing, wait)  # type: ignore[misc]
                if self._is_closing:
                    return

    def _send_due(self) -> float | None:
        """Try all that is due; after how many seconds more will be, None if nothing will."""
        try:
            while found := self._queue.take_deliveries(self._now(), _TAKEN):
                for delivery in found:
                    if self._is_closing:
                        return None
                    self._send(delivery)
            due = self._queue.next_delivery()
        except StateError as error:
            _log.warning("results of asynchronous events cannot be sent: %s", error)
            return _TROUBLE_S
        return None if due is None else max(0.0, due - self._now())

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
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()


class FunctionDestination:
    """Functions as destinations: the document becomes an asynchronous event of theirs."""

    def __init__(self, accept: Callable[..., str]) -> None:
        self._accept = accept

    def send(self, delivery: Delivery) -> None:
        """Have the queue take it in."""
        self._accept(delivery.arn, delivery.body, trigger="destination", trace_id=delivery.trace_id)
