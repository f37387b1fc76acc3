"""What a stage serves: the API as it was deployed, until it is deployed again."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda.model.http.address import API
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser
from tests.api.fronts.rest import Rest

ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def test_a_stage_of_a_rest_api(rest: Rest) -> None:
    """Another stage may serve another deployment; a stage keeps its variables, and can go back."""
    rest.permit("f")
    rest.method("one", "GET")
    rest.deploy(colour="blue")
    first = rest.client.get_stage(restApiId=rest.id, stageName="dev")["deploymentId"]
    rest.method("two", "GET")
    assert (rest.ask("/one").status, rest.ask("/two").status) == (200, 403)
    second = rest.client.create_deployment(restApiId=rest.id)["id"]
    assert rest.ask("/two").status == 403
    rest.client.create_stage(restApiId=rest.id, stageName="next", deploymentId=second)
    assert rest._browser.ask(API, rest.id, "GET", "/next/two").status == 200
    rest.deploy()
    event = rest.ask("/two").json()
    assert event["stageVariables"] == {"colour": "blue"} and event["requestContext"]["deploymentId"] not in (first, second)
    back = [{"op": "replace", "path": "/deploymentId", "value": first}]
    rest.client.update_stage(restApiId=rest.id, stageName="dev", patchOperations=back)
    assert (rest.ask("/one").status, rest.ask("/two").status) == (200, 403)


def test_a_stage_of_an_http_api(with_services: jlambda.Session, browser: Browser, create: Functions) -> None:
    """Unless it deploys by itself; one that has no deployment has nothing."""
    create("f", "def handler(event, context): return event['requestContext']['stage']\n")
    client = with_services.client("apigatewayv2")
    api = client.create_api(Name="a", ProtocolType="HTTP", Target=ARN + "f")["ApiId"]
    given = {"Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"}
    with_services.client("lambda").add_permission(FunctionName="f", StatementId="api", **given)
    client.create_stage(ApiId=api, StageName="dev")

    def ask(path: str) -> tuple[int, Any]:
        seen = browser.ask(API, api, "GET", path)
        return seen.status, seen.body

    assert ask("/x") == (200, b"$default") and ask("/dev/x") == (404, b'{"message":"Not Found"}')
    made = client.create_deployment(ApiId=api, StageName="dev", Description="first")
    assert (made["DeploymentStatus"], made["Description"]) == ("DEPLOYED", "first") and ask("/dev/x") == (200, b"dev")
    client.delete_route(ApiId=api, RouteId=client.get_routes(ApiId=api)["Items"][0]["RouteId"])
    assert ask("/x")[0] == 404 and ask("/dev/x") == (200, b"dev")
    stage = client.update_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    assert (stage["AutoDeploy"], stage["DeploymentId"], ask("/dev/x")[0]) == (True, made["DeploymentId"], 404)
    assert [each["DeploymentId"] for each in client.get_deployments(ApiId=api)["Items"]] == [made["DeploymentId"]]
    client.delete_deployment(ApiId=api, DeploymentId=made["DeploymentId"])
    with pytest.raises(ClientError, match="Invalid deployment identifier"):
        client.get_deployment(ApiId=api, DeploymentId=made["DeploymentId"])


def test_cors_is_deployed_too(with_services: jlambda.Session, browser: Browser, create: Functions) -> None:
    """A stage that does not deploy by itself answers preflights as the API did when it was deployed."""
    create("f", "def handler(event, context): return 1\n")
    client = with_services.client("apigatewayv2")
    api = client.create_api(Name="a", ProtocolType="HTTP", Target=ARN + "f", CorsConfiguration={"AllowOrigins": ["https://a"]})
    api_id = api["ApiId"]
    client.create_stage(ApiId=api_id, StageName="dev")
    client.create_deployment(ApiId=api_id, StageName="dev")
    client.update_api(ApiId=api_id, CorsConfiguration={"AllowOrigins": ["https://b"]})

    def allowed(path: str, origin: str) -> bool:
        return "access-control-allow-origin" in browser.ask(API, api_id, "GET", path, b"", {"origin": origin}).headers

    assert allowed("/dev/x", "https://a") and not allowed("/dev/x", "https://b")
    assert allowed("/x", "https://b") and not allowed("/x", "https://a")
    client.delete_cors_configuration(ApiId=api_id)
    assert allowed("/dev/x", "https://a") and not allowed("/x", "https://b")


def test_what_an_api_is_made_with(with_services: jlambda.Session) -> None:
    """Binary media types are kept from the beginning."""
    made = with_services.client("apigateway").create_rest_api(name="r", binaryMediaTypes=["image/png"])
    assert made["binaryMediaTypes"] == ["image/png"]
