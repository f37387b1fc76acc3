"""What functions, versions and aliases ask for of their asynchronous events, looked up when it is needed."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from jlambda.errors import ResourceNotFound
from jlambda.model.arn import LATEST
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES
from jlambda.service.chaos import ChaosExperiments
from jlambda.service.concurrency import Concurrency
from jlambda.service.control import ControlPlane
from jlambda.service.event_invoke import EventInvokeConfigs
from jlambda.service.outcomes import Rules
from jlambda.service.results import Policy
from jlambda.service.version import DeployedVersion


class Target(NamedTuple):
    """What a target is now."""

    version: DeployedVersion
    qualifier: str | None
    #: an alias that is drawn for at each event, or chaos: no environment takes the next event by itself
    is_drawn: bool
    rules: Rules
    reserved: int | None


class Policies:
    """Targets, NAME or NAME:QUALIFIER, as the control plane and their event invoke configurations have them."""

    def __init__(
        self, control: ControlPlane, configs: EventInvokeConfigs, reservations: Concurrency, chaos: ChaosExperiments
    ) -> None:
        self._control, self._configs, self._reservations, self._chaos = control, configs, reservations, chaos
        self._read: dict[str, Policy] = {}

    def read(self, target: str) -> Policy:
        """What a target asks for now."""
        name, _, qualifier = target.partition(":")
        config = self._configs.find(name, qualifier or LATEST)
        dead_letter: str | None = None
        with suppress(ResourceNotFound):
            members = self._control.get(target).members
            dead_letter = (members.get("DeadLetterConfig") or {}).get("TargetArn")
        if config is None:
            policy = Policy(Rules(), None, None, dead_letter)
        else:
            retries = DEFAULT_RETRIES if config.retries is None else config.retries
            rules = Rules(retries, DEFAULT_EVENT_AGE_S if config.event_age_s is None else config.event_age_s)
            policy = Policy(rules, config.destination(True), config.destination(False), dead_letter)
        self._read[target] = policy
        return policy

    def last_read(self, target: str) -> Policy:
        """What a target asked for when that was read last: for the many events of one batch."""
        return self._read.get(target) or self.read(target)

    def resolve(self, target: str) -> Target:
        """What a target is now. Raises `ResourceNotFound`."""
        name, _, qualifier = target.partition(":")
        reserved, rules, is_watched = self._reservations.reserved(name), self.last_read(target).rules, self._chaos.is_on(name)
        if not qualifier:
            return Target(self._control.version(name), None, is_watched, rules, reserved)
        version, _ = self._control.resolve(name, qualifier)
        is_alias = not qualifier.isdigit() and qualifier != LATEST
        is_drawn = is_watched or (is_alias and bool(self._control.alias(name, qualifier).weights))
        return Target(version, qualifier, is_drawn, rules, reserved)
