"""`%lambda clock`: shows the session's time, and moves it on."""

from __future__ import annotations

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.notebook.clock import ClockView
from tests.notebook.conftest import Run


def test_the_clock_says_what_it_moves() -> None:
    """The time, how far it is ahead, what is due next, what it moves and what it does not."""
    text = repr(ClockView(0.0, 120.0, (("retries", 60.0), ("schedules", 3_600.0), ("late", -5.0))))
    assert text == (
        "λ clock  1970-01-01 00:00:00 UTC\n"
        "  ahead         2 minutes of real time\n"
        "  due next      in 1 minute: retries\n"
        "                in 1 hour: schedules\n"
        "                now: late\n"
        "  moves         waits and ages of events and records, tumbling windows, schedules, the end of idle environments\n"
        "  does not      functions (the time they see, durations, timeouts, logs), signatures, the embedded AWS services\n"
        "  let it go on  %lambda clock +2m"
    )
    assert "not: this is real time" in repr(ClockView(0.0, 0.0))


@pytest.mark.parametrize("span", ["+2m", "2 minutes", "120", "1m 60s"])
def test_the_magic_moves_the_clock(run: Run, session: jlambda.Session, span: str) -> None:
    """By a span however it is written; what it shows is the new time."""
    view = run(f"%lambda clock {span}").value
    assert isinstance(view, ClockView)
    assert view.offset_s == pytest.approx(120, abs=1)
    assert session.clock.offset_s == view.offset_s
    assert "2 minutes of real time" in view._repr_html_()


@pytest.mark.parametrize(
    ("line", "told"), [("reset", "%lambda reset starts over"), ("soon", "use seconds"), ("-- -2m", "forward")]
)
def test_time_does_not_go_back(run: Run, session: jlambda.Session, line: str, told: str) -> None:
    """Nor to where nobody knows; the error says what to do."""
    error = run(f"%lambda clock {line}").error
    assert isinstance(error, InvalidParameter)
    assert told in str(error)
    assert session.clock.offset_s == 0
