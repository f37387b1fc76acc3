"""Verbs that show what has run, as DataFrames: of one function or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.invocation import Replay
from jlambda.notebook import tailing
from jlambda.notebook.arguments import Parser
from jlambda.notebook.verbs.verb import Desk, Verb

if TYPE_CHECKING:
    import pandas as pd


def _recorded(desk: Desk, function: str) -> str | None:
    """A function that there is or whose records are still there; None for all."""
    try:
        return desk.known(function)
    except ResourceNotFound:
        if desk.session.latest(function, 1):  # deleted since
            return function
        raise


def _logs(desk: Desk, function: str, follow: bool) -> pd.DataFrame | None:
    name = _recorded(desk, function)
    if follow:
        tailing.follow(desk.session, name)
        return None
    return desk.session.logs(name)


def _add_follow(parser: Parser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="show what is logged from now on, until interrupted")


def _invocations(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.invocations(_recorded(desk, function))


def _cost(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.cost(_recorded(desk, function))


def _metrics(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.metrics(_recorded(desk, function))


def _replay(desk: Desk, invocation: str) -> Replay:
    if any(invocation == each.name for each in desk.session.functions()):
        latest = desk.session.latest(invocation, 1)
        if not latest:
            raise InvalidParameter(f"{invocation} has not run yet: %lambda invoke {invocation}")
        invocation = latest[0].request_id
    return desk.session.invocation(invocation).replay()


def _add_invocation(parser: Parser) -> None:
    text = "a request id of %%lambda invocations, or the beginning of one; the name of a function for its latest"
    parser.add_argument("invocation", metavar="ID", help=text)


VERBS = (
    Verb(
        "logs",
        "Log lines as a DataFrame, of one function or all; or follow them.",
        _logs,
        "any",
        "  %lambda logs hello\n  %lambda logs hello -f\n  frame = %lambda logs",
        _add_follow,
    ),
    Verb("invocations", "Invocations as a DataFrame, of one function or all.", _invocations, "any"),
    Verb("cost", "What the invocations would have cost on AWS, as a DataFrame.", _cost, "any"),
    Verb("metrics", "Invocations, errors and durations by minute, as a DataFrame.", _metrics, "any"),
    Verb(
        "replay",
        "Run an earlier invocation again, and show both side by side.",
        _replay,
        examples="  %lambda replay hello\n  again = %lambda replay hello",
        add=_add_invocation,
    ),
)
