"""REST APIs made through boto3, asked over HTTP."""

from __future__ import annotations

import json

import pytest

from jlambda.model.http.address import API
from tests.api.conftest import Functions
from tests.api.fronts.rest import Rest

AUTHORIZER = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"]["authorization"]
    if token == "nobody": raise Exception("Unauthorized")
    effect = "Allow" if token == "secret" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"kind": event["type"]}}
"""


def test_methods_lead_to_events(rest: Rest) -> None:
    """Format 1.0, with the stage's variables; the case of headers is kept."""
    rest.permit("f")
    rest.method("{proxy+}")
    rest.deploy(colour="blue")
    seen = rest.ask("/a/b%20c?q=1&q=2", "POST", **{"X-Header": "1"})
    event = seen.json()
    assert (event["resource"], event["path"], event["pathParameters"]) == ("/{proxy+}", "/a/b c", {"proxy": "a/b c"})
    assert (event["queryStringParameters"], event["stageVariables"]) == ({"q": "2"}, {"colour": "blue"})
    assert event["headers"]["X-Header"] == "1" and event["multiValueHeaders"]["X-Header"] == ["1"]
    context = event["requestContext"]
    assert (context["stage"], context["path"], context["resourcePath"]) == ("dev", "/dev/a/b%20c", "/{proxy+}")
    assert context["requestId"] == seen.headers["x-amzn-requestid"]
    assert "apigw-requestid" not in seen.headers


def test_what_goes_wrong(rest: Rest) -> None:
    """AWS's own words for each."""
    rest.method("raise", "GET")
    assert rest._browser.ask(API, rest.id, "GET", "/raise").json() == {"message": "Forbidden"}
    rest.deploy()
    seen = rest.ask("/nothing")
    assert (seen.status, seen.json()) == (403, {"message": "Missing Authentication Token"})
    assert seen.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert rest.ask("/raise", "POST").status == 403
    assert rest.ask("/raise").status == 500  # API Gateway may not invoke it
    rest.permit("f")
    rest.method("malformed", "GET")
    rest.method("sleep", "GET", timeout_ms=100)
    assert rest.ask("/malformed").status == 403  # it has not been deployed
    rest.deploy()
    for path in ("/raise", "/malformed"):
        seen = rest.ask(path)
        assert (seen.status, seen.json()) == (502, {"message": "Internal server error"})
    seen = rest.ask("/sleep")
    assert (seen.status, seen.json()) == (504, {"message": "Endpoint request timed out"})


def test_binary_media_types(rest: Rest) -> None:
    """base64 is undone for who accepts what the API knows as binary."""
    rest.permit("f")
    rest.method("png", "GET")
    rest.deploy()
    assert rest.ask("/png", accept="image/png").body == b"iVBORw=="
    operations = [{"op": "add", "path": "/binaryMediaTypes", "value": "image/png"}]
    rest.client.update_rest_api(restApiId=rest.id, patchOperations=operations)
    rest.deploy()
    assert rest.ask("/png", accept="image/png").body == b"\x89PNG"
    assert rest.ask("/png", accept="text/html").body == b"iVBORw=="


@pytest.mark.parametrize("kind", ["TOKEN", "REQUEST"])
def test_authorizers(rest: Rest, create: Functions, kind: str) -> None:
    """A policy lets in or keeps out; without a token nobody is asked."""
    create("auth", AUTHORIZER)
    rest.permit("f")
    rest.permit("auth", "authorizers/*")
    source = "method.request.header.Authorization"
    made = rest.client.create_authorizer(
        restApiId=rest.id, name="a", type=kind, authorizerUri=rest.uri("auth"), identitySource=source
    )
    rest.method("x", "GET", authorizationType="CUSTOM", authorizerId=made["id"])
    rest.deploy()
    assert (rest.ask("/x").status, rest.ask("/x").json()) == (401, {"message": "Unauthorized"})
    assert rest.ask("/x", authorization="nobody").status == 401
    seen = rest.ask("/x", authorization="wrong")
    assert (seen.status, seen.json()) == (403, {"Message": "User is not authorized to access this resource"})
    authorizer = rest.ask("/x", authorization="secret").json()["requestContext"]["authorizer"]
    assert authorizer == {"kind": kind, "principalId": "ada"}


def test_throttling(rest: Rest) -> None:
    """The stage's limits."""
    rest.permit("f")
    rest.method("x", "GET")
    rest.deploy()
    limits = (("rateLimit", "0.001"), ("burstLimit", "1"))
    operations = [{"op": "replace", "path": f"/*/*/throttling/{name}", "value": value} for name, value in limits]
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=operations)
    assert [rest.ask("/x").status for _ in range(2)] == [200, 429]


def test_what_a_request_must_have(rest: Rest) -> None:
    """Parameters that are required, and a body as its model says: else the function is not asked."""
    rest.permit("f")
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "minimum": 1}}}
    given = {"restApiId": rest.id, "contentType": "application/json"}
    rest.client.create_model(name="Order", schema=json.dumps(schema), **given)
    rest.client.create_model(name="Other", schema='{"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Y"}', **given)
    validator = rest.client.create_request_validator(
        restApiId=rest.id, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    required = {"querystring.q": True, "header.X-Who": True, "querystring.r": False}
    parameters = {f"method.request.{name}": is_required for name, is_required in required.items()}
    for part, model in (("x", "Order"), ("y", "Other")):
        rest.method(
            part,
            "POST",
            requestValidatorId=validator,
            requestParameters=parameters,
            requestModels={"application/json": model},
        )
    rest.deploy()
    seen = rest.post("/x", {"n": 1})
    assert (seen.status, seen.json()) == (400, {"message": "Missing required request parameters: [X-Who, q]"})
    assert seen.headers["x-amzn-errortype"] == "BadRequestException"
    for body in ({}, {"n": 0}, [1]):
        seen = rest.post("/x?q=1", body, **{"x-who": "ada"})
        assert (seen.status, seen.json()) == (400, {"message": "Invalid request body"})
    assert rest.post("/x?q=1", {"n": 1}, **{"x-who": "ada"}).status == 200
    seen = rest.post("/y?q=1", {"n": 1}, **{"x-who": "ada"})
    assert seen.status == 500 and "cannot be resolved" in seen.headers["x-jlambda-reason"]
