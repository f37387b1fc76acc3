"""HTTP APIs made through boto3, asked over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import urlopen

import jwt
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives.asymmetric import rsa

import jlambda
from jlambda.model.http.address import API
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser, Seen

SOURCE = """
import time
def handler(event, context):
    path = event.get("rawPath") or event["path"]
    if path.endswith("/raise"): raise ValueError("boom")
    if path.endswith("/sleep"): time.sleep(60)
    if path.endswith("/malformed"): return {"statusCode": "soon"}
    if event.get("version") == "1.0":
        import json
        return {"statusCode": 200, "body": json.dumps(event), "multiValueHeaders": {"x-a": ["1", "2"]}}
    return {"event": event, "arn": context.invoked_function_arn}
"""

AUTHORIZER = """
calls = 0
def handler(event, context):
    global calls
    calls += 1
    token = event["identitySource"][0]
    if token == "fail": raise ValueError("no idea")
    return {"isAuthorized": token == "secret", "context": {"calls": calls, "route": event["routeKey"]}}
"""


class Apis:
    """One HTTP API, made as one does with boto3, and what asks it."""

    def __init__(self, session: jlambda.Session, browser: Browser) -> None:
        self.client, self.lambda_, self._browser = session.client("apigatewayv2"), session.client("lambda"), browser
        self.account = f"arn:aws:lambda:us-east-1:{session.account.id}:function:"
        self.id: str = self.client.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        self.client.create_stage(ApiId=self.id, StageName="$default", AutoDeploy=True)

    def permit(self, function: str, source: str = "*/*", **more: Any) -> None:
        """Let the API invoke a function."""
        arn = f"arn:aws:execute-api:us-east-1:123456789012:{self.id}/{source}"
        given = {"StatementId": "api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
        self.lambda_.add_permission(FunctionName=function, SourceArn=arn, **given, **more)

    def route(self, key: str, uri: str, version: str = "2.0", **options: Any) -> None:
        """A route, with an integration of its own."""
        timeout = {"TimeoutInMillis": options.pop("TimeoutInMillis")} if "TimeoutInMillis" in options else {}
        made = self.client.create_integration(
            ApiId=self.id, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion=version, **timeout
        )
        self.client.create_route(ApiId=self.id, RouteKey=key, Target=f"integrations/{made['IntegrationId']}", **options)

    def ask(self, path: str = "/", method: str = "GET", body: bytes = b"", **headers: str) -> Seen:
        """One request."""
        return self._browser.ask(API, self.id, method, path, body, headers)


@pytest.fixture
def api(with_services: jlambda.Session, browser: Browser, create: Functions) -> Apis:
    """An API, and a function ``f``."""
    create("f", SOURCE, Timeout=5)
    return Apis(with_services, browser)


def test_routes_lead_to_events(api: Apis) -> None:
    """With parameters of the path, greedy ones, $default, and what the stage has."""
    api.permit("f")
    uri = api.account + "f"
    for key in ("GET /items/{id}", "ANY /files/{path+}", "$default"):
        api.route(key, uri)
    event = api.ask("/items/a%20b?q=1&q=2").json()["event"]
    assert (event["routeKey"], event["pathParameters"]) == ("GET /items/{id}", {"id": "a b"})
    assert (event["rawPath"], event["queryStringParameters"]) == ("/items/a%20b", {"q": "1,2"})
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == ("123456789012", api.id, "$default")
    event = api.ask("/files/a/b.txt", "PUT", b"x", **{"content-type": "text/plain"}).json()["event"]
    assert (event["pathParameters"], event["body"]) == ({"path": "a/b.txt"}, "x")
    seen = api.ask("/nowhere")
    assert seen.json()["event"]["routeKey"] == "$default" and seen.headers["apigw-requestid"]


def test_stages_and_their_variables(api: Apis) -> None:
    """A stage's name begins the path; its variables choose the alias that is run."""
    api.lambda_.publish_version(FunctionName="f")
    api.lambda_.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    api.permit("f", Qualifier="live")
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{api.account}f:${{stageVariables.which}}/invocations"
    api.route("GET /x", uri)
    api.client.create_stage(ApiId=api.id, StageName="prod", AutoDeploy=True, StageVariables={"which": "live"})
    document = api.ask("/prod/x").json()
    assert document["arn"].endswith(":f:live")
    assert (document["event"]["rawPath"], document["event"]["stageVariables"]) == ("/prod/x", {"which": "live"})
    assert api.ask("/x").status == 500  # no alias is named there


def test_payload_format_1(api: Apis) -> None:
    """Event and result of the other format."""
    api.permit("f")
    api.route("GET /items/{id}", api.account + "f", "1.0")
    seen = api.ask("/items/5?q=1&q=2")
    event = seen.json()
    assert (event["version"], event["resource"], event["pathParameters"]) == ("1.0", "/items/{id}", {"id": "5"})
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert [value for name, value in seen.pairs if name == "x-a"] == ["1", "2"]


def test_what_goes_wrong(api: Apis) -> None:
    """No route, no permission, errors, too much time, too much of it, another kind of integration."""
    assert (api.ask("/nothing").status, api.ask("/nothing").json()) == (404, {"message": "Not Found"})
    api.route("GET /raise", api.account + "f")
    assert api.ask("/raise").status == 500  # API Gateway may not invoke it
    api.permit("f", "*/GET/*")
    for path in ("raise", "malformed"):
        if path == "malformed":
            api.route("GET /malformed", api.account + "f")
        seen = api.ask(f"/{path}")
        assert (seen.status, seen.json()) == (500, {"message": "Internal Server Error"})
    api.route("GET /sleep", api.account + "f", TimeoutInMillis=100)
    assert (api.ask("/sleep").status, api.ask("/sleep").json()) == (503, {"message": "Service Unavailable"})
    assert api.ask("/raise", "GET", b"x" * (10 << 20) + b"x").status == 413
    made = api.client.create_integration(
        ApiId=api.id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="GET",
        IntegrationUri="arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2",
        ConnectionType="VPC_LINK",
    )
    api.client.create_route(ApiId=api.id, RouteKey="GET /proxy", Target=f"integrations/{made['IntegrationId']}")
    seen = api.ask("/proxy")
    assert seen.status == 501 and "VPC links" in seen.json()["message"]


def test_changes_count_at_once(api: Apis) -> None:
    """The configuration is read anew after a write, and not for each request."""
    api.permit("f")
    assert api.ask("/late").status == 404
    api.route("GET /late", api.account + "f")
    assert api.ask("/late").status == 200
    route = api.client.get_routes(ApiId=api.id)["Items"][0]
    api.client.delete_route(ApiId=api.id, RouteId=route["RouteId"])
    assert api.ask("/late").status == 404
    api.client.delete_api(ApiId=api.id)
    assert api.ask("/late").status == 404


def test_throttling(api: Apis) -> None:
    """The stage's burst, and one of a route's own."""
    api.permit("f")
    api.route("GET /x", api.account + "f")
    settings = {"DefaultRouteSettings": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 2}}
    api.client.create_stage(ApiId=api.id, StageName="slow", AutoDeploy=True, **settings)
    assert [api.ask("/slow/x").status for _ in range(3)] == [200, 200, 429]
    assert api.ask("/x").status == 200


def test_the_address_that_boto3_tells(api: Apis) -> None:
    """It is one that this machine can ask."""
    api.permit("f")
    api.route("GET /x", api.account + "f")
    endpoint = api.client.get_api(ApiId=api.id)["ApiEndpoint"]
    with urlopen(f"{endpoint}/x", timeout=30) as answer:
        assert json.load(answer)["event"]["routeKey"] == "GET /x"


def test_cors(api: Apis) -> None:
    """API Gateway answers preflights, and its headers stand in place of the function's."""
    api.permit("f")
    api.route("GET /x", api.account + "f")
    api.client.update_api(ApiId=api.id, CorsConfiguration={"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET"]})
    headers = {"origin": "https://a.example", "access-control-request-method": "GET"}
    seen = api.ask("/x", "OPTIONS", b"", **headers)
    assert (seen.status, seen.headers["access-control-allow-origin"]) == (204, "https://a.example")
    assert api.ask("/x", origin="https://a.example").headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in api.ask("/x", origin="https://b.example").headers


def test_a_lambda_authorizer(api: Apis, create: Functions) -> None:
    """Who has no token is not asked about; what was said is kept for its time; its context reaches the function."""
    create("auth", AUTHORIZER)
    api.permit("f")
    api.permit("auth", "authorizers/*")
    made = api.client.create_authorizer(
        ApiId=api.id,
        AuthorizerType="REQUEST",
        Name="a",
        AuthorizerUri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{api.account}auth/invocations",
        IdentitySource=["$request.header.Authorization"],
        AuthorizerPayloadFormatVersion="2.0",
        EnableSimpleResponses=True,
        AuthorizerResultTtlInSeconds=300,
    )
    auth = {"AuthorizationType": "CUSTOM", "AuthorizerId": made["AuthorizerId"]}
    api.route("GET /x", api.account + "f", **auth)
    seen = api.ask("/x")
    assert (seen.status, seen.json()) == (401, {"message": "Unauthorized"})
    seen = api.ask("/x", authorization="wrong")
    assert (seen.status, seen.json()) == (403, {"message": "Forbidden"})
    assert api.ask("/x", authorization="fail").status == 500
    calls = [
        api.ask("/x", authorization="secret").json()["event"]["requestContext"]["authorizer"]["lambda"]["calls"]
        for _ in range(2)
    ]
    assert calls[0] == calls[1]


def test_those_who_sign(api: Apis, shared: jlambda.Session, browser: Browser) -> None:
    """AWS_IAM: for the service execute-api."""
    api.permit("f")
    api.route("GET /x", api.account + "f", AuthorizationType="AWS_IAM")
    assert api.ask("/x").status == 403
    key = shared.gateway().key
    for service, status in (("execute-api", 200), ("lambda", 403)):
        request = AWSRequest("GET", f"http://{browser.fronts.domain_name(API, api.id)}/x")
        SigV4Auth(Credentials(key.id, key.secret), service, "us-east-1").add_auth(request)
        assert api.ask("/x", **dict(request.headers.items())).status == status


class Issuer:
    """Issues tokens, and tells the key to them over HTTP."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys = {"keys": [{**public, "kid": "k", "use": "sig", "alg": "RS256"}]}
                document = keys if self.path == "/keys" else {"jwks_uri": f"{issuer.url}/keys"}
                body = json.dumps(document).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def token(self, **claims: object) -> str:
        """A token of these claims."""
        given = {"iss": self.url, "aud": "me", "exp": 4_000_000_000, "scope": "read write", **claims}
        return jwt.encode(given, self._key, "RS256", {"kid": "k"})

    def close(self) -> None:
        """No more."""
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An issuer of tokens."""
    made = Issuer()
    yield made
    made.close()


def test_a_jwt_authorizer(api: Apis, issuer: Issuer) -> None:
    """Signature, issuer, audience, time and scopes; claims reach the function as text."""
    api.permit("f")
    made = api.client.create_authorizer(
        ApiId=api.id,
        AuthorizerType="JWT",
        Name="j",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Audience": ["me"], "Issuer": issuer.url},
    )
    auth = {"AuthorizationType": "JWT", "AuthorizerId": made["AuthorizerId"]}
    api.route("GET /x", api.account + "f", **auth, AuthorizationScopes=["read", "admin"])
    seen = api.ask("/x", authorization=f"Bearer {issuer.token(sub='ada', groups=['a', 'b'])}")
    found = seen.json()["event"]["requestContext"]["authorizer"]["jwt"]
    assert (found["claims"]["sub"], found["claims"]["groups"], found["scopes"]) == ("ada", "[a b]", ["read"])
    for token in (
        issuer.token(aud="you"),
        issuer.token(exp=1),
        issuer.token(iss="https://other"),
        issuer.token() + "x",
        "nonsense",
        jwt.encode({"iss": issuer.url, "aud": "me", "exp": 4_000_000_000}, "k" * 32, "HS256", {"kid": "k"}),
        jwt.encode({"iss": issuer.url, "aud": "me", "exp": 4_000_000_000}, "", "none", {"kid": "k"}),
    ):
        seen = api.ask("/x", authorization=f"Bearer {token}")
        assert seen.status == 401 and "invalid_token" in seen.headers["www-authenticate"]
    assert api.ask("/x").status == 401
    assert api.ask("/x", authorization=issuer.token(scope="other")).status == 403
