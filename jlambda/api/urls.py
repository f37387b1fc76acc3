"""Function URLs in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api import wire
from jlambda.api.pages import listed
from jlambda.api.requests import Values
from jlambda.model.function_url import FunctionUrl
from jlambda.model.http.address import URL

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def create(session: Session, given: Values) -> Members:
    """CreateFunctionUrlConfig."""
    members = _members(session, session.service.urls.create(given["FunctionName"], given.get("Qualifier"), given))
    del members["LastModifiedTime"]
    return members


def get(session: Session, given: Values) -> Members:
    """GetFunctionUrlConfig."""
    return _members(session, session.service.urls.get(given["FunctionName"], given.get("Qualifier")))


def list_all(session: Session, given: Values) -> Members:
    """ListFunctionUrlConfigs."""
    page = listed(session.service.urls.list(given["FunctionName"]), lambda each: each.qualifier or "", given)
    return page.answer("FunctionUrlConfigs", [_members(session, each) for each in page.items])


def update(session: Session, given: Values) -> Members:
    """UpdateFunctionUrlConfig."""
    return _members(session, session.service.urls.update(given["FunctionName"], given.get("Qualifier"), given))


def delete(session: Session, given: Values) -> None:
    """DeleteFunctionUrlConfig."""
    session.service.urls.delete(given["FunctionName"], given.get("Qualifier"))


def _members(session: Session, url: FunctionUrl) -> Members:
    members: Members = {
        "FunctionUrl": session.front_url(URL, url.id),
        "FunctionArn": session.account.function_arn(url.function, url.qualifier),
        "AuthType": url.auth_type,
        "CreationTime": wire.zulu(url.created_at),
        "LastModifiedTime": wire.zulu(url.last_modified),
        "InvokeMode": url.invoke_mode,
    }
    if url.cors is not None:
        members["Cors"] = url.cors
    return members
