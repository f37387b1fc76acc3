"""Schedules that fire: rules with a schedule, and those of EventBridge Scheduler.

The services hold what schedules there are; each is read when it is new or has changed, and kept with how far it has been
seen to, so that what came due while the session was closed is not forgotten.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from jlambda.model.arn import Account
from jlambda.model.event_rule import Rule, Target, target_input
from jlambda.model.events import eventbridge
from jlambda.model.events.moments import iso_s, seconds
from jlambda.model.exchange import Write
from jlambda.model.plan import COUNTED, Occurrence, Plan, with_context
from jlambda.service.clock import Clock
from jlambda.service.due_thread import DueThread
from jlambda.service.event_bus import targets_of
from jlambda.service.event_delivery import Clients, Delivery, Sender
from jlambda.store.database import Database
from jlambda.store.resources import Resources

#: what is later than this was missed
_LATE_S = 60.0
#: what is being sent when the session is closed may take so long to be finished
_MOMENT_S = 2.0
_CHANGES = ("Rule", "Targets", "Schedule", "ScheduleGroup", "Stack")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A plan as it is kept; `is_read` is False for one that a service has changed since."""

    is_rule: bool
    members: Mapping[str, Any]
    anchor: float
    since: float


@dataclass(frozen=True, slots=True)
class _Stale:
    """A service's schedules have changed, and have not been read since."""

    is_stale: bool = True


class Schedules:
    """All schedules of one session."""

    def __init__(self, database: Database, account: Account, clock: Clock, clients: Clients, delivery: Delivery) -> None:
        self._account, self._clock, self._clients, self._delivery = account, clock, clients, delivery
        self._kept = Resources(database, "schedule", _Kept)
        self._marks = Resources(database, "schedule-changes", _Stale)
        self._plans = {arn: _plan(arn, kept) for arn, _, kept in self._kept.items()}
        self._stale = {owner for owner, _, _ in self._marks.items()}
        self._working = threading.RLock()  # one at a time reads or sends
        self._marking = threading.Lock()
        self._thread = DueThread("schedules", self, clock)
        clock.add("schedules", self)
        if self._stale or any(plan.is_enabled for plan in self._plans.values()):
            self._thread.wake()

    # -- what there is ---------------------------------------------------------------------------------------------------

    def saw(self, write: Write) -> None:
        """Read the schedules again, if this may have changed them; that they have to be is kept before this returns."""
        service = "events" if write.service == "cloudformation" else write.service
        if service not in ("events", "scheduler") or not write.operation.endswith(_CHANGES):
            return
        with self._marking:
            if service not in self._stale:
                self._marks.put(_Stale(), service)
            self._stale = self._stale | {service}
        self._thread.wake()

    def forget(self) -> None:
        """There are no schedules any more: everything was reset."""
        with self._working, self._marking:
            for arn in self._plans:
                self._kept.delete(arn)
            for service in self._stale:
                self._marks.delete(service)
            self._plans, self._stale = {}, set()

    def plans(self) -> list[Plan]:
        """All schedules, read anew where they have changed."""
        with self._working:
            self._read_changes()
            return list(self._plans.values())

    def _read_changes(self) -> None:
        with self._marking:
            stale, self._stale = self._stale, set()
        for service in sorted(stale):
            try:
                found = self._read_rules() if service == "events" else self._read_schedules()
            except BaseException:
                with self._marking:
                    self._stale = self._stale | {service}
                raise
            self._take(service == "events", found)
            with self._marking:
                if service not in self._stale:
                    self._marks.delete(service)

    def _read_rules(self) -> dict[str, dict[str, Any]]:
        client = self._clients("events")
        pages = client.get_paginator("list_rules").paginate()
        listed = [each for page in pages for each in page["Rules"] if each.get("ScheduleExpression")]
        return {each["Arn"]: {**each, "Targets": targets_of(client, each["Name"], "default")} for each in listed}

    def _read_schedules(self) -> dict[str, dict[str, Any]]:
        client, found = self._clients("scheduler"), {}
        for page in client.get_paginator("list_schedules").paginate():
            for each in page["Schedules"]:
                with suppress(client.exceptions.ResourceNotFoundException):  # deleted meanwhile
                    members = client.get_schedule(Name=each["Name"], GroupName=each["GroupName"])
                    members.pop("ResponseMetadata", None)
                    found[members["Arn"]] = {**members, "Targets": [members["Target"]]}
        return found

    def _take(self, is_rule: bool, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what a service has: a schedule begins anew with another expression, or where it was disabled."""
        now = self._clock.now()
        for arn in [arn for arn, plan in self._plans.items() if plan.is_rule == is_rule and arn not in found]:
            del self._plans[arn]
            self._kept.delete(arn)
        for arn, raw in found.items():
            members: dict[str, Any] = json.loads(json.dumps(raw, default=_plain))
            old = self._plans.get(arn)
            new = Plan(arn, is_rule, members, now, now)
            if old is not None and old.is_enabled and _timing(old) == _timing(new):
                new = replace(new, anchor=old.anchor, since=old.since)
            if old != new:
                self._keep(new)

    def _keep(self, plan: Plan) -> None:
        self._kept.put(_Kept(plan.is_rule, plan.members, plan.anchor, plan.since), plan.arn)
        self._plans[plan.arn] = plan

    # -- what is due ------------------------------------------------------------------------------------------------------

    def next_due(self) -> float | None:
        """When the next schedule is due, by the session's clock."""
        return min((due for plan in self.plans() if (due := plan.next_due()) is not None), default=None)

    def run_due(self, now: float) -> None:
        """Send what is due at `now` or earlier, in order of time, each schedule once."""
        with self._working:
            due = [(plan, found) for plan in self.plans() if (found := plan.due(now)) is not None]
            for plan, occurrence in sorted(due, key=lambda each: each[1].at):
                self._fire(plan, occurrence, now)

    def _fire(self, plan: Plan, occurrence: Occurrence, now: float) -> None:
        if occurrence.missed or now - plan.sent_at(occurrence.at) > _LATE_S:
            count = occurrence.missed + 1
            often = "once" if count == 1 else f"{'over ' if count > COUNTED else ''}{min(count, COUNTED)} times"
            _log.warning(
                "%s was due %s, last at %s, while nobody was there to send it: it is sent once now",
                *(plan.arn.rpartition(":")[2], often, iso_s(occurrence.at)),
            )
        event_id = str(uuid4())
        sender = Sender(plan.arn, "schedule")
        for members in plan.members.get("Targets") or ():
            target = Target(members["Arn"], members)
            self._delivery.send(sender, target, self._payload(plan, target, occurrence.at, event_id))()
        done = replace(plan, since=occurrence.at)
        self._keep(done)
        if done.is_over:
            self._delete(done)

    def _payload(self, plan: Plan, target: Target, at: float, event_id: str) -> str:
        if plan.is_rule:
            rule = Rule(str(plan.members["Name"]), "default", plan.arn, None, plan.expression, True)
            event = eventbridge.scheduled(plan.arn, event_id, at, self._account)
            return target_input(target, event, rule, iso_s(self._clock.now()))
        given = target.members.get("Input")
        if given is not None:
            return with_context(given, plan, at, event_id)
        return json.dumps(eventbridge.scheduler(plan.arn, event_id, at, self._account))

    def _delete(self, plan: Plan) -> None:
        client = self._clients("scheduler")
        with suppress(client.exceptions.ResourceNotFoundException):
            client.delete_schedule(Name=plan.members["Name"], GroupName=plan.members["GroupName"])

    def leave(self) -> None:
        """The session is about to close: begin nothing more, and give what was begun a moment."""
        self._thread.leave()
        if self._working.acquire(timeout=_MOMENT_S):
            self._working.release()

    def close(self) -> None:
        """End the thread."""
        self._thread.close()


def _plan(arn: str, kept: _Kept) -> Plan:
    return Plan(arn, kept.is_rule, kept.members, kept.anchor, kept.since)


def _timing(plan: Plan) -> tuple[object, ...]:
    return (plan.expression, plan.zone_name, plan.is_enabled, *(plan.members.get(name) for name in ("StartDate", "EndDate")))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return seconds(value)
    raise TypeError(f"{value!r} is no document's")
