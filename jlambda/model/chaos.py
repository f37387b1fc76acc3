"""Which events are delivered twice, and which lose their environment: both are what delivery at least once may mean.

Drawn from a seed and the number of an event, so that it is the same each time. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from jlambda.errors import InvalidParameter

_WHOLE = 2**32


class Fate(NamedTuple):
    """What is done to one event."""

    is_duplicated: bool
    is_killed: bool


@dataclass(frozen=True, slots=True)
class Chaos:
    """The parts of the events that are delivered twice and that are killed, 0 to 1 each, and a seed."""

    duplicates: float = 0.0
    kills: float = 0.0
    seed: int = 0

    def checked(self) -> Chaos:
        """This, if it makes sense, else `InvalidParameter` in one line."""
        for name in ("duplicates", "kills"):
            part = getattr(self, name)
            if isinstance(part, bool) or not isinstance(part, (int, float)) or not 0 <= part <= 1:
                raise InvalidParameter(f"{name} is {part!r}: use a part of the events between 0 and 1, such as 0.2")
        if isinstance(self.seed, bool) or not isinstance(self.seed, int):
            raise InvalidParameter(f"seed is {self.seed!r}: use a whole number")
        if not self.duplicates and not self.kills:
            raise InvalidParameter("nothing is to be done to any event: give duplicates=0.2, kills=0.1 or both")
        return self

    def fate(self, number: int) -> Fate:
        """What is done to an event, by its number in the order in which events are first delivered."""
        digest = blake2b(f"{self.seed}:{number}".encode(), digest_size=8).digest()
        first, second = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:], "big")
        return Fate(first < self.duplicates * _WHOLE, second < self.kills * _WHOLE)
