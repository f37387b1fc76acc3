"""What the operations of CloudWatch and CloudWatch Logs work with: the session, and the service that is behind it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from jlambda.errors import InvalidParameter

if TYPE_CHECKING:
    from jlambda.session import Session

T = TypeVar("T")
Members = Mapping[str, Any]
Behind = Callable[[str, Members], dict[str, Any]]

#: what an operation gives whose request is for the service behind
PASSED_ON: Members = {"PassedOn": True}


class Here(NamedTuple):
    """The session, and what asks the service behind it for another operation."""

    session: Session
    behind: Behind

    def all_behind(self, operation: str, parameters: Members, member: str) -> list[dict[str, Any]]:
        """All that the service behind lists in `member`, page by page."""
        found: list[dict[str, Any]] = []
        token: dict[str, Any] = {}
        while True:
            page = self.behind(operation, {**parameters, **token})
            found += page.get(member) or []
            following = page.get("nextToken") or page.get("NextToken")
            if not following:
                return found
            token = {"nextToken" if "nextToken" in page else "NextToken": following}


class Page(NamedTuple):
    """A part of a list, and the token that the next part is asked for with."""

    items: Sequence[Any]
    token: str | None


def page(items: Sequence[T], key: Callable[[T], str], token: object, room: int | Callable[[list[T]], list[T]]) -> Page:
    """The items whose keys follow that in `token`, which are in the order of their keys: as many as there is `room` for."""
    after = "" if token is None else _key(token)
    left = [item for item in items if key(item) > after]
    shown = left[:room] if isinstance(room, int) else room(left)
    more = base64.b64encode(key(shown[-1]).encode()).decode() if len(left) > len(shown) else None
    return Page(shown, more)


def _key(token: object) -> str:
    try:
        return base64.b64decode(str(token), validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidParameter("The specified nextToken is invalid.") from None
