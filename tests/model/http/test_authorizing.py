"""What authorizers are asked, and what they say."""

from __future__ import annotations

import json

import pytest

from jlambda.model.http import authorizing, payload_1, payload_2
from jlambda.model.http.authorizing import NoVerdict, read_verdict
from jlambda.model.http.message import HttpRequest
from tests.model.http.requests import API, REQUEST_ID, TIME_S

ARN = "arn:aws:execute-api:us-east-1:123456789012:a1b2c3/prod/GET/items/5"
REQUEST = HttpRequest("GET", "/prod/items/5", "q=1", (("Authorization", "secret"),), b"body")


def test_identities_are_all_there_or_nobody_is_asked() -> None:
    """From headers, query and stage variables."""
    sources = ("$request.header.authorization", "$request.querystring.q", "$stageVariables.v")
    assert authorizing.identity(REQUEST, sources, {"v": "x"}) == ["secret", "1", "x"]
    assert authorizing.identity(REQUEST, sources, {}) is None
    assert authorizing.identity(REQUEST, (), {}) == []


def test_what_is_asked() -> None:
    """The event of the integration without its body, with the ARN of the route."""
    event = authorizing.event_2(payload_2.event(REQUEST, API, REQUEST_ID, TIME_S), ARN, ["secret"])
    assert (event["version"], event["type"], event["routeArn"], event["identitySource"]) == ("2.0", "REQUEST", ARN, ["secret"])
    assert event["headers"] == {"authorization": "secret"} and "body" not in event
    where = payload_1.Resource("/items/{id}", "r")
    event = authorizing.event_1(payload_1.rest_event(REQUEST, API, where, REQUEST_ID, TIME_S), ARN, ["secret"])
    assert (event["type"], event["methodArn"], event["httpMethod"], "body" in event) == ("REQUEST", ARN, "GET", False)
    assert authorizing.event_token(ARN, "t") == {"type": "TOKEN", "authorizationToken": "t", "methodArn": ARN}


def test_simple_answers() -> None:
    """Yes or no, for whatever is asked."""
    said = read_verdict(b'{"isAuthorized": true, "context": {"user": "ada"}}', is_simple=True)
    assert said.allows(ARN) and said.context == {"user": "ada"}
    assert not read_verdict(b'{"isAuthorized": false}', is_simple=True).allows(ARN)


@pytest.mark.parametrize(
    ("effect", "resource", "allows"),
    [
        ("Allow", ARN, True),
        ("Allow", "arn:aws:execute-api:*:*:a1b2c3/prod/GET/*", True),
        ("Allow", "arn:aws:execute-api:*:*:a1b2c3/prod/POST/*", False),
        ("Deny", ARN, False),
    ],
)
def test_policies(effect: str, resource: str, allows: bool) -> None:
    """They speak of method ARNs."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    answer = {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    said = read_verdict(json.dumps(answer).encode(), is_simple=False)
    assert (said.allows(ARN), said.principal) == (allows, "ada")


@pytest.mark.parametrize("is_simple", [True, False])
@pytest.mark.parametrize("answer", [b"", b"null", b"[]", b"{}", b'{"isAuthorized": "yes"}', b'{"policyDocument": {}}'])
def test_answers_that_mean_nothing(answer: bytes, is_simple: bool) -> None:
    """Nobody passes on them."""
    with pytest.raises(NoVerdict):
        read_verdict(answer, is_simple=is_simple)
