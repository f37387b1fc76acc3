"""Reserved and provisioned concurrency, and scaling, in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api import wire
from jlambda.api.pages import listed
from jlambda.api.references import meant, unqualified
from jlambda.api.requests import Values
from jlambda.errors import InvalidParameter
from jlambda.model.arn import LATEST
from jlambda.service.function_settings import Scaling
from jlambda.service.provisioned import ProvisionedConcurrency

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def put(session: Session, given: Values) -> Members:
    """PutFunctionConcurrency."""
    wanted = given["ReservedConcurrentExecutions"]
    with session.control.lock:
        name = session.control.get(unqualified(session, given)).name
        session.reservations.reserve(name, wanted, session.provisioned.total(name))
    return {"ReservedConcurrentExecutions": wanted}


def get(session: Session, given: Values) -> Members:
    """GetFunctionConcurrency: nothing where none is reserved."""
    reserved = session.reservations.reserved(session.control.get(unqualified(session, given)).name)
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete(session: Session, given: Values) -> None:
    """DeleteFunctionConcurrency."""
    session.reservations.reserve(session.control.get(unqualified(session, given)).name, None)


def put_provisioned(session: Session, given: Values) -> Members:
    """PutProvisionedConcurrencyConfig."""
    reference = meant(session, given)
    session.control.get(reference.text)
    return _provisioned(session.provisioned.put(*reference, given["ProvisionedConcurrentExecutions"]))


def get_provisioned(session: Session, given: Values) -> Members:
    """GetProvisionedConcurrencyConfig."""
    return _provisioned(session.provisioned.get(*_published(session, given)))


def list_provisioned(session: Session, given: Values) -> Members:
    """ListProvisionedConcurrencyConfigs."""
    name = session.control.get(unqualified(session, given)).name
    page = listed(session.provisioned.list(name), lambda each: each.qualifier, given)
    members = [{"FunctionArn": session.account.function_arn(name, each.qualifier), **_provisioned(each)} for each in page.items]
    return page.answer("ProvisionedConcurrencyConfigs", members)


def delete_provisioned(session: Session, given: Values) -> None:
    """DeleteProvisionedConcurrencyConfig."""
    session.provisioned.delete(*_published(session, given))


def put_scaling(session: Session, given: Values) -> Members:
    """PutFunctionScalingConfig."""
    session.service.settings.put_scaling(given["FunctionName"], given["Qualifier"], given)
    return {"FunctionState": "Active"}


def get_scaling(session: Session, given: Values) -> Members:
    """GetFunctionScalingConfig."""
    arn, scaling = session.service.settings.scaling(given["FunctionName"], given["Qualifier"])
    return {
        "FunctionArn": arn,
        "AppliedFunctionScalingConfig": _scaling(scaling),
        "RequestedFunctionScalingConfig": _scaling(scaling),
    }


def _scaling(scaling: Scaling) -> Members:
    found = {"MinExecutionEnvironments": scaling.least, "MaxExecutionEnvironments": scaling.most}
    return {name: value for name, value in found.items() if value is not None}


def _published(session: Session, given: Values) -> tuple[str, str]:
    """The function and the version or alias that a request means, which are there."""
    reference = meant(session, given)
    session.control.get(reference.text)
    if reference.qualifier is None or reference.qualifier == LATEST:
        raise InvalidParameter("The function resource provided must be an alias or a published version.")
    return reference.name, reference.qualifier


def _provisioned(found: ProvisionedConcurrency) -> Members:
    members: Members = {
        "RequestedProvisionedConcurrentExecutions": found.requested,
        "AllocatedProvisionedConcurrentExecutions": found.allocated,
        "AvailableProvisionedConcurrentExecutions": found.available,
        "Status": found.status,
        "LastModified": wire.stamp(found.changed_at),
    }
    if found.reason:
        members["StatusReason"] = found.reason
    return members
