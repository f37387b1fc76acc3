"""When a schedule is due, what was missed of it, and what it sends: the rules behind `jlambda.service.schedules`. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from jlambda.errors import InvalidParameter
from jlambda.model.events.moments import iso_s
from jlambda.model.schedule import Schedule, parse_schedule

#: how many missed times are counted one by one
COUNTED = 1_000
_HOUR_S = 3_600.0


class Occurrence(NamedTuple):
    """A schedule is due: `at` is the time of its expression, `missed` how many earlier ones nobody was there for."""

    at: float
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """One schedule, of a rule or of EventBridge Scheduler, and up to when it has been seen to.

    `members` are what the service tells of it, its targets under Targets; `anchor` is when it was first seen with this
    expression; what was due up to `since` has been sent. Times are seconds since the epoch.
    """

    arn: str
    is_rule: bool
    members: Mapping[str, Any]
    anchor: float
    since: float

    @property
    def expression(self) -> str:
        """As it was given."""
        return str(self.members["ScheduleExpression"])

    @property
    def zone_name(self) -> str:
        """Its time zone."""
        return str(self.members.get("ScheduleExpressionTimezone") or "UTC")

    @property
    def is_enabled(self) -> bool:
        """Whether it is due at all."""
        return bool(self.members.get("State", "ENABLED") != "DISABLED")

    @property
    def window_s(self) -> float:
        """How long after its time it may be sent."""
        window = self.members.get("FlexibleTimeWindow") or {}
        return 60.0 * (window.get("MaximumWindowInMinutes") or 0) if window.get("Mode") == "FLEXIBLE" else 0.0

    def next_at(self, after: float | None = None) -> float | None:
        """The next time of the expression after `since` (or `after`), within start and end; None if there is none."""
        try:
            schedule = parsed(self)
        except InvalidParameter:  # what the service took and we do not understand is due never
            return None
        start, end = self.members.get("StartDate"), self.members.get("EndDate")
        moment = self.since if after is None else after
        anchor = self.anchor
        if start is not None and self.anchor < float(start):
            anchor = float(start)
            moment = max(moment, anchor - 0.001)
            if "rate(" in self.expression and moment < anchor:
                return anchor if end is None or anchor <= float(end) else None  # a rate begins at its start
        found = schedule.next_after(moment, anchor)
        return found if found is None or end is None or found <= float(end) else None

    def sent_at(self, at: float) -> float:
        """When it is sent that is due `at`: the same place in the window each time it is asked."""
        if not self.window_s:
            return at
        digest = hashlib.sha256(f"{self.arn}/{at}".encode()).digest()
        return at + int.from_bytes(digest[:4]) / 2**32 * self.window_s

    def next_due(self) -> float | None:
        """When it is to be sent next."""
        at = self.next_at() if self.is_enabled else None
        return None if at is None else self.sent_at(at)

    def due(self, now: float) -> Occurrence | None:
        """What is to be sent at `now`: the latest of all times that have come; None if none has."""
        at = self.next_at() if self.is_enabled else None
        if at is None or self.sent_at(at) > now:
            return None
        missed = 0
        while missed < COUNTED:
            following = self.next_at(at)
            if following is None or self.sent_at(following) > now:
                return Occurrence(at, missed)
            at, missed = following, missed + 1
        return Occurrence(self._latest(at, now), missed)

    def _latest(self, at: float, now: float) -> float:
        """The latest time up to `now`, found from ever longer before it."""
        back = _HOUR_S
        while now - back > at:
            found = self.next_at(now - back)
            if found is not None and self.sent_at(found) <= now:
                while found is not None and self.sent_at(found) <= now:
                    at, found = found, self.next_at(found)
                return at
            back *= 24
        while (following := self.next_at(at)) is not None and self.sent_at(following) <= now:
            at = following
        return at

    @property
    def is_over(self) -> bool:
        """Whether it is never due again, and asked to be deleted then."""
        return self.members.get("ActionAfterCompletion") == "DELETE" and self.is_enabled and self.next_at() is None


def parsed(plan: Plan) -> Schedule:
    """The expression of a plan in its time zone. Raises `InvalidParameter`."""
    try:
        zone = ZoneInfo(plan.zone_name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidParameter(
            f"The provided ScheduleExpressionTimezone {plan.zone_name} is not valid.", "use one such as Europe/Berlin"
        ) from None
    return parse_schedule(plan.expression, zone, is_rule=plan.is_rule)


# https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
def with_context(text: str, plan: Plan, at: float, execution_id: str) -> str:
    """The Input of a schedule, its context attributes filled in."""
    known = {
        "schedule-arn": plan.arn,
        "scheduled-time": iso_s(at),
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in known.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
