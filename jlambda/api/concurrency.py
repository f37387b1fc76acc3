"""Reserved concurrency and scaling in AWS's shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jlambda.api.references import unqualified
from jlambda.api.requests import Values
from jlambda.service.function_settings import Scaling

if TYPE_CHECKING:
    from jlambda.session import Session

Members = dict[str, Any]


def put(session: Session, given: Values) -> Members:
    """PutFunctionConcurrency."""
    name = session.control.get(unqualified(session, given)).name
    session.reservations.reserve(name, given["ReservedConcurrentExecutions"])
    return {"ReservedConcurrentExecutions": given["ReservedConcurrentExecutions"]}


def get(session: Session, given: Values) -> Members:
    """GetFunctionConcurrency: nothing where none is reserved."""
    reserved = session.reservations.reserved(session.control.get(unqualified(session, given)).name)
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete(session: Session, given: Values) -> None:
    """DeleteFunctionConcurrency."""
    session.reservations.reserve(session.control.get(unqualified(session, given)).name, None)


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
