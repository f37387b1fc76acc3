"""Triggers that are rules and schedules: ``rate(…)``, ``cron(…)``, ``at(…)`` and ``events:{…}``.

A trigger becomes what a user would make with boto3: a rule with one target, or a schedule of EventBridge Scheduler where it
asks for what rules do not have (a time zone, a window, a single time). Rules and schedules that were made elsewhere and
whose target is a function show as triggers, too.
"""

from __future__ import annotations

import builtins
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.arn import Account, parse_reference
from jlambda.model.event_rule import rule_of
from jlambda.model.exchange import Write
from jlambda.model.plan import Plan, parsed
from jlambda.model.schedule import parse_schedule
from jlambda.model.trigger import Trigger, parse_trigger
from jlambda.service.event_bus import checked_pattern, targets_of
from jlambda.service.event_delivery import Clients
from jlambda.service.trigger_news import kinds_changed
from jlambda.service.triggers import Attached
from jlambda.store.database import Database
from jlambda.store.resources import Resources

_GROUP = "default"
_TARGET = "function"
Named = tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A trigger as it was last seen: listing triggers starts no service."""

    id: str
    qualifier: str | None
    text: str
    state: str


class EventTriggers:
    """Sees to triggers of the kinds rate, cron, at and events.

    `is_running` says whether there are services that can be asked without being started, `refusal` why triggers cannot be
    served, if so.
    """

    KINDS = ("rate", "cron", "at", "events")

    def __init__(
        self, database: Database, account: Account, clients: Clients, is_running: Callable[[], bool], refusal: Callable[[], str]
    ) -> None:
        self._account, self._clients, self._is_running, self._refusal = account, clients, is_running, refusal
        self._kept = Resources(database, "event trigger", _Kept)
        #: how many changes the services have made, and after how many of them they were looked at last
        self._changes, self._seen = 0, -1

    def saw(self, write: Write) -> None:
        """Look at rules and schedules again when they are wanted next, if this may have changed them."""
        if "events" in kinds_changed(write):
            self._changes += 1

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Make its rule or schedule, or give the one that is there these options."""
        if why := self._refusal():
            raise InvalidParameter(f"trigger {trigger.key!r}: {why}")
        with self._changing():
            return self._attach(function, qualifier, trigger)

    def _attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        name = _name(function, qualifier, trigger)
        arn = self._account.function_arn(function, qualifier)
        self._look()
        there = [each for each in self._attached() if _is_same(each, function, qualifier, trigger)]
        if _is_for_scheduler(trigger):
            made = self._put_schedule(there[0].id if there else name, arn, trigger)
        else:
            made = self._put_rule(there[0].id if there else name, arn, trigger)
        for each in there:  # of the other kind, or twice
            if each.id != made:
                self._detach(each)
        return () if there else (f"{'schedule' if _is_for_scheduler(trigger) else 'rule'} {made.rpartition('/')[2]}",)

    def _put_rule(self, rule_id: str, function_arn: str, trigger: Trigger) -> str:
        client = self._clients("events")
        bus, name = _bus_and_name(rule_id, str(trigger.get("bus") or "default"))
        given: dict[str, Any] = {"State": "DISABLED" if trigger.get("disabled") else "ENABLED"}
        if trigger.kind == "events":
            checked_pattern(trigger.target)
            given |= {"EventPattern": trigger.target, "EventBusName": bus}
            if bus != "default":
                with suppress(client.exceptions.ResourceAlreadyExistsException):
                    client.create_event_bus(Name=bus)
        else:
            parse_schedule(trigger.key)
            given["ScheduleExpression"] = trigger.key
        client.put_rule(Name=name, **given)
        target = {"Id": _TARGET, "Arn": function_arn}
        if (text := trigger.get("input")) is not None:
            target["Input"] = str(text)
        client.put_targets(Rule=name, EventBusName=bus, Targets=[target])
        return _rule_id(bus, name)

    def _put_schedule(self, schedule_id: str, function_arn: str, trigger: Trigger) -> str:
        client = self._clients("scheduler")
        _, group, name = schedule_id.split("/") if schedule_id.startswith("schedule/") else ("", _GROUP, schedule_id)
        window = trigger.get("flexible")
        target = {"Arn": function_arn, "RoleArn": f"arn:aws:iam::{self._account.id}:role/scheduler"}
        if (text := trigger.get("input")) is not None:
            target["Input"] = str(text)
        given: dict[str, Any] = {
            "Name": name,
            "GroupName": group,
            "ScheduleExpression": trigger.key,
            "ScheduleExpressionTimezone": str(trigger.get("timezone") or "UTC"),
            "State": "DISABLED" if trigger.get("disabled") else "ENABLED",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": window} if window else {"Mode": "OFF"},
            "Target": target,
        }
        parsed(Plan("", False, given, 0.0, 0.0))
        try:
            client.update_schedule(**given)
        except client.exceptions.ResourceNotFoundException:
            client.create_schedule(**given)
        return f"schedule/{group}/{name}"

    def detach(self, attached: Attached) -> None:
        """Delete the rule or schedule; a rule with other targets keeps them."""
        with self._changing():
            self._detach(attached)

    def _detach(self, attached: Attached) -> None:
        if attached.id.startswith("schedule/"):
            client = self._clients("scheduler")
            _, group, name = attached.id.split("/")
            with suppress(client.exceptions.ResourceNotFoundException):
                client.delete_schedule(Name=name, GroupName=group)
            return
        client = self._clients("events")
        bus, name = _bus_and_name(attached.id)
        arn = self._account.function_arn(attached.function, attached.qualifier)
        targets = targets_of(client, name, bus)
        ours = [each["Id"] for each in targets if each["Arn"] == arn]
        if ours:
            client.remove_targets(Rule=name, EventBusName=bus, Ids=ours)
        if len(ours) == len(targets):
            client.delete_rule(Name=name, EventBusName=bus)

    def list(self) -> Sequence[Attached]:
        """Rules and schedules whose target is a function: as they are, or as they were last seen."""
        if self._refusal():
            return []
        if self._is_running():
            self._look()
        return self._attached()

    def _attached(self) -> builtins.list[Attached]:
        """All, as they were last seen."""
        return [
            Attached(each.id, function, each.qualifier, parse_trigger(each.text), each.state)
            for function, _, each in self._kept.items()
        ]

    def forget(self) -> None:
        """The services are empty now: what was last seen is not there."""
        for function, key, _ in builtins.list(self._kept.items()):
            self._kept.delete(function, key)
        self._changes += 1

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """A change, after which what is kept is what the services have."""
        try:
            yield
        finally:
            self._look()

    def _look(self) -> None:
        """See what the services have, unless they have changed nothing since the last look: it asks for each rule."""
        changes = self._changes
        if self._seen == changes:
            return
        there = [*self._rules(), *self._schedules()]
        found = {(each.function, f"{each.id}:{each.qualifier or ''}"): each for each in there}
        held = {(function, key): each for function, key, each in self._kept.items()}
        for function, key in held.keys() - found.keys():
            self._kept.delete(function, key)
        for (function, key), each in found.items():
            kept = _Kept(each.id, each.qualifier, str(each.trigger), each.state)
            if held.get((function, key)) != kept:
                self._kept.put(kept, function, key)
        self._seen = changes

    def _rules(self) -> Iterator[Attached]:
        client = self._clients("events")
        for bus in client.list_event_buses()["EventBuses"]:
            for page in client.get_paginator("list_rules").paginate(EventBusName=bus["Name"]):
                for members in page["Rules"]:
                    rule = rule_of(members, targets_of(client, members["Name"], bus["Name"]))
                    state = "Enabled" if rule.is_enabled else "Disabled"
                    for target in rule.targets:
                        if (function := self._function(target.arn)) is None:
                            continue
                        options = _options(input=target.members.get("Input"))
                        if rule.schedule is not None:
                            trigger = _of_schedule(rule.schedule, options)
                        else:
                            options += _options(bus=None if bus["Name"] == "default" else bus["Name"])
                            trigger = Trigger("events", json.dumps(rule.pattern), tuple(sorted(options)))
                        yield Attached(_rule_id(bus["Name"], rule.name), *function, trigger, state)

    def _schedules(self) -> Iterator[Attached]:
        client = self._clients("scheduler")
        for page in client.get_paginator("list_schedules").paginate():
            for each in page["Schedules"]:
                if (function := self._function(each["Target"]["Arn"])) is None:
                    continue
                members = client.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
                zone, window = members.get("ScheduleExpressionTimezone"), members.get("FlexibleTimeWindow") or {}
                options = _options(
                    input=members["Target"].get("Input"),
                    timezone=None if zone == "UTC" else zone,
                    flexible=window.get("MaximumWindowInMinutes"),
                )
                trigger = _of_schedule(members["ScheduleExpression"], options)
                state = "Disabled" if members.get("State") == "DISABLED" else "Enabled"
                yield Attached(f"schedule/{each['GroupName']}/{each['Name']}", *function, trigger, state)

    def _function(self, arn: str) -> Named | None:
        if ":lambda:" not in arn:
            return None
        try:
            found = parse_reference(arn, self._account)
        except LambdaError:
            return None
        return found.name, found.qualifier

    def enable(self, attached: Attached) -> None:
        """Have it start its function again."""
        with self._changing():
            self._set_state(attached, "ENABLED")

    def disable(self, attached: Attached) -> None:
        """Have it start nothing until it is enabled."""
        with self._changing():
            self._set_state(attached, "DISABLED")

    def _set_state(self, attached: Attached, state: str) -> None:
        if not attached.id.startswith("schedule/"):
            client = self._clients("events")
            bus, name = _bus_and_name(attached.id)
            change = client.enable_rule if state == "ENABLED" else client.disable_rule
            change(Name=name, EventBusName=bus)
            return
        client = self._clients("scheduler")
        _, group, name = attached.id.split("/")
        members = client.get_schedule(Name=name, GroupName=group)
        known = client.meta.service_model.operation_model("UpdateSchedule").input_shape.members
        kept = {key: value for key, value in members.items() if key in known and value is not None}
        client.update_schedule(**{**kept, "State": state})


def _is_for_scheduler(trigger: Trigger) -> bool:
    return trigger.kind == "at" or trigger.get("timezone") is not None or trigger.get("flexible") is not None


def _is_same(attached: Attached, function: str, qualifier: str | None, trigger: Trigger) -> bool:
    return (attached.function, attached.qualifier, attached.trigger.key) == (function, qualifier, trigger.key)


def _name(function: str, qualifier: str | None, trigger: Trigger) -> str:
    """A name that tells whose it is, and is another for another trigger; rules and schedules take 64 characters."""
    digest = hashlib.sha256(f"{function}:{qualifier}:{trigger.key}".encode()).hexdigest()[:8]
    return f"{function[:50]}-{trigger.kind}-{digest}"[:64]


def _rule_id(bus: str, name: str) -> str:
    return name if bus == "default" else f"{bus}/{name}"


def _bus_and_name(rule_id: str, bus: str = "default") -> tuple[str, str]:
    found, _, name = rule_id.rpartition("/")
    return found or bus, name


def _options(**given: str | int | None) -> list[tuple[str, str | int | bool]]:
    return [(name, value) for name, value in given.items() if value is not None]


def _of_schedule(expression: str, options: list[tuple[str, str | int | bool]]) -> Trigger:
    kind, _, rest = expression.partition("(")
    if not rest.endswith(")"):
        raise InvalidParameter(f"{expression!r} is no schedule")
    return Trigger(kind, " ".join(rest[:-1].split()), tuple(sorted(options)))
