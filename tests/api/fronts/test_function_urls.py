"""Function URLs, asked over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import jlambda
from jlambda.model.http.address import URL
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser, Seen

ECHO = """
import base64, json, os, time
def handler(event, context):
    path = event["rawPath"]
    if path == "/raise": raise ValueError("boom")
    if path == "/exit": os._exit(3)
    if path == "/sleep": time.sleep(60)
    if path == "/inject": return {"statusCode": 200, "headers": {"x-a": "b\\r\\nset-cookie: evil=1"}}
    if path == "/malformed": return {"statusCode": "soon"}
    if path == "/png":
        return {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "iVBORw==", "isBase64Encoded": True}
    if path == "/cookies": return {"statusCode": 201, "cookies": ["a=1", "b=2"], "body": "made"}
    if path == "/empty": return {"statusCode": 204, "body": "not sent"}
    if path == "/result": return json.loads(event["body"])
    return {"event": event, "id": context.aws_request_id, "arn": context.invoked_function_arn}
"""


class Url:
    """A function's URL, and what asks it."""

    def __init__(self, client: Any, browser: Browser, session: jlambda.Session) -> None:
        self.client, self.browser, self.session = client, browser, session
        self.id = ""

    def make(self, name: str, auth_type: str = "NONE", is_public: bool = True, **options: Any) -> None:
        """Make it as boto3 does, with the permissions of a public one."""
        where = {"Qualifier": options["Qualifier"]} if "Qualifier" in options else {}
        made = self.client.create_function_url_config(FunctionName=name, AuthType=auth_type, **options)
        self.url: str = made["FunctionUrl"]
        parts = urlsplit(self.url)
        front = self.browser.fronts.find(parts.netloc, parts.path)
        assert front is not None
        self.id = front.id
        if is_public:
            permit = self.client.add_permission
            given = {"FunctionName": name, "Principal": "*", **where}
            permit(StatementId="u", Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType=auth_type, **given)
            permit(StatementId="i", Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True, **given)

    def ask(
        self, method: str = "GET", path: str = "/", body: bytes = b"", headers: dict[str, str] | None = None, **how: Any
    ) -> Seen:
        """One request."""
        return self.browser.ask(URL, self.id, method, path, body, headers, **how)

    def sign(self, method: str, path: str, body: bytes = b"", service: str = "lambda") -> dict[str, str]:
        """Headers that botocore makes of the session's key."""
        key = self.session.gateway().key
        host = self.browser.fronts.domain_name(URL, self.id)
        request = AWSRequest(method, f"http://{host}{path}", data=body)
        SigV4Auth(Credentials(key.id, key.secret), service, "us-east-1").add_auth(request)
        return dict(request.headers.items())


@pytest.fixture
def url(client: Any, create: Functions, browser: Browser, shared: jlambda.Session) -> Url:
    """A function ``f`` that is about to have a URL."""
    create("f", ECHO, Timeout=2)
    return Url(client, browser, shared)


@pytest.mark.parametrize("by_path", [False, True])
def test_a_request_becomes_an_event_and_the_result_the_response(url: Url, by_path: bool) -> None:
    """By host name and by path: the event has format 2.0, the id is told in a header."""
    url.make("f")
    headers = {"Content-Type": "text/plain", "Cookie": "a=1; b=2", "X-Forwarded-For": "8.8.8.8"}
    seen = url.ask("POST", "/pa2%Fth/1?q=a%20b&q=2", "héllo".encode(), headers, by_path=by_path)
    assert (seen.status, seen.headers["content-type"]) == (200, "application/json")
    document = seen.json()
    event = document["event"]
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/pa2%Fth/1", "q=a%20b&q=2")
    assert event["queryStringParameters"] == {"q": "a b,2"}
    assert (event["body"], event["isBase64Encoded"], event["cookies"]) == ("héllo", False, ["a=1", "b=2"])
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"]) == ("anonymous", url.id)
    assert context["http"]["method"] == "POST" and context["http"]["sourceIp"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert document["id"] == context["requestId"] == seen.headers["x-amzn-requestid"]
    assert seen.headers["x-amzn-trace-id"] == event["headers"]["x-amzn-trace-id"]


def test_the_address_that_boto3_tells(url: Url) -> None:
    """It is one that this machine can ask."""
    url.make("f")
    with urlopen(f"{url.url}hello?q=1", timeout=30) as answer:
        assert json.load(answer)["event"]["rawPath"] == "/hello"


def test_bodies_and_results(url: Url) -> None:
    """Binary both ways, cookies, a status without a body, results that are no response."""
    url.make("f")
    event = url.ask("POST", "/", b"\x00\xff", {"content-type": "application/octet-stream"}).json()["event"]
    assert event["isBase64Encoded"] is True and base64.b64decode(event["body"]) == b"\x00\xff"
    seen = url.ask(path="/png")
    assert (seen.headers["content-type"], seen.body) == ("image/png", b"\x89PNG")
    seen = url.ask(path="/cookies")
    assert (seen.status, seen.body) == (201, b"made")
    assert [value for name, value in seen.pairs if name == "set-cookie"] == ["a=1", "b=2"]
    seen = url.ask(path="/empty")
    assert (seen.status, seen.body) == (204, b"")
    assert url.ask("HEAD", "/png").body == b""
    for result, expected in ({"hello": "world"}, b'{"hello":"world"}'), ("hello", b"hello"), (3.1, b"3.1"):
        headers = {"content-type": "application/json"}
        assert url.ask("POST", "/result", json.dumps(result).encode(), headers).body == expected


@pytest.mark.parametrize(
    ("path", "status", "body", "reason"),
    [
        ("/raise", 502, b"Internal Server Error", "ValueError"),
        ("/exit", 502, b"Internal Server Error", "Runtime.ExitError"),
        ("/malformed", 502, b"Internal Server Error", "statusCode is 'soon'"),
        ("/inject", 502, b"Internal Server Error", "'x-a' is not a header"),
        ("/sleep", 504, b"Gateway Timeout", "Sandbox.Timedout"),
    ],
)
def test_what_the_function_does_wrong(url: Url, path: str, status: int, body: bytes, reason: str) -> None:
    """An error, an end, a result that is none, a header that would be two, too much time: and a header says which."""
    url.make("f")
    seen = url.ask(path=path)
    assert (seen.status, seen.body) == (status, body)
    assert "set-cookie" not in seen.headers and reason in seen.headers["x-jlambda-reason"]


def test_who_may_not(url: Url) -> None:
    """A URL that nobody has, one without permissions, one with half of them."""
    url.id = "x" * 32
    seen = url.ask()
    assert (seen.status, seen.body, seen.headers["x-amzn-errortype"]) == (403, b'{"Message":null}', "AccessDeniedException")
    url.make("f", is_public=False)
    seen = url.ask()
    assert seen.status == 403 and seen.json()["Message"].startswith("Forbidden. For troubleshooting Function URL")
    given = {"FunctionName": "f", "StatementId": "u", "Principal": "*"}
    url.client.add_permission(Action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE", **given)
    assert url.ask().status == 403
    given["StatementId"] = "i"
    url.client.add_permission(Action="lambda:InvokeFunction", InvokedViaFunctionUrl=True, **given)
    assert url.ask().status == 200
    url.client.delete_function_url_config(FunctionName="f")
    assert url.ask().status == 403


def test_auth_type_aws_iam(url: Url) -> None:
    """Whoever signs for the service lambda with the session's key, and nobody else."""
    url.make("f", "AWS_IAM", is_public=False)
    assert url.ask().status == 403
    signed = url.sign("POST", "/a%20b?q=1", b"{}")
    seen = url.ask("POST", "/a%20b?q=1", b"{}", signed)
    iam = seen.json()["event"]["requestContext"]["authorizer"]["iam"]
    assert (seen.status, iam["accountId"], iam["userArn"]) == (200, "123456789012", "arn:aws:iam::123456789012:root")
    assert url.ask("POST", "/a%20b?q=2", b"{}", signed).status == 403
    assert url.ask("POST", "/a%20b?q=1", b"changed", signed).status == 403
    seen = url.ask("GET", "/", b"", url.sign("GET", "/", service="s3"))
    assert seen.status == 403 and "correct service: 'lambda'" in seen.json()["message"]


def test_a_denial_counts_for_those_who_sign(url: Url) -> None:
    """The account's own key needs no permission, but can be denied."""
    url.make("f", "AWS_IAM", is_public=False)
    denial = {"Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunctionUrl", "Resource": "*"}
    arn = url.client.get_function(FunctionName="f")["Configuration"]["FunctionArn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    url.client.put_resource_policy(ResourceArn=arn, Policy=policy)
    assert url.ask("GET", "/", b"", url.sign("GET", "/")).status == 403


def test_cors_is_applied(url: Url) -> None:
    """A preflight does not reach the function; what it answers gets the headers, errors too."""
    origin = "https://app.example.com"
    url.make("f", Cors={"AllowOrigins": [origin], "AllowMethods": ["PUT"], "ExposeHeaders": ["x-a"], "MaxAge": 5})
    before = len(url.session.invocations("f"))
    seen = url.ask("OPTIONS", "/", b"", {"origin": origin, "access-control-request-method": "PUT"})
    assert (seen.status, seen.headers["access-control-allow-origin"]) == (200, origin)
    assert (seen.headers["access-control-allow-methods"], seen.headers["access-control-max-age"]) == ("PUT", "5")
    assert len(url.session.invocations("f")) == before
    for path in ("/", "/raise"):
        seen = url.ask(path=path, headers={"origin": origin})
        assert seen.headers["access-control-allow-origin"] == origin
        assert seen.headers["access-control-expose-headers"] == "x-a"
    assert "access-control-allow-origin" not in url.ask(headers={"origin": "https://evil.example.com"}).headers
    url.client.update_function_url_config(FunctionName="f", Cors={"AllowOrigins": ["*"]})
    assert url.ask(headers={"origin": "https://evil.example.com"}).headers["access-control-allow-origin"] == "*"


@pytest.fixture
def nothing_reserved(client: Any) -> Iterator[None]:
    """No concurrency for ``f`` from within the test on."""
    yield
    client.delete_function_concurrency(FunctionName="f")


def test_throttles_and_limits(url: Url, nothing_reserved: None) -> None:
    """429 where there is no concurrency, 413 where the event would be more than 6 MB."""
    url.make("f")
    assert url.ask("POST", "/", b"x" * 6_291_457, {"content-type": "text/plain"}).status == 413
    assert url.ask("POST", "/", b"\xff" * 5_000_000).status == 413
    url.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert url.ask().status == 429


def test_an_alias_has_a_url_of_its_own(url: Url) -> None:
    """It runs the version that the alias points to."""
    url.client.publish_version(FunctionName="f")
    url.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    url.make("f", Qualifier="live")
    assert url.ask().json()["arn"].endswith(":function:f:live")


def test_records_say_where_an_invocation_came_from(url: Url) -> None:
    """The trigger is the URL."""
    url.make("f")
    request_id = url.ask().headers["x-amzn-requestid"]
    rows = url.session.invocations("f").set_index("request_id")
    assert rows.loc[request_id, "trigger"] == "url"
