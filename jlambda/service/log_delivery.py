"""What functions log is sent to the functions that have subscribed to their log groups, while it is written.

What runs is looked at about once a second while there is a subscription filter, and never otherwise; the rest goes out as
the invocation ends. Delivered by the queue, as every event is that nobody waits for.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence

from jlambda.errors import LambdaError
from jlambda.model.arn import Account
from jlambda.model.events import logs as log_events
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import InvocationRecord
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.service.event_queue import EventQueue
from jlambda.service.log_subscriptions import LogSubscriptions, SubscriptionFilter
from jlambda.service.running_logs import Event, RunningLogs
from jlambda.telemetry.log_pattern import compiled

#: how often what is being written is looked at
_LOOK_S = 1.0
#: what a function is started with at most: even where it cannot be compressed, the queue takes it
_EVENT_BYTES = 500_000
#: how many invocations that are over are remembered: one may still be looked at in the moment in which it ends
_REMEMBERED = 1_000

_log = logging.getLogger("jlambda")


class LogDelivery:
    """Sends what the functions of one session log."""

    def __init__(
        self, subscriptions: LogSubscriptions, running: RunningLogs, queue: EventQueue, account: Account, clock: Clock
    ) -> None:
        self._subscriptions, self._running, self._queue = subscriptions, running, queue
        self._account, self._clock = account, clock
        self._lock = threading.Lock()
        self._sent: dict[tuple[str, int], int] = {}
        self._over: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._thread = DueThread("log subscriptions", self, clock)
        if subscriptions.all():
            self._thread.wake()

    def changed(self) -> None:
        """There are other filters. Returns at once."""
        self._thread.wake()

    def next_due(self) -> float | None:
        """When what runs is looked at next, by the session's clock."""
        return self._clock.now() + _LOOK_S if self._subscriptions.all() else None

    def run_due(self, _: float) -> None:
        """Send what has been written since the last time by what still runs."""
        if not self._subscriptions.all():
            return
        for run in self._running.glance():
            filters, key = self._subscriptions.of(run.group), (run.request_id, run.attempt)
            with self._lock:
                if filters and key not in self._over:
                    self._send(filters, run.events[self._sent.get(key, 0) :])
                    self._sent[key] = len(run.events)

    def written(self, configuration: FunctionConfiguration, record: InvocationRecord, raw: bytes) -> None:
        """An invocation is over: send what of its log was not sent yet. Waits for nothing."""
        group, key = configuration.log_group, (record.request_id, record.attempt)
        filters = self._subscriptions.of(group)
        if filters:
            events = self._running.recorded(record, raw, configuration.runtime)
            with self._lock:
                self._over[key] = None
                if len(self._over) > _REMEMBERED:
                    self._over.popitem(last=False)
                self._send(filters, events[self._sent.pop(key, 0) :])
        elif self._sent:
            self._sent.pop(key, None)

    def _send(self, filters: Sequence[SubscriptionFilter], events: Sequence[Event]) -> None:
        for each in filters:
            matches = compiled(each.pattern)
            for part in _parts([event for event in events if matches(event.message.rstrip("\n"))]):
                self._deliver(each, part)

    def _deliver(self, to: SubscriptionFilter, events: list[Event]) -> None:
        logged = [log_events.LogEvent(each.id, each.timestamp_ms, each.message) for each in events]
        event = log_events.subscription(self._account.id, to.group, events[0].stream, [to.name], logged)

        def told(error: Exception | None) -> None:
            if error is not None:
                _log.warning("what %s logged could not be kept for %s: %s", to.group, to.destination_arn, error)

        try:
            self._queue.accept_later(to.destination_arn, json.dumps(event).encode(), told, trigger="logs")
        except LambdaError as error:  # deleted meanwhile
            told(error)

    def leave(self) -> None:
        """The session is about to close: look no more."""
        self._thread.leave()

    def close(self) -> None:
        """End the thread."""
        self._thread.close()


def _parts(events: list[Event]) -> list[list[Event]]:
    """Events in parts that one invocation can take each."""
    parts: list[list[Event]] = []
    room = 0
    for event in events:
        size = len(event.message.encode()) + 100
        if size > room:
            parts.append([])
            room = _EVENT_BYTES
        parts[-1].append(event)
        room -= size
    return parts
