"""Aliases of functions: made, moved and deleted. Where invocations go by them is `jlambda.service.resolver`'s part."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from jlambda.errors import ResourceConflict, ResourceNotFound
from jlambda.model.alias import Alias
from jlambda.model.arn import Account
from jlambda.service.resolver import Resolver
from jlambda.service.revision import check_revision, new_revision
from jlambda.store.functions import Functions


class Aliases:
    """The aliases of one session's functions.

    `moved` is called with function and name of one that is new, gone, or points elsewhere now.
    """

    def __init__(
        self,
        functions: Functions,
        resolver: Resolver,
        account: Account,
        lock: threading.RLock,
        moved: Callable[[str, str], None],
    ) -> None:
        self._functions, self._resolver, self._account, self._lock = functions, resolver, account, lock
        self._moved = moved

    def list(self, function: str) -> list[Alias]:
        """The aliases of a function, by name. Raises `ResourceNotFound` where there is no such function."""
        return list(self._resolver.aliases(self._resolver.configuration(function).name).values())

    def get(self, function: str, name: str) -> Alias:
        """One alias of a function. Raises `ResourceNotFound`."""
        found = self._resolver.aliases(function).get(name)
        if found is None:
            raise ResourceNotFound(f"Cannot find alias arn: {self._account.function_arn(function, name)}")
        return found

    def create(self, alias: Alias) -> Alias:
        """Make a new alias; it gets its revision here. Raises `ResourceConflict` where there is one of that name."""
        with self._lock:
            self._check_versions(alias.checked())
            if alias.name in self._resolver.aliases(alias.function):
                raise ResourceConflict(f"Alias already exists: {self._account.function_arn(alias.function, alias.name)}")
            made = self._put(alias)
        self._moved(alias.function, alias.name)
        return made

    def update(self, alias: Alias) -> Alias:
        """Put `alias` in the place of the one of its name; `revision_id`, if it has one, must be the present one's."""
        return self.change(alias.function, alias.name, lambda _: alias, alias.revision_id or None)

    def change(self, function: str, name: str, change: Callable[[Alias], Alias], revision_id: str | None = None) -> Alias:
        """Put what `change` makes of an alias in its place; a `revision_id`, if one is given, must be the present one."""
        with self._lock:
            before = self._resolver.aliases(function).get(name)
            if before is None:
                raise ResourceNotFound(f"Alias not found: {self._account.function_arn(function, name)}")
            check_revision(revision_id, before.revision_id)
            wanted = change(before).checked()
            self._check_versions(wanted)
            made = self._put(wanted)
        if made.version != before.version:
            self._moved(function, name)
        return made

    def delete(self, function: str, name: str) -> None:
        """Delete an alias, if it is there. Raises `ResourceNotFound` where there is no such function."""
        with self._lock:
            function = self._resolver.configuration(function).name
            self._functions.delete_alias(function, name)
            self._resolver.forget_aliases(function)
        self._moved(function, name)

    def _check_versions(self, alias: Alias) -> None:
        for version in (alias.version, *alias.weights):
            self._resolver.configuration(f"{alias.function}:{version}")

    def _put(self, alias: Alias) -> Alias:
        alias = replace(alias, revision_id=new_revision())
        self._functions.put_alias(alias)
        self._resolver.forget_aliases(alias.function)
        return alias
