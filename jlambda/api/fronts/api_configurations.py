"""The APIs that a session's API Gateway holds, read when they are first asked for and kept until one is changed."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from jlambda.api.fronts.kept import Kept
from jlambda.model.http.api import SNAPSHOT, Api, http_api, rest_api
from jlambda.model.http.usage_plan import ApiKey, api_keys

if TYPE_CHECKING:
    from jlambda.session import Session

#: how much one answer lists at most
_MOST = 500


class Configurations:
    """The APIs of one session, and the keys to them."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self._session = session
        self._clients: dict[str, Any] = {}
        self._apis = Kept(session, pool, "apigateway", self._read)
        self._keys = Kept(session, pool, "apigateway", self._read_keys)

    @property
    def generation(self) -> int:
        """Grows with each change."""
        return self._apis.generation

    async def find(self, identity: str) -> Api | None:
        """The API of this id, None if there is none."""
        return await self._apis.get(identity)

    async def api_keys(self) -> dict[str, ApiKey]:
        """The API keys by value, with their plans."""
        return await self._keys.get()

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            client = self._clients[service] = self._session.client(service)
            client.meta.events.register("after-call.*.GetDeployment", _keep_snapshot)
        return self._clients[service]

    def _read(self, identity: str) -> Api | None:
        return self._read_http(identity) or self._read_rest(identity)

    def _read_http(self, identity: str) -> Api | None:
        client = self._client("apigatewayv2")
        try:
            api = client.get_api(ApiId=identity)
        except client.exceptions.NotFoundException:
            return None
        if api.get("ProtocolType") != "HTTP":
            return None
        routes = client.get_routes(ApiId=identity)["Items"]
        stages = client.get_stages(ApiId=identity)["Items"]
        wanted = sorted({each["AuthorizerId"] for each in routes if each.get("AuthorizerId")})
        deployed = {}
        for each in {stage["DeploymentId"] for stage in stages if stage.get("DeploymentId") and not stage.get("AutoDeploy")}:
            if snapshot := client.get_deployment(ApiId=identity, DeploymentId=each).get(SNAPSHOT):
                was = _named(snapshot)
                as_it_was = {**api, "CorsConfiguration": was["Cors"]}
                deployed[each] = http_api(as_it_was, was["Routes"], was["Integrations"], [], was["Authorizers"])
        return http_api(
            api,
            routes,
            client.get_integrations(ApiId=identity)["Items"],
            stages,
            [client.get_authorizer(ApiId=identity, AuthorizerId=each) for each in wanted],
            deployed,
        )

    def _read_rest(self, identity: str) -> Api | None:
        client = self._client("apigateway")
        try:
            api = client.get_rest_api(restApiId=identity)
        except client.exceptions.NotFoundException:
            return None
        stages = client.get_stages(restApiId=identity)["item"]
        deployed = {}
        for each in {stage["deploymentId"] for stage in stages if stage.get("deploymentId")}:
            if was := client.get_deployment(restApiId=identity, deploymentId=each).get(SNAPSHOT):
                deployed[each] = rest_api(was["api"], was, [])
        parts = {
            "resources": client.get_resources(restApiId=identity, embed=["methods"], limit=_MOST)["items"],
            "authorizers": client.get_authorizers(restApiId=identity, limit=_MOST)["items"],
            "gatewayResponses": client.get_gateway_responses(restApiId=identity, limit=_MOST)["items"],
            "validators": client.get_request_validators(restApiId=identity, limit=_MOST)["items"],
            "models": client.get_models(restApiId=identity, limit=_MOST)["items"],
        }
        return rest_api(api, parts, stages, deployed)

    def _read_keys(self, _: str) -> dict[str, ApiKey]:
        client = self._client("apigateway")
        plans = client.get_usage_plans(limit=_MOST)["items"]
        members = {each["id"]: client.get_usage_plan_keys(usagePlanId=each["id"], limit=_MOST)["items"] for each in plans}
        return api_keys(client.get_api_keys(includeValues=True, limit=_MOST)["items"], plans, members)


def _keep_snapshot(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    """Have boto3 tell what its model of a deployment has not."""
    if http_response.status_code == 200:
        parsed[SNAPSHOT] = json.loads(http_response.content).get(SNAPSHOT)


def _named(value: Any) -> Any:
    """A document of apigatewayv2 with the names that boto3 gives its members: ``RouteKey`` for ``routeKey``."""
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _named(each) for name, each in value.items()}
    return [_named(each) for each in value] if isinstance(value, list) else value
