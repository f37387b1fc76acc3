"""Verbs that show what goes on while it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jlambda.notebook.verbs.verb import Desk, Verb

if TYPE_CHECKING:
    from jlambda.notebook.dashboard import Dashboard


def _dashboard(desk: Desk) -> Dashboard:
    from jlambda.notebook.dashboard import Dashboard

    return Dashboard(desk.session)


VERBS = (
    Verb(
        "dashboard", "What goes on, live: invocations, errors, durations, environments, the queue, money per hour.", _dashboard
    ),
)
