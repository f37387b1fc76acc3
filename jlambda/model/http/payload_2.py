"""Payload format 2.0, of HTTP APIs and function URLs: a request becomes an event, a result a response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html and
https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from jlambda.model.http.message import (
    HttpRequest,
    HttpResponse,
    MalformedResult,
    Members,
    Place,
    checked_fields,
    checked_status,
    header_items,
    is_text,
    joined,
)
from jlambda.model.http.result import compact, read_body, read_json, to_bytes

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def event(
    request: HttpRequest,
    place: Place,
    request_id: str,
    time_s: float,
    *,
    route_key: str = "$default",
    path_parameters: Mapping[str, str] | None = None,
    stage_variables: Mapping[str, str] | None = None,
    authorizer: Mapping[str, Any] | None = None,
) -> Members:
    """The event of a request. `authorizer` is what an authorizer found out, as the context has it."""
    made: Members = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    cookies = request.cookies()
    if cookies:
        made["cookies"] = cookies
    made["headers"] = headers(request)
    if request.query:
        made["queryStringParameters"] = joined(request.pairs())
    context = request_context(request, place, request_id, time_s, route_key)
    if authorizer is not None:
        context["authorizer"] = dict(authorizer)
    made["requestContext"] = context
    body, is_base64 = event_body(request)
    if path_parameters:
        made["pathParameters"] = dict(path_parameters)
    if body is not None:
        made["body"] = body
    made["isBase64Encoded"] = is_base64
    if stage_variables:
        made["stageVariables"] = dict(stage_variables)
    return made


def headers(request: HttpRequest) -> dict[str, str]:
    """Headers by lower-case name, several of one name joined; cookies have a member of their own."""
    return joined([(name.lower(), value) for name, value in request.headers if name.lower() != "cookie"])


def request_context(request: HttpRequest, place: Place, request_id: str, time_s: float, route_key: str) -> Members:
    """The context of an event, and of what a Lambda authorizer of format 2.0 is asked."""
    return {
        "accountId": place.account_id,
        "apiId": place.api_id,
        "domainName": place.domain_name,
        "domainPrefix": place.domain_prefix,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent") or "",
        },
        "requestId": request_id,
        "routeKey": route_key,
        "stage": place.stage,
        "time": clf_time(time_s),
        "timeEpoch": int(time_s * 1000),
    }


def event_body(request: HttpRequest) -> tuple[str | None, bool]:
    """The body as an event has it, and whether that is base64; None where there is none."""
    if not request.body:
        return None, False
    if is_text(request.header("content-type")) and request.header("content-encoding") is None:
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True


def response(payload: bytes) -> HttpResponse:
    """The response that a function's result stands for. Raises `MalformedResult`.

    A result without a statusCode is the body itself, sent as JSON with status 200.
    """
    result = read_json(payload)
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else compact(result)
        return HttpResponse(200, (("content-type", "application/json"),), to_bytes(body))
    return HttpResponse(*head(result), read_body(result, takes_any=True))


def head(result: Mapping[str, Any], default_type: str = "application/json") -> tuple[int, tuple[tuple[str, str], ...]]:
    """Status and headers of a result, its cookies among them. Raises `MalformedResult`."""
    cookies = result.get("cookies")
    if cookies is not None and not (isinstance(cookies, list) and all(isinstance(each, str) for each in cookies)):
        raise MalformedResult("cookies must be a list of text")
    found = checked_fields([*header_items(result.get("headers"), "headers"), *(("set-cookie", each) for each in cookies or ())])
    if not any(name.lower() == "content-type" for name, _ in found):
        found = (("content-type", default_type), *found)
    return checked_status(result.get("statusCode", 200)), found


def clf_time(time_s: float) -> str:
    """A moment as access logs write it: ``12/Mar/2020:19:03:58 +0000``."""
    return _clf_second(int(time_s // 1))


@lru_cache(maxsize=16)
def _clf_second(second: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    return f"{at:%d}/{_MONTHS[at.month - 1]}/{at:%Y:%H:%M:%S} +0000"
