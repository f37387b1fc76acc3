"""Event source mappings as records: made, changed, found and deleted. Delivering events is for whoever `watch`es them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from jlambda.errors import InvalidParameter, ResourceConflict, ResourceInUse, ResourceNotFound
from jlambda.model.arn import Account
from jlambda.model.mapping import EventSourceMapping, conflict, created_members, updated_members
from jlambda.service.tags import check_tags
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources


class Mappings:
    """The event source mappings of one session.

    A change takes `settle_s` to take hold: until then a mapping is Creating, Enabling, Disabling, Updating or Deleting.
    What a call gives back is always the mapping in the state that the call brought it into.
    """

    def __init__(
        self,
        database: Database,
        targets: Targets,
        account: Account,
        lock: threading.RLock,
        clock: Callable[[], float] = time.time,
        settle_s: float = 0.0,
    ) -> None:
        self._targets, self._account, self._lock = targets, account, lock
        self._clock, self._settle_s = clock, settle_s
        self._mappings = Resources(database, "mapping", EventSourceMapping)
        self._results: dict[str, str] = {}
        #: called with a mapping that is about to be made; raises `InvalidParameter` where its source is not there
        self.prepare: Callable[[EventSourceMapping], None] = lambda _: None
        self._watchers: list[Callable[[EventSourceMapping], None]] = []

    def watch(self, changed: Callable[[EventSourceMapping], None]) -> None:
        """Have `changed` called with each mapping that is made, changed or deleted; its `goal` says what it is to be."""
        self._watchers.append(changed)

    def create(self, request: Mapping[str, Any]) -> EventSourceMapping:
        """Make a mapping; `request` has the members of CreateEventSourceMapping, whose tags are only checked here.

        Raises `InvalidParameter`, and `ResourceConflict` where there is one of the same source and function.
        """
        with self._lock:
            check_tags(request.get("Tags") or {})
            members = created_members(request)
            if members.get("SelfManagedEventSource"):
                members.setdefault("SelfManagedKafkaEventSourceConfig", {"ConsumerGroupId": str(uuid.uuid4())})
            name, qualifier = self._function(request["FunctionName"])
            goal = "Disabled" if request.get("Enabled") is False else "Enabled"
            source = request.get("EventSourceArn")
            made = EventSourceMapping(str(uuid.uuid4()), name, qualifier, source, members, "Creating", goal, 0.0, 0.0)
            self._check_alone(made)
            self.prepare(made)
            return self._put(made)

    def update(self, identity: str, request: Mapping[str, Any]) -> EventSourceMapping:
        """Change what `request` names. Raises `ResourceNotFound`, `ResourceInUse`, `InvalidParameter`, `ResourceConflict`."""
        with self._lock:
            before = self._settled(identity, "update")
            goal = before.goal if request.get("Enabled") is None else "Enabled" if request["Enabled"] else "Disabled"
            moves = {"Enabled": "Enabling", "Disabled": "Disabling"}
            made = replace(
                before,
                members=updated_members(before, request),
                state="Updating" if goal == before.goal else moves[goal],
                goal=goal,
            )
            if request.get("FunctionName"):
                name, qualifier = self._function(request["FunctionName"])
                made = replace(made, function=name, qualifier=qualifier)
                self._check_alone(made)
            return self._put(made)

    def get(self, identity: str) -> EventSourceMapping:
        """The mapping with this UUID. Raises `ResourceNotFound`."""
        found = self.find(identity)
        if found is None:
            raise ResourceNotFound("The resource you requested does not exist.")
        return found

    def find(self, identity: str) -> EventSourceMapping | None:
        """The mapping with this UUID, None if there is none."""
        kept = self._mappings.get(_owner(identity))
        return kept.at(self._clock()) if kept else None

    def list(self, function: str | None = None, source_arn: str | None = None) -> list[EventSourceMapping]:
        """All mappings, or those of a function (and version or alias) or a source, by UUID."""
        now = self._clock()
        found = [each for kept in self._mappings.values() if (each := kept.at(now)) is not None]
        if function is not None:
            named = self._targets.parse(function)
            found = [each for each in found if (each.function, each.qualifier) == named]
        return [each for each in found if source_arn in (None, each.source_arn)]

    def delete(self, identity: str) -> EventSourceMapping:
        """Delete a mapping: it is Deleting for a while, then gone. Raises `ResourceNotFound` and `ResourceInUse`."""
        with self._lock:
            return self._put(replace(self._settled(identity, "delete"), state="Deleting", goal=""))

    def clear(self) -> None:
        """Delete all mappings at once."""
        with self._lock:
            for mapping in self.list():
                self._put(replace(mapping, state="Deleting", goal=""))
                self._mappings.forget(_owner(mapping.uuid))

    def told(self, identity: str, result: str) -> None:
        """What became of the last records of a mapping: its LastProcessingResult."""
        self._results[identity] = result

    def last_result(self, mapping: EventSourceMapping) -> str | None:
        """What became of a mapping's last records, None where AWS does not tell."""
        return mapping.last_result and self._results.get(mapping.uuid, mapping.last_result)

    def arn(self, mapping: EventSourceMapping) -> str:
        """The ARN of a mapping."""
        return self._account.arn(_owner(mapping.uuid))

    def function_arn(self, mapping: EventSourceMapping) -> str:
        """The ARN of the function, version or alias that a mapping feeds."""
        return self._account.function_arn(mapping.function, mapping.qualifier)

    def _settled(self, identity: str, verb: str) -> EventSourceMapping:
        found = self.get(identity)
        if found.state != found.goal:
            raise ResourceInUse(f"Cannot {verb} the event source mapping because it is in use.")
        return found

    def _function(self, reference: str) -> tuple[str, str | None]:
        name, qualifier = self._targets.parse(reference)
        if not self._targets.has(name, qualifier):
            raise InvalidParameter("Function does not exist")
        return name, qualifier

    def _check_alone(self, made: EventSourceMapping) -> None:
        wanted = conflict(made, self.function_arn(made))
        for other in self.list():
            if other.uuid != made.uuid and conflict(other, self.function_arn(other)) == wanted:
                raise ResourceConflict(f"{wanted} Please update or delete the existing mapping with UUID {other.uuid}")

    def _put(self, mapping: EventSourceMapping) -> EventSourceMapping:
        now = self._clock()
        made = self._mappings.put(replace(mapping, last_modified=now, settles_at=now + self._settle_s), _owner(mapping.uuid))
        for kept in self._mappings.values():
            if kept.at(now) is None:
                self._mappings.forget(_owner(kept.uuid))
        for watcher in self._watchers:
            watcher(made)
        return made


def _owner(identity: str) -> str:
    return f"event-source-mapping:{identity}"
