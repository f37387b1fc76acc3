"""moto's API Gateway: deployments that keep what they deployed, and what of an API it forgets.

A deployment tells its snapshot under a member of its own, which boto3 passes over, and the gateway's fronts read.
"""

from __future__ import annotations

import json
from typing import Any

from jlambda.aws.moto_states import GATEWAY
from jlambda.model.http.api import SNAPSHOT


def change() -> None:
    _change_rest()
    _change_http()


def _change_rest() -> None:
    import moto.apigateway.models as models
    from moto.apigateway.responses import APIGatewayResponse as Response

    deploy, create = models.RestAPI.create_deployment, Response.create_rest_api

    def create_deployment(self: Any, name: str, description: str, stage_variables: Any = None) -> Any:
        stage = self.stages.get(name) if name else None
        made: Any = deploy(self, name, description, stage_variables)
        parts = {
            "api": self.to_dict(),
            "resources": [each.to_dict() for each in self.resources.values()],
            "authorizers": [each.to_json() for each in self.authorizers.values()],
            "gatewayResponses": [each.to_json() for each in self.gateway_responses.values()],
            "validators": [each.to_dict() for each in self.request_validators.values()],
            "models": [each.to_json() for each in self.models.values()],
        }
        made.snapshot = json.dumps(parts)
        if stage is not None:  # moto puts a new one in its place, without the settings
            stage.deployment_id = made.id
            stage.variables.update(stage_variables or {})
            self.stages[name] = stage
        return made

    def get_deployment(self: Any) -> str:
        _, _, api, _, deployment = self.path.split("/")
        found = self.backend.get_deployment(api, deployment)
        return json.dumps({**found.to_json(), SNAPSHOT: json.loads(found.snapshot)})

    def create_rest_api(self: Any) -> Any:
        status, headers, body = create(self)
        if status == 200 and (types := self._get_param("binaryMediaTypes")):
            api = self.backend.get_rest_api(json.loads(body)["id"])
            api.binaryMediaTypes = list(types)
            body = json.dumps(api.to_dict())
        return status, headers, body

    models.RestAPI.create_deployment = create_deployment  # type: ignore[method-assign]
    Response.get_deployment = get_deployment  # type: ignore[method-assign]
    Response.create_rest_api = create_rest_api  # type: ignore[method-assign]


def _change_http() -> None:
    import moto.apigatewayv2.models as models
    import moto.apigatewayv2.urls as urls
    from moto.apigatewayv2.responses import ApiGatewayV2Response as Response
    from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow
    from moto.moto_api._internal import mock_random

    stage_json, api_json, create = models.Stage.to_json, models.Api.to_json, Response.create_api

    def deployments(api: Any) -> dict[str, Any]:
        if not hasattr(api, "deployments"):
            api.deployments = {}
        found: dict[str, Any] = api.deployments
        return found

    def create_deployment(self: Any) -> Any:
        api = self.apigatewayv2_backend.get_api(self.path.split("/")[3])
        asked = json.loads(self.body or "{}")
        stage = api.get_stage(asked["stageName"]) if asked.get("stageName") else None
        identity = "".join(mock_random.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(6))
        parts = (("routes", api.routes), ("integrations", api.integrations), ("authorizers", api.authorizers))
        made = {
            "deploymentId": identity,
            "deploymentStatus": "DEPLOYED",
            "autoDeployed": False,
            "createdDate": iso_8601_datetime_without_milliseconds(utcnow()),
            **({"description": asked["description"]} if asked.get("description") else {}),
        }
        snapshot = json.dumps(
            {"cors": api.cors_configuration, **{name: [each.to_json() for each in held.values()] for name, held in parts}}
        )
        deployments(api)[identity] = (made, snapshot)
        if stage is not None:
            stage.config["deploymentId"] = identity
        return 201, {"status": 201}, json.dumps(made)

    def get_deployment(self: Any) -> Any:
        _, _, _, identity, _, deployment = self.path.split("/")
        found = deployments(self.apigatewayv2_backend.get_api(identity)).get(deployment)
        if found is None:
            body = json.dumps({"message": f"Invalid deployment identifier specified {deployment}"})
            return 404, {"status": 404, "x-amzn-errortype": "NotFoundException"}, body
        made, snapshot = found
        return 200, {}, json.dumps({**made, SNAPSHOT: json.loads(snapshot)})

    def get_deployments(self: Any) -> Any:
        found = deployments(self.apigatewayv2_backend.get_api(self.path.split("/")[3]))
        return 200, {}, json.dumps({"items": [made for made, _ in found.values()]})

    def delete_deployment(self: Any) -> Any:
        _, _, _, identity, _, deployment = self.path.split("/")
        deployments(self.apigatewayv2_backend.get_api(identity)).pop(deployment, None)
        return 204, {"status": 204}, ""

    def update_stage(self: Any) -> Any:
        _, _, _, identity, _, name = self.path.split("/")
        api = self.apigatewayv2_backend.get_api(identity)
        stage = api.get_stage(name.replace("%24", "$"))
        created = stage.created
        stage.__init__(api, {**stage.config, **json.loads(self.body or "{}"), "stageName": stage.name})
        stage.created = created
        return 200, {}, json.dumps(stage.to_json())

    def to_json(self: Any) -> dict[str, Any]:
        deployment = self.config.get("deploymentId")
        return {**stage_json(self), **({"deploymentId": deployment} if deployment else {})}

    def described(self: Any) -> dict[str, Any]:
        endpoint = GATEWAY["api_url"].replace("{id}", self.api_id).rstrip("/")
        return {**api_json(self), "apiEndpoint": endpoint}

    def create_api(self: Any) -> Any:
        status, headers, body = create(self)
        asked = json.loads(self.body)
        if status == 200 and asked.get("target"):  # a function, with a route to it, deployed
            api = self.apigatewayv2_backend.get_api(json.loads(body)["apiId"])
            made = api.create_integration(
                integration_type="AWS_PROXY",
                integration_uri=asked["target"],
                payload_format_version="2.0",
                connection_type="INTERNET",
                description=None,
                integration_method="POST",
            )
            key = asked.get("routeKey") or "$default"
            api.create_route(api_key_required=False, authorization_scopes=[], route_key=key, target=f"integrations/{made.id}")
            api.create_stage({"stageName": "$default", "autoDeploy": True})
        return status, headers, body

    urls.url_paths |= {
        "{0}/v2/apis/(?P<api_id>[^/]+)/deployments$": Response.dispatch,
        "{0}/v2/apis/(?P<api_id>[^/]+)/deployments/(?P<deployment_id>[^/]+)$": Response.dispatch,
    }
    models.Stage.to_json = to_json  # type: ignore[method-assign]
    models.Api.to_json = described  # type: ignore[method-assign]
    for handle in (create_deployment, get_deployment, get_deployments, delete_deployment, update_stage, create_api):
        setattr(Response, handle.__name__, handle)
