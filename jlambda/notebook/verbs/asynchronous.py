"""Verbs that work on what happens later: the session's time, the queue of asynchronous events, and chaos in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import Parser, whole
from jlambda.notebook.clock import ClockView
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.telemetry.chaos import ChaosReport

if TYPE_CHECKING:
    import pandas as pd


def _clock(desk: Desk, span: list[str]) -> ClockView:
    clock = desk.session.clock
    if span == ["reset"]:
        raise InvalidParameter("time does not go back, events would be older than they are; %lambda reset starts over")
    if span:
        clock.advance(" ".join(span))
    return ClockView(clock.now(), clock.offset_s, tuple(clock.upcoming()))


def _add_span(parser: Parser) -> None:
    parser.add_argument("span", metavar="SPAN", nargs="*", help="+2m, 1h30m, 90 (seconds), 2 minutes; none: only show it")


def _queue(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.queued(desk.known(function))


def _chaos(desk: Desk, function: str, duplicates: float | None, kills: float | None, seed: int, off: bool) -> ChaosReport:
    return desk.function(function).chaos(duplicates, kills, seed, off=off)


def _add_chaos(parser: Parser) -> None:
    add = parser.add_argument
    add("--duplicates", metavar="PART", type=_part, help="of the events, 0 to 1: delivered twice")
    add("--kills", metavar="PART", type=_part, help="of the events, 0 to 1: their environment is killed as it answers")
    add("--seed", metavar="N", type=whole("seed", range(2**63), ""), default=0, help="which events are meant; default 0")
    add("--off", action="store_true", help="no more of it, and what has come of it")


def _part(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidParameter(f"{text!r} is no part of the events: use a number between 0 and 1, such as 0.2") from None


VERBS = (
    Verb(
        "clock",
        "The session's time, and what is due next; let it go on by a span of time.",
        _clock,
        examples="  %lambda clock\n  %lambda clock +2m\n  %lambda clock 1 hour 30 minutes",
        add=_add_span,
    ),
    Verb(
        "queue",
        "Asynchronous events that are not over, and dead ones, as a DataFrame: due times, attempts, ages, reasons.",
        _queue,
        "any",
    ),
    Verb(
        "chaos",
        "Deliver some asynchronous events twice and kill some environments; without options, what has come of it.",
        _chaos,
        "one",
        "  %lambda chaos pay --duplicates 0.2 --kills 0.1 --seed 7\n  %lambda chaos pay\n  %lambda chaos pay --off",
        _add_chaos,
    ),
)
