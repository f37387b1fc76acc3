"""What the kernel and a panel say to each other. Pure; `labextension/src/protocol.ts` has the same in its own types.

The kernel sends its `Board` once, then `Changes`, and for each `Request` an `Answer` of the same number.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, NotRequired, TypedDict

from jlambda.errors import InvalidParameter

#: the comm's target, and the version of what is said; a panel of another version says so instead of guessing
TARGET, VERSION = "jlambda.panel", 1

#: what JSON has for an object
Document = Mapping[str, object]
#: collections of documents, each by its key
Board = Mapping[str, Mapping[str, Document]]


class BoardMessage(TypedDict):
    """All there is to see."""

    type: Literal["board"]
    version: int
    board: Board


class ChangesMessage(TypedDict):
    """What is to be seen otherwise now: documents that are new or others, and keys that are gone, by collection."""

    type: Literal["changes"]
    set: Board
    gone: Mapping[str, list[str]]


class AnswerMessage(TypedDict):
    """What came of a request: `value`, or why it was refused."""

    type: Literal["answer"]
    number: int
    value: NotRequired[object]
    refusal: NotRequired[str]


Message = BoardMessage | ChangesMessage | AnswerMessage


class Request(NamedTuple):
    """One thing that a panel asks for; its arguments are read by their names."""

    number: int
    act: str
    arguments: Document

    def text(self, name: str) -> str:
        """An argument that is text. Raises `InvalidParameter`."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            raise InvalidParameter(f"{self.act}: {name} is {value!r}, and has to be text")
        return value

    def flag(self, name: str) -> bool:
        """An argument that is true or false. Raises `InvalidParameter`."""
        value = self.arguments.get(name)
        if not isinstance(value, bool):
            raise InvalidParameter(f"{self.act}: {name} is {value!r}, and has to be true or false")
        return value


def read_request(data: object) -> Request | None:
    """A message of a panel as a request, None if it is none."""
    if not isinstance(data, Mapping) or data.get("type") != "request":
        return None
    number, act = data.get("number"), data.get("act")
    if not isinstance(number, int) or not isinstance(act, str):
        return None
    return Request(number, act, {key: value for key, value in data.items() if key not in ("type", "number", "act")})
