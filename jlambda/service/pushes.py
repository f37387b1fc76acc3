"""Events that AWS services start functions with: into the queue, and durable before whoever caused them is answered.

Steps that must follow each other (the rotation of a secret) are run one after the other, by a thread that lasts as long.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from jlambda.errors import LambdaError
from jlambda.model.exchange import Push
from jlambda.service.event_queue import EventQueue

_log = logging.getLogger("jlambda")


class Pushes:
    """Takes what services push, for one session."""

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self._lock = threading.Lock()
        self._groups: dict[str, deque[Push]] = {}
        #: what takes an event for a bus of EventBridge
        self.to_bus: Callable[[Push, Callable[[], object]], object] = lambda _push, taken: taken()

    def take(self, push: Push, trace_id: str | None, taken: Callable[[], object]) -> None:
        """Have a function started; `taken` is called, in any thread, once that is certain, or certain not to be."""
        if push.arn.split(":")[2] == "events":
            self.to_bus(push, taken)
            return
        if push.group:
            self._take_in_order(push)
            taken()
            return

        def told(error: Exception | None) -> None:
            if error is not None:
                _log.warning("an event of %s could not be kept for %s: %s", push.source, push.arn, error)
            taken()

        try:
            self._queue.accept_later(push.arn, push.event.encode(), told, trigger=push.source, trace_id=trace_id)
        except LambdaError as error:  # deleted meanwhile, or never there: AWS says nothing either
            told(error)

    def _take_in_order(self, push: Push) -> None:
        with self._lock:
            group = self._groups.get(push.group)
            if group is not None:
                group.append(push)
                return
            self._groups[push.group] = deque([push])
        threading.Thread(target=self._run, args=(push.group,), name="jlambda-steps", daemon=True).start()

    def _run(self, name: str) -> None:
        """Run the steps of a group, until one fails for good."""
        while True:
            with self._lock:
                group = self._groups[name]
                if not group:
                    del self._groups[name]
                    return
                push = group.popleft()
            try:
                record = self._queue.submit(push.arn, push.event.encode(), trigger=push.source).result()
                has_failed = record.status != "success"
            except Exception as error:  # the function is gone, or the session is closed
                _log.warning("a step of %s for %s was not run: %s", push.source, push.arn, error)
                has_failed = True
            if has_failed:
                with self._lock:
                    del self._groups[name]
                return
