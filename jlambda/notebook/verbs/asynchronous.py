"""Verbs that work on what happens later: the session's time."""

from __future__ import annotations

from jlambda.errors import InvalidParameter
from jlambda.notebook.arguments import Parser
from jlambda.notebook.clock import ClockView
from jlambda.notebook.verbs.verb import Desk, Verb


def _clock(desk: Desk, span: list[str]) -> ClockView:
    clock = desk.session.clock
    if span == ["reset"]:
        raise InvalidParameter("time does not go back, events would be older than they are; %lambda reset starts over")
    if span:
        clock.advance(" ".join(span))
    return ClockView(clock.now(), clock.offset_s, tuple(clock.upcoming()))


def _add_span(parser: Parser) -> None:
    parser.add_argument("span", metavar="SPAN", nargs="*", help="+2m, 1h30m, 90 (seconds), 2 minutes; none: only show it")


VERBS = (
    Verb(
        "clock",
        "The session's time, and what is due next; let it go on by a span of time.",
        _clock,
        examples="  %lambda clock\n  %lambda clock +2m\n  %lambda clock 1 hour 30 minutes",
        add=_add_span,
    ),
)
