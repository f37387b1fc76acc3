"""Verbs that show what has run, as DataFrames: of one function or all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.notebook.verbs.verb import Desk, Verb

if TYPE_CHECKING:
    import pandas as pd


def _logs(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.logs(desk.known(function))


def _invocations(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.invocations(desk.known(function))


def _cost(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.cost(desk.known(function))


def _metrics(desk: Desk, function: str) -> pd.DataFrame:
    return desk.session.metrics(desk.known(function))


VERBS = (
    Verb("logs", "Log lines as a DataFrame, of one function or all.", _logs, "any"),
    Verb("invocations", "Invocations as a DataFrame, of one function or all.", _invocations, "any"),
    Verb("cost", "What the invocations would have cost on AWS, as a DataFrame.", _cost, "any"),
    Verb("metrics", "Invocations, errors and durations by minute, as a DataFrame.", _metrics, "any"),
)
