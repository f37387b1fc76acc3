"""Code signing configurations in AWS's shapes: kept and shown; no signature is ever looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api import wire
from jlambda.api.pages import listed
from jlambda.api.requests import Values
from jlambda.service.code_signing import CodeSigningConfig

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def create(session: Session, given: Values) -> Members:
    """CreateCodeSigningConfig."""
    made = session.service.code_signing.create(given)
    if given.get("Tags"):
        session.service.tags.add(session.service.code_signing.arn(made), given["Tags"])
    return _whole(session, made)


def get(session: Session, given: Values) -> Members:
    """GetCodeSigningConfig."""
    return _whole(session, session.service.code_signing.get(given["CodeSigningConfigArn"]))


def list_all(session: Session, given: Values) -> Members:
    """ListCodeSigningConfigs."""
    page = listed(session.service.code_signing.list(), lambda each: each.id, given)
    return page.answer("CodeSigningConfigs", [_members(session, each) for each in page.items])


def update(session: Session, given: Values) -> Members:
    """UpdateCodeSigningConfig."""
    return _whole(session, session.service.code_signing.update(given["CodeSigningConfigArn"], given))


def delete(session: Session, given: Values) -> None:
    """DeleteCodeSigningConfig."""
    session.service.code_signing.delete(given["CodeSigningConfigArn"])


def list_functions(session: Session, given: Values) -> Members:
    """ListFunctionsByCodeSigningConfig."""
    page = listed(session.service.code_signing.functions(given["CodeSigningConfigArn"]), str, given)
    return page.answer("FunctionArns", page.items)


def put_on_function(session: Session, given: Values) -> Members:
    """PutFunctionCodeSigningConfig."""
    arn = given["CodeSigningConfigArn"]
    return {"CodeSigningConfigArn": arn, "FunctionName": session.service.code_signing.choose(given["FunctionName"], arn)}


def get_of_function(session: Session, given: Values) -> Members:
    """GetFunctionCodeSigningConfig: nothing where the function has none."""
    name, arn = session.service.code_signing.chosen(given["FunctionName"])
    return {} if arn is None else {"CodeSigningConfigArn": arn, "FunctionName": name}


def delete_from_function(session: Session, given: Values) -> None:
    """DeleteFunctionCodeSigningConfig."""
    session.service.code_signing.unchoose(given["FunctionName"])


def _members(session: Session, config: CodeSigningConfig) -> Members:
    members: Members = {
        "CodeSigningConfigId": config.id,
        "CodeSigningConfigArn": session.service.code_signing.arn(config),
        "AllowedPublishers": {"SigningProfileVersionArns": list(config.publishers)},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": config.policy},
        "LastModified": wire.stamp(config.last_modified),
    }
    if config.description is not None:
        members["Description"] = config.description
    return members


def _whole(session: Session, config: CodeSigningConfig) -> Members:
    return {"CodeSigningConfig": _members(session, config)}
