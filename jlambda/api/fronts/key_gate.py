"""Who asks a REST API with which key, and whether their plan lets them: API keys, quotas and throttles.

What has been used is counted for as long as the gateway is up.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-console.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from jlambda.model.http.throttle import TokenBuckets
from jlambda.model.http.usage_plan import ApiKey, UsagePlan


class NoKey(Exception):
    """There is no key, or none that opens this stage."""


class TooOften(Exception):
    """More requests at once than the plan has for one key."""


class UsedUp(Exception):
    """The key has used up the quota of its plan."""


class KeyGate:
    """The counters of one gateway: `clock` is the session's, by which quotas go."""

    def __init__(self, clock: Callable[[], float], buckets: TokenBuckets) -> None:
        self._clock, self._buckets = clock, buckets
        self._used: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[str, str] = {}

    def pass_through(self, keys: Mapping[str, ApiKey], value: str | None, stage: tuple[str, str], route_key: str) -> ApiKey:
        """The key of a request for a method of a stage (API and name). Raises `NoKey`, `TooOften` and `UsedUp`."""
        key = keys.get(value or "")
        plan = None if key is None else key.plan_of(stage)
        if key is None or plan is None:
            raise NoKey
        limits = plan.limits_of(stage, route_key)
        place = (plan.id, key.id, *((*stage, route_key) if route_key in plan.stages[stage] else ()))
        if limits is not None and not self._buckets.take(place, limits):
            raise TooOften
        self._count(plan, key)
        return key

    def _count(self, plan: UsagePlan, key: ApiKey) -> None:
        quota = plan.quota
        if quota is None:
            return
        window = quota.window(self._clock())
        taken = quota.offset if self._first.setdefault(plan.id, window) == window else 0
        if self._used[plan.id, key.id, window] + taken >= quota.limit:
            raise UsedUp
        self._used[plan.id, key.id, window] += 1
