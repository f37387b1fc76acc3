"""What each environment did in the last minute, as lanes of a dashboard.

An overview tells only what environments do now; invocations that came and went between two of them are taken from the
records. Pure: overviews go in, segments come out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from jlambda.telemetry.overview import EnvironmentOverview, InvocationOverview, Overview, Phase

#: how far back lanes go, in seconds
SPAN_S = 60.0
#: what is closer together than this is drawn as one
_GAP_S = 0.25


class Segment(NamedTuple):
    """A phase from one time to another, in seconds since the epoch."""

    start: float
    end: float
    phase: Phase


@dataclass(slots=True)
class Lane:
    """One environment. `environment` is what it was when it was last seen, `since` when that phase began; `work` is what its
    invocations were, which is drawn over `phases`."""

    environment: EnvironmentOverview
    since: float
    is_gone: bool = False
    phases: deque[Segment] = field(default_factory=deque)
    work: deque[Segment] = field(default_factory=deque)

    def segments(self) -> list[Segment]:
        """All that is to be drawn, in this order."""
        return [*self.phases, *self.work]


class Lanes:
    """The lanes of a session, brought up to date by each overview."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}
        self._newest: InvocationOverview | None = None

    def update(self, overview: Overview) -> list[Lane]:
        """The lanes as of this overview: environments that are there, and those that ended within the minute."""
        now = overview.at
        for environment in overview.environments:
            self._seen(environment, now)
        there = {environment.id for environment in overview.environments}
        for identity, lane in self._lanes.items():
            lane.is_gone = identity not in there
        self._take_records(overview.recent)
        for lane in self._lanes.values():
            for segments in (lane.phases, lane.work):
                while segments and segments[0].end < now - SPAN_S:
                    segments.popleft()
        self._lanes = {it: lane for it, lane in self._lanes.items() if not lane.is_gone or lane.phases or lane.work}
        return sorted(self._lanes.values(), key=lambda lane: (lane.is_gone, lane.environment.function))

    def _seen(self, environment: EnvironmentOverview, now: float) -> None:
        lane = self._lanes.get(environment.id)
        if lane is None:
            lane = self._lanes[environment.id] = Lane(environment, now)
            lane.phases.append(Segment(now, now, environment.phase))
            return
        before = lane.phases[-1] if lane.phases else Segment(now, now, lane.environment.phase)
        if lane.phases:
            lane.phases[-1] = before._replace(end=now)
        if not lane.phases or environment.phase != before.phase:
            lane.phases.append(Segment(now, now, environment.phase))
        if environment.phase != lane.environment.phase:
            lane.since = now
        lane.environment = environment

    def _take_records(self, recent: tuple[InvocationOverview, ...]) -> None:
        new = []
        for record in recent:
            if record is self._newest:
                break
            new.append(record)
        if recent:
            self._newest = recent[0]
        for record in reversed(new):
            lane = self._lanes.get(record.environment_id)
            if lane is None:
                continue
            begun = record.started_at
            if record.init_ms:
                _add(lane.work, Segment(begun, begun + record.init_ms / 1_000, "starting"))
                begun += record.init_ms / 1_000
            _add(lane.work, Segment(begun, begun + record.duration_ms / 1_000, "busy"))


def _add(segments: deque[Segment], it: Segment) -> None:
    if segments and segments[-1].phase == it.phase and it.start - segments[-1].end < _GAP_S:
        segments[-1] = segments[-1]._replace(end=max(it.end, segments[-1].end))
    else:
        segments.append(it)
