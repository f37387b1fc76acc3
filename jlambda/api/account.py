"""Tags, the account's limits, and settings of functions that are kept and shown, in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api.requests import Values
from jlambda.service.function_settings import RuntimeManagement

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def tag(session: Session, given: Values) -> None:
    """TagResource."""
    session.service.tags.add(given["Resource"], given["Tags"])


def untag(session: Session, given: Values) -> None:
    """UntagResource."""
    session.service.tags.remove(given["Resource"], given["TagKeys"])


def list_tags(session: Session, given: Values) -> Members:
    """ListTags."""
    return {"Tags": session.service.tags.list(given["Resource"])}


def get_settings(session: Session, _: Values) -> Members:
    """GetAccountSettings."""
    found = session.service.account_settings()
    return {
        "AccountLimit": {
            "TotalCodeSize": found.stored_limit,
            "CodeSizeUnzipped": found.unzipped_limit,
            "CodeSizeZipped": found.zipped_limit,
            "ConcurrentExecutions": found.concurrency,
            "UnreservedConcurrentExecutions": found.unreserved_concurrency,
        },
        "AccountUsage": {"TotalCodeSize": found.stored, "FunctionCount": found.functions},
    }


def put_recursion(session: Session, given: Values) -> Members:
    """PutFunctionRecursionConfig."""
    return {"RecursiveLoop": session.service.settings.put_recursion(given["FunctionName"], given["RecursiveLoop"])}


def get_recursion(session: Session, given: Values) -> Members:
    """GetFunctionRecursionConfig."""
    return {"RecursiveLoop": session.service.settings.recursion(given["FunctionName"])}


def put_runtime_management(session: Session, given: Values) -> Members:
    """PutRuntimeManagementConfig."""
    return _runtime_management(
        *session.service.settings.put_runtime_management(given["FunctionName"], given.get("Qualifier"), given)
    )


def get_runtime_management(session: Session, given: Values) -> Members:
    """GetRuntimeManagementConfig."""
    return _runtime_management(*session.service.settings.runtime_management(given["FunctionName"], given.get("Qualifier")))


def _runtime_management(arn: str, found: RuntimeManagement) -> Members:
    members: Members = {"UpdateRuntimeOn": found.update_on, "FunctionArn": arn}
    if found.version_arn is not None:
        members["RuntimeVersionArn"] = found.version_arn
    return members
