"""What a target of a rule or schedule could not take for the moment: kept on the disk, and tried again by its retry policy.

When that is, is decided in `jlambda.model.event_rule`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from jlambda.model.event_rule import Target, retry_at
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.service.event_delivery import Delivery, Sender, Undelivered
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_OWNER = "target retries"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Something that is to be sent again: who sends, to what target, since when, and how often that was retried."""

    sender: Mapping[str, Any]
    target: Mapping[str, Any]
    payload: str
    since: float
    due_at: float
    retries: int = 0


class TargetRetries:
    """The retries of one session's rules and schedules."""

    def __init__(self, database: Database, clock: Clock, delivery: Delivery) -> None:
        self._clock, self._delivery = clock, delivery
        self._kept = Resources(database, "target retry", _Waiting)
        self._waiting = {key: each for _, key, each in self._kept.items(_OWNER)}
        self._working = threading.RLock()  # one at a time sends
        self._thread = DueThread("what targets could not take", self, clock)
        delivery.later = self._later
        clock.add("targets", self)
        if self._waiting:
            self._thread.wake()

    def forget(self) -> None:
        """There is nothing to be sent any more: everything was reset."""
        with self._working:
            for key in list(self._waiting):
                self._drop(key)

    def _later(self, sender: Sender, target: Target, payload: str, failure: Undelivered) -> None:
        """Have something that could not be sent tried again, once that is on the disk; or given up at once."""
        now = self._clock.now()
        if target.retry_policy.retries:
            _log.warning(
                "%s could not reach %s: %s, %s; it is tried again", sender.name, target.arn, failure.code, failure.message
            )
        about = sender._asdict(), {**target.members, "Arn": target.arn}, payload
        self._put(str(uuid4()), _Waiting(*about, since=now, due_at=now), failure)
        self._thread.wake()

    def _put(self, key: str, failed: _Waiting, failure: Undelivered) -> None:
        """Keep what has failed once more, or give it up."""
        target = Target(failed.target["Arn"], failed.target)
        found = retry_at(target.retry_policy, failed.since, failed.retries, self._clock.now())
        if isinstance(found, float):
            self._waiting[key] = replace(failed, due_at=found)
            self._kept.put(self._waiting[key], _OWNER, key)
            return
        self._delivery.give_up(Sender(**failed.sender), target, failed.payload, failure, found, failed.retries)
        self._drop(key)

    def _drop(self, key: str) -> None:
        self._waiting.pop(key, None)
        self._kept.delete(_OWNER, key)

    def next_due(self) -> float | None:
        """When the next is due, by the session's clock."""
        return min((each.due_at for each in list(self._waiting.values())), default=None)

    def run_due(self, now: float) -> None:
        """Try again all that is due at `now` or earlier."""
        with self._working:
            due = sorted((each.due_at, key) for key, each in list(self._waiting.items()) if each.due_at <= now)
            for _, key in due:
                if self._thread.is_closing:
                    return
                each = replace(self._waiting[key], retries=self._waiting[key].retries + 1)
                sender, target = Sender(**each.sender), Target(each.target["Arn"], each.target)
                try:
                    self._delivery.attempt(sender, target, each.payload)()
                except Undelivered as failure:
                    if failure.is_passing:
                        self._put(key, each, failure)
                        continue
                    self._delivery.give_up(sender, target, each.payload, failure, None, each.retries)
                self._drop(key)

    def leave(self) -> None:
        """The session is about to close: begin nothing more."""
        self._thread.leave()

    def close(self) -> None:
        """End the thread."""
        self._thread.close()
