"""Samples of requests: REST APIs, HTTP APIs, function URLs and load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from jlambda.model.http import payload_1, payload_2, target_group
from jlambda.model.http.message import HttpRequest, Place
from jlambda.model.samples.setting import Setting, text

Members = dict[str, Any]
_HEADERS = {"Accept": "*/*", "Host": "{host}", "User-Agent": "curl/8.5.0", "X-Forwarded-Proto": "https"}


def _request(
    host: str, method: str, path: str, query: Mapping[str, object] | None, headers: Mapping[str, str] | None, body: object
) -> HttpRequest:
    fields = {name: value.format(host=host) for name, value in _HEADERS.items()}
    content = b"" if body is None else body if isinstance(body, bytes) else text(body).encode()
    if body is not None:
        fields["Content-Type"] = "text/plain" if isinstance(body, str) else "application/json"
        fields["Content-Length"] = str(len(content))
    fields |= headers or {}
    return HttpRequest(method, path, urlencode(query or {}, doseq=True), [*fields.items()], content, "203.0.113.7")


def apigateway_rest(
    setting: Setting,
    *,
    method: str = "GET",
    path: str = "/items/42",
    resource: str = "/items/{id}",
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    stage: str = "prod",
) -> Members:
    """A request to a REST API with proxy integration."""
    api_id = setting.hex(10).lower()
    place = Place(setting.account.id, api_id, f"{api_id}.execute-api.{setting.account.region}.amazonaws.com", stage)
    request = _request(place.domain_name, method, path, query, headers, body)
    where = payload_1.Resource(resource, setting.hex(6, 1).lower(), setting.hex(6, 2).lower())
    given = _found(resource, path) if path_parameters is None else path_parameters
    return payload_1.rest_event(request, place, where, setting.id(3), setting.at, path_parameters=given)


def apigateway_http(
    setting: Setting,
    *,
    method: str = "GET",
    path: str = "/items/42",
    route: str = "/items/{id}",
    path_parameters: Mapping[str, str] | None = None,
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> Members:
    """A request to an HTTP API, payload format 2.0."""
    api_id = setting.hex(10).lower()
    place = Place(setting.account.id, api_id, f"{api_id}.execute-api.{setting.account.region}.amazonaws.com")
    request = _request(place.domain_name, method, path, query, headers, body)
    given = _found(route, path) if path_parameters is None else path_parameters
    key = f"{method} {route}"
    return payload_2.event(request, place, setting.hex(15, 1), setting.at, route_key=key, path_parameters=given)


def url_request(
    setting: Setting,
    *,
    method: str = "GET",
    path: str = "/",
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
) -> Members:
    """A request to a function URL."""
    url_id = setting.hex(32).lower()
    place = Place("anonymous", url_id, f"{url_id}.lambda-url.{setting.account.region}.on.aws")
    return payload_2.event(_request(place.domain_name, method, path, query, headers, body), place, setting.id(1), setting.at)


def alb_request(
    setting: Setting,
    *,
    method: str = "GET",
    path: str = "/",
    query: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: object = None,
    multi_values: bool = False,
) -> Members:
    """A request that a load balancer passes on."""
    host = f"my-balancer-{setting.digits(10)}.{setting.account.region}.elb.amazonaws.com"
    arn = setting.arn("elasticloadbalancing", f"targetgroup/my-targets/{setting.hex(16).lower()}")
    return target_group.event(_request(host, method, path, query, headers, body), arn, has_multi_values=multi_values)


def _found(route: str, path: str) -> dict[str, str]:
    """What ``{id}`` and ``{proxy+}`` of a route stand for in a path."""
    found, parts = {}, path.split("/")
    for number, part in enumerate(route.split("/")):
        if part.startswith("{") and number < len(parts):
            is_rest = part.endswith("+}")
            found[part.strip("{+}")] = "/".join(parts[number:]) if is_rest else parts[number]
    return found
