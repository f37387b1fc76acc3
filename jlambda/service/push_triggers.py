"""Triggers that services push by themselves: notifications of buckets, subscriptions to topics, and those to log groups.

They live in the services, through plain API calls, so that what boto3 configured is a trigger as well. A service has no
switch for them: one that is disabled is taken away there and kept here. What was last seen is kept too, since to list
triggers starts no service.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.arn import Account, parse_reference
from jlambda.model.trigger import Trigger, parse_trigger
from jlambda.service.clients import told
from jlambda.service.triggers import Attached
from jlambda.store.database import Database
from jlambda.store.resources import Resources


class Place(Protocol):
    """Where triggers of one kind live. Calls to the service raise boto3's errors."""

    kind: str

    def put(self, arn: str, trigger: Trigger) -> builtins.list[str]:
        """Have the service start the function; the lines say what was made for it."""

    def take_away(self, attached: Attached, arn: str) -> None:
        """Have it start the function no more."""

    def all(self) -> Iterator[tuple[str, str, str]]:
        """The id, the function's ARN and the specification of each."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A trigger as it is kept: whether it is disabled, or was only seen."""

    id: str
    qualifier: str | None
    text: str
    is_disabled: bool


class PushTriggers:
    """The triggers of one kind. `is_running` says whether its service can be asked without being started."""

    def __init__(
        self, place: Place, database: Database, account: Account, is_running: Callable[[], bool], refusal: Callable[[], str]
    ) -> None:
        self._place, self._account, self._is_running, self._refusal = place, account, is_running, refusal
        self._kept = Resources(database, f"push trigger {place.kind}", _Kept)

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Attach it; raises `InvalidParameter` where the service will not have it."""
        if why := self._refusal():
            raise InvalidParameter(f"trigger {trigger.key!r}: {why}")
        self._kept.delete(function, _key(qualifier, trigger))
        with told(f"trigger {trigger.key!r}"):
            made = self._place.put(self._account.function_arn(function, qualifier), trigger)
            self._look()
            return made

    def detach(self, attached: Attached) -> None:
        """Take it away."""
        self._kept.delete(attached.function, _key(attached.qualifier, attached.trigger))
        if attached.state == "Enabled":
            with told(f"trigger {attached.trigger.key!r}"):
                self._place.take_away(attached, self._account.function_arn(attached.function, attached.qualifier))

    def list(self) -> Sequence[Attached]:
        """All of this kind, disabled ones too."""
        if self._is_running():
            self._look()
        return [
            Attached(each.id, function, each.qualifier, parse_trigger(each.text), "Disabled" if each.is_disabled else "Enabled")
            for function, _, each in self._kept.items()
        ]

    def enable(self, attached: Attached) -> None:
        """Attach it again."""
        if attached.state == "Disabled":
            self.attach(attached.function, attached.qualifier, attached.trigger)

    def disable(self, attached: Attached) -> None:
        """Take it away, and remember it."""
        if attached.state == "Enabled":
            self.detach(attached)
            self._keep(attached.id, attached.function, attached.qualifier, attached.trigger, True)

    def forget(self) -> None:
        """The service is empty now: what was last seen is not there, nor what was disabled."""
        for function, key, _ in list(self._kept.items()):
            self._kept.delete(function, key)

    def _keep(self, name: str, function: str, qualifier: str | None, trigger: Trigger, is_disabled: bool) -> None:
        self._kept.put(_Kept(name, qualifier, str(trigger), is_disabled), function, _key(qualifier, trigger))

    def _look(self) -> None:
        """Make what is kept what the service has."""
        found = {}
        for name, arn, text in self._place.all():
            try:
                reference, trigger = parse_reference(arn, self._account), parse_trigger(text)
            except LambdaError:  # another account's function, or a rule that no specification says
                continue
            found[reference.name, _key(reference.qualifier, trigger)] = name, reference.qualifier, trigger
        for function, key, each in self._kept.items():
            if (function, key) not in found and not each.is_disabled:
                self._kept.delete(function, key)
        held = {(function, key): each for function, key, each in self._kept.items()}
        for (function, key), (name, qualifier, trigger) in found.items():
            if held.get((function, key)) != _Kept(name, qualifier, str(trigger), False):
                self._keep(name, function, qualifier, trigger, False)


def _key(qualifier: str | None, trigger: Trigger) -> str:
    return f"{qualifier or ''}:{trigger.key}"
