"""Revision ids: each change of a function, an alias or a policy gives it a new one, which a later change may ask for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from jlambda.errors import PreconditionFailed
from jlambda.model.arn import LATEST
from jlambda.store.functions import Functions


def new_revision() -> str:
    """An id that nothing has had before."""
    return str(uuid.uuid4())


class Revisions:
    """Revisions of functions, versions and aliases: what belongs to one of them, as its policy, is at the same revision.

    `forget_aliases` is called with the function of an alias that was put in the place of an earlier one.
    """

    def __init__(self, functions: Functions, forget_aliases: Callable[[str], None]) -> None:
        self._functions, self._forget_aliases = functions, forget_aliases

    def present(self, name: str, qualifier: str | None) -> str | None:
        """The present revision, None where there is no such function, version or alias."""
        if _is_version(qualifier):
            configuration = self._functions.get(name, qualifier or LATEST)
            return None if configuration is None else configuration.revision_id
        alias = self._functions.aliases(name).get(qualifier or "")
        return None if alias is None else alias.revision_id

    def renew(self, name: str, qualifier: str | None) -> str:
        """A new revision for a function, version or alias that is there."""
        revision_id = new_revision()
        if _is_version(qualifier):
            configuration = self._functions.get(name, qualifier or LATEST)
            assert configuration is not None
            self._functions.put(configuration.revised(revision_id))
        else:
            alias = self._functions.aliases(name)[qualifier or ""]
            self._functions.put_alias(replace(alias, revision_id=revision_id))
            self._forget_aliases(name)
        return revision_id


def _is_version(qualifier: str | None) -> bool:
    return qualifier is None or qualifier == LATEST or qualifier.isdigit()


def check_revision(given: str | None, present: str | None, call: str = "GetFunction/GetAlias") -> None:
    """Raise `PreconditionFailed` where a caller has another revision in mind than the present one; `call` would tell it."""
    if given is not None and given != present:
        raise PreconditionFailed(
            f"The Revision Id provided does not match the latest Revision Id. Call the {call} API to retrieve the latest "
            "Revision Id"
        )
