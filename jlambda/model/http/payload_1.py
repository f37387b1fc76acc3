"""Payload format 1.0: the proxy integration of REST APIs, and what an HTTP API can be told to speak.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from jlambda.model.http.message import (
    Fields,
    HttpRequest,
    HttpResponse,
    MalformedResult,
    Members,
    Place,
    checked_fields,
    checked_status,
    header_items,
    listed,
    multi_header_items,
)
from jlambda.model.http.payload_2 import clf_time, event_body
from jlambda.model.http.result import read_body, read_json

# Recorded on AWS: any other member makes a result malformed.
_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
#: what identity tells, but for the address and the user agent: nothing here
_IDENTITY = (
    *("accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType"),
    *("cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "sourceIp", "user", "userAgent", "userArn"),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What of an API a request has met: its resource (``/items/{id}``), by path and id, and the deployment."""

    path: str
    id: str
    deployment_id: str = ""


def rest_event(
    request: HttpRequest,
    place: Place,
    resource: Resource,
    request_id: str,
    time_s: float,
    *,
    path_parameters: Mapping[str, str] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
    binary_types: frozenset[str] = frozenset(),
    api_key: tuple[str, str] | None = None,
) -> Members:
    """The event of a request to a REST API. `request.path` is that below the stage; `binary_types` are the API's.

    `api_key` is the value and the id of the API key that the request needed.
    """
    body, is_base64 = _rest_body(request, binary_types)
    named = {} if api_key is None else {"apiKey": api_key[0], "apiKeyId": api_key[1]}
    context: Members = {
        "resourceId": resource.id,
        "resourcePath": resource.path,
        "httpMethod": request.method,
        "extendedRequestId": base64.urlsafe_b64encode(request_id.replace("-", "").encode())[:15].decode() + "=",
        "requestTime": clf_time(time_s),
        "path": f"/{place.stage}{request.path}",
        "accountId": place.account_id,
        "protocol": request.protocol,
        "stage": place.stage,
        "domainPrefix": place.domain_prefix,
        "requestTimeEpoch": int(time_s * 1000),
        "requestId": request_id,
        "identity": {**identity(request), **named},
        "domainName": place.domain_name,
        "deploymentId": resource.deployment_id,
        "apiId": place.api_id,
    }
    return _event(request, resource.path, context, path_parameters, stage_variables, authorizer, body, is_base64)


def http_api_event(
    request: HttpRequest,
    place: Place,
    route_key: str,
    request_id: str,
    time_s: float,
    *,
    path_parameters: Mapping[str, str] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
) -> Members:
    """The event of a request to an HTTP API whose integration has format 1.0. `request.path` has the stage in it."""
    body, is_base64 = event_body(request)
    resource = route_key.partition(" ")[2] or route_key
    context: Members = {
        "accountId": place.account_id,
        "apiId": place.api_id,
        "domainName": place.domain_name,
        "domainPrefix": place.domain_prefix,
        "extendedRequestId": base64.urlsafe_b64encode(request_id.replace("-", "").encode())[:15].decode() + "=",
        "httpMethod": request.method,
        "identity": {**identity(request), "cognitoAmr": None},
        "path": request.path,
        "protocol": request.protocol,
        "requestId": request_id,
        "requestTime": clf_time(time_s),
        "requestTimeEpoch": int(time_s * 1000),
        "resourceId": route_key,
        "resourcePath": resource,
        "stage": place.stage,
    }
    made = _event(request, resource, context, path_parameters, stage_variables, authorizer, body, is_base64)
    return {"version": "1.0", **made}


def _event(
    request: HttpRequest,
    resource: str,
    context: Members,
    path_parameters: Mapping[str, str] | None,
    stage_variables: Mapping[str, str] | None,
    authorizer: Mapping[str, Any] | None,
    body: str | None,
    is_base64: bool,
) -> Members:
    pairs = request.pairs()
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    return {
        "resource": resource,
        "path": unquote(request.path),
        "httpMethod": request.method,
        "headers": dict(request.headers) or None,
        "multiValueHeaders": listed(request.headers) or None,
        "queryStringParameters": dict(pairs) or None,
        "multiValueQueryStringParameters": listed(pairs) or None,
        "pathParameters": dict(path_parameters) if path_parameters else None,
        "stageVariables": dict(stage_variables) if stage_variables else None,
        "requestContext": context,
        "body": body,
        "isBase64Encoded": is_base64,
    }


def identity(request: HttpRequest) -> Members:
    """Who asks, as far as one can tell."""
    known = {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")}
    return {name: known.get(name) for name in _IDENTITY}


def _rest_body(request: HttpRequest, binary_types: frozenset[str]) -> tuple[str | None, bool]:
    if not request.body:
        return None, False
    essence = (request.header("content-type") or "application/json").partition(";")[0].strip().lower()
    if not is_binary(essence, binary_types):
        return request.body.decode("utf-8", "replace"), False
    return base64.b64encode(request.body).decode(), True


def is_binary(essence: str, binary_types: frozenset[str]) -> bool:
    """Whether a type is one of an API's binary media types."""
    return not binary_types.isdisjoint({essence, f"{essence.partition('/')[0]}/*", "*/*"})


def response(payload: bytes, *, is_strict: bool = True, takes_binary: bool = True) -> HttpResponse:
    """The response that a function's result stands for. Raises `MalformedResult`.

    `is_strict` refuses members that AWS does not know, as REST APIs do; without `takes_binary` (a REST API that has no
    binary media type for what the client accepts) a body in base64 is sent as it is.
    """
    result = read_json(payload)
    if not isinstance(result, dict):
        raise MalformedResult("the result must be an object with a statusCode")
    if is_strict and (unknown := result.keys() - _MEMBERS):
        raise MalformedResult(f"a result has no member {min(unknown)}")
    fields = merged(list(header_items(result.get("headers"), "headers")), result.get("multiValueHeaders"))
    headers = checked_fields(fields)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (("Content-Type", "application/json"), *headers)
    if not takes_binary:
        result = {**result, "isBase64Encoded": False}
    status = 200 if result.get("statusCode") is None else checked_status(result["statusCode"])
    return HttpResponse(status, headers, read_body(result, takes_any=False))


def merged(single: Fields, multiple: object) -> list[tuple[str, str]]:
    """headers and multiValueHeaders as one: where both name a pair it is sent once. Raises `MalformedResult`."""
    several = list(multi_header_items(multiple, "multiValueHeaders"))
    there = {(name.lower(), value) for name, value in several}
    return [*several, *((name, value) for name, value in single if (name.lower(), value) not in there)]
