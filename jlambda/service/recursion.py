"""Recursive loops: functions that end up invoking themselves are stopped, unless they may.

Counts what goes by with a trace header, by the rule of `jlambda.model.lineage`. Whoever begins an invocation asks once.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

from jlambda.errors import RecursiveInvocation
from jlambda.model.arn import Account
from jlambda.model.invocation import Request
from jlambda.model.lineage import MOST_IN_A_CHAIN, hop, of_messages
from jlambda.service.function_settings import FunctionSettings
from jlambda.store.event_counts import RECURSION_DROPPED, EventCount, minute_of

TERMINATE = "Terminate"
#: the trigger of a queue's messages
_QUEUE = "sqs"


class Recursion:
    """What goes round in one session."""

    def __init__(self, settings: FunctionSettings, account: Account, now: Callable[[], float] = time.time) -> None:
        self._settings, self._now = settings, now
        self._arn = lru_cache(maxsize=1_024)(account.function_arn)
        #: invocations that were stopped, by function: the metric RecursiveInvocationsDropped
        self.dropped: Counter[str] = Counter()
        self._by_minute: Counter[tuple[str, int]] = Counter()

    def follow(self, function: str, request: Request) -> Request:
        """The request one further in its chain of events. Raises `RecursiveInvocation` if that makes a loop.

        A request without a trace header begins a chain, and its environment makes one; messages of a queue bring their own.
        """
        trace_id = request.trace_id
        if trace_id is None and request.trigger == _QUEUE:
            trace_id = of_messages(request.event)
        if trace_id is None:
            return request
        it = hop(trace_id, self._arn(function), request.request_id, self._now())
        if it.is_loop and self._settings.recursion(function) == TERMINATE:
            self.dropped[function] += 1
            self._by_minute[function, minute_of(self._now())] += 1
            raise RecursiveInvocation(function, MOST_IN_A_CHAIN)
        return request._replace(trace_id=it.trace_id)

    def counts(self, function: str | None, since: float) -> list[EventCount]:
        """RecursiveInvocationsDropped by minute, since the session was opened: of one function or all, from a time on."""
        return [
            EventCount(name, RECURSION_DROPPED, minute, number)
            for (name, minute), number in list(self._by_minute.items())
            if function in (None, name) and minute >= minute_of(since)
        ]
