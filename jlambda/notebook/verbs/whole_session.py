"""Verbs that work on everything of a session: examine the machine, start over."""

from __future__ import annotations

from jlambda.notebook.doctor import Diagnosis
from jlambda.notebook.verbs.verb import Desk, Verb
from jlambda.session import current


def _doctor(_: Desk) -> Diagnosis:
    return Diagnosis(current().machine())  # the desk would open the session, which may be what fails here


def _reset(desk: Desk) -> None:
    count = len(desk.session.functions())
    desk.session.reset()
    print(f"deleted {count} function{'' if count == 1 else 's'}, all invocations and logs")


VERBS = (
    Verb("doctor", "What is enforced on this machine, how, and what would make it stricter.", _doctor),
    Verb("reset", "Delete every function, invocation and log of this notebook.", _reset, keeps=False),
)
