"""A draft of the configuration widget, read from a session and applied to it: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from jlambda.errors import InvalidParameter, LambdaError, ResourceNotFound
from jlambda.model.event_invoke import DEFAULT_EVENT_AGE_S, DEFAULT_RETRIES, EventInvokeConfig
from jlambda.model.trigger import Trigger, parse_trigger
from jlambda.notebook.destination_form import place_of
from jlambda.notebook.draft import Draft, destinations
from jlambda.service.inventory import source_of
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
        {each.qualifier: each.requested for each in session.provisioned.list(name)},
        DEFAULT_RETRIES if retries is None else retries,
        DEFAULT_EVENT_AGE_S if age_s is None else age_s,
        (events.destination(True) if events else None) or "",
        (events.destination(False) if events else None) or "",
        {str(each.trigger): each.is_enabled for each in session.triggers.list(name) if each.qualifier is None},
    )


def apply(session: Session, name: str, before: Draft, draft: Draft) -> list[str]:
    """Make a function what the draft says; where a part of it is refused, what was done so far is undone.

    The lines say what was made for it: queues, buckets. Raises `LambdaError`.
    """
    problem = draft.problem(session.control.get(name))
    if problem:
        raise InvalidParameter(problem)
    undo: list[Callable[[], object]] = []
    made: list[str] = []
    try:
        _provision(session, name, before.provisioned, draft.provisioned, undo, is_less=True)
        if draft.reserved != before.reserved:
            session.get(name).reserve(draft.reserved)
            undo.append(lambda: session.get(name).reserve(before.reserved))
        _provision(session, name, before.provisioned, draft.provisioned, undo, is_less=False)
        if _events(draft) != _events(before):
            made += _make_destinations(session, before, draft, undo)
            held = session.service.event_invoke.find(name)
            _put_events(session, name, draft)
            undo.append(lambda: _restore_events(session, name, held))
        if _configuration(draft) != _configuration(before):
            settings = _settings(session, name, replace(before, secrets=dict.fromkeys(before.secrets)))
            session.control.configure(name, _settings(session, name, draft))
            undo.append(lambda: session.control.configure(name, settings))
        made += _change_triggers(session, name, before.triggers, draft.triggers, undo)
    except LambdaError:
        for step in reversed(undo):
            with suppress(LambdaError):  # the first error is the one to tell
                step()
        raise
    return made


def _provision(
    session: Session,
    name: str,
    before: Mapping[str, int],
    wanted: Mapping[str, int],
    undo: list[Callable[[], object]],
    *,
    is_less: bool,
) -> None:
    """Have fewer environments ready, or more: what is reserved has to hold them before and after."""
    for qualifier in sorted(before.keys() | wanted.keys()):
        was, now = before.get(qualifier), wanted.get(qualifier)
        if was != now and ((now or 0) < (was or 0)) == is_less:
            handle = session.get(f"{name}:{qualifier}")
            handle.provision(now)
            undo.append(partial(handle.provision, was))


def _make_destinations(session: Session, before: Draft, draft: Draft, undo: list[Callable[[], object]]) -> list[str]:
    """Make the queues, topics, event buses and buckets that new destinations name and that are not there."""
    made = []
    for arn in {draft.on_success, draft.on_failure} - {before.on_success, before.on_failure, ""}:
        place = place_of(session, arn)
        if place is None or place.kind == "function" or place.name in session.inventory.there_are(place.kind):
            continue
        session.inventory.create(place.kind, place.name)
        undo.append(partial(session.inventory.delete, place.kind, place.name))
        made.append(f"{place.kind} {place.name} was not there: created")
    return made


def _change_triggers(
    session: Session, name: str, before: Mapping[str, bool], wanted: Mapping[str, bool], undo: list[Callable[[], object]]
) -> list[str]:
    """Attach, take away and switch triggers, so that those of a function are what is wanted."""
    triggers, made = session.triggers, list[str]()
    old, new = ({parse_trigger(text).key: text for text in each} for each in (before, wanted))
    for key in old.keys() - new.keys():
        triggers.remove(name, key)
        undo.append(partial(_attach, session, name, old[key], before[old[key]]))
    for key, text in new.items():
        if old.get(key) == text:
            if wanted[text] != before[text]:
                _switch(session, name, key, wanted[text])
                undo.append(partial(_switch, session, name, key, before[text]))
            continue
        if key in old:
            undo.append(partial(_attach, session, name, old[key], before[old[key]]))
        else:
            undo.append(partial(_detach, session, name, key, _missing_source(session, parse_trigger(text))))
        made += _attach(session, name, text, wanted[text])
    return made


def _attach(session: Session, name: str, text: str, is_on: bool) -> list[str]:
    trigger = parse_trigger(text)
    made = session.triggers.add(name, trigger)
    if not is_on:
        _switch(session, name, trigger.key, False)
    return made


def _switch(session: Session, name: str, key: str, is_on: bool) -> None:
    (session.triggers.enable if is_on else session.triggers.disable)(name, key)


def _missing_source(session: Session, trigger: Trigger) -> tuple[str, str] | None:
    """What attaching a trigger will make first: its kind and name; None if it is there."""
    source = source_of(trigger)
    return None if source is None or source[1] in session.inventory.there_are(source[0]) else source


def _detach(session: Session, name: str, key: str, made: tuple[str, str] | None) -> None:
    """Take a trigger away that may not even have come to be, and what was made for it."""
    with suppress(ResourceNotFound):
        session.triggers.remove(name, key)
    if made is not None and made[1] in session.inventory.there_are(made[0]):
        session.inventory.delete(*made)


def _configuration(draft: Draft) -> Draft:
    """What of a draft is the function's own configuration."""
    usual = Draft()
    return replace(
        draft,
        reserved=usual.reserved,
        provisioned=usual.provisioned,
        retries=usual.retries,
        event_age_s=usual.event_age_s,
        on_success=usual.on_success,
        on_failure=usual.on_failure,
        triggers=usual.triggers,
    )


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
