"""Parameters of integrations: what of a request goes on to headers, query and path, what of an answer to the response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-parameter-mapping.html. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from jlambda.model.http.message import Fields

_VARIABLE = re.compile(r"\$(context|stageVariables)\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")


class View(NamedTuple):
    """What can be mapped: the request's parameters, body and context; of an answer its headers and body."""

    path: Mapping[str, str]
    query: Fields
    headers: Fields
    body: str
    context: Mapping[str, Any]
    stage_variables: Mapping[str, str]

    def parameters(self) -> dict[str, dict[str, str]]:
        """Parameters by place, the last of several values, as `$input.params()` has them."""
        return {"path": dict(self.path), "querystring": dict(self.query), "header": dict(self.headers)}

    def parameter(self, name: str) -> str | None:
        """A parameter of this name: of the path, else of the query, else a header."""
        header = next((value for each, value in self.headers if each.lower() == name.lower()), None)
        return self.path.get(name, dict(self.query).get(name, header))


@dataclass(slots=True)
class Mapped:
    """Where mapped values go: `headers`, `query` and `path`, by name."""

    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, list[str]] = field(default_factory=dict)
    path: dict[str, str] = field(default_factory=dict)


def mapped_request(wanted: Mapping[str, str], view: View) -> Mapped:
    """What ``integration.request.…`` parameters come to; those whose source is not there are left out."""
    result = Mapped()
    for to, source in wanted.items():
        values = _values(source, view, "method.request.")
        place, _, name = to.removeprefix("integration.request.").partition(".")
        if not values or not name:
            continue
        if place == "header":
            result.headers[name] = ",".join(values)
        elif place == "querystring":
            result.query[name] = values
        elif place == "path":
            result.path[name] = values[-1]
    return result


def mapped_headers(wanted: Mapping[str, str], view: View, *, to: str, of: str) -> list[tuple[str, str]]:
    """What parameters that begin with `to` come to as headers; their sources are fixed, or begin with `of`."""
    named = ((each.removeprefix(to), source) for each, source in wanted.items() if each.startswith(to))
    return [(name, value) for name, source in named for value in _values(source, view, of)]


def with_variables(template: str, view: View) -> str:
    """A template of a gateway response, which is no Velocity: its variables stand for members of the context alone."""

    def text(found: re.Match[str]) -> str:
        of = view.stage_variables if found[1] == "stageVariables" else view.context
        return "".join(_texts(_member(of, found[2])))

    return _VARIABLE.sub(text, template)


def _values(source: str, view: View, prefix: str) -> list[str]:
    """What a source stands for: a text in quotes, a member of the request or answer, of the context, a stage's variable."""
    if len(source) > 1 and source[0] == source[-1] == "'":
        return [source[1:-1]]
    if source.startswith("context."):
        return _texts(_member(view.context, source.removeprefix("context.")))
    if source.startswith("stageVariables."):
        return _texts(view.stage_variables.get(source.removeprefix("stageVariables.")))
    if not source.startswith(prefix):
        return []
    place, _, name = source.removeprefix(prefix).partition(".")
    if place == "body":
        return _of_body(view.body, name)
    several = [value for each, value in view.headers if each.lower() == name.lower()]
    by_place: dict[str, list[str]] = {
        "header": several[-1:],
        "multivalueheader": several,
        "querystring": [value for each, value in view.query if each == name][-1:],
        "multivaluequerystring": [value for each, value in view.query if each == name],
        "path": _texts(view.path.get(name)),
    }
    return by_place.get(place, [])


def _of_body(body: str, path: str) -> list[str]:
    if not path:
        return [body]
    from jlambda.api.fronts.integrations.json_path import BadPath, found  # a parser, which takes its time to load

    try:
        return _texts(found(json.loads(body or "{}"), f"$.{path}"))
    except (ValueError, RecursionError, BadPath):
        return []


def _member(of: Any, path: str) -> Any:
    for name in path.split("."):
        of = of.get(name) if isinstance(of, Mapping) else None
    return of


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    return [value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)]
