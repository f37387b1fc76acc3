"""Events and results of a load balancer's target."""

from __future__ import annotations

import json

import pytest
from aws_lambda_powertools.utilities.parser.models import AlbModel
from hypothesis import given

from jlambda.model.http import target_group
from jlambda.model.http.message import HttpRequest, HttpResponse, MalformedResult
from tests.model.http.requests import requests

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/tg/49e9d65c45c6791a"


def test_an_event() -> None:
    """Single values, the last of a parameter, percent-encoded as it came."""
    request = HttpRequest("GET", "/a", "q=a%20b&q=2", (("Accept", "*/*"), ("X-A", "1"), ("X-A", "2")))
    assert target_group.event(request, ARN) == {
        "requestContext": {"elb": {"targetGroupArn": ARN}},
        "httpMethod": "GET",
        "path": "/a",
        "queryStringParameters": {"q": "2"},
        "headers": {"accept": "*/*", "x-a": "1,2"},
        "body": "",
        "isBase64Encoded": False,
    }
    several = target_group.event(request, ARN, has_multi_values=True)
    assert several["multiValueQueryStringParameters"] == {"q": ["a%20b", "2"]}
    assert several["multiValueHeaders"] == {"accept": ["*/*"], "x-a": ["1", "2"]}
    assert "headers" not in several and "queryStringParameters" not in several


@given(requests)
def test_any_request_becomes_an_event(request: HttpRequest) -> None:
    """powertools' model takes it."""
    AlbModel.model_validate(json.loads(json.dumps(target_group.event(request, ARN))))


def test_a_response() -> None:
    """Status, headers and body; a target group of multi-value headers reads those alone."""
    result = {"statusCode": 200, "statusDescription": "200 OK", "headers": {"A": "1"}, "multiValueHeaders": {"A": ["2", "3"]}}
    payload = json.dumps({**result, "body": "x"}).encode()
    kind = ("content-type", "application/octet-stream")
    assert target_group.response(payload) == HttpResponse(200, (kind, ("A", "1")), b"x")
    assert target_group.response(payload, has_multi_values=True) == HttpResponse(200, (kind, ("A", "2"), ("A", "3")), b"x")


@pytest.mark.parametrize("payload", [b"null", b'{"body": "x"}', b'{"statusCode": 200, "body": 5}', b" " * 1_048_577])
def test_malformed_results(payload: bytes) -> None:
    """No status, a body that is no text, or more than a load balancer takes."""
    with pytest.raises(MalformedResult):
        target_group.response(payload)
