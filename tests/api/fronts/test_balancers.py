"""Load balancers before functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import jlambda
from jlambda.model.http.address import BALANCER
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser, Seen

SOURCE = """
import json
def handler(event, context):
    if event["path"] == "/raise": raise ValueError("boom")
    if event["path"] == "/malformed": return {"body": "no status"}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event),
            "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}}
"""
COOKIES = [("set-cookie", "a=1"), ("set-cookie", "b=2")]


@pytest.fixture
def ask(client: Any, create: Functions, browser: Browser) -> Callable[..., Seen]:
    """Asks the load balancer of a function ``My_function`` that lets it."""
    create("My_function", SOURCE)
    given = {"StatementId": "elb", "Action": "lambda:InvokeFunction", "Principal": "elasticloadbalancing.amazonaws.com"}
    client.add_permission(FunctionName="My_function", **given)
    return lambda *how, **more: browser.ask(BALANCER, "My_function", *how, **more)


def test_a_request_becomes_an_event(ask: Callable[..., Seen]) -> None:
    """By host name and by path."""
    for by_path in (False, True):
        event = ask("POST", "/a?q=a%20b", b"x", {"content-type": "text/plain"}, by_path=by_path).json()
        assert (event["httpMethod"], event["path"], event["body"]) == ("POST", "/a", "x")
        assert event["queryStringParameters"] == {"q": "a%20b"}
        assert ":targetgroup/My_function/" in event["requestContext"]["elb"]["targetGroupArn"]
        assert event["headers"]["x-forwarded-for"] == "127.0.0.1"


def test_a_browser_writes_host_names_small(ask: Callable[..., Seen], browser: Browser) -> None:
    """The function is found all the same."""
    assert ask("GET", "/a").status == 200 and browser.ask(BALANCER, "my_function", "GET", "/a").status == 200


def test_what_goes_wrong(ask: Callable[..., Seen], browser: Browser, client: Any) -> None:
    """Errors and malformed results are 502, more than a megabyte is 413, and who may not is told so."""
    for path in ("/raise", "/malformed"):
        seen = ask("GET", path)
        assert (seen.status, seen.headers["content-type"]) == (502, "text/html") and b"502 Bad Gateway" in seen.body
    assert ask("POST", "/", b"x" * 1_048_577).status == 413
    client.remove_permission(FunctionName="My_function", StatementId="elb")
    assert ask().status == 403
    assert browser.ask(BALANCER, "nobody").status == 403


def test_a_target_group_says_how(with_services: jlambda.Session, ask: Callable[..., Seen], client: Any) -> None:
    """Its ARN is the one that the function is told; in multi-value mode headers and parameters are lists, both ways."""
    elb = with_services.client("elbv2")
    group = elb.create_target_group(Name="g", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    target = client.get_function(FunctionName="My_function")["Configuration"]["FunctionArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": target}])
    assert ask("GET", "/").json()["requestContext"]["elb"]["targetGroupArn"] == group
    attributes = [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]
    elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)
    seen = ask("GET", "/?q=1&q=2", b"", {"x-a": "1"})
    event = seen.json()
    assert (event["multiValueQueryStringParameters"], event["multiValueHeaders"]["x-a"]) == ({"q": ["1", "2"]}, ["1"])
    assert "headers" not in event and [each for each in seen.pairs if each[0] == "set-cookie"] == COOKIES
    elb.delete_target_group(TargetGroupArn=group)
    assert "headers" in ask("GET", "/").json()
