"""Lists in pages: a marker says where the last page ended. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from jlambda.errors import InvalidParameter

T = TypeVar("T")

# https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html: 50 items are a page, whoever asks for more
PAGE = 50


class Page(NamedTuple, Generic[T]):
    """Part of a list, and the marker that asks for the next part; None at the end."""

    items: list[T]
    next_marker: str | None


def page(
    items: Sequence[T], key: Callable[[T], str], marker: str | None, max_items: int | None, largest: int = PAGE
) -> Page[T]:
    """The items behind `marker`, at most `max_items`; `items` are in the order of their keys, which are unique.

    The marker holds the key of the last item shown. What comes or goes between two pages moves nothing: each item that
    is there all the time is shown once. Raises `InvalidParameter` for a marker that is none of ours.
    """
    behind = [item for item in items if key(item) > _read(marker)] if marker else list(items)
    size = min(max_items or largest, largest)
    shown = behind[:size]
    return Page(shown, _written(key(shown[-1])) if len(behind) > size else None)


def number_key(number: int) -> str:
    """A key that orders numbers, smallest first."""
    return f"{number:020}"


def falling_key(number: int) -> str:
    """A key that orders numbers, greatest first."""
    return number_key(10**19 - number)


def _written(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _read(marker: str) -> str:
    try:
        return base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise InvalidParameter(f"the marker {marker!r} is not one that this list gave") from None
