"""Subscription filters of functions' own log groups: what they let through of an invocation's log starts other functions.

The service behind keeps the filters, and applies them to what is put into its groups; functions' logs are in none, so they
are matched here, when an invocation is recorded. Filters are known from the requests that set them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from jlambda.errors import LambdaError
from jlambda.model.arn import Account
from jlambda.model.events import logs as log_events
from jlambda.model.exchange import Push, Write
from jlambda.model.invocation import InvocationRecord
from jlambda.service.version import DeployedVersion
from jlambda.store.database import Database
from jlambda.store.resources import Resources
from jlambda.telemetry.log_pattern import compiled
from jlambda.telemetry.logs import lines

_log = logging.getLogger("jlambda")


@dataclass(frozen=True, slots=True)
class _Filter:
    group: str
    name: str
    pattern: str
    arn: str


class LogSubscriptions:
    """The filters of one session. `push` takes what starts a function, `version` gives a function's by name and version."""

    def __init__(
        self,
        database: Database,
        account: Account,
        version: Callable[[str, str], DeployedVersion],
        push: Callable[[Push, str | None, Callable[[], object]], object],
    ) -> None:
        self._account, self._version, self._push = account, version, push
        self._kept = Resources(database, "log subscription", _Filter)
        self._filters: dict[str, dict[str, _Filter]] = {}
        for each in self._kept.values():
            self._filters.setdefault(each.group, {})[each.name] = each

    def saw(self, write: Write) -> None:
        """A service was changed: the filters may have been."""
        if write.service != "logs":
            return
        given = write.parameters
        group, name = str(given.get("logGroupName", "")), str(given.get("filterName", ""))
        owner = f"log-group:{group}"
        if write.operation == "PutSubscriptionFilter" and ":lambda:" in str(given.get("destinationArn")):
            made = _Filter(group, name, str(given.get("filterPattern", "")), str(given["destinationArn"]))
            self._filters.setdefault(group, {})[name] = self._kept.put(made, owner, name)
        elif write.operation == "DeleteSubscriptionFilter" and name in self._filters.get(group, {}):
            del self._filters[group][name]
            self._kept.delete(owner, name)
        elif write.operation == "DeleteLogGroup":
            for each in self._filters.pop(group, {}):
                self._kept.delete(owner, each)

    def forget(self) -> None:
        """The services were emptied."""
        for group, filters in self._filters.items():
            for name in filters:
                self._kept.delete(f"log-group:{group}", name)
        self._filters.clear()

    def recorded(self, record: InvocationRecord, log: bytes) -> None:
        """An invocation has ended, and this is its log."""
        if not self._filters:
            return
        try:
            configuration = self._version(record.function, record.version).configuration
            filters = self._filters.get(configuration.log_group)
            if not filters:
                return
            written = lines(record, log, configuration.runtime, self._account.region)
            events = [
                log_events.LogEvent(f"{each.timestamp_ms:013d}{number:043d}", each.timestamp_ms, each.message)
                for number, each in enumerate(written)
            ]
            for each in list(filters.values()):
                matches = compiled(each.pattern)
                found = [event for event in events if matches(event.message)]
                if found:
                    stream = record.log_stream
                    event = log_events.subscription(self._account.id, each.group, stream, [each.name], found)
                    self._push(Push(each.arn, "logs", json.dumps(event)), None, lambda: None)
        except LambdaError as error:  # the function is gone, or its filter is one that only AWS knows
            _log.warning("the log of %s could not be sent on: %s", record.function, error)
