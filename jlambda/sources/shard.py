"""Decide what happens to the records of one shard: `Shard` is told what was read and what came of it, and says what to do.

No clock, client or thread here: time is an argument. The shard's records are dealt to lanes by their partition key; each
lane has at most one batch with the function, so that records of one key stay in order, retries included. What is done is
told by one sequence number, up to which nothing has to be read again. With tumbling windows there is one lane: a batch has
records of one window, and the next window begins once the function was told that this one is over.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from math import inf
from typing import Literal, NamedTuple

from jlambda.sources.batching import BatchLimits, ready
from jlambda.sources.came import Came
from jlambda.sources.responses import failed_items
from jlambda.sources.tumbling import Window, start_of, state_of

Reason = Literal["RetryAttemptsExhausted", "RecordAgeExceeded"]
#: a batch that failed is tried again after so many seconds, twice as many each time
_FIRST_BACKOFF_S, _LAST_BACKOFF_S = 0.1, 30.0
#: so many batches are read ahead of what the lanes can begin
_AHEAD = 2


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """One record. `event` is JSON, as the function gets it; times are in seconds.

    One that is not `wanted` was filtered out: it only counts as done. `window` is when its tumbling window began.
    """

    sequence: str
    key: str
    arrived_at: float
    read_at: float
    event: bytes
    is_wanted: bool = True
    window: float = 0.0


class StreamBatch(NamedTuple):
    """Records that are with the function together. `failures` are the attempts before this one that the function failed.

    `window` is the tumbling window that they are of, if there are any; one that is `final` tells of its end, without records.
    """

    lane: int
    records: tuple[StreamRecord, ...]
    failures: int = 0
    setbacks: int = 0
    window: Window | None = None
    is_final: bool = False


class GivenUp(NamedTuple):
    """Records that are not tried any more, and why; `attempts` is what was tried, `came` the last of it, if that was why."""

    records: tuple[StreamRecord, ...]
    reason: Reason
    attempts: int
    came: Came | None


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What a mapping says of its stream. -1 is for ever, as on AWS."""

    limits: BatchLimits
    lanes: int = 1
    retries: int = -1
    maximum_age_s: float = -1
    bisects: bool = False
    reports_failures: bool = False
    tumbling_s: int = 0


@dataclass(slots=True)
class _Lane:
    records: deque[StreamRecord] = field(default_factory=deque)
    again: deque[StreamBatch] = field(default_factory=deque)
    not_before: float = 0.0
    running: StreamBatch | None = None


class Shard:
    """The records of one shard that were read and are not done."""

    def __init__(self, settings: StreamSettings, checkpoint: str | None = None, window: Window | None = None) -> None:
        self._settings = settings
        self._lanes = [_Lane() for _ in range(1 if settings.tumbling_s else settings.lanes)]
        #: the tumbling window that has begun and is not over, as it is after the last batch that succeeded
        self.window = window if settings.tumbling_s else None
        self._read_until = -inf
        self._order: deque[str] = deque()
        self._done: set[str] = set()
        #: the last sequence number up to which all records are done
        self.checkpoint = checkpoint
        #: the last that was read, done or not
        self.last_read = checkpoint

    @property
    def is_idle(self) -> bool:
        """Whether all that was read is done, and no window is open."""
        return not self._order and self.window is None

    @property
    def held(self) -> int:
        """How many records were read and are not done."""
        return len(self._order)

    def wants(self) -> int:
        """How many more records are worth reading now."""
        return max(0, _AHEAD * self._settings.lanes * self._settings.limits.records - len(self._order))

    @property
    def window_ends_at(self) -> float | None:
        """When the tumbling window ends that records are in, by the clock that `received` counts it by."""
        first = next(iter(self._lanes[0].records), None) if self._settings.tumbling_s else None
        window = self.window or (first and self._window_of(first))
        return window.end if window else None

    def received(self, records: Iterable[StreamRecord], ahead_s: float = 0.0) -> None:
        """Records were read, in the order of the shard. Windows count their time by a clock that is so much ahead."""
        for each in records:
            length_s = self._settings.tumbling_s
            record = replace(each, window=start_of(each.arrived_at + ahead_s, length_s)) if length_s else each
            self._order.append(record.sequence)
            self.last_read = record.sequence
            if record.is_wanted:
                self._lanes[self._lane_of(record.key)].records.append(record)
            else:
                self._done.add(record.sequence)
        self._move_on()

    def caught_up(self, until: float) -> None:
        """All was read that had arrived until then; for ever, once the shard is closed."""
        self._read_until = max(self._read_until, until)

    def due(self, now: float) -> list[StreamBatch]:
        """The batches that begin now; each must be told of with `ended`."""
        begun = []
        for number, lane in enumerate(self._lanes):
            if lane.running is None and now >= lane.not_before:
                batch = self._next(number, lane, now)
                if batch is not None:
                    lane.running = batch
                    begun.append(batch)
        return begun

    def next_due(self) -> float | None:
        """When `due` may have something again, if nothing is read or ends before."""
        times = []
        for lane in self._lanes:
            if lane.running is None:
                if lane.again:
                    times.append(lane.not_before)
                elif lane.records:
                    times.append(max(lane.not_before, lane.records[0].read_at + self._settings.limits.window_s))
        return min(times, default=None)

    def expired(self, now: float) -> list[GivenUp]:
        """What is too old to be tried, or tried again; asked before `due`. `now` is that of the session's clock."""
        if self._settings.maximum_age_s < 0:
            return []
        before = now - self._settings.maximum_age_s
        given_up = []
        for lane in self._lanes:
            if lane.running is None:
                given_up += self._expired(lane, before)
        return given_up

    def ended(self, batch: StreamBatch, came: Came, now: float) -> GivenUp | None:
        """An attempt is over: what is given up with it, if anything is."""
        lane = self._lanes[batch.lane]
        lane.running = None
        if came.how == "nothing":
            lane.again.appendleft(batch._replace(setbacks=batch.setbacks + 1))
            lane.not_before = now + _backoff(batch.setbacks)
            return None
        if batch.is_final:
            self._ended_window(lane, batch, came, now)
            return None
        first = self._first_failed(batch, came)
        self._finish(batch.records[:first])
        if first and batch.window is not None:
            self.window = replace(batch.window, state=state_of(came.payload) or batch.window.state)
        rest = batch.records[first:]
        if not rest:
            lane.not_before = 0.0
            return None
        # a record that was not reached before fails for the first time
        failures = batch.failures + 1 if first == 0 else 1
        lane.not_before = now + _backoff(failures - 1)
        if self._settings.bisects and first == 0 and len(rest) > 1:
            half = len(rest) // 2
            # https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html: it does not count as a retry
            lane.again.appendleft(StreamBatch(batch.lane, rest[half:], batch.failures))
            lane.again.appendleft(StreamBatch(batch.lane, rest[:half], batch.failures))
            return None
        if 0 <= self._settings.retries < failures:
            self._finish(rest)
            lane.not_before = 0.0
            return GivenUp(rest, "RetryAttemptsExhausted", failures, came)
        lane.again.appendleft(StreamBatch(batch.lane, rest, failures))
        return None

    def _lane_of(self, key: str) -> int:
        return zlib.crc32(key.encode()) % len(self._lanes) if len(self._lanes) > 1 else 0

    def _next(self, number: int, lane: _Lane, now: float) -> StreamBatch | None:
        if self._settings.tumbling_s:
            return self._next_of_window(number, lane, now)
        if lane.again:
            return lane.again.popleft()
        if not lane.records:
            return None
        first = lane.records[0]
        sizes = [len(each.event) for each in islice(lane.records, self._settings.limits.records)]
        count = ready(sizes, first.read_at, now, self._settings.limits)
        return StreamBatch(number, tuple(lane.records.popleft() for _ in range(count))) if count else None

    def _next_of_window(self, number: int, lane: _Lane, now: float) -> StreamBatch | None:
        window = self.window
        if lane.again and (lane.again[0].is_final or window is None or not window.is_full):
            batch = lane.again.popleft()
            return batch._replace(window=window or self._window_of(batch.records[0]))
        if window is not None and (window.is_full or self._is_over(window, lane)):
            return StreamBatch(number, (), window=window, is_final=True)
        if not lane.records:
            return None
        window = window or self._window_of(lane.records[0])
        ahead = list(islice(lane.records, self._settings.limits.records))
        of_it = list(takewhile(lambda each: each.window <= window.start, ahead))
        is_complete = len(of_it) < len(ahead) or self._read_until >= window.end
        sizes = [len(each.event) for each in of_it]
        count = ready(sizes, of_it[0].read_at, inf if is_complete else now, self._settings.limits)
        if not count:
            return None
        self.window = window
        return StreamBatch(number, tuple(lane.records.popleft() for _ in range(count)), window=window)

    def _is_over(self, window: Window, lane: _Lane) -> bool:
        """Whether no record of a window is left, nor can come."""
        return lane.records[0].window > window.start if lane.records else self._read_until >= window.end

    def _ended_window(self, lane: _Lane, batch: StreamBatch, came: Came, now: float) -> None:
        """The function was told of a window's end; where that failed it is told again, and nothing goes on before."""
        if came.how == "success" and state_of(came.payload) is not None:
            self.window, lane.not_before = None, 0.0
            return
        lane.again.appendleft(batch._replace(failures=batch.failures + 1))
        lane.not_before = now + _backoff(batch.failures)

    def _window_of(self, record: StreamRecord) -> Window:
        return Window(record.window, self._settings.tumbling_s)

    def _first_failed(self, batch: StreamBatch, came: Came) -> int:
        """The place of the first record that failed; all that follow are tried again with it."""
        if came.how == "error" or (batch.window is not None and state_of(came.payload) is None):
            return 0
        if not self._settings.reports_failures:
            return len(batch.records)
        failed = failed_items(came.payload, {each.sequence for each in batch.records})
        if failed is None:
            return 0
        return next((i for i, each in enumerate(batch.records) if each.sequence in failed), len(batch.records))

    def _expired(self, lane: _Lane, before: float) -> list[GivenUp]:
        given_up: list[GivenUp] = []
        while lane.again:
            batch = lane.again[0]
            count = _older(batch.records, before)
            if not count:
                return given_up
            self._finish(batch.records[:count])
            attempts = batch.failures + batch.setbacks
            given_up.append(GivenUp(batch.records[:count], "RecordAgeExceeded", attempts, None))
            if count < len(batch.records):
                lane.again[0] = batch._replace(records=batch.records[count:])
                return given_up
            lane.again.popleft()
        count = _older(lane.records, before)
        if count:
            records = tuple(lane.records.popleft() for _ in range(count))
            self._finish(records)
            given_up.append(GivenUp(records, "RecordAgeExceeded", 0, None))
        return given_up

    def _finish(self, records: Iterable[StreamRecord]) -> None:
        self._done.update(each.sequence for each in records)
        self._move_on()

    def _move_on(self) -> None:
        while self._order and self._order[0] in self._done:
            self.checkpoint = self._order.popleft()
            self._done.discard(self.checkpoint)


def _older(records: Iterable[StreamRecord], before: float) -> int:
    count = 0
    for record in records:
        if record.arrived_at >= before:
            break
        count += 1
    return count


def _backoff(times: int) -> float:
    return min(_FIRST_BACKOFF_S * 2.0 ** min(times, 16), _LAST_BACKOFF_S)
