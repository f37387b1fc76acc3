"""The session's clock: real time plus an offset that is kept, and that only grows.

Whoever has something due adds itself, and `advance` carries out what is due in between, in order of time. It moves neither
functions (what they see of time, how long they take, their limits), nor signatures, nor the embedded AWS services.
It knows nothing of what is due.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from jlambda.errors import InvalidParameter
from jlambda.model.duration import seconds_of, span_text
from jlambda.store.database import Database
from jlambda.store.resources import Resources

#: how long, in real seconds, what a step began may take at least to be finished
_PATIENCE_S = 5.0
_LAST = datetime.max.replace(tzinfo=UTC).timestamp() - 86_400


class Due(Protocol):
    """Somebody who has things to do at certain times of the session's clock. Both are called from any thread."""

    def next_due(self) -> float | None:
        """When the earliest of them is due; None while there is none."""

    def run_due(self, now: float) -> None:
        """Begin all that is due at `now` or earlier."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """What is kept of a clock: by how many seconds it is ahead of real time."""

    offset_s: float


class _Added(NamedTuple):
    name: str
    due: Due
    settle: Callable[[float], object] | None


def next_step(dues: Sequence[float | None], target: float) -> int | None:
    """Whose turn it is: the earliest that is due by `target`, of two at one time the first; None if nobody's."""
    due = [(at, i) for i, at in enumerate(dues) if at is not None and at <= target]
    return min(due)[1] if due else None


class Clock:
    """The time of one session, in seconds since the epoch (UTC)."""

    def __init__(self, database: Database, real: Callable[[], float] = time.time) -> None:
        self._kept = Resources(database, "clock", ClockState)
        self._real = real
        found = self._kept.get("session")
        self._offset_s = found.offset_s if found else 0.0
        self._added: list[_Added] = []
        self._listeners: list[Callable[[float], object]] = []
        self._advancing = threading.Lock()
        #: while it is moved on, it stands still but for its leaps
        self._stands_at: float | None = None

    def now(self) -> float:
        """The time now: seconds since the epoch, as `time.time`."""
        at = self._stands_at
        return self._real() + self._offset_s if at is None else at

    @property
    def offset_s(self) -> float:
        """By how many seconds it is ahead of real time."""
        return self._offset_s

    def add(self, name: str, due: Due, settle: Callable[[float], object] | None = None) -> None:
        """Have `due` carried along. `settle` waits, for at most so many seconds, until what it began is finished: what
        follows from that may be due in turn. `name` is what the user reads: "retries", "schedules"."""
        self._added.append(_Added(name, due, settle))

    def listen(self, moved: Callable[[float], object]) -> None:
        """Have `moved` called with the seconds of each leap, once `now` tells the new time: for whoever sleeps until a time."""
        self._listeners.append(moved)

    def upcoming(self) -> list[tuple[str, float]]:
        """What is due next of each kind, by name, in order of time."""
        found = [(each.name, each.due.next_due()) for each in self._added]
        return sorted(((name, at) for name, at in found if at is not None), key=lambda it: it[1])

    def advance(self, by: float | str | timedelta) -> Clock:
        """Let time go on by so much: ``"2 minutes"``, ``"1h30m"``, 90 (seconds), a timedelta; returns the clock.

        What is due in between happens in order of time, each step before the next, without real waiting but for what a
        step began to be finished; meanwhile the clock stands still. It takes no longer than the time that it stands for, or
        five seconds. Ctrl-C stops it where it has come to. Raises `InvalidParameter`: time goes forward only.
        """
        seconds = seconds_of(by)
        if seconds < 0:
            raise InvalidParameter(f"advance({by!r}): time goes forward only; %lambda reset starts over, with real time")
        with self._advancing:
            began, target = self._real(), self.now() + seconds
            if target > _LAST:
                raise InvalidParameter(f"advance({by!r}) leads beyond the year 9999")
            self._stands_at = target - seconds
            try:
                self._take_steps(target, began + max(seconds, _PATIENCE_S))
                self._leap(target)
            finally:
                self._stands_at = None
        return self

    def _take_steps(self, target: float, patient_until: float) -> None:
        """Carry out what is due by `target`; what takes longer is waited for until a real time."""
        failing: dict[int, float] = {}
        while True:
            dues = [each.due.next_due() for each in self._added]
            # what is still due at the same time after it was its turn cannot be done now: it is not asked again
            i = next_step([None if failing.get(i) == at else at for i, at in enumerate(dues)], target)
            at = None if i is None else dues[i]
            if i is None or at is None:
                return
            failing[i] = at
            self._leap(at)
            self._added[i].due.run_due(self.now())
            for each in self._added:
                if each.settle is not None:
                    each.settle(max(0.0, patient_until - self._real()))

    def start_over(self) -> None:
        """Go back to real time, in a session where nothing is left that has seen another."""
        with self._advancing:
            self._set(0.0)

    def _leap(self, to: float) -> None:
        if self._stands_at is not None and to > self._stands_at:
            self._stands_at = to
            self._set(max(self._offset_s, to - self._real()))

    def _set(self, offset_s: float) -> None:
        self._kept.put(ClockState(offset_s), "session")  # first: no event is ever kept with a time that is forgotten
        seconds, self._offset_s = offset_s - self._offset_s, offset_s
        for moved in self._listeners:
            moved(seconds)

    def __repr__(self) -> str:
        ahead = f"{span_text(self._offset_s)} ahead" if self._offset_s else "real time"
        return f"<Clock {datetime.fromtimestamp(self.now(), UTC):%Y-%m-%d %H:%M:%S} UTC, {ahead}>"
