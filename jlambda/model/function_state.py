"""How far a change of a function has come, as the API tells it. Pure: time is an argument.

A function that is being created or updated has a revision of its own for that while, as on AWS.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from jlambda.errors import ResourceConflict
from jlambda.model.function import FunctionConfiguration

CREATING, UPDATING = "Creating", "Updating"

_REASON = "The function is being created."


def at(configuration: FunctionConfiguration, now: float) -> FunctionConfiguration:
    """A configuration as it is shown at a time: with nothing pending once it has settled, under its revision of then."""
    if not configuration.pending:
        return configuration
    if now >= configuration.settles_at:
        return replace(configuration, pending="")
    return replace(configuration, revision_id=str(uuid.uuid5(uuid.NAMESPACE_OID, configuration.revision_id)))


def check_active(configuration: FunctionConfiguration, now: float) -> None:
    """Raise `ResourceConflict` for a function that is being created: it can be neither invoked nor changed."""
    if configuration.pending == CREATING and now < configuration.settles_at:
        raise ResourceConflict(
            "The operation cannot be performed at this time. The function is currently in the following state: Pending"
        )


def state_members(shown: FunctionConfiguration) -> dict[str, str]:
    """State and LastUpdateStatus, with their reasons, of what `at` gave."""
    if shown.pending == CREATING:
        return {"State": "Pending", "StateReason": _REASON, "StateReasonCode": "Creating"}
    if shown.pending == UPDATING:
        return {
            "State": "Active",
            "LastUpdateStatus": "InProgress",
            "LastUpdateStatusReason": _REASON,
            "LastUpdateStatusReasonCode": "Creating",
        }
    return {"State": "Active", "LastUpdateStatus": "Successful"}
