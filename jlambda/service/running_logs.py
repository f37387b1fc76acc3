"""The log events of invocations that still run, for CloudWatch Logs; what was once told of one is told so ever after.

Who follows a group remembers the latest time, a token or the ids of what it has seen. So an event keeps the id and the time it
was first told with, also when the end of the invocation shows that it was a little earlier, and what is found later is never
told with a time before that of an answer which did not have it. Only who asks has it looked: nothing happens while nobody does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from jlambda.engine.engine import Engine
from jlambda.engine.running import Output
from jlambda.model.invocation import ON_DEMAND, InvocationRecord
from jlambda.service.live_log import LiveLog
from jlambda.service.version import DeployedVersion
from jlambda.store.records import Records
from jlambda.telemetry.logs import LogEvent, lines

#: how long an invocation is seen before it is told whose output it is: of short ones several may be sent ahead
_SETTLED_S = 0.05
#: how long after it was seen at work one is shown that has no record yet
_UNRECORDED_S = 2.0
#: how many invocations that were looked at while they ran are remembered
_REMEMBERED = 1_000


class Event(NamedTuple):
    """One log event; `id` is unique, and events in the order of their ids are in that of their times."""

    id: str
    stream: str
    timestamp_ms: int
    message: str
    ingested_ms: int


class Run(NamedTuple):
    """An attempt at an invocation, which may have no record yet, and what is told of it; `group` is where it logs."""

    request_id: str
    attempt: int
    function: str
    version: str
    group: str
    stream: str
    events: list[Event]


class _Looked:
    """What is remembered of an invocation that was looked at: nothing new of it may be told as before `floor_ms`."""

    def __init__(self, run: Run, floor_ms: int, at: float) -> None:
        self.run, self.floor_ms = run, floor_ms
        self.first_at = self.last_at = at
        self.log = LiveLog()
        self.began_at: float | None = None
        self.is_over = False

    def show(self, output: Output, region: str, is_new_stream: Callable[[str], bool]) -> None:
        """Tell what an output has beyond that of the last."""
        may_be_cold = not self.log.messages and output.start == 0 and output.initialization == ON_DEMAND
        new = self.log.read(output, region, may_be_cold and is_new_stream(output.log_stream))
        latest_ms, times = output.at_ms, list[int]()
        for event in reversed(new):  # Lambda's own lines are not before, and no line is after what follows it
            latest_ms = min(latest_ms, event.timestamp_ms)
            times.append(latest_ms)
        if self.began_at is None:
            self.began_at = output.at_ms / 1_000
        self._add([event._replace(timestamp_ms=at) for event, at in zip(new, reversed(times), strict=True)], output.at_ms)

    def end(self, record: InvocationRecord, every: list[LogEvent]) -> None:
        """Tell what was not told yet, behind what was."""
        if self.began_at is None:
            self.began_at = record.started_at
        left = self.log.unread(every)
        self._add(left, max((event.timestamp_ms for event in every), default=0))
        self.is_over, self.log = True, LiveLog()

    def _add(self, new: list[LogEvent], ingested_ms: int) -> None:
        run, began_at = self.run, self.began_at or 0.0
        for event in new:
            at_ms = self.floor_ms = max(event.timestamp_ms, self.floor_ms)
            event_id = _event_id(at_ms, began_at, run.request_id, len(run.events))
            run.events.append(Event(event_id, run.stream, at_ms, event.message + "\n", max(ingested_ms, at_ms)))


class RunningLogs:
    """What the environments of an engine are writing, and what was told of it."""

    def __init__(self, engine: Engine, records: Records, region: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._engine, self._records, self._region, self._clock = engine, records, region, clock
        self._looked: dict[tuple[str, int], _Looked] = {}
        self._sighted: set[tuple[str, int]] = set()
        self._last_look_at, self._floor_ms = float("-inf"), 0
        self._lock = threading.Lock()

    def look(self) -> list[Run]:
        """The invocations that run and have written something, and those whose record may be on its way."""
        with self._lock:
            is_due = self._clock() - self._last_look_at >= _SETTLED_S
            is_settled = not is_due or self._look()
        if not is_settled:
            time.sleep(_SETTLED_S)
        with self._lock:
            if not is_settled:
                self._look()
            if is_due:
                self._last_look_at = self._clock()
            self._raise_floor()  # a glance may find more before the answer is complete
            return self._shown()

    def glance(self) -> list[Run]:
        """What `look` tells, without waiting: of invocations that have only begun nothing is told yet."""
        with self._lock:
            self._look()
            return self._shown()

    def _shown(self) -> list[Run]:
        now = self._clock()
        shown = [each for each in self._looked.values() if not each.is_over and now - each.last_at < _UNRECORDED_S]
        return [each.run._replace(events=each.run.events.copy()) for each in shown if each.run.events]

    def told(self) -> None:
        """An answer is complete: what it did not have is later than this."""
        with self._lock:
            self._raise_floor()

    def _raise_floor(self) -> None:
        self._floor_ms = int(self._engine.now() * 1_000)
        for key in self._sighted:
            looked = self._looked.get(key)
            if looked is not None and not looked.is_over:
                looked.floor_ms = max(looked.floor_ms, self._floor_ms)

    def recorded(self, record: InvocationRecord, raw: bytes, runtime: str) -> list[Event]:
        """All events of an invocation that is over, those that were told while it ran as they were."""
        with self._lock:
            looked = self._looked.get((record.request_id, record.attempt))
            if looked is None or looked.run.stream != record.log_stream:
                return events_of(record, raw, runtime, self._region)
            if not looked.is_over:
                looked.end(record, lines(record, raw, runtime, self._region))
            return looked.run.events

    def _look(self) -> bool:
        """Look once; whether all that runs has been seen for long enough."""
        places = {key[0]: self._looked[key].log.at for key in self._sighted if key in self._looked}
        now, is_settled, sighted = self._clock(), True, set[tuple[str, int]]()
        for output in self._engine.outputs(places):
            key = output.request_id, output.attempt
            looked = self._looked.get(key)
            if looked is None:
                version = output.version
                assert isinstance(version, DeployedVersion)
                configuration = version.configuration
                run = Run(*key, output.function, configuration.version, configuration.log_group, output.log_stream, [])
                looked = self._looked[key] = _Looked(run, self._floor_ms, now)
            if looked.is_over:
                continue
            sighted.add(key)
            looked.last_at = now
            if now - looked.first_at >= _SETTLED_S:
                looked.show(output, self._region, self._is_new_stream)
            else:
                is_settled = False
        self._sighted = sighted
        for key in [key for key in self._looked if key not in sighted][: max(0, len(self._looked) - _REMEMBERED)]:
            del self._looked[key]
        return is_settled

    def _is_new_stream(self, stream: str) -> bool:
        return stream not in {each.name for each in self._records.streams()}


def events_of(record: InvocationRecord, raw: bytes, runtime: str, region: str) -> list[Event]:
    """The log events of one invocation that nobody looked at while it ran, in their order."""
    written = lines(record, raw, runtime, region)
    ingested_ms = max((event.timestamp_ms for event in written), default=0)
    return [
        Event(
            _event_id(event.timestamp_ms, record.started_at, record.request_id, number),
            *(record.log_stream, event.timestamp_ms, event.message + "\n", ingested_ms),
        )
        for number, event in enumerate(written)
    ]


def _event_id(timestamp_ms: int, started_at: float, request_id: str, number: int) -> str:
    """56 digits, as AWS's have: the time of the event, that of the invocation, the invocation, and the place in it."""
    digest = int.from_bytes(sha256(request_id.encode()).digest()[:8], "big")
    return f"{timestamp_ms:013d}{int(started_at * 1e6):016d}{digest:021d}{number:06d}"
