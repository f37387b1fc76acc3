"""API keys of REST APIs, and the plans that say how often each may ask: rate, burst and quota. Pure: time is an argument.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jlambda.model.http.throttle import Limits

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in a DAY, WEEK or MONTH; `offset` of them are taken already in the first."""

    limit: int
    period: str
    offset: int = 0

    def begin(self, day: date) -> date:
        """The first day of the period that a day is in; weeks begin on Monday."""
        if self.period == "MONTH":
            return day.replace(day=1)
        return day - timedelta(days=day.weekday()) if self.period == "WEEK" else day

    def left(self, day: date, used: Mapping[str, int], first: date) -> int:
        """What is left of it after a day: `used` are requests by day, `first` is when the plan was first used."""
        begin = self.begin(day)
        so_far = sum(count for each, count in used.items() if str(begin) <= each <= str(day))
        return self.limit - so_far - (self.offset if self.begin(first) == begin else 0)


def day_of(now: float) -> date:
    """The day of a moment, in UTC."""
    return datetime.fromtimestamp(now, UTC).date()


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """One plan: the stages that it opens, by API and name, each with limits of its own for some methods (``GET /items``)."""

    id: str
    stages: Mapping[tuple[str, str], Mapping[str, Limits]]
    limits: Limits | None = None
    quota: Quota | None = None

    def limits_of(self, stage: tuple[str, str], route_key: str) -> Limits | None:
        """The limits of one key for a method of a stage."""
        return self.stages[stage].get(route_key, self.limits)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, and the plans that it belongs to."""

    id: str
    value: str = field(repr=False)
    is_enabled: bool
    plans: tuple[UsagePlan, ...]

    def plan_of(self, stage: tuple[str, str]) -> UsagePlan | None:
        """The plan that opens a stage to the key."""
        return next((each for each in self.plans if stage in each.stages), None) if self.is_enabled else None


def api_keys(
    keys: Iterable[Document], plans: Iterable[Document], members: Mapping[str, Sequence[Document]]
) -> dict[str, ApiKey]:
    """Keys by value, of what apigateway tells; `members` are the keys of each plan, by its id."""
    found = [usage_plan(each) for each in plans]
    of = {plan.id: {str(each["id"]) for each in members.get(plan.id, ())} for plan in found}
    return {
        each["value"]: ApiKey(
            each["id"], each["value"], bool(each.get("enabled")), tuple(plan for plan in found if each["id"] in of[plan.id])
        )
        for each in keys
    }


def usage_plan(given: Document) -> UsagePlan:
    """A plan, of what apigateway tells of it."""
    stages = {
        (each["apiId"], each["stage"]): {
            _route_key(key): limits
            for key, throttle in (each.get("throttle") or {}).items()
            if (limits := _limits(throttle)) is not None
        }
        for each in given.get("apiStages") or ()
    }
    quota = given.get("quota") or {}
    has_quota = quota.get("limit") is not None and quota.get("period")
    made = Quota(int(quota["limit"]), quota["period"], int(quota.get("offset") or 0)) if has_quota else None
    return UsagePlan(given["id"], stages, _limits(given.get("throttle") or {}), made)


def _limits(throttle: Document) -> Limits | None:
    rate, burst = throttle.get("rateLimit"), throttle.get("burstLimit")
    return None if rate is None or burst is None else Limits(float(rate), int(burst))


def _route_key(key: str) -> str:
    """``/items/GET`` as routes write it."""
    path, _, method = key.rpartition("/")
    return f"{method} {path or '/'}"
