"""Event source mappings in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api.pages import listed
from jlambda.api.requests import Values
from jlambda.model.mapping import EventSourceMapping

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]

# https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html: a page has 100
_PAGE = 100


def create(session: Session, given: Values) -> Members:
    """CreateEventSourceMapping."""
    made = session.service.mappings.create(given)
    if given.get("Tags"):
        session.service.tags.add(session.service.mappings.arn(made), given["Tags"])
    return _members(session, made)


def get(session: Session, given: Values) -> Members:
    """GetEventSourceMapping."""
    return _members(session, session.service.mappings.get(given["UUID"]))


def list_all(session: Session, given: Values) -> Members:
    """ListEventSourceMappings: all, or those of a function or a source."""
    found = session.service.mappings.list(given.get("FunctionName"), given.get("EventSourceArn"))
    page = listed(found, lambda each: each.uuid, given, _PAGE)
    return page.answer("EventSourceMappings", [_members(session, each) for each in page.items])


def update(session: Session, given: Values) -> Members:
    """UpdateEventSourceMapping."""
    return _members(session, session.service.mappings.update(given["UUID"], given))


def delete(session: Session, given: Values) -> Members:
    """DeleteEventSourceMapping: shows it once more."""
    return _members(session, session.service.mappings.delete(given["UUID"]))


def _members(session: Session, mapping: EventSourceMapping) -> Members:
    members: Members = {
        "UUID": mapping.uuid,
        **mapping.members,
        "EventSourceMappingArn": session.service.mappings.arn(mapping),
        "FunctionArn": session.service.mappings.function_arn(mapping),
        "State": mapping.state,
        "StateTransitionReason": mapping.reason,
        "LastModified": mapping.last_modified,
    }
    if mapping.source_arn is not None:
        members["EventSourceArn"] = mapping.source_arn
    result = session.service.mappings.last_result(mapping)
    if result is not None:
        members["LastProcessingResult"] = result
    return members
