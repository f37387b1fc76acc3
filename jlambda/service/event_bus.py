"""EventBridge's buses at work: events that are put on one go to the targets of the rules that want them.

Buses, rules and targets are held by the embedded services; what they say is read when it is needed, and again after a
change. Knows no HTTP.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import uuid4

from jlambda.errors import InvalidEventPattern, InvalidParameter, ResourceNotFound, ValidationFailed
from jlambda.model.arn import Account
from jlambda.model.event_rule import Rule, Target, rule_of, target_input
from jlambda.model.events import eventbridge
from jlambda.model.events.moments import iso_s
from jlambda.model.exchange import Write
from jlambda.model.filters import parsed
from jlambda.model.matching import matches
from jlambda.service.archives import RULE, UNLESS_REPLAYED, Archives
from jlambda.service.clock import Clock
from jlambda.service.event_delivery import Clients, Delivery, Sender, Waited

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
ENTRIES = 10
ENTRY_BYTES = 262_144
#: how many buses an event may go through, one after the other
_HOPS = 5


class EventBus:
    """All buses of one session."""

    def __init__(self, account: Account, clock: Clock, clients: Clients, delivery: Delivery, archives: Archives) -> None:
        self._account, self._clock, self._clients, self._delivery = account, clock, clients, delivery
        self.archives = archives
        self._rules: dict[str, tuple[Rule, ...]] = {}
        self._generation = 0
        self._lock = threading.Lock()

    def saw(self, write: Write) -> None:
        """Look at the rules again, if this may have changed them."""
        if write.service in ("events", "cloudformation") and write.operation != "PutEvents":
            self.forget()

    def forget(self) -> None:
        """Read all rules anew when they are needed next."""
        with self._lock:
            self._generation += 1
            self._rules = {}

    def put_events(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The answer to PutEvents, once every target of every event has it.

        Raises `ValidationFailed`, and `ResourceNotFound` for a bus that there is not; then no event was taken.
        """
        if not 1 <= len(entries) <= ENTRIES:
            raise ValidationFailed(
                "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy constraint: "
                f"Member must have length {'less than or equal to 10' if entries else 'greater than or equal to 1'}"
            )
        buses = {name: self._on_bus(name) for name in {_bus_name(each.get("EventBusName")) for each in entries}}
        waits: list[Waited] = []
        results = [self._put(each, buses[_bus_name(each.get("EventBusName"))], waits) for each in entries]
        for wait in waits:
            wait()
        return {"FailedEntryCount": sum("ErrorCode" in each for each in results), "Entries": results}

    def _put(self, entry: Mapping[str, Any], rules: Sequence[Rule], waits: list[Waited]) -> dict[str, str]:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        if _size(entry) > ENTRY_BYTES:
            reason = f"Total size of the entry is over the limit of {ENTRY_BYTES} bytes."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
        try:
            detail = json.loads(entry["Detail"])
        except (ValueError, RecursionError):
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        now = self._clock.now()
        made = eventbridge.event(
            source=entry["Source"],
            detail_type=entry["DetailType"],
            detail=detail,
            event_id=str(uuid4()),
            at=float(entry["Time"]) if entry.get("Time") is not None else now,
            account=self._account,
            resources=entry.get("Resources") or (),
        )
        waits += self._route(made, rules, entry.get("TraceHeader"), _HOPS)
        return {"EventId": made["id"]}

    def route(self, event: Mapping[str, Any], bus: str = "default") -> None:
        """Have an event that a service made go to the targets of a bus's rules; returns once they have it."""
        for wait in list(self._route(event, self._on_bus(bus), None, _HOPS)):
            wait()

    def replay(self, parameters: Mapping[str, Any]) -> None:
        """Carry out StartReplay, which the service has taken: what an archive kept goes to the rules of its bus again."""
        name, to = str(parameters["EventSourceArn"]).rpartition("/")[2], parameters["Destination"]
        days = self._clients("events").describe_archive(ArchiveName=name).get("RetentionDays") or 0
        span = float(parameters["EventStartTime"]), float(parameters["EventEndTime"])
        rules = [each for each in self._on_bus(to["Arn"]) if not to.get("FilterArns") or each.arn in to["FilterArns"]]
        waits: list[Waited] = []
        for event in self.archives.events(name, *span, days):
            waits += self._route({**event, "replay-name": parameters["ReplayName"]}, rules, None, _HOPS)
        for wait in waits:
            wait()

    def _route(self, event: Mapping[str, Any], rules: Sequence[Rule], trace_id: str | None, hops: int) -> Iterator[Waited]:
        for rule in rules:
            if rule.wants(event):
                for target in rule.targets:
                    yield from self._send(rule, target, event, trace_id, hops)

    def _send(self, rule: Rule, target: Target, event: Mapping[str, Any], trace_id: str | None, hops: int) -> Iterator[Waited]:
        parts = target.arn.split(":", 5)
        if target.arn.endswith(":::"):  # an archive's own rule
            self.archives.keep(target, event)
            return
        if len(parts) == 6 and parts[2] == "events" and parts[5].startswith("event-bus/"):
            if hops:
                yield from self._route(event, self._on_bus(parts[5]), trace_id, hops - 1)
            return
        payload = target_input(target, event, rule, iso_s(self._clock.now()))
        yield self._delivery.send(Sender(rule.arn, "events", trace_id), target, payload)

    def _on_bus(self, bus: str) -> tuple[Rule, ...]:
        """The rules of a bus that have a pattern."""
        name = _bus_name(bus)
        with self._lock:
            if name in self._rules:
                return self._rules[name]
            generation = self._generation
        client = self._clients("events")
        try:
            pages = client.get_paginator("list_rules").paginate(EventBusName=name)
            listed = [each for page in pages for each in page["Rules"]]
        except client.exceptions.ResourceNotFoundException:
            raise ResourceNotFound(f"Event bus {name} does not exist.") from None
        listed = [_with_archives_pattern(client, each) for each in listed if each.get("EventPattern")]
        found = tuple(rule_of(each, targets_of(client, each["Name"], name)) for each in listed)
        with self._lock:
            if generation == self._generation:  # else they may have changed meanwhile
                self._rules[name] = found
        return found


def targets_of(client: Any, rule: str, bus: str) -> list[dict[str, Any]]:
    """The targets of a rule, all pages of them; none if the rule is gone."""
    try:
        pages = client.get_paginator("list_targets_by_rule").paginate(Rule=rule, EventBusName=bus)
        return [each for page in pages for each in page["Targets"]]
    except client.exceptions.ResourceNotFoundException:
        return []


def _with_archives_pattern(client: Any, rule: dict[str, Any]) -> dict[str, Any]:
    """A rule as ListRules tells of it; that of an archive with the pattern that the archive has now."""
    if not rule["Name"].startswith(RULE) or not rule.get("ManagedBy"):
        return rule
    try:
        pattern = client.describe_archive(ArchiveName=rule["Name"].removeprefix(RULE)).get("EventPattern")
    except client.exceptions.ResourceNotFoundException:  # deleted meanwhile
        return rule
    return {**rule, "EventPattern": json.dumps({**json.loads(pattern or "{}"), **UNLESS_REPLAYED})}


def is_match(pattern: str, event: str) -> bool:
    """The answer to TestEventPattern. Raises `InvalidEventPattern` and `ValidationFailed`."""
    wants = checked_pattern(pattern)
    try:
        given = json.loads(event)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise ValidationFailed("Parameter Event is not valid. Reason: it must be a JSON object.")
    for name in ("id", "account", "source", "time", "region", "resources", "detail-type"):
        if name not in given:
            raise ValidationFailed(f"Parameter Event is not valid. Reason: it has no member {name}.")
    return matches(wants, given)


def checked_pattern(pattern: str) -> dict[str, Any]:
    """A rule's pattern. Raises `InvalidEventPattern`, which says what is wrong with it."""
    try:
        return parsed(pattern)
    except InvalidParameter as error:
        raise InvalidEventPattern(error.aws_message) from None


def _bus_name(bus: str | None) -> str:
    return (bus or "default").rpartition("/")[2]


def _size(entry: Mapping[str, Any]) -> int:
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevent-size.html
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + list(entry.get("Resources") or ())
    return sum(len(str(each).encode()) for each in texts) + (14 if entry.get("Time") is not None else 0)
