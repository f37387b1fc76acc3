"""`fn.triggers`: the triggers of one function, version or alias, as a sequence that can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from jlambda.model.trigger import parse_trigger
from jlambda.service.triggers import Attached, Triggers


class FunctionTriggers(Sequence[Attached]):
    """What is attached to `reference` now; asked for anew each time."""

    def __init__(self, triggers: Triggers, reference: str) -> None:
        self._triggers, self._reference = triggers, reference

    def add(self, trigger: str) -> list[str]:
        """Attach a trigger, or change its options: ``add("sqs:jobs?batch_size=5")``. The lines say what was made for it."""
        return self._triggers.add(self._reference, parse_trigger(trigger))

    def remove(self, trigger: str) -> None:
        """Detach a trigger, named by its specification (options may be left out) or its id. Raises `ResourceNotFound`."""
        self._triggers.remove(self._reference, trigger)

    def enable(self, trigger: str) -> Attached:
        """Have it start the function again."""
        return self._triggers.enable(self._reference, trigger)

    def disable(self, trigger: str) -> Attached:
        """Have it start nothing until it is enabled."""
        return self._triggers.disable(self._reference, trigger)

    def _attached(self) -> list[Attached]:
        found = self._triggers.list(self._reference)
        return [each for each in found if each.reference == self._reference]

    def __len__(self) -> int:
        return len(self._attached())

    @overload
    def __getitem__(self, index: int) -> Attached: ...

    @overload
    def __getitem__(self, index: slice) -> list[Attached]: ...

    def __getitem__(self, index: int | slice) -> Attached | list[Attached]:
        return self._attached()[index]

    def __repr__(self) -> str:
        return f"<Triggers of {self._reference}: {', '.join(str(each.trigger) for each in self) or 'none'}>"
