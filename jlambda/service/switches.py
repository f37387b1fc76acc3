"""What AWS has no switch for and a trigger has: function URLs and routes that are disabled for now.

Kept apart from what is configured, which stays as it is. Knows ids only: a URL's, or API/ROUTE.
"""

from __future__ import annotations

from dataclasses import dataclass

from jlambda.store.database import Database
from jlambda.store.resources import Resources

_OWNER = "switch"


@dataclass(frozen=True, slots=True)
class _Off:
    """Something that is disabled."""


class Switches:
    """The switches of one session; all is enabled that has not been disabled."""

    def __init__(self, database: Database) -> None:
        self._database, self._off = database, Resources(database, "off", _Off)
        self._disabled: frozenset[str] = frozenset()
        self._as_of = -1

    @property
    def disabled(self) -> frozenset[str]:
        """The ids of what is disabled."""
        if self._as_of != (changes := self._database.changes):
            self._disabled, self._as_of = frozenset(key for _, key, _ in self._off.items(_OWNER)), changes
        return self._disabled

    def disable(self, identity: str) -> None:
        """Have it start nothing."""
        self._off.put(_Off(), _OWNER, identity)

    def enable(self, identity: str) -> None:
        """Have it start its function again."""
        self._off.delete(_OWNER, identity)

    def state(self, identity: str) -> str:
        """Enabled or Disabled, in the words of event source mappings."""
        return "Disabled" if identity in self.disabled else "Enabled"
