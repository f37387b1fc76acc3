"""What `%lambda clock` shows: the session's time, what is due next, and what the clock moves. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jlambda.model.duration import span_text
from jlambda.notebook.cards import Card, Row

if TYPE_CHECKING:
    from jlambda.notebook.display import Printer

_MOVES = "waits and ages of events and records, tumbling windows, schedules, the end of idle environments"
_DOES_NOT_MOVE = "functions (the time they see, durations, timeouts, logs), signatures, the embedded AWS services"


@dataclass(frozen=True, slots=True)
class ClockView:
    """A session's clock at one time: `now` in seconds since the epoch, `upcoming` what is due next, by name."""

    now: float
    offset_s: float
    upcoming: tuple[tuple[str, float], ...] = ()

    def card(self) -> Card:
        """All of it."""
        due = "\n".join(f"{_when(at - self.now)}: {name}" for name, at in self.upcoming) or "nothing"
        rows = [
            Row("ahead", f"{span_text(self.offset_s)} of real time" if self.offset_s else "not: this is real time"),
            Row("due next", due, "code"),
            Row("moves", _MOVES),
            Row("does not", _DOES_NOT_MOVE),
            Row("let it go on", "%lambda clock +2m", "code"),
        ]
        return Card("λ clock", f"{datetime.fromtimestamp(self.now, UTC):%Y-%m-%d %H:%M:%S} UTC", rows)

    def _repr_html_(self) -> str:
        return self.card().html()

    def __repr__(self) -> str:
        return self.card().text()

    def _repr_pretty_(self, printer: Printer, _cycle: bool) -> None:
        printer.text(repr(self))


def _when(left_s: float) -> str:
    return f"in {span_text(left_s)}" if left_s >= 1 else "now"
