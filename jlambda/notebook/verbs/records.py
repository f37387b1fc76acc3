"""Verbs that show what has run, as DataFrames: of one function or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.invocation import Replay
from jlambda.notebook import tailing
from jlambda.notebook.arguments import Parser
from jlambda.notebook.verbs.verb import Desk, Verb

if TYPE_CHECKING:
    import pandas as pd


def _logs(desk: Desk, function: str, follow: bool) -> pd.DataFrame | None:
    name = desk.known(function)
    if follow:
        tailing.follow(desk.session, name)
        return None
    return desk.session.logs(name)


def _add_follow(parser: Parser) -> None:
    parser.add_argument("-f", "--follow", action="store_true", help="show what is logged from now on, until interrupted")


def _invocations(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.invocations(desk.known(function))


def _cost(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.cost(desk.known(function))


def _metrics(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.metrics(desk.known(function))


def _replay(desk: Desk, request_id: str) -> Replay:
    return desk.session.invocation(request_id).replay()


def _add_request_id(parser: Parser) -> None:
    parser.add_argument("request_id", metavar="ID", help="a request id of %%lambda invocations, or the beginning of one")


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
        examples="  %lambda replay 8f2a1c",
        add=_add_request_id,
    ),
)
