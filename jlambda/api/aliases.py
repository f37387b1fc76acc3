"""Aliases in AWS's shapes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from jlambda.api.pages import listed
from jlambda.api.references import unqualified
from jlambda.api.requests import Values
from jlambda.model.alias import Alias

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def create(session: Session, given: Values) -> Members:
    """CreateAlias."""
    made = Alias(
        given["Name"], unqualified(session, given), given["FunctionVersion"], given.get("Description", ""), _weights(given)
    )
    return _members(session, session.control.create_alias(made))


def get(session: Session, given: Values) -> Members:
    """GetAlias."""
    return _members(session, session.control.alias(unqualified(session, given), given["Name"]))


def list_all(session: Session, given: Values) -> Members:
    """ListAliases: all of a function, or those that point to one of its versions."""
    wanted = given.get("FunctionVersion")
    found = session.control.aliases(unqualified(session, given))
    matching = [each for each in found if wanted is None or wanted in (each.version, *each.weights)]
    page = listed(matching, lambda each: each.name, given)
    return page.answer("Aliases", [_members(session, each) for each in page.items])


def update(session: Session, given: Values) -> Members:
    """UpdateAlias: what is not given stays as it is."""
    weights = None if given.get("RoutingConfig") is None else _weights(given)

    def change(before: Alias) -> Alias:
        return replace(
            before,
            version=given.get("FunctionVersion", before.version),
            description=given.get("Description", before.description),
            weights=before.weights if weights is None else weights,
        )

    name = unqualified(session, given)
    return _members(session, session.control.change_alias(name, given["Name"], change, given.get("RevisionId")))


def delete(session: Session, given: Values) -> None:
    """DeleteAlias."""
    session.control.delete_alias(unqualified(session, given), given["Name"])


def _weights(given: Values) -> dict[str, float]:
    routing = given.get("RoutingConfig") or {}
    return dict(routing.get("AdditionalVersionWeights") or {})


def _members(session: Session, alias: Alias) -> Members:
    members: Members = {
        "AliasArn": session.account.function_arn(alias.function, alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        members["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
    return members
