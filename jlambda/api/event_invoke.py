"""What is done with asynchronous events, in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api.pages import listed
from jlambda.api.requests import Values
from jlambda.model.event_invoke import EventInvokeConfig

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def put(session: Session, given: Values) -> Members:
    """PutFunctionEventInvokeConfig."""
    return _members(session, session.service.event_invoke.put(given["FunctionName"], given.get("Qualifier"), given))


def update(session: Session, given: Values) -> Members:
    """UpdateFunctionEventInvokeConfig."""
    return _members(session, session.service.event_invoke.update(given["FunctionName"], given.get("Qualifier"), given))


def get(session: Session, given: Values) -> Members:
    """GetFunctionEventInvokeConfig."""
    return _members(session, session.service.event_invoke.get(given["FunctionName"], given.get("Qualifier")))


def list_all(session: Session, given: Values) -> Members:
    """ListFunctionEventInvokeConfigs."""
    page = listed(session.service.event_invoke.list(given["FunctionName"]), lambda each: each.qualifier, given)
    return page.answer("FunctionEventInvokeConfigs", [_members(session, each) for each in page.items])


def delete(session: Session, given: Values) -> None:
    """DeleteFunctionEventInvokeConfig."""
    session.service.event_invoke.delete(given["FunctionName"], given.get("Qualifier"))


def _members(session: Session, config: EventInvokeConfig) -> Members:
    members: Members = {
        "LastModified": config.last_modified,
        "FunctionArn": session.account.function_arn(config.function, config.qualifier),
        "DestinationConfig": config.destinations,
    }
    if config.retries is not None:
        members["MaximumRetryAttempts"] = config.retries
    if config.event_age_s is not None:
        members["MaximumEventAgeInSeconds"] = config.event_age_s
    return members
