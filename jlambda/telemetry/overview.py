"""What there is to see of a session at one moment: functions, environments, the queue, what ran lately and what it cost.

Values only; who makes them is `jlambda.service.activity`. What has not changed since the overview before is the same
object, so that a view can tell what is new by `is`. Times are in seconds since the epoch, costs in US dollars before the
free tier.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Literal

from jlambda.model.invocation import Status

#: what an environment is doing; a frozen one is idle too, and stopped
Phase = Literal["starting", "busy", "idle", "frozen"]


@dataclass(frozen=True, slots=True)
class FunctionOverview:
    """A deployed function with what has come of its invocations.

    `version` is the one that is shown, `state` and `update` are AWS's State and LastUpdateStatus, `origin` is the cell that
    deployed it (``"Cell In[3]"``), empty where it came from elsewhere. `revision` grows with each change of the function,
    also of what is not shown here: its triggers, concurrency and settings of events. `invocations` ran, `errors` are those
    of them that failed, `throttles` did not run.
    """

    name: str
    runtime: str
    memory_mb: int
    version: str
    state: str
    update: str
    origin: str
    last_modified: float
    revision: int
    invocations: int
    errors: int
    throttles: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class EnvironmentOverview:
    """An execution environment: its id (32 hex digits, the end of its log stream), whose it is, what it is doing."""

    id: str
    function: str
    version: str
    phase: Phase
    is_provisioned: bool


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """Asynchronous events: how many are not over, how many were given up, and when the oldest that is not over was accepted,
    by the session's clock."""

    waiting: int = 0
    running: int = 0
    retrying: int = 0
    dead: int = 0
    oldest_accepted_at: float | None = None

    @property
    def depth(self) -> int:
        """How many events are not over."""
        return self.waiting + self.running + self.retrying


@dataclass(frozen=True, slots=True)
class InvocationOverview:
    """One invocation that is over."""

    request_id: str
    function: str
    version: str
    started_at: float
    duration_ms: float
    init_ms: float | None
    status: Status
    error_type: str | None
    cold_start: bool
    trigger: str
    attempt: int
    environment_id: str
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Window:
    """What ended within some seconds from `start` on. Percentiles are those of what ran, within 1 %; None if nothing did."""

    start: float
    seconds: int
    invocations: int
    errors: int
    throttles: int
    p50_ms: float | None
    p90_ms: float | None
    p99_ms: float | None
    cost_usd: float

    @property
    def per_second(self) -> float:
        """Invocations a second."""
        return self.invocations / self.seconds

    @property
    def usd_per_hour(self) -> float:
        """What an hour like this costs."""
        return self.cost_usd * 3_600 / self.seconds


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it. `recent` has the newest first; `seconds` has a window for each second in which anything ended, oldest
    first, and `minute` is the one of the last 60 of them. Day and month are those of UTC."""

    at: float
    functions: tuple[FunctionOverview, ...]
    environments: tuple[EnvironmentOverview, ...]
    queue: QueueOverview
    recent: tuple[InvocationOverview, ...]
    seconds: tuple[Window, ...]
    minute: Window
    cost_today_usd: float
    cost_month_usd: float

    def to_json(self) -> dict[str, object]:
        """The same in values that JSON has."""
        return {field.name: plain(getattr(self, field.name)) for field in fields(self)}


def plain(value: object) -> object:
    """A value of this module as dicts and lists."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value
