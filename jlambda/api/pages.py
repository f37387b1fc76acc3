"""Lists in pages, as every List operation has them: Marker and MaxItems in, NextMarker out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from jlambda.api.requests import Values
from jlambda.model.page import PAGE, page

T = TypeVar("T")


class Listed(NamedTuple, Generic[T]):
    """The part of a list that was asked for."""

    items: list[T]
    next_marker: str | None

    def answer(self, name: str, members: list[Any]) -> dict[str, Any]:
        """The members of a response that lists `members` as `name`."""
        return {name: members} if self.next_marker is None else {"NextMarker": self.next_marker, name: members}


def listed(items: Sequence[T], key: Callable[[T], str], given: Values, largest: int = PAGE) -> Listed[T]:
    """The page of `items`, which are in the order of their keys, that a request asks for."""
    return Listed(*page(items, key, given.get("Marker"), given.get("MaxItems"), largest))
