"""Resource-based policies in AWS's shapes: documents are JSON within the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api.requests import Values
from jlambda.model.policy import Policy, compact

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def add(session: Session, given: Values) -> Members:
    """AddPermission."""
    return {"Statement": compact(session.service.permissions.add(given["FunctionName"], given.get("Qualifier"), given))}


def remove(session: Session, given: Values) -> None:
    """RemovePermission."""
    permissions = session.service.permissions
    permissions.remove(given["FunctionName"], given.get("Qualifier"), given["StatementId"], given.get("RevisionId"))


def get(session: Session, given: Values) -> Members:
    """GetPolicy."""
    return _members(session.service.permissions.get(given["FunctionName"], given.get("Qualifier")))


def add_to_layer(session: Session, given: Values) -> Members:
    """AddLayerVersionPermission."""
    statement, revision_id = session.service.permissions.add_to_layer(given["LayerName"], given["VersionNumber"], given)
    return {"Statement": compact(statement), "RevisionId": revision_id}


def remove_from_layer(session: Session, given: Values) -> None:
    """RemoveLayerVersionPermission."""
    permissions = session.service.permissions
    permissions.remove_from_layer(given["LayerName"], given["VersionNumber"], given["StatementId"], given.get("RevisionId"))


def get_of_layer(session: Session, given: Values) -> Members:
    """GetLayerVersionPolicy."""
    return _members(session.service.permissions.get_of_layer(given["LayerName"], given["VersionNumber"]))


def put_policy(session: Session, given: Values) -> Members:
    """PutResourcePolicy."""
    return _members(session.service.permissions.put_policy(given["ResourceArn"], given["Policy"], given.get("RevisionId")))


def get_policy(session: Session, given: Values) -> Members:
    """GetResourcePolicy."""
    return _members(session.service.permissions.policy(given["ResourceArn"]))


def delete_policy(session: Session, given: Values) -> None:
    """DeleteResourcePolicy."""
    session.service.permissions.delete_policy(given["ResourceArn"], given.get("RevisionId"))


def _members(policy: Policy) -> Members:
    return {"Policy": policy.document(), "RevisionId": policy.revision_id}
