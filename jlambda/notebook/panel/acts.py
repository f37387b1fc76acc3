"""What a panel can ask for, by name. Each act runs in a thread of its own, and may take as long as a function does."""

from __future__ import annotations

import json
from collections.abc import Callable

from jlambda.errors import InvalidParameter
from jlambda.notebook.panel import pages
from jlambda.notebook.panel.messages import Request
from jlambda.session import Session

Act = Callable[[Session, Request], object]


def _invoke(session: Session, request: Request) -> object:
    try:
        event = json.loads(request.text("event"))
    except ValueError as error:
        raise InvalidParameter(f"the event is not JSON: {error}") from None
    return session.invoke(request.text("name"), event).record.request_id


def _replay(session: Session, request: Request) -> object:
    return session.invocation(request.text("request_id")).replay().after.record.request_id


def _switch(session: Session, request: Request) -> object:
    change = session.triggers.enable if request.flag("enabled") else session.triggers.disable
    return change(request.text("reference"), request.text("id")).state


def _save_event(session: Session, request: Request) -> object:
    return session.test_events.save(request.text("name"), request.text("event_name"), request.text("event")).name


ACTS: dict[str, Act] = {
    "function": lambda session, request: pages.function_page(session, request.text("name")),
    "triggers": lambda session, request: pages.triggers(session, request.text("name")),
    "invocation": lambda session, request: pages.invocation_page(session, request.text("request_id")),
    "events": lambda session, request: pages.choices(session, request.text("name")),
    "sample": lambda session, request: pages.sample(session, request.text("name")),
    "invoke": _invoke,
    "replay": _replay,
    "switch": _switch,
    "save-event": _save_event,
    "delete": lambda session, request: session.delete(request.text("name")),
}


def act(session: Session, request: Request) -> object:
    """Do what is asked, and give what came of it. Raises `LambdaError`."""
    found = ACTS.get(request.act)
    if found is None:
        raise InvalidParameter(f"this version of jlambda cannot do {request.act!r}: reload the page")
    return found(session, request)
