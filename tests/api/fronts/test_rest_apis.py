"""REST APIs made through boto3, asked over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

import jlambda
from jlambda.model.http.address import API
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser, Seen

SOURCE = """
import json, time
def handler(event, context):
    path = event["path"]
    if path == "/raise": raise ValueError("boom")
    if path == "/sleep": time.sleep(60)
    if path == "/malformed": return {"statusCode": 200, "wrongKey": 1}
    if path == "/png": return {"statusCode": 200, "headers": {"Content-Type": "image/png"}, "body": "iVBORw==",
                               "isBase64Encoded": True}
    return {"statusCode": 200, "body": json.dumps(event)}
"""

AUTHORIZER = """
def handler(event, context):
    token = event.get("authorizationToken") or event["headers"]["authorization"]
    if token == "nobody": raise Exception("Unauthorized")
    effect = "Allow" if token == "secret" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {"kind": event["type"]}}
"""


class Rest:
    """One REST API, made as one does with boto3, and what asks it."""

    def __init__(self, session: jlambda.Session, browser: Browser) -> None:
        self.client, self.lambda_, self._browser = session.client("apigateway"), session.client("lambda"), browser
        self.id: str = self.client.create_rest_api(name="r")["id"]
        self.root: str = self.client.get_resources(restApiId=self.id)["items"][0]["id"]

    @staticmethod
    def uri(function: str) -> str:
        """A function, as integrations name it."""
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
        return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"

    def permit(self, function: str, source: str = "*/*") -> None:
        """Let the API invoke a function."""
        arn = f"arn:aws:execute-api:us-east-1:123456789012:{self.id}/{source}"
        given = {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
        self.lambda_.add_permission(FunctionName=function, SourceArn=arn, **given)

    def method(self, part: str, method: str = "ANY", timeout_ms: int | None = None, **options: Any) -> None:
        """A resource below the root, and a method on it that runs ``f``."""
        resource = self.client.create_resource(restApiId=self.id, parentId=self.root, pathPart=part)["id"]
        options.setdefault("authorizationType", "NONE")
        place = {"restApiId": self.id, "resourceId": resource, "httpMethod": method}
        self.client.put_method(**place, **options)
        limit = {} if timeout_ms is None else {"timeoutInMillis": timeout_ms}
        self.client.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=self.uri("f"), **limit)

    def deploy(self, **variables: str) -> None:
        """Have a stage ``dev``."""
        self.client.create_deployment(restApiId=self.id, stageName="dev", variables=variables)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Seen:
        """One request, to the stage."""
        return self._browser.ask(API, self.id, method, f"/dev{path}", b"", headers)


@pytest.fixture
def rest(with_services: jlambda.Session, browser: Browser, create: Functions) -> Rest:
    """An API, and a function ``f``."""
    create("f", SOURCE, Timeout=5)
    return Rest(with_services, browser)


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
    for path in ("/raise", "/malformed"):
        seen = rest.ask(path)
        assert (seen.status, seen.json()) == (502, {"message": "Internal server error"})
    rest.method("sleep", "GET", timeout_ms=100)
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
