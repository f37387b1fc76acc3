"""Which operation of which service a request asks for, with its parameters, and whether it changes anything.

Services that speak JSON or forms name the operation themselves; for the others, S3 among them, botocore's models say which
one method, path, query and headers mean. Knows no sockets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from jlambda.model.exchange import ServiceRequest, decoded

#: what begins the names of operations that change nothing
_READS = (
    *("Get", "List", "Describe", "Head", "Query", "Scan", "BatchGet", "TransactGet", "Select", "Search", "Lookup", "Filter"),
    *("Check", "Test", "Validate", "Simulate", "Estimate", "Discover", "Count", "Preview", "Receive"),
)
#: the names of botocore's models where they are not the service's in signatures; a later one has what an earlier has not
MODELS = {
    "states": ("stepfunctions",),
    "apigateway": ("apigatewayv2", "apigateway"),
    "s3": ("s3",),
    "monitoring": ("cloudwatch",),
    "email": ("ses",),
}
#: bodies that are longer hold data, not parameters
_PARAMETERS = 1 << 22


class Operation(NamedTuple):
    """An operation of a service, and its parameters."""

    name: str
    parameters: Mapping[str, Any]

    @property
    def is_write(self) -> bool:
        """Whether it may change what the service holds."""
        return bool(self.name) and not self.name.startswith(_READS)


NOTHING = Operation("", {})


def operation_of(request: ServiceRequest) -> Operation:
    """The operation that a request asks for; `NOTHING` where it cannot be told."""
    target = request.header("x-amz-target")
    if target:
        return Operation(target.rpartition(".")[2], _json(request))
    if request.path.startswith("/service/") and "/operation/" in request.path:  # Smithy's RPC, whose bodies are CBOR
        return Operation(request.path.rpartition("/")[2], {})
    content_type = request.header("content-type")
    if content_type.startswith("application/x-www-form-urlencoded") and request.service != "s3":
        form = dict(parse_qsl(request.whole_body().decode(errors="replace"), keep_blank_values=True))
        if "Action" in form:
            return Operation(form["Action"], form)
    return _by_model(request)


def _json(request: ServiceRequest) -> Mapping[str, Any]:
    if request.length > _PARAMETERS:
        return {}
    try:
        found = json.loads(request.whole_body() or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class _Route(NamedTuple):
    """How a REST operation is asked for: its path, and what must be in query and headers."""

    name: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    required: frozenset[str]
    headers: frozenset[str]

    def labels(self, segments: list[str]) -> dict[str, str] | None:
        found = {}
        is_greedy = bool(self.segments) and self.segments[-1].endswith("+}")
        if len(segments) < len(self.segments) or (len(segments) > len(self.segments) and not is_greedy):
            return None
        for at, wanted in enumerate(self.segments):
            if not wanted.startswith("{"):
                if wanted != segments[at]:
                    return None
            elif wanted.endswith("+}"):
                found[wanted[1:-2]] = decoded("/".join(segments[at:]))
            else:
                found[wanted[1:-1]] = decoded(segments[at])
        return found if all(found.values()) else None


def _by_model(request: ServiceRequest) -> Operation:
    query = {decoded(name): decoded(value) for name, _, value in (pair.partition("=") for pair in request.query.split("&"))}
    segments = request.path.removeprefix("/").split("/")
    if len(segments) > 1 and not segments[-1] and (request.service != "s3" or len(segments) == 2):
        segments.pop()
    names = {name for name, _ in request.headers}
    for route in _routes(request.service, request.method):
        labels = route.labels(segments)
        if labels is None or not route.required <= query.keys() or not route.headers <= names:
            continue
        if all(query.get(name) == value if value else name in query for name, value in route.query.items()):
            body = _json(request) if request.header("content-type").startswith("application/json") else {}
            return Operation(route.name, {**{name: value for name, value in query.items() if name}, **body, **labels})
    return NOTHING


@lru_cache(maxsize=64)
def _routes(service: str, method: str) -> tuple[_Route, ...]:
    """What a service can be asked by a method; what asks for more comes first."""
    return tuple(sorted(_read_routes(service, method), key=_breadth))


def _breadth(route: _Route) -> tuple[int, int]:
    asked = len(route.query) + len(route.required) + len(route.headers)
    return -asked, sum(segment.startswith("{") for segment in route.segments)


def _read_routes(service: str, method: str) -> Iterator[_Route]:
    import botocore.session
    from botocore.exceptions import UnknownServiceError

    session = botocore.session.get_session()
    for name in MODELS.get(service, (service,)):
        try:
            model = session.get_service_model(name)
        except UnknownServiceError:
            continue
        if not str(model.metadata.get("protocol", "")).startswith("rest-"):
            continue
        for operation in model.operation_names:
            form = model.operation_model(operation)
            if form.http["method"] != method or form.deprecated:
                continue
            path, _, query = form.http["requestUri"].partition("?")
            wanted = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
            yield _Route(operation, tuple(path.strip("/").split("/")), wanted, *_required(form.input_shape))


def _required(shape: Any) -> tuple[frozenset[str], frozenset[str]]:
    """Members that must be there: those of the query, those of the headers."""
    found: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for name in shape.required_members if shape is not None else ():
        place = shape.members[name].serialization
        if place.get("location") in found:
            found[place["location"]].add(place["name"].lower() if place["location"] == "header" else place["name"])
    return frozenset(found["querystring"]), frozenset(found["header"])
