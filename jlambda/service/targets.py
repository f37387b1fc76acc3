"""Functions, versions and aliases as what policies, tags, URLs and mappings belong to: are they there? Changes nothing."""

from __future__ import annotations

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.model.alias import is_alias_name
from jlambda.model.arn import LATEST, Account, parse_reference
from jlambda.store.functions import Functions


class Targets:
    """What there is of functions in the store, by name and qualifier."""

    def __init__(self, functions: Functions, account: Account) -> None:
        self._functions, self._account = functions, account

    def parse(self, reference: str, qualifier: str | None = None) -> tuple[str, str | None]:
        """Name and qualifier of a function that was named with both, or with its ARN.

        Raises `InvalidParameter` where the reference has another qualifier in it, `ResourceNotFound` for another account
        or region.
        """
        name, in_reference = parse_reference(reference, self._account)
        if qualifier is None or in_reference == qualifier:
            return name, in_reference
        if in_reference is not None:
            raise InvalidParameter("The derived qualifier from the function name does not match the specified qualifier.")
        return name, qualifier

    def has(self, name: str, qualifier: str | None = None) -> bool:
        """Whether there is a function of this name that has this version or alias."""
        if qualifier is None or qualifier == LATEST or qualifier.isdigit():
            return self._functions.get(name, qualifier or LATEST) is not None
        return qualifier in self._functions.aliases(name)

    def names(self) -> set[str]:
        """The names of all functions."""
        return {each.name for each in self._functions.list()}

    def check(self, name: str, qualifier: str | None = None) -> None:
        """Raise `ResourceNotFound`, in AWS's words, where there is no such function, version or alias."""
        if not self.has(name):
            raise ResourceNotFound(f"Function not found: {self._account.function_arn(name)}")
        if not self.has(name, qualifier):
            arn = self._account.function_arn(name, qualifier)
            is_alias = qualifier is not None and is_alias_name(qualifier)
            raise ResourceNotFound(f"Cannot find alias arn: {arn}" if is_alias else f"Function not found: {arn}")

    def unqualified(self, reference: str) -> str:
        """The name of a function that is there. Raises `InvalidParameter` where a version or an alias was named."""
        name, qualifier = parse_reference(reference, self._account)
        if qualifier is not None:
            raise InvalidParameter(
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. "
                "Please specify either a function name or an unqualified function ARN."
            )
        self.check(name)
        return name
