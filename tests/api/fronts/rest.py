"""REST APIs as one makes them with boto3, of methods that run a function ``f``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import jlambda
from jlambda.model.http.address import API
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

    def integrate(self, part: str, method: str, **integration: Any) -> dict[str, str]:
        """A resource below the root with a method and its integration; what boto3 calls the method by."""
        resource = self.client.create_resource(restApiId=self.id, parentId=self.root, pathPart=part)["id"]
        place = {"restApiId": self.id, "resourceId": resource, "httpMethod": method}
        parameters = {"method.request.path.proxy": True} if part == "{proxy+}" else {}
        self.client.put_method(**place, authorizationType="NONE", requestParameters=parameters)
        self.client.put_integration(**place, **integration)
        return place

    def respond(self, place: Mapping[str, str], status: str, **response: Any) -> None:
        """A response of a method, and how its integration's answer becomes that."""
        self.client.put_method_response(**place, statusCode=status)
        self.client.put_integration_response(**place, statusCode=status, **response)

    def deploy(self, **variables: str) -> None:
        """Have a stage ``dev``."""
        self.client.create_deployment(restApiId=self.id, stageName="dev", variables=variables)

    def ask(self, path: str, method: str = "GET", **headers: str) -> Seen:
        """One request, to the stage."""
        return self._browser.ask(API, self.id, method, f"/dev{path}", b"", headers)

    def post(self, path: str, body: object, **headers: str) -> Seen:
        """A request with a body, JSON unless a header says otherwise."""
        content = {"content-type": "application/json", **headers}
        return self._browser.ask(API, self.id, "POST", f"/dev{path}", json.dumps(body).encode(), content)
