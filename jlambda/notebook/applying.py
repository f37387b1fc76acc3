"""A draft of the configuration widget, read from a session and applied to it: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES, EventInvokeConfig
from jlambda.notebook.draft import Draft, destinations
from jlambda.service.settings import Settings
from jlambda.session import Session


def read(session: Session, name: str) -> Draft:
    """The settings of a function as they are. Raises `ResourceNotFound`."""
    it = session.control.get(name)
    events = session.service.event_invoke.find(name)
    retries = None if events is None else events.retries
    age_s = None if events is None else events.event_age_s
    return Draft(
        it.memory_mb,
        it.timeout_s,
        it.ephemeral_storage_mb,
        it.description,
        dict(it.environment),
        dict.fromkeys(it.secrets),
        session.reservations.reserved(name),
        DEFAULT_RETRIES if retries is None else retries,
        DEFAULT_EVENT_AGE_S if age_s is None else age_s,
        (events.destination(True) if events else None) or "",
        (events.destination(False) if events else None) or "",
    )


def apply(session: Session, name: str, before: Draft, draft: Draft) -> None:
    """Make a function what the draft says; where a part of it is refused, what was done so far is undone.

    Raises `LambdaError`.
    """
    problem = draft.problem(session.control.get(name))
    if problem:
        raise InvalidParameter(problem)
    undo: list[Callable[[], object]] = []
    try:
        if draft.reserved != before.reserved:
            session.get(name).reserve(draft.reserved)
            undo.append(lambda: session.get(name).reserve(before.reserved))
        if _events(draft) != _events(before):
            held = session.service.event_invoke.find(name)
            _put_events(session, name, draft)
            undo.append(lambda: _restore_events(session, name, held))
        session.control.configure(name, _settings(session, name, draft))
    except LambdaError:
        for step in reversed(undo):
            with suppress(LambdaError):  # the first error is the one to tell
                step()
        raise


def _settings(session: Session, name: str, draft: Draft) -> Settings:
    return Settings(
        memory_mb=draft.memory_mb,
        timeout_s=draft.timeout_s,
        ephemeral_storage_mb=draft.ephemeral_storage_mb,
        description=draft.description,
        environment=draft.environment,
        secrets=session.control.with_held_secrets(name, draft.secrets),
    )


def _events(draft: Draft) -> tuple[object, ...]:
    return draft.retries, draft.event_age_s, draft.on_success, draft.on_failure


def _put_events(session: Session, name: str, draft: Draft) -> None:
    session.service.event_invoke.put(
        name,
        None,
        {
            "MaximumRetryAttempts": draft.retries,
            "MaximumEventAgeInSeconds": draft.event_age_s,
            "DestinationConfig": destinations(draft),
        },
    )


def _restore_events(session: Session, name: str, held: EventInvokeConfig | None) -> None:
    if held is None:
        with suppress(ResourceNotFound):
            session.service.event_invoke.delete(name)
        return
    members = {
        "MaximumRetryAttempts": held.retries,
        "MaximumEventAgeInSeconds": held.event_age_s,
        "DestinationConfig": held.destinations,
    }
    session.service.event_invoke.put(name, None, {key: value for key, value in members.items() if value is not None})
