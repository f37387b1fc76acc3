"""The table of operations: every operation of the Lambda API, how it is asked for, and what carries it out.

A handler takes the session and the members of the request, and gives the members of the response, plain values by
AWS's names. Operations that are not there yet are in the table all the same, and say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

from jlambda.api import shapes
from jlambda.api.requests import Values
from jlambda.errors import LambdaError
from jlambda.session import Session

#: how many paths of requests are known by heart
_KEPT = 500


class Handler(Protocol):
    """What carries out an operation. It may block; it runs in a thread of its own."""

    def __call__(self, session: Session, given: Values, /) -> Mapping[str, Any] | None:
        """The members of the response, None where it has no body."""


class Operation(NamedTuple):
    """One operation: HTTP method, URI template, status of success, and its handler; None for those that invoke."""

    name: str
    method: str
    uri: str
    status: int
    handle: Handler | None


class UnknownOperation(LambdaError):
    """Method and path are those of no operation."""

    code, status = "AccessDeniedException", 403


class NotThereYet(LambdaError):
    """An operation or a service that jlambda does not have yet."""

    code, status = "NotImplementedException", 501


class Match(NamedTuple):
    """An operation that a request asks for, and the members that are in the path."""

    operation: Operation
    labels: Mapping[str, str]


class Routes:
    """Finds operations by method, path and query."""

    def __init__(self, operations: Mapping[str, Operation]) -> None:
        #: what was found for requests without a query, which are the same again and again
        self._found: dict[tuple[str, str], Match] = {}
        self._by_form: dict[tuple[str, int, str, str], list[tuple[list[str], dict[str, str], Operation]]] = {}
        for operation in operations.values():
            segments = operation.uri.partition("?")[0].split("/")
            key = operation.method, len(segments), segments[1], segments[2]
            self._by_form.setdefault(key, []).append((segments, shapes.required_query(operation.uri), operation))
        for found in self._by_form.values():  # what asks for more comes first
            found.sort(key=lambda each: (-len(each[1]), each[0].count("{")))

    def find(self, method: str, path: str, query: Mapping[str, str]) -> Match:
        """The operation that a request asks for; `path` is still percent-encoded. Raises `UnknownOperation`."""
        if query:
            return self._find(method, path, query)
        found = self._found.get((method, path))
        if found is None:
            found = self._find(method, path, query)
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[method, path] = found
        return found

    def _find(self, method: str, path: str, query: Mapping[str, str]) -> Match:
        segments = path.split("/")
        if len(segments) > 3 and not segments[-1]:
            segments.pop()  # some carry a slash at the end
        if len(segments) >= 3:
            for template, wanted, operation in self._by_form.get((method, len(segments), segments[1], segments[2]), ()):
                labels = _labels(template, segments)
                if labels is not None and all(query.get(name) == value for name, value in wanted.items()):
                    return Match(operation, labels)
        raise UnknownOperation("Unable to determine service/operation name to be authorized")


def _labels(template: list[str], segments: list[str]) -> dict[str, str] | None:
    found = {}
    for wanted, segment in zip(template, segments, strict=True):
        if wanted.startswith("{"):
            if not segment:
                return None
            found[wanted[1:-1]] = unquote(segment)
        elif wanted != segment:
            return None
    return found


class Later:
    """The handler of an operation of something that is not there yet: whatever is asked of it, it says so."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __call__(self, _: Session, __: Values, /) -> None:
        """Raise `NotThereYet`."""
        raise self.error()

    def error(self) -> NotThereYet:
        """What is said."""
        return NotThereYet(f"{self.what} are not there yet in jlambda: leave them out")
