"""Payload format 1.0, both ways."""

from __future__ import annotations

import base64
import json

import pytest
from aws_lambda_powertools.utilities.parser.models import APIGatewayProxyEventModel
from hypothesis import given

from jlambda.model.http import payload_1
from jlambda.model.http.message import HttpRequest, HttpResponse, MalformedResult
from jlambda.model.http.payload_1 import Resource
from tests.model.http.requests import API, REQUEST_ID, TIME_S, requests

ITEM = Resource("/items/{id}", "res1", "dep1")


def test_an_event_of_a_rest_api() -> None:
    """Member for member what AWS sends: maps that are missing are null, and the case of headers is kept."""
    headers = (("Host", API.domain_name), ("X-Multi", "1"), ("X-Multi", "2"))
    request = HttpRequest("POST", "/items/a%20b", "q=a%20b&q=2", headers, b'{"n": 1}')
    event = payload_1.rest_event(request, API, ITEM, REQUEST_ID, TIME_S, path_parameters={"id": "a b"})
    context = event.pop("requestContext")
    assert event == {
        "resource": "/items/{id}",
        "path": "/items/a b",
        "httpMethod": "POST",
        "headers": {"Host": API.domain_name, "X-Multi": "2"},
        "multiValueHeaders": {"Host": [API.domain_name], "X-Multi": ["1", "2"]},
        "queryStringParameters": {"q": "2"},
        "multiValueQueryStringParameters": {"q": ["a b", "2"]},
        "pathParameters": {"id": "a b"},
        "stageVariables": None,
        "body": '{"n": 1}',
        "isBase64Encoded": False,
    }
    assert len(context.pop("identity")) == 12
    assert context.pop("extendedRequestId")
    assert context == {
        "accountId": "123456789012",
        "apiId": "a1b2c3",
        "deploymentId": "dep1",
        "domainName": "a1b2c3.execute-api.us-east-1.amazonaws.com",
        "domainPrefix": "a1b2c3",
        "httpMethod": "POST",
        "path": "/prod/items/a%20b",
        "protocol": "HTTP/1.1",
        "requestId": REQUEST_ID,
        "requestTime": "04/Mar/2020:19:03:58 +0000",
        "requestTimeEpoch": 1583348638390,
        "resourceId": "res1",
        "resourcePath": "/items/{id}",
        "stage": "prod",
    }


def test_nothing_is_null() -> None:
    """A request without anything has nulls in place of maps and body."""
    event = payload_1.rest_event(HttpRequest("GET", "/"), API, Resource("/", "root"), REQUEST_ID, TIME_S)
    empty = ["headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters", "body"]
    assert [event[name] for name in [*empty, "pathParameters", "stageVariables"]] == [None] * 7


@pytest.mark.parametrize(
    ("types", "body", "is_base64"),
    [(frozenset(), b"\x89", False), ({"image/png"}, b"\x89", True), ({"image/*"}, b"\x89", True), ({"*/*"}, b"a", True)],
)
def test_binary_media_types(types: frozenset[str], body: bytes, is_base64: bool) -> None:
    """A REST API takes for binary what it was told to."""
    request = HttpRequest("POST", "/", "", (("content-type", "image/png"),), body)
    event = payload_1.rest_event(request, API, ITEM, REQUEST_ID, TIME_S, binary_types=frozenset(types))
    assert event["isBase64Encoded"] is is_base64
    assert event["body"] == (base64.b64encode(body).decode() if is_base64 else "\ufffd")


@given(requests)
def test_any_request_becomes_an_event(request: HttpRequest) -> None:
    """powertools' model takes it, of REST APIs and of HTTP APIs."""
    rest = payload_1.rest_event(request, API, ITEM, REQUEST_ID, TIME_S)
    http = payload_1.http_api_event(request, API, "ANY /{proxy+}", REQUEST_ID, TIME_S)
    for event in (rest, http):
        APIGatewayProxyEventModel.model_validate(json.loads(json.dumps(event)))
    assert http["version"] == "1.0" and http["resource"] == "/{proxy+}"


@pytest.mark.parametrize("result", [{"statusCode": 200}, {"headers": {"test-header": "value"}}, {}])
def test_what_rest_apis_take_for_a_response(result: dict[str, object]) -> None:
    """The status is 200 if none is given, the body empty (recorded on AWS)."""
    response = payload_1.response(json.dumps(result).encode())
    assert (response.status, response.body) == (200, b"")


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 200, "wrongKey": 1},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": {"X-A": "b\r\nX-Evil: 1"}},
        {"statusCode": 200, "multiValueHeaders": {"X-A": "b"}},
        {"statusCode": 200, "multiValueHeaders": {"X-A": [["b"]]}},
        "text",
        None,
        [],
    ],
)
def test_malformed_results(result: object) -> None:
    """A wrong member, a body that is no text, or no object at all (the first was recorded on AWS)."""
    with pytest.raises(MalformedResult):
        payload_1.response(json.dumps(result).encode())


def test_headers_of_both_members_are_merged() -> None:
    """A pair that both name is sent once."""
    result = {"headers": {"X-A": "1", "X-B": "b"}, "multiValueHeaders": {"x-a": ["1", "2"]}, "body": "text"}
    expected = (("Content-Type", "application/json"), ("x-a", "1"), ("x-a", "2"), ("X-B", "b"))
    assert payload_1.response(json.dumps(result).encode()) == HttpResponse(200, expected, b"text")
