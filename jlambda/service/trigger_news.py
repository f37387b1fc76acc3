"""Triggers that boto3 changes in the services themselves (notifications, subscriptions, rules, routes): told of as all others.

A write does not say which functions it is about, so triggers are listed before and after it, in a thread of its own, and only
while somebody watches functions. Who was told already, by whom changed a trigger through the session, is not told twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from jlambda.model.exchange import Write
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.service.triggers import Attached

#: by service, the kind of the triggers that live there, and what is in the names of the operations that change them
_CHANGES = {
    "s3": ("s3", ("NotificationConfiguration",)),
    "sns": ("sns", ("ubscri", "DeleteTopic")),
    "events": ("events", ("Rule", "Targets", "DeleteEventBus")),
    "scheduler": ("events", ("Schedule",)),
    "apigateway": ("http", ("Route", "Integration", "Api")),
}
EVERY = frozenset({kind for kind, _ in _CHANGES.values()} | {"logs"})
_State = dict[str, frozenset[Attached]]


class Listed(Protocol):
    """What lists triggers."""

    def beside(self, kind: str) -> Sequence[Attached]:
        """All triggers that live where those of a kind do. May ask services."""


def kinds_changed(write: Write) -> frozenset[str]:
    """The kinds of triggers that a write may have changed."""
    if write.service == "cloudformation":
        return EVERY
    kind, names = _CHANGES.get(write.service, ("", ()))
    is_it = any(name in write.operation for name in names) or (write.service, write.operation) == ("s3", "DeleteBucket")
    return frozenset({kind}) if is_it else frozenset()


def differing(before: _State | None, after: _State) -> set[str] | None:
    """The functions whose triggers differ; None if that cannot be told, since nobody had looked before."""
    if before is None:
        return None
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


class TriggerNews:
    """Tells of one session's triggers. `names` are all functions, `tell` is called with those that have other triggers now."""

    def __init__(
        self,
        triggers: Listed,
        names: Callable[[], Iterable[str]],
        tell: Callable[[str], None],
        is_watched: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._triggers, self._names, self._tell, self._is_watched = triggers, names, tell, is_watched
        self._lock = threading.Lock()
        self._known: dict[str, _State] = {}
        self._stale: set[str] = set()
        self._changes = 0
        self._told: dict[str, int] = {}
        self._thread = DueThread("news of triggers", self, clock)

    def saw(self, write: Write) -> None:
        """Look at triggers again, if this may have changed them. Returns at once."""
        if kinds := kinds_changed(write):
            self.changed(kinds)

    def changed(self, kinds: Iterable[str]) -> None:
        """Triggers of these kinds may be others now. Returns at once."""
        with self._lock:
            self._changes += 1
            self._stale.update(kinds)
            if not self._is_watched():  # who begins to watch later looks for itself
                self._known, self._stale = {}, set()
                return
        self._thread.wake()

    def told(self, name: str) -> None:
        """Whoever watches has been told of a function after the last change."""
        with self._lock:
            self._told[name] = self._changes

    def next_due(self) -> None:
        """Nothing is due by itself."""

    def run_due(self, _: float) -> None:
        """Find out what has changed, and tell."""
        with self._lock:
            stale, self._stale, known = self._stale, set(), self._known
        try:
            found = {kind: _by_function(self._triggers.beside(kind)) for kind in sorted(stale)}
        except Exception:
            with self._lock:
                self._stale |= stale
            raise
        names = set[str]()
        for kind, state in found.items():
            changed = differing(known.get(kind), state)
            names |= set(self._names()) if changed is None else changed
        with self._lock:
            known.update(found)
            names -= {name for name, changes in self._told.items() if changes == self._changes}
            self._told.clear()
        for name in sorted(names):
            if not self._thread.is_closing:
                self._tell(name)

    def leave(self) -> None:
        """The session is about to close: nobody is told any more."""
        self._thread.leave()

    def close(self) -> None:
        """End the thread."""
        self._thread.close()


def _by_function(triggers: Iterable[Attached]) -> _State:
    found: dict[str, list[Attached]] = {}
    for each in triggers:
        found.setdefault(each.function, []).append(each)
    return {name: frozenset(each) for name, each in found.items()}
