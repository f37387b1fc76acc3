"""Revision ids: each change of a function, an alias or a policy gives it a new one, which a later change may ask for."""

from __future__ import annotations

import uuid

from jlambda.errors import PreconditionFailed


def new_revision() -> str:
    """An id that nothing has had before."""
    return str(uuid.uuid4())


def check_revision(given: str | None, present: str | None, call: str = "GetFunction/GetAlias") -> None:
    """Raise `PreconditionFailed` where a caller has another revision in mind than the present one; `call` would tell it."""
    if given is not None and given != present:
        raise PreconditionFailed(
            f"The Revision Id provided does not match the latest Revision Id. Call the {call} API to retrieve the latest "
            "Revision Id"
        )
