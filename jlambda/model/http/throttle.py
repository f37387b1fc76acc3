"""How many requests an API takes: token buckets, as API Gateway has one for each stage and route.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second in the long run, and at once."""

    rate: float
    burst: int


class TokenBucket:
    """Full at first; fills up again with `rate` tokens a second."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.limits = limits
        self._tokens, self._at = float(limits.burst), now

    def take(self, now: float) -> bool:
        """Whether one more request may come in now."""
        passed = max(0.0, now - self._at)
        self._tokens = min(float(self.limits.burst), self._tokens + passed * self.limits.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class TokenBuckets:
    """A bucket for each place that has limits; `now` is a clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._buckets: dict[tuple[str, ...], TokenBucket] = {}

    def take(self, place: tuple[str, ...], limits: Limits) -> bool:
        """Whether one more request may come in now. Limits that have changed begin with a full bucket."""
        bucket = self._buckets.get(place)
        if bucket is None or bucket.limits != limits:
            bucket = self._buckets[place] = TokenBucket(limits, self._now())
        return bucket.take(self._now())
