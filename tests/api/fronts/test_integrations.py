"""Integrations of REST APIs that are no Lambda proxies, made through boto3: mocks, functions with templates, HTTP endpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import jlambda
from jlambda.model.http.address import API
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser
from tests.api.fronts.endpoint import echo
from tests.api.fronts.rest import Rest

TEMPLATE = "application/json"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Somebody else's HTTP service."""
    with echo() as address:
        yield address


def test_preflight_by_a_mock(rest: Rest) -> None:
    """CORS of a REST API, as people make it: OPTIONS answered by a mock, which asks nobody."""
    headers = {
        "Access-Control-Allow-Headers": "'Content-Type,Authorization'",
        "Access-Control-Allow-Methods": "'GET,OPTIONS'",
        "Access-Control-Allow-Origin": "'*'",
    }
    parameters = {f"method.response.header.{name}": value for name, value in headers.items()}
    place = rest.integrate("items", "OPTIONS", type="MOCK", requestTemplates={TEMPLATE: '{"statusCode": 200}'})
    rest.client.put_method_response(**place, statusCode="200", responseParameters=dict.fromkeys(parameters, False))
    rest.client.put_integration_response(
        **place, statusCode="200", responseParameters=parameters, responseTemplates={TEMPLATE: ""}
    )
    rest.deploy()
    asked = {"origin": "https://example.com", "access-control-request-method": "GET"}
    seen = rest.ask("/items", "OPTIONS", **asked)
    assert (seen.status, seen.body) == (200, b"")
    assert {name: seen.headers[name.lower()] for name in headers} == {name: value.strip("'") for name, value in headers.items()}
    assert "x-amzn-requestid" in seen.headers


def test_a_mock_chooses_its_response(rest: Rest) -> None:
    """By the status that its template makes of the request; a status that nothing is for is a mistake of the API's."""
    request = "#if($input.params('q') == 'no')\n{\"statusCode\": 404}\n#else\n{'statusCode': $input.params('q')}\n#end"
    place = rest.integrate("x", "GET", type="MOCK", requestTemplates={TEMPLATE: request})
    answer = '{"asked": "$context.httpMethod $context.resourcePath", "who": "$input.params(\'who\')"}'
    rest.respond(place, "200", selectionPattern="2\\d\\d", responseTemplates={TEMPLATE: answer})
    over = "#set($context.responseOverride.status = 410)#set($context.responseOverride.header.X-Gone = 'yes')gone"
    rest.respond(place, "404", selectionPattern="404", responseTemplates={"text/plain": over})
    rest.deploy()
    seen = rest.ask("/x?q=201&who=ada")
    assert (seen.status, seen.json()) == (200, {"asked": "GET /x", "who": "ada"})
    seen = rest.ask("/x?q=no")
    assert (seen.status, seen.body, seen.headers["content-type"], seen.headers["x-gone"]) == (410, b"gone", "text/plain", "yes")
    seen = rest.ask("/x?q=500")
    assert (seen.status, seen.json()) == (500, {"message": "Internal server error"})
    assert "put_integration_response" in seen.headers["x-jlambda-reason"]
    seen = rest.ask("/x")
    assert seen.status == 500 and "statusCode" in seen.headers["x-jlambda-reason"]


@pytest.fixture
def custom(rest: Rest, create: Functions) -> Rest:
    """``POST /orders`` runs a function of its own on what a template makes of the request."""
    source = """
def handler(event, context):
    if event.get("kind") == "bad":
        raise ValueError("[400] no such kind")
    if event.get("kind") == "worse":
        raise RuntimeError("all is lost")
    return {"got": event}
"""
    create("custom", source)
    rest.permit("custom")
    template = '{"kind": $input.json(\'$.order.kind\'), "stage": "$stageVariables.colour", "by": "$context.identity.sourceIp"}'
    place = rest.integrate(
        "orders",
        "POST",
        type="AWS",
        integrationHttpMethod="POST",
        uri=rest.uri("custom"),
        requestTemplates={TEMPLATE: template},
        passthroughBehavior="WHEN_NO_TEMPLATES",
    )
    kept = {"method.response.header.X-Kind": "integration.response.body.got.kind"}
    rest.respond(place, "200", responseParameters=kept)
    failed = '{"error": "$input.path(\'$.errorType\')"}'
    rest.respond(place, "400", selectionPattern="\\[400\\].*", responseTemplates={TEMPLATE: failed})
    rest.deploy(colour="blue")
    return rest


def test_a_function_behind_templates(custom: Rest) -> None:
    """It is given what the template makes, and its answer goes back by the response that fits."""
    seen = custom.post("/orders", {"order": {"kind": "book"}})
    assert (seen.status, seen.headers["x-kind"]) == (200, "book")
    assert seen.json() == {"got": {"kind": "book", "stage": "blue", "by": "127.0.0.1"}}
    seen = custom.post("/orders", {"order": {"kind": "bad"}})
    assert (seen.status, seen.json()) == (400, {"error": "ValueError"})
    seen = custom.post("/orders", {"order": {"kind": "worse"}})
    assert (seen.status, seen.json()["errorMessage"]) == (200, "all is lost")  # no pattern is for it


def test_a_body_that_no_template_is_for(custom: Rest) -> None:
    """Is refused where it may not pass as it is; what is no JSON is refused in any case."""
    seen = custom.post("/orders", {}, **{"content-type": "text/csv"})
    assert (seen.status, seen.json()) == (415, {"message": "Unsupported Media Type"})
    seen = custom._browser.ask(API, custom.id, "POST", "/dev/orders", b"{not", {"content-type": "application/json"})
    assert (seen.status, seen.json()) == (400, {"message": "Could not parse request body into json"})


def test_a_function_that_nobody_waits_for(rest: Rest, create: Functions, shared: jlambda.Session) -> None:
    """With the header that says so the event is accepted, and run some time."""
    create("later", "def handler(event, context): return event")
    rest.permit("later")
    place = rest.integrate(
        "later",
        "POST",
        type="AWS",
        integrationHttpMethod="POST",
        uri=rest.uri("later"),
        requestParameters={"integration.request.header.X-Amz-Invocation-Type": "'Event'"},
    )
    rest.respond(place, "202")
    rest.deploy()
    seen = rest.post("/later", {"n": 1})
    assert (seen.status, seen.body) == (202, b"")
    assert shared.queue.settle(30)
    assert list(shared.invocations("later")["status"]) == ["success"]


def test_an_endpoint_is_passed_on_to(rest: Rest, endpoint: str) -> None:
    """HTTP_PROXY: the request goes on as it came, parameters are added, and the answer comes back as it is."""
    rest.integrate(
        "{proxy+}",
        "ANY",
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        uri=f"{endpoint}/base/{{proxy}}",
        requestParameters={
            "integration.request.path.proxy": "method.request.path.proxy",
            "integration.request.header.X-Stage": "stageVariables.colour",
            "integration.request.querystring.more": "'1'",
        },
    )
    rest.deploy(colour="blue")
    seen = rest._browser.ask(API, rest.id, "PUT", "/dev/a/b%20c?q=1&q=2", b"\xff\x00body", {"x-mine": "1"})
    asked = seen.json()
    assert (asked["method"], asked["body"]) == ("PUT", "\xff\x00body")
    assert asked["path"].startswith("/base/a/b%20c?") and sorted(asked["path"].partition("?")[2].split("&")) == [
        "more=1",
        "q=1",
        "q=2",
    ]
    assert (asked["headers"]["x-mine"], asked["headers"]["x-stage"]) == ("1", "blue")
    assert asked["headers"]["host"] in endpoint and "x-forwarded-for" in asked["headers"]
    cookies = [value for name, value in seen.pairs if name == "set-cookie"]
    assert seen.headers["x-endpoint"] == "echo" and cookies == ["a=1", "b=2"]


def test_an_endpoint_behind_templates(rest: Rest, endpoint: str) -> None:
    """HTTP: it is asked for what the templates say, and its status chooses the response."""
    place = rest.integrate(
        "lookup",
        "POST",
        type="HTTP",
        integrationHttpMethod="PUT",
        uri=endpoint + "/${stageVariables.path}",
        requestTemplates={TEMPLATE: "{\"wrapped\": $input.json('$')}"},
    )
    rest.respond(place, "200", responseTemplates={TEMPLATE: "$input.path('$.method') $input.path('$.body')"})
    rest.respond(place, "502", selectionPattern="4\\d\\d", responseTemplates={TEMPLATE: '{"message": "not there"}'})
    rest.deploy(path="there")
    seen = rest.post("/lookup", {"a": 1})
    assert (seen.status, seen.body) == (200, b'PUT {"wrapped": {"a":1}}')
    rest.deploy(path="missing")
    seen = rest.post("/lookup", {"a": 1})
    assert (seen.status, seen.json()) == (502, {"message": "not there"})


def test_an_endpoint_that_cannot_be_had(rest: Rest, endpoint: str) -> None:
    """One that is not there, and one that takes too long."""
    rest.integrate("gone", "GET", type="HTTP_PROXY", integrationHttpMethod="GET", uri="http://127.0.0.1:9/")
    rest.integrate("slow", "GET", type="HTTP_PROXY", integrationHttpMethod="GET", uri=f"{endpoint}/wait", timeoutInMillis=100)
    rest.deploy()
    seen = rest.ask("/gone")
    assert (seen.status, seen.json()) == (504, {"message": "Network error communicating with endpoint"})
    assert "127.0.0.1:9" in seen.headers["x-jlambda-reason"]
    seen = rest.ask("/slow")
    assert (seen.status, seen.json()) == (504, {"message": "Endpoint request timed out"})


def test_what_the_api_answers_by_itself(rest: Rest) -> None:
    """Gateway responses: headers for all refusals, so that a page may read them, and a body of its own for one."""
    cors: dict[str, Any] = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    rest.client.put_gateway_response(restApiId=rest.id, responseType="DEFAULT_4XX", responseParameters=cors)
    rest.client.put_gateway_response(
        restApiId=rest.id,
        responseType="MISSING_AUTHENTICATION_TOKEN",
        statusCode="404",
        responseTemplates={TEMPLATE: '{"error": $context.error.messageString, "kind": "$context.error.responseType"}'},
    )
    rest.method("keyed", "GET", apiKeyRequired=True)
    rest.deploy()
    seen = rest.ask("/keyed")
    assert (seen.status, seen.json(), seen.headers["access-control-allow-origin"]) == (403, {"message": "Forbidden"}, "*")
    seen = rest.ask("/nothing")
    told = {"error": "Missing Authentication Token", "kind": "MISSING_AUTHENTICATION_TOKEN"}
    assert (seen.status, seen.json()) == (404, told)


def test_why_a_function_does_not_run(rest: Rest) -> None:
    """A header says what AWS's execution logs say."""
    rest.method("x", "GET")
    rest.deploy()
    seen = rest.ask("/x")
    assert seen.status == 500 and "add_permission" in seen.headers["x-jlambda-reason"]


ROLE = "arn:aws:iam::123456789012:role/api"


def test_a_queue_behind_an_api(rest: Rest, shared: jlambda.Session) -> None:
    """The way of many: what is posted is a message."""
    sqs = shared.client("sqs")
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    place = rest.integrate(
        "jobs",
        "POST",
        type="AWS",
        integrationHttpMethod="POST",
        uri="arn:aws:apigateway:us-east-1:sqs:path/123456789012/jobs",
        credentials=ROLE,
        requestParameters={"integration.request.header.Content-Type": "'application/x-www-form-urlencoded'"},
        requestTemplates={TEMPLATE: "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"},
    )
    answer = '{"id": "$input.path(\'$.SendMessageResponse.SendMessageResult.MessageId\')"}'
    rest.respond(place, "202", responseTemplates={TEMPLATE: answer})
    rest.deploy()
    seen = rest.post("/jobs", {"n": 1, "text": "a & b"})
    assert seen.status == 202
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert (message["Body"], message["MessageId"]) == ('{"n": 1, "text": "a & b"}', seen.json()["id"])


def test_operations_behind_an_api(rest: Rest, shared: jlambda.Session) -> None:
    """Of a service that is asked in JSON, and of one that is asked by a query; what one refuses chooses its response."""
    dynamodb = shared.client("dynamodb")
    dynamodb.create_table(
        TableName="days",
        KeySchema=[{"AttributeName": "date", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "date", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = '{"TableName": "$stageVariables.table", "Item": {"date": {"S": "$input.params(\'date\')"}}}'
    given = {"type": "AWS", "integrationHttpMethod": "POST", "credentials": ROLE}
    uri = "arn:aws:apigateway:us-east-1:dynamodb:action/PutItem"
    place = rest.integrate("days", "POST", uri=uri, requestTemplates={TEMPLATE: item}, **given)
    rest.respond(place, "201")
    rest.respond(place, "400", selectionPattern="4\\d\\d", responseTemplates={TEMPLATE: "refused"})
    topic = shared.client("sns").create_topic(Name="news")["TopicArn"]
    parameters = {
        "integration.request.querystring.TopicArn": f"'{topic}'",
        "integration.request.querystring.Message": "method.request.body.text",
    }
    uri = "arn:aws:apigateway:us-east-1:sns:action/Publish"
    place = rest.integrate("news", "POST", uri=uri, requestParameters=parameters, **given)
    rest.respond(place, "200")
    rest.deploy(table="days")
    assert rest.post("/days?date=2015-12-08", {}).status == 201
    assert [each["date"]["S"] for each in dynamodb.scan(TableName="days")["Items"]] == ["2015-12-08"]
    rest.deploy(table="nights")
    seen = rest.post("/days?date=2015-12-08", {})
    assert (seen.status, seen.body) == (400, b"refused")
    assert "MessageId" in rest.post("/news", {"text": "hello"}).json()["PublishResponse"]["PublishResult"]


def test_an_integration_that_is_not_executed(rest: Rest) -> None:
    """Says so in one line."""
    uri = "arn:aws:apigateway:us-east-1:nowhere:action/Do"
    rest.integrate("x", "POST", type="AWS", integrationHttpMethod="POST", uri=uri, credentials=ROLE)
    rest.deploy()
    seen = rest.post("/x", {})
    assert seen.status == 501 and uri in seen.json()["message"]


def test_an_endpoint_behind_an_http_api(with_services: jlambda.Session, browser: Browser, endpoint: str) -> None:
    """HTTP_PROXY there needs no parameters for those of the path; one that is not there is no service."""
    client = with_services.client("apigatewayv2")
    api = client.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    for key, uri in (("ANY /up/{proxy+}", f"{endpoint}/base/{{proxy}}"), ("GET /gone", "http://127.0.0.1:9/")):
        given = {"IntegrationType": "HTTP_PROXY", "IntegrationMethod": "ANY", "PayloadFormatVersion": "1.0"}
        made = client.create_integration(ApiId=api, IntegrationUri=uri, **given)["IntegrationId"]
        client.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{made}")
    seen = browser.ask(API, api, "POST", "/up/a/b?q=1", b"hello", {"x-mine": "1"})
    asked = seen.json()
    assert (asked["method"], asked["path"], asked["body"]) == ("POST", "/base/a/b?q=1", "hello")
    assert asked["headers"]["x-mine"] == "1" and seen.headers["x-endpoint"] == "echo" and "apigw-requestid" in seen.headers
    seen = browser.ask(API, api, "GET", "/gone")
    assert (seen.status, seen.json()) == (503, {"message": "Service Unavailable"})
    assert "127.0.0.1:9" in seen.headers["x-jlambda-reason"]
