"""Which route of an API a request takes, and the parameters in its path. Pure.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html: a route that matches in full comes
before one with a greedy parameter, and ``$default`` is last; of two that match, the one that says more with its words.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote

T = TypeVar("T")

ANY, DEFAULT = "ANY", "$default"


class Route(NamedTuple, Generic[T]):
    """A method (or ``ANY``), a path (``/items/{id}``; empty for ``$default``), and what they lead to."""

    method: str
    path: str
    to: T

    @property
    def key(self) -> str:
        """As API Gateway writes it."""
        return f"{self.method} {self.path}" if self.path else DEFAULT


class Matched(NamedTuple, Generic[T]):
    """The route that was found, and the parameters of its path, decoded."""

    route: Route[T]
    parameters: dict[str, str]


def match(routes: Iterable[Route[T]], method: str, path: str) -> Matched[T] | None:
    """The route of a request; `path` is percent-encoded. None where there is none."""
    return _best(list(routes), method, path)


def has_path(routes: Iterable[Route[T]], path: str) -> bool:
    """Whether there is a route for this path, whatever its method."""
    return any(route.path and _parameters(route.path, path) is not None for route in routes)


def _best(routes: list[Route[T]], method: str, path: str) -> Matched[T] | None:
    found: list[tuple[tuple[object, ...], Matched[T]]] = []
    for route in routes:
        if not route.path:
            found.append(((2,), Matched(route, {})))
            continue
        if route.method not in (ANY, method):
            continue
        parameters = _parameters(route.path, path)
        if parameters is not None:
            found.append((_rank(route.path, route.method), Matched(route, parameters)))
    return min(found, key=lambda each: each[0])[1] if found else None


def _rank(template: str, method: str) -> tuple[object, ...]:
    segments = _segments(template)
    is_greedy = template.endswith("+}")
    return (1 if is_greedy else 0, -len(segments), tuple(each.startswith("{") for each in segments), method == ANY)


def _parameters(template: str, path: str) -> dict[str, str] | None:
    """The parameters that `path` has for a template, None where they do not match."""
    wanted, given = _segments(template), _segments(path)
    found: dict[str, str] = {}
    for at, segment in enumerate(wanted):
        if segment.startswith("{") and segment.endswith("+}"):
            rest = "/".join(given[at:])
            if not rest:
                return None
            found[segment[1:-2]] = unquote(rest)
            return found
        if at >= len(given):
            return None
        if segment.startswith("{") and segment.endswith("}"):
            if not given[at]:
                return None
            found[segment[1:-1]] = unquote(given[at])
        elif segment != given[at] and unquote(segment) != unquote(given[at]):
            return None
    return found if len(given) == len(wanted) else None


def _segments(path: str) -> list[str]:
    segments = path.removeprefix("/").split("/")
    if len(segments) > 1 and not segments[-1]:
        segments.pop()  # a slash at the end makes no other path
    return segments
