"""Event invoke configurations: kept for a function, its versions and its aliases. What they ask for is done elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.arn import LATEST, Account
from jlambda.model.event_invoke import EventInvokeConfig, check_destinations, tidy_destinations
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_MEMBERS = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig")


class EventInvokeConfigs:
    """The event invoke configurations of one session."""

    def __init__(
        self,
        database: Database,
        targets: Targets,
        account: Account,
        lock: threading.RLock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._targets, self._account, self._lock, self._clock = targets, account, lock, clock
        self._configs = Resources(database, "event-invoke", EventInvokeConfig)
        #: called with the name of a function whose settings have changed
        self.changed: Callable[[str], None] = lambda _: None

    def put(self, reference: str, qualifier: str | None, request: Mapping[str, Any]) -> EventInvokeConfig:
        """Say anew what is done with events; `request` has the members of PutFunctionEventInvokeConfig.

        Raises `ResourceNotFound` and `InvalidParameter`.
        """
        with self._lock:
            return self._put(*self._named(reference, qualifier), request, {})

    def update(self, reference: str, qualifier: str | None, request: Mapping[str, Any]) -> EventInvokeConfig:
        """Change what `request` names, and nothing else. Raises `ResourceNotFound` and `InvalidParameter`."""
        with self._lock:
            before = self.get(reference, qualifier)
            held = {
                "MaximumRetryAttempts": before.retries,
                "MaximumEventAgeInSeconds": before.event_age_s,
                "DestinationConfig": before.destinations,
            }
            return self._put(before.function, before.qualifier, request, held)

    def get(self, reference: str, qualifier: str | None = None) -> EventInvokeConfig:
        """The configuration of a function, version or alias. Raises `ResourceNotFound`."""
        name, qualifier = self._named(reference, qualifier)
        found = self.find(name, qualifier)
        if found is None:
            raise self._missing(name, qualifier)
        return found

    def find(self, name: str, qualifier: str = LATEST) -> EventInvokeConfig | None:
        """The configuration of one qualifier of a function, None if it has none."""
        return self._configs.get(f"function:{name}", qualifier)

    def list(self, reference: str) -> list[EventInvokeConfig]:
        """All configurations of a function, by qualifier. Raises `ResourceNotFound`."""
        name, _ = self._targets.parse(reference)
        if not self._targets.has(name):
            raise ResourceNotFound("The function doesn't exist.")
        return self._configs.values(f"function:{name}")

    def delete(self, reference: str, qualifier: str | None = None) -> None:
        """Forget what was said. Raises `ResourceNotFound`."""
        with self._lock:
            name, qualifier = self._named(reference, qualifier)
            if not self._configs.delete(f"function:{name}", qualifier):
                raise self._missing(name, qualifier)
            self.changed(name)

    def _named(self, reference: str, qualifier: str | None) -> tuple[str, str]:
        name, found = self._targets.parse(reference, qualifier)
        return name, found or LATEST

    def _put(self, name: str, qualifier: str, request: Mapping[str, Any], held: Mapping[str, Any]) -> EventInvokeConfig:
        if not self._targets.has(name, qualifier):
            raise ResourceNotFound("The function doesn't exist.")
        given = {member: request[member] for member in _MEMBERS if request.get(member) is not None}
        if not given:
            raise InvalidParameter("You must specify at least one of error handling or destination setting.")
        wanted = {**held, **given}
        destinations = tidy_destinations(wanted.get("DestinationConfig"))
        check_destinations(name, destinations, self._targets.names(), self._account)
        made = EventInvokeConfig(
            name,
            qualifier,
            wanted.get("MaximumRetryAttempts"),
            wanted.get("MaximumEventAgeInSeconds"),
            destinations,
            self._clock(),
        )
        self._configs.put(made, f"function:{name}", qualifier)
        self.changed(name)
        return made

    def _missing(self, name: str, qualifier: str) -> ResourceNotFound:
        return ResourceNotFound(f"The function {self._account.function_arn(name, qualifier)} doesn't have an EventInvokeConfig")
