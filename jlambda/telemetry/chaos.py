"""What chaos did to the events of a function, and which of them ran more than once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from jlambda.model.chaos import Chaos

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ChaosEvent:
    """One event: its number in the order of first delivery, what was done to it, and how often its handler has run."""

    number: int
    request_id: str
    event: str
    delivered_twice: bool
    killed: bool
    runs: int


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """What has come of chaos so far: `events` that were delivered since it began; `is_on` while it goes on."""

    function: str
    chaos: Chaos
    is_on: bool
    events: tuple[ChaosEvent, ...]

    @property
    def twice(self) -> tuple[ChaosEvent, ...]:
        """The events whose handler ran more than once."""
        return tuple(event for event in self.events if event.runs > 1)

    def frame(self) -> pd.DataFrame:
        """All events as a DataFrame, one a row."""
        import pandas as pd

        return pd.DataFrame([asdict(event) for event in self.events], columns=[field.name for field in fields(ChaosEvent)])

    def __iter__(self) -> Iterator[ChaosEvent]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __repr__(self) -> str:
        return f"<ChaosReport {self.function}: {len(self.events)} events, {len(self.twice)} ran more than once>"
