"""Who asks a REST API with which key, and whether their plan lets them: API keys, quotas and throttles.

What has been used is written down soon after.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-setup-api-key-with-console.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from datetime import date

from jlambda.model.http.throttle import TokenBuckets
from jlambda.model.http.usage_plan import ApiKey, UsagePlan, day_of
from jlambda.service.api_usage import ApiUsage


class NoKey(Exception):
    """There is no key, or none that opens this stage."""


class TooOften(Exception):
    """More requests at once than the plan has for one key."""


class UsedUp(Exception):
    """The key has used up the quota of its plan."""


class KeyGate:
    """The keys of one gateway: `clock` is the session's, by which quotas go; `pool` is for what is written down."""

    def __init__(self, clock: Callable[[], float], buckets: TokenBuckets, usage: ApiUsage, pool: Executor) -> None:
        self._clock, self._buckets, self._usage, self._pool = clock, buckets, usage, pool
        self._saving: asyncio.Future[None] | None = None

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
        today = day_of(self._clock())
        if plan.quota is not None:
            used = {day: each.requests - each.granted for day, each in self._usage.of_key(plan.id, key.id).items()}
            first = date.fromisoformat(self._usage.first_day(plan.id) or str(today))
            if plan.quota.left(today, used, first) <= 0:
                raise UsedUp
        self._usage.count(plan.id, key.id, str(today))
        if self._saving is None or self._saving.done():
            self._saving = asyncio.get_running_loop().run_in_executor(self._pool, self._usage.save)
