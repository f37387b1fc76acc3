"""Subscription filters whose destinations are functions: what other functions log starts them.

Kept here, so that they hold from one kernel to the next. What they match is sent elsewhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.model.function import FunctionConfiguration
from jlambda.store.database import Database
from jlambda.store.resources import Resources
from jlambda.telemetry.log_pattern import compiled

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_FILTERS = 2


class LimitExceeded(LambdaError):
    """A log group has as many subscription filters as it may."""

    code, status = "LimitExceededException", 400


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """One filter of one group; `created_at` is in seconds since the epoch."""

    group: str
    name: str
    pattern: str
    destination_arn: str
    created_at: float


class LogSubscriptions:
    """The subscription filters of one session."""

    def __init__(
        self,
        database: Database,
        configuration: Callable[[str], FunctionConfiguration],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kept = Resources(database, "subscription-filter", SubscriptionFilter)
        self._configuration, self._clock = configuration, clock
        self._lock = threading.Lock()
        self._by_group: dict[str, tuple[SubscriptionFilter, ...]] = {}
        #: called once there are other filters
        self.changed: Callable[[], None] = lambda: None
        for each in self._kept.values():
            self._by_group[each.group] = (*self._by_group.get(each.group, ()), each)

    def all(self) -> list[SubscriptionFilter]:
        """All filters, by group and name."""
        return [each for _, filters in sorted(self._by_group.items()) for each in filters]

    def of(self, group: str) -> tuple[SubscriptionFilter, ...]:
        """The filters of a group, by name."""
        return self._by_group.get(group, ())

    def check(self, group: str, name: str, pattern: str, destination_arn: str) -> None:
        """Raise `InvalidParameter` or `LimitExceeded` for a filter that cannot be."""
        compiled(pattern)
        try:
            target = self._configuration(destination_arn)
        except (ResourceNotFound, InvalidParameter):
            raise InvalidParameter(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
                "function."
            ) from None
        if target.log_group == group:
            raise InvalidParameter(f"{target.name} logs to {group} itself: what it is started with would start it again")
        others = [each for each in self.of(group) if each.name != name]
        if len(others) >= _FILTERS:
            raise LimitExceeded("Resource limit exceeded.")

    def put(self, group: str, name: str, pattern: str, destination_arn: str) -> None:
        """Keep a filter in place of an earlier one of its name. Raises as `check` does."""
        with self._lock:
            self.check(group, name, pattern, destination_arn)
            made = SubscriptionFilter(group, name, pattern, destination_arn, self._clock())
            self._kept.put(made, _owner(group), name)
            others = [each for each in self.of(group) if each.name != name]
            self._by_group[group] = tuple(sorted((*others, made), key=lambda each: each.name))
        self.changed()

    def remove(self, group: str, name: str | None = None) -> bool:
        """Forget a filter, or all of a group; False if there was none."""
        with self._lock:
            gone = [each for each in self.of(group) if name in (None, each.name)]
            for each in gone:
                self._kept.delete(_owner(group), each.name)
            left = tuple(each for each in self.of(group) if each not in gone)
            if left:
                self._by_group[group] = left
            else:
                self._by_group.pop(group, None)
        if gone:
            self.changed()
        return bool(gone)

    def forget(self) -> None:
        """Forget all filters of all groups."""
        for group in list(self._by_group):
            self.remove(group)


def _owner(group: str) -> str:
    return f"log-group:{group}"
