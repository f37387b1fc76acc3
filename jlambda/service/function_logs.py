"""The log groups of functions, as CloudWatch Logs has them: groups, streams and events, read off the records.

Nothing is copied: what the notebook shows and what is asked for here are the same records, and what invocations that run are
writing (`running_logs`). A group or stream that is deleted is one whose events so far are not shown any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from jlambda.model.arn import LATEST
from jlambda.model.function import FunctionConfiguration
from jlambda.model.limits import TIMEOUT_S
from jlambda.model.log_settings import default_log_group
from jlambda.model.runtime import THIS_PYTHON
from jlambda.service.running_logs import Event, Run, RunningLogs
from jlambda.store.database import Database
from jlambda.store.functions import Functions
from jlambda.store.records import LogStream, Records
from jlambda.store.resources import Resources

#: an invocation that began longer before than this has written nothing since: timeout, and the longest init phase
_LONGEST_S = TIMEOUT_S[-1] + 130


class Stream(NamedTuple):
    """A log stream of a group: its first and last event, in ms since the epoch."""

    name: str
    began_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True)
class _Deleted:
    """Up to when the events of a group, and of streams of it by name, are not shown, in ms since the epoch."""

    group_ms: float
    streams_ms: Mapping[str, float]

    def until_ms(self, stream: str) -> float:
        """Up to when those of a stream are not."""
        return max(self.group_ms, self.streams_ms.get(stream, 0.0))


_NOTHING_DELETED = _Deleted(0.0, {})


class FunctionLogs:
    """The logs of one session's functions, those of deleted functions too."""

    def __init__(
        self,
        records: Records,
        functions: Functions,
        database: Database,
        running: RunningLogs,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records, self._functions, self._running, self._clock = records, functions, running, clock
        self._deletions = Resources(database, "log-group", _Deleted)

    def groups(self) -> dict[str, int]:
        """The groups that have been written to, each with its first moment in ms since the epoch, by name."""
        known, found = self._known(), dict[str, int]()
        for each in self._every_stream():
            group = _group(known, each.function, each.version)
            deleted_ms = self._deleted(group).until_ms(each.name)
            if each.ended_at * 1_000 > deleted_ms:
                began_ms = int(max(each.began_at * 1_000, deleted_ms))
                found[group] = min(began_ms, found.get(group, began_ms))
        return dict(sorted(found.items()))

    def has(self, group: str) -> bool:
        """Whether a function has written to this group."""
        return group in self.groups()

    def streams(self, group: str) -> list[Stream]:
        """The streams of a group, by name."""
        deleted, found = self._deleted(group), dict[str, Stream]()
        for each in self._of(group):
            deleted_ms = deleted.until_ms(each.name)
            if each.ended_at * 1_000 > deleted_ms:
                stream = Stream(each.name, int(max(each.began_at * 1_000, deleted_ms)), int(each.ended_at * 1_000))
                before = found.setdefault(each.name, stream)
                found[each.name] = Stream(
                    each.name, min(before.began_ms, stream.began_ms), max(before.ended_ms, stream.ended_ms)
                )
        return [stream for _, stream in sorted(found.items())]

    def events(
        self, group: str, start_ms: int | None = None, end_ms: int | None = None, stream: str | None = None
    ) -> list[Event]:
        """The events of a group, or of one stream of it, from `start_ms` until before `end_ms`, in the order of time."""
        running, known = self._running.look(), self._known()  # in this order: what has ended since is in the records
        since = None if start_ms is None else start_ms / 1_000 - _LONGEST_S
        found, recorded = list[Event](), set[tuple[str, int]]()
        for function in sorted({each.function for each in self._of(group)}):
            for record, raw in self._records.raw_logs(function, since=since, log_stream=stream):
                if _group(known, record.function, record.version) != group:
                    continue
                configuration = known.get((record.function, record.version)) or known.get((record.function, LATEST))
                runtime = configuration.runtime if configuration else THIS_PYTHON
                recorded.add((record.request_id, record.attempt))
                found += self._running.recorded(record, raw, runtime)
        for run in running:
            is_meant = stream in (None, run.stream) and _group(known, run.function, run.version) == group
            if is_meant and (run.request_id, run.attempt) not in recorded:
                found += run.events
        self._running.told()
        deleted, latest_ms = self._deleted(group), float("inf") if end_ms is None else end_ms
        least_ms = {name: max(start_ms or 0, deleted.until_ms(name) + 1) for name in {event.stream for event in found}}
        return sorted(event for event in found if least_ms[event.stream] <= event.timestamp_ms < latest_ms)

    def delete(self, group: str, stream: str | None = None) -> None:
        """Show none of a group's events so far any more, or none of a stream's."""
        before, now_ms = self._deleted(group), self._clock() * 1_000
        after = replace(before, streams_ms={**before.streams_ms, stream: now_ms}) if stream else _Deleted(now_ms, {})
        self._deletions.put(after, f"log-group:{group}")

    def _deleted(self, group: str) -> _Deleted:
        return self._deletions.get(f"log-group:{group}") or _NOTHING_DELETED

    def _of(self, group: str) -> list[LogStream]:
        known = self._known()
        return [each for each in self._every_stream() if _group(known, each.function, each.version) == group]

    def _every_stream(self) -> list[LogStream]:
        """Those that invocations have written to, and those that some are writing to; one may be among both."""
        return [*map(_stream, self._running.look()), *self._records.streams()]

    def _known(self) -> dict[tuple[str, str], FunctionConfiguration]:
        return {(each.name, each.version): each for each in self._functions.everything()}


def _stream(run: Run) -> LogStream:
    began_ms, ended_ms = run.events[0].timestamp_ms, run.events[-1].timestamp_ms
    return LogStream(run.function, run.version, run.stream, began_ms / 1_000, ended_ms / 1_000)


def _group(known: Mapping[tuple[str, str], FunctionConfiguration], function: str, version: str) -> str:
    """Where a version logs; of one that is gone, where all do that say nothing."""
    found = known.get((function, version))
    return default_log_group(function) if found is None else found.log_group
