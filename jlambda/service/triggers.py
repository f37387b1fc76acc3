"""Triggers of functions, whatever their kind: attached, detached, listed, enabled and disabled; and whence each came.

What a trigger is made of (a mapping, a notification of a bucket, a rule) is for its kind, which is plugged in here. What
is attached is asked of the kinds each time, so that what boto3 configured shows too; kept is only which triggers came
with a deployment.
"""

from __future__ import annotations

import builtins
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.trigger import Trigger, parse_trigger
from jlambda.service.targets import Targets
from jlambda.store.database import Database
from jlambda.store.resources import Resources


@dataclass(frozen=True, slots=True)
class Attached:
    """One trigger that a function, version or alias has.

    `id` is its kind's own name for it (a mapping's UUID, a rule's name), `state` is Enabled, Disabled, or what is on the
    way there, `note` what else there is to say; `is_deployed` means that it came with a deployment (a cell's `--trigger`).
    """

    id: str
    function: str
    qualifier: str | None
    trigger: Trigger
    state: str = "Enabled"
    note: str = ""
    is_deployed: bool = False

    @property
    def is_enabled(self) -> bool:
        """Whether it starts its function, or is about to."""
        return self.state in ("Enabled", "Enabling", "Creating", "Updating")

    @property
    def reference(self) -> str:
        """NAME or NAME:QUALIFIER of what it starts."""
        return self.function if self.qualifier is None else f"{self.function}:{self.qualifier}"


class TriggerKind(Protocol):
    """How triggers of one kind, or several, are attached. Each call raises `LambdaError` where it cannot."""

    def attach(self, function: str, qualifier: str | None, trigger: Trigger) -> Sequence[str]:
        """Attach it, or give the one of the same key these options. The lines say what was made for it (a queue, a bucket)."""

    def detach(self, attached: Attached) -> None:
        """Take it away; what was made for it stays."""

    def list(self) -> Sequence[Attached]:
        """All that are attached, whoever attached them; starts nothing that does not run yet."""

    def enable(self, attached: Attached) -> None:
        """Have it start its function again."""

    def disable(self, attached: Attached) -> None:
        """Have it start nothing until it is enabled."""


@dataclass(frozen=True, slots=True)
class _Deployed:
    """A trigger that came with a deployment, as it was written; without a text what it was of is gone since."""

    text: str


class Triggers:
    """The triggers of one session."""

    def __init__(self, database: Database, targets: Targets, changed: Callable[[str], None] = lambda _: None) -> None:
        self._targets, self._changed = targets, changed
        self._kinds: dict[str, TriggerKind] = {}
        # not the function's own: a function that is deleted through the API leaves its triggers, as on AWS
        self._deployed = Resources(database, "trigger", _Deployed)
        self._lock = threading.RLock()

    def plug_in(self, kind: TriggerKind, *names: str) -> None:
        """Have `kind` see to triggers of these kinds."""
        self._kinds.update(dict.fromkeys(names, kind))

    def check(self, triggers: Sequence[Trigger]) -> None:
        """Raise `InvalidParameter` for a trigger that nothing sees to."""
        for trigger in triggers:
            self._kind(trigger)

    def deploy(self, function: str, wanted: Sequence[Trigger]) -> list[str]:
        """Give a function the triggers of its deployment; those of the last one that are not wanted any more are taken away.

        Triggers that were made elsewhere stay, and so does one that is wanted as it was, enabled or not. The lines say what
        was made.
        """
        with self._lock:
            self.check(wanted)
            before = {key: each.text for _, key, each in self._deployed.items(_owner(function))}
            there = {each.trigger.key: each for each in self.list(function) if each.qualifier is None} if before else {}
            for key in before.keys() - {each.key for each in wanted}:
                if key in there:
                    self._kind(there[key].trigger).detach(there[key])
                self._deployed.delete(_owner(function), key)
            made: list[str] = []
            for trigger in wanted:
                if trigger.key not in there or before.get(trigger.key) != str(trigger):
                    made += self._kind(trigger).attach(function, None, trigger)
                    self._deployed.put(_Deployed(str(trigger)), _owner(function), trigger.key)
        if wanted or before:
            self._changed(function)
        return made

    def emptied(self) -> None:
        """What triggers are of is gone: the next deployment of each function attaches its triggers anew."""
        with self._lock:
            for owner, key, _ in builtins.list(self._deployed.items()):
                self._deployed.put(_Deployed(""), owner, key)

    def forget(self, function: str) -> None:
        """Take away all triggers that came with a function's deployments, before it is deleted."""
        self.deploy(function, [])

    def list(self, reference: str | None = None) -> list[Attached]:
        """All triggers, or those of a function (NAME: with those of its versions and aliases) or of NAME:QUALIFIER."""
        name, qualifier = (None, None) if reference is None else self._targets.parse(reference)
        deployed = {(owner, key) for owner, key, _ in self._deployed.items()}
        kinds = {id(kind): kind for kind in self._kinds.values()}
        found = [each for kind in kinds.values() for each in kind.list() if name in (None, each.function)]
        return sorted(
            (
                replace(each, is_deployed=each.qualifier is None and (_owner(each.function), each.trigger.key) in deployed)
                for each in found
                if qualifier in (None, each.qualifier)
            ),
            key=lambda each: (each.reference, each.trigger.key, each.id),
        )

    def beside(self, kind: str) -> Sequence[Attached]:
        """All triggers that live where those of a kind do, as they are there: of an ``events`` trigger, the schedules too."""
        return self._kinds[kind].list()

    def add(self, reference: str, trigger: Trigger) -> builtins.list[str]:
        """Attach a trigger to a function, version or alias; the lines say what was made for it."""
        name, qualifier = self._targets.parse(reference)
        self._targets.check(name, qualifier)
        made = list(self._kind(trigger).attach(name, qualifier, trigger))
        self._changed(name)
        return made

    def remove(self, reference: str, which: str) -> Attached:
        """Detach one: `which` is its specification, options or not, or its id. Raises `ResourceNotFound`."""
        with self._lock:
            found = self.get(reference, which)
            self._kind(found.trigger).detach(found)
            if found.qualifier is None:
                self._deployed.delete(_owner(found.function), found.trigger.key)
        self._changed(found.function)
        return found

    def enable(self, reference: str, which: str) -> Attached:
        """Enable one, as `remove` finds it."""
        found = self.get(reference, which)
        self._kind(found.trigger).enable(found)
        self._changed(found.function)
        return self.get(reference, found.id)

    def disable(self, reference: str, which: str) -> Attached:
        """Disable one, as `remove` finds it."""
        found = self.get(reference, which)
        self._kind(found.trigger).disable(found)
        self._changed(found.function)
        return self.get(reference, found.id)

    def get(self, reference: str, which: str) -> Attached:
        """A trigger by specification, options or not, or by id. Raises `ResourceNotFound` and `InvalidParameter`."""
        name, qualifier = self._targets.parse(reference)
        attached = [each for each in self.list(name) if each.qualifier == qualifier]
        for each in attached:
            if each.id == which:
                return each
        key = parse_trigger(which).key
        for each in attached:
            if each.trigger.key == key:
                return each
        there_are = f"it has {', '.join(each.trigger.key for each in attached)}" if attached else "it has none"
        raise ResourceNotFound(f"{reference} has no trigger {key!r} ({there_are})")

    def _kind(self, trigger: Trigger) -> TriggerKind:
        kind = self._kinds.get(trigger.kind)
        if kind is None:
            raise InvalidParameter(f"trigger {trigger.key!r}: triggers of this kind come with a later version of jlambda")
        return kind


def _owner(function: str) -> str:
    return f"trigger:{function}"
