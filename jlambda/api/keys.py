"""The keys that a gateway takes: the session's own, which is its user's, and those of its functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from jlambda.api.auth import Key
from jlambda.model.exchange import Caller

if TYPE_CHECKING:
    from jlambda.service.roles import Roles

_USER = Caller()


class Keys(Mapping[str, Key]):
    """Keys by their id. Functions' keys come as functions start; each calls as its function's role."""

    def __init__(self, own: Key, roles: Roles) -> None:
        self._own, self._roles = own, roles

    def __getitem__(self, key_id: str) -> Key:
        if key_id == self._own.id:
            return self._own
        found = self._roles.find(key_id)
        if found is None:
            raise KeyError(key_id)
        return Key(*found[0])

    def __iter__(self) -> Iterator[str]:
        yield self._own.id
        yield from self._roles.ids()

    def __len__(self) -> int:
        return 1 + len(self._roles.ids())

    def caller(self, key_id: str) -> Caller:
        """Who calls with a key."""
        found = self._roles.find(key_id)
        return found[1] if found is not None and key_id != self._own.id else _USER
