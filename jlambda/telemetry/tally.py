"""Count invocations as they end: by function, by second, by day. Nothing is ever gone through again.

Pure: records go in, and time is an argument.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from datetime import UTC, datetime

from jlambda.billing import Totals
from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry.overview import InvocationOverview, Window

#: how many seconds are kept, and how many of the latest invocations
SECONDS, RECENT = 120, 100
_DAY_S = 86_400
#: durations are counted in steps of 2 %, so that what is told of them is off by 1 % at most
_STEPS = 50.0
_LEAST_MS = 0.001


class Counts:
    """What has come of a function's invocations."""

    __slots__ = ("cost_usd", "errors", "invocations", "throttles")

    def __init__(self) -> None:
        self.invocations = self.errors = self.throttles = 0
        self.cost_usd = 0.0

    @property
    def told(self) -> tuple[int, int]:
        """What differs whenever anything of it does."""
        return self.invocations, self.throttles


class _Second(Counts):
    """What ended within a second, durations by step; `window` is made when it is asked for."""

    __slots__ = ("durations", "window")

    def __init__(self) -> None:
        super().__init__()
        self.durations: Counter[int] = Counter()
        self.window: Window | None = None


class Tally:
    """Counts of all records that were added."""

    def __init__(self) -> None:
        self.functions: dict[str, Counts] = {}
        self._totals = Totals()
        self._seconds: dict[int, _Second] = {}
        self._days: dict[int, float] = {}
        self._recent: deque[InvocationRecord] = deque(maxlen=RECENT)
        self._shown: dict[int, InvocationOverview] = {}
        self._minute: Window | None = None

    def add(self, record: InvocationRecord) -> None:
        """Count one more. Records come about in the order in which they end."""
        cost_usd = self._totals.of(record)
        ahead_ms = (record.init_ms or 0.0) + (record.restore_ms or 0.0)
        ended = int(record.started_at + (record.duration_ms + ahead_ms) / 1_000)
        function = self.functions.get(record.function)
        if function is None:
            function = self.functions[record.function] = Counts()
        second = self._seconds.get(ended) or self._new_second(ended)
        second.window = None
        if self._minute is not None and ended < self._minute.start + 60:
            self._minute = None
        if record.status == "throttled":
            function.throttles += 1
            second.throttles += 1
        else:
            function.invocations += 1
            second.invocations += 1
            second.durations[int(math.log(max(record.duration_ms, _LEAST_MS)) * _STEPS // 1)] += 1
            if record.status != "success":
                function.errors += 1
                second.errors += 1
            function.cost_usd += cost_usd
            second.cost_usd += cost_usd
            day = int(record.started_at // _DAY_S)
            self._days[day] = self._days.get(day, 0.0) + cost_usd
        self._recent.append(record)

    def _new_second(self, at: int) -> _Second:
        made = self._seconds[at] = _Second()
        if len(self._seconds) > SECONDS:
            del self._seconds[min(self._seconds)]
        return made

    def recent(self) -> tuple[InvocationOverview, ...]:
        """The latest invocations, newest first."""
        shown = {id(record): self._shown.get(id(record)) or self._overview(record) for record in self._recent}
        self._shown = shown
        return tuple(reversed(shown.values()))

    def _overview(self, record: InvocationRecord) -> InvocationOverview:
        return InvocationOverview(
            record.request_id,
            record.function,
            record.version,
            record.started_at,
            record.duration_ms,
            record.init_ms,
            record.status,
            record.error_type,
            record.cold_start,
            record.trigger,
            record.attempt,
            record.environment_id,
            self._totals.of(record),
        )

    def seconds(self, now: float) -> tuple[Window, ...]:
        """A window for each of the latest seconds in which anything ended, oldest first."""
        since = int(now) - SECONDS
        found = []
        for at in sorted(at for at in self._seconds if at > since):
            second = self._seconds[at]
            if second.window is None:
                second.window = _window(at, 1, second, second.durations)
            found.append(second.window)
        return tuple(found)

    def minute(self, now: float) -> Window:
        """The window of the last 60 seconds, the one that is not over left out."""
        start = int(now) - 60
        if self._minute is not None and self._minute.start == start:
            return self._minute
        summed, durations = Counts(), Counter[int]()
        for at, second in self._seconds.items():
            if start <= at < start + 60:
                summed.invocations += second.invocations
                summed.errors += second.errors
                summed.throttles += second.throttles
                summed.cost_usd += second.cost_usd
                durations.update(second.durations)
        self._minute = _window(start, 60, summed, durations)
        return self._minute

    def cost_today_usd(self, now: float) -> float:
        """What ran on the day of `now`, in UTC."""
        return self._days.get(int(now // _DAY_S), 0.0)

    def cost_month_usd(self, now: float) -> float:
        """What ran in the calendar month of `now`, in UTC."""
        first = int(datetime.fromtimestamp(now, UTC).replace(day=1).timestamp() // _DAY_S)
        return math.fsum(usd for day, usd in self._days.items() if first <= day <= now // _DAY_S)


def _window(start: float, seconds: int, counts: Counts, durations: Counter[int]) -> Window:
    middle = percentiles(durations, (0.50, 0.90, 0.99))
    return Window(
        start, seconds, counts.invocations, counts.errors, counts.throttles, middle[0], middle[1], middle[2], counts.cost_usd
    )


def percentiles(durations: Counter[int], parts: tuple[float, ...]) -> list[float | None]:
    """The durations in ms below or at which these parts of all are, ascending."""
    if not durations:
        return [None] * len(parts)
    total, seen, found = durations.total(), 0, list[float | None]()
    steps = iter(sorted(durations.items()))
    step, count = next(steps)
    for part in parts:
        wanted = max(1, math.ceil(part * total))
        while seen + count < wanted:
            seen += count
            step, count = next(steps)
        found.append(math.exp((step + 0.5) / _STEPS))
    return found
