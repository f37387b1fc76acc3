"""How often each API key has asked under each usage plan, by day, and how much more it was granted. Kept in the state folder.

Counting is quick; `save` writes down what has been counted since. Knows nothing of plans and quotas.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from jlambda.errors import StateError
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_OWNER = "usage-plan:"


@dataclass(frozen=True, slots=True)
class Used:
    """Requests of one day, and how many more than its quota the key was granted on it."""

    requests: int = 0
    granted: int = 0


class ApiUsage:
    """The counts of one session. Days are written ``2027-01-31``."""

    def __init__(self, database: Database) -> None:
        self._kept = Resources(database, "api-usage", Used)
        self._days: dict[tuple[str, str], dict[str, Used]] | None = None
        self._unsaved: set[tuple[str, str, str]] = set()
        self._lock, self._saving = threading.Lock(), threading.Lock()

    def of_key(self, plan: str, key: str) -> Mapping[str, Used]:
        """What a key has used under a plan, by day."""
        with self._lock:
            return dict(self._all().get((plan, key), {}))

    def first_day(self, plan: str) -> str | None:
        """The first day on which anybody asked under a plan."""
        with self._lock:
            return min((day for (of, _), days in self._all().items() if of == plan for day in days), default=None)

    def count(self, plan: str, key: str, day: str) -> None:
        """A key has asked once more."""
        self._change(plan, key, day, 1, 0)

    def grant(self, plan: str, key: str, day: str, more: int) -> None:
        """A key may ask so many times more, or less."""
        self._change(plan, key, day, 0, more)

    def _change(self, plan: str, key: str, day: str, requests: int, granted: int) -> None:
        with self._lock:
            days = self._all().setdefault((plan, key), {})
            before = days.get(day, Used())
            days[day] = replace(before, requests=before.requests + requests, granted=before.granted + granted)
            self._unsaved.add((plan, key, day))

    def _all(self) -> dict[tuple[str, str], dict[str, Used]]:
        if self._days is None:
            self._days = {}
            for owner, kept, used in self._kept.items():
                key, _, day = kept.rpartition("/")
                self._days.setdefault((owner.removeprefix(_OWNER), key), {})[day] = used
        return self._days

    def save(self) -> None:
        """Write down what has changed; what cannot be written now is written the next time."""
        with self._saving, suppress(StateError):
            while self._unsaved:
                with self._lock:
                    plan, key, day = changed = next(iter(self._unsaved))
                    self._unsaved.discard(changed)
                    used = self._all()[plan, key][day]
                try:
                    self._kept.put(used, _OWNER + plan, f"{key}/{day}")
                except StateError:
                    self._unsaved.add(changed)
                    raise

    def forget(self) -> None:
        """Forget all."""
        with self._saving, self._lock:
            self._days, self._unsaved = {}, set()
        for owner in {owner for owner, _, _ in self._kept.items()}:
            self._kept.forget(owner)
