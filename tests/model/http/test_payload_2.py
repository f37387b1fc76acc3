"""Payload format 2.0, both ways."""

from __future__ import annotations

import base64
import json

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventV2Model, LambdaFunctionUrlModel
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.http import payload_2
from jlambda.model.http.message import HttpRequest, HttpResponse, MalformedResult
from tests.model.http.requests import API, REQUEST_ID, TIME_S, URL, requests


def test_an_event_of_a_function_url() -> None:
    """Member for member what AWS sends."""
    request = HttpRequest(
        "POST",
        "/pa2%Fth/1",
        "q=a%20b&q=2&empty",
        (
            ("Host", URL.domain_name),
            ("X-Multi", "1"),
            ("x-multi", "2"),
            ("Cookie", "a=1; b=2"),
            ("User-Agent", "curl/8"),
            ("Content-Type", "text/plain"),
        ),
        "héllo".encode(),
        "127.0.0.1",
    )
    assert payload_2.event(request, URL, REQUEST_ID, TIME_S) == {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/pa2%Fth/1",
        "rawQueryString": "q=a%20b&q=2&empty",
        "cookies": ["a=1", "b=2"],
        "headers": {"host": URL.domain_name, "x-multi": "1,2", "user-agent": "curl/8", "content-type": "text/plain"},
        "queryStringParameters": {"q": "a b,2", "empty": ""},
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abc",
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "domainPrefix": "abc",
            "http": {
                "method": "POST",
                "path": "/pa2%Fth/1",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl/8",
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "body": "héllo",
        "isBase64Encoded": False,
    }


def test_what_an_api_adds() -> None:
    """Route, parameters of the path, stage variables and what an authorizer said."""
    event = payload_2.event(
        HttpRequest("GET", "/prod/items/5"),
        API,
        REQUEST_ID,
        TIME_S,
        route_key="GET /items/{id}",
        path_parameters={"id": "5"},
        stage_variables={"colour": "blue"},
        authorizer={"lambda": {"user": "ada"}},
    )
    assert (event["routeKey"], event["pathParameters"], event["stageVariables"]) == (
        "GET /items/{id}",
        {"id": "5"},
        {"colour": "blue"},
    )
    assert event["requestContext"]["authorizer"] == {"lambda": {"user": "ada"}}
    assert "body" not in event and "cookies" not in event and "queryStringParameters" not in event
    APIGatewayProxyEventV2Model.model_validate(event)


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json", b"{}", False),
        ("text/html; charset=utf-8", b"<p>", False),
        ("application/xml", b"<a/>", False),
        ("application/json", b"\xff\xfe", True),
        ("multipart/form-data; boundary=x", b"--x--", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/octet-stream", b"a", True),
        (None, b"a", True),
    ],
)
def test_which_bodies_are_base64(content_type: str | None, body: bytes, is_base64: bool) -> None:
    """Text stays text; everything else, and what only claims to be text, is base64."""
    headers = (("content-type", content_type),) if content_type else ()
    event = payload_2.event(HttpRequest("POST", "/", "", headers, body), URL, REQUEST_ID, TIME_S)
    assert event["isBase64Encoded"] is is_base64
    assert event["body"] == (base64.b64encode(body).decode() if is_base64 else body.decode())


@given(requests)
def test_any_request_becomes_an_event(request: HttpRequest) -> None:
    """It can be written as JSON, powertools' models take it, and its body can be had back."""
    event = json.loads(json.dumps(payload_2.event(request, URL, REQUEST_ID, TIME_S)))
    LambdaFunctionUrlModel.model_validate(event)
    body = event.get("body", "")
    assert (base64.b64decode(body) if event["isBase64Encoded"] else body.encode()) == request.body
    assert all(name == name.lower() for name in event["headers"])


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"hello": "world"}, b'{"hello":"world"}'),
        (["hello", 3, True], b'["hello",3,true]'),
        ("hello", b"hello"),
        (3, b"3"),
        (3.1, b"3.1"),
        (True, b"true"),
        (None, b"null"),
    ],
)
def test_results_that_are_no_response(result: object, body: bytes) -> None:
    """They are sent as JSON with status 200 (recorded on AWS)."""
    expected = HttpResponse(200, (("content-type", "application/json"),), body)
    assert payload_2.response(json.dumps(result).encode()) == expected


def test_a_whole_response() -> None:
    """Status (text too), headers, cookies, and a body in base64."""
    result = {
        "statusCode": "418",
        "headers": {"Content-Type": "image/png", "X-Number": 5, "X-Flag": True},
        "cookies": ["a=1; Secure", "b=2"],
        "body": base64.b64encode(b"\x89PNG").decode(),
        "isBase64Encoded": True,
    }
    fields = [("Content-Type", "image/png"), ("X-Number", "5"), ("X-Flag", "true")]
    fields += [("set-cookie", "a=1; Secure"), ("set-cookie", "b=2")]
    assert payload_2.response(json.dumps(result).encode()) == HttpResponse(418, tuple(fields), b"\x89PNG")


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "many"},
        {"statusCode": True},
        {"statusCode": 199},
        {"statusCode": 1000},
        {"statusCode": None},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"X-A": "b\r\nSet-Cookie: evil=1"}},
        {"statusCode": 200, "headers": {"X-A\r\nSet-Cookie": "evil"}},
        {"statusCode": 200, "headers": {"X-A": "b\u0000"}},
        {"statusCode": 200, "headers": {"": "b"}},
        {"statusCode": 200, "cookies": ["a=1\nX-Evil: 1"]},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 200, "isBase64Encoded": 5},
    ],
)
def test_malformed_results(result: object) -> None:
    """What cannot be sent as it was meant is refused, header injection above all."""
    with pytest.raises(MalformedResult):
        payload_2.response(json.dumps(result).encode())


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json(payload: bytes) -> None:
    """It is malformed, not a crash."""
    with pytest.raises(MalformedResult):
        payload_2.response(payload)


def test_the_connection_is_not_the_function_s() -> None:
    """How a body is sent is for the server to say."""
    result = {"statusCode": 200, "headers": {"Transfer-Encoding": "chunked", "Content-Length": 99, "Connection": "close"}}
    assert payload_2.response(json.dumps(result).encode()).headers == (("content-type", "application/json"),)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_results = st.fixed_dictionaries(
    {"statusCode": st.integers(90, 610) | st.text(max_size=4) | _json},
    optional={
        "headers": st.dictionaries(st.text(max_size=8), st.text(max_size=12) | _json, max_size=3) | _json,
        "cookies": st.lists(st.text(max_size=8), max_size=2) | _json,
        "body": st.text() | _json,
        "isBase64Encoded": st.booleans() | _json,
    },
)


@given(_results | _json)
def test_any_result_is_a_response_or_malformed(result: object) -> None:
    """Nothing else comes of it, and no header that is sent can end its line."""
    try:
        response = payload_2.response(json.dumps(result).encode())
    except MalformedResult:
        return
    assert 200 <= response.status <= 599
    assert not any(set(name + value) & set("\r\n\0") for name, value in response.headers)
    assert all(name for name, _ in response.headers)
