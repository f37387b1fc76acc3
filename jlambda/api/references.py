"""Which function a request means: a name, a partial or full ARN, with a qualifier in it, beside it, or none."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from jlambda.api.requests import Values
from jlambda.errors import InvalidParameter
from jlambda.model.arn import parse_reference
from jlambda.model.function_state import check_active

if TYPE_CHECKING:
    from jlambda.service.version import DeployedVersion
    from jlambda.session import Session


class Reference(NamedTuple):
    """A function and its qualifier; None where none was given."""

    name: str
    qualifier: str | None

    @property
    def text(self) -> str:
        """Both in one, as the control plane takes them."""
        return self.name if self.qualifier is None else f"{self.name}:{self.qualifier}"


def meant(session: Session, given: Values) -> Reference:
    """The function that a request names. Raises `InvalidParameter` where it names two qualifiers."""
    name, derived = parse_reference(given["FunctionName"], session.account)
    qualifier: str | None = given.get("Qualifier")
    if qualifier is not None and derived is not None and qualifier != derived:
        raise InvalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
    return Reference(name, qualifier if qualifier is not None else derived)


def invoked(session: Session, given: Values) -> tuple[DeployedVersion, str | None]:
    """What an invocation runs, and the qualifier that it was asked for with. Raises `ResourceConflict` while it is made."""
    name, qualifier = meant(session, given)
    version = session.control.qualified(name, qualifier)
    if version.configuration.pending:
        check_active(version.configuration, time.time())
    return version, qualifier


def unqualified(session: Session, given: Values) -> str:
    """The name of a function, for operations that versions and aliases do not support."""
    name, qualifier = meant(session, given)
    if qualifier is not None:
        raise InvalidParameter(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
            "Please specify either a function name or an unqualified function ARN."
        )
    return name
