"""An API of API Gateway as it is executed: routes, integrations, authorizers, stages. Read from AWS's documents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from jlambda.model.http.cors import Cors
from jlambda.model.http.integration import Integration, http_integration, rest_integration
from jlambda.model.http.routes import Route
from jlambda.model.http.throttle import Limits
from jlambda.model.http.validation import Validation, validation

Document = Mapping[str, Any]

# https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html; HTTP APIs keep nothing unless they are told to
REST_TTL_S = 300

#: a member of GetDeployment's answer, of the embedded API Gateway alone: what was deployed
SNAPSHOT = "jlambdaSnapshot"

_URI = re.compile(r"arn:aws[a-z-]*:apigateway:[a-z0-9-]*:lambda:path/[0-9-]+/functions/(.+)/invocations")
_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Who says whether a request may pass: a function (REQUEST, TOKEN) or a token's issuer (JWT, COGNITO_USER_POOLS).

    `sources` are where its identity is (``$request.header.Authorization``), `pattern` what a token must look like, `pools` the
    user pools, by id.
    """

    id: str
    kind: str
    uri: str = ""
    payload_version: str = "1.0"
    is_simple: bool = False
    ttl_s: int = 0
    sources: tuple[str, ...] = ()
    pattern: str = ""
    credentials: str | None = None
    issuer: str = ""
    audience: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """All that a route has besides its key. `auth` is NONE, CUSTOM, JWT, COGNITO_USER_POOLS or AWS_IAM.

    `resource_id` is the id of the resource or the route; `needs_key` is whether a request must name an API key, `validation`
    what else it must have.
    """

    integration: Integration | None
    auth: str = "NONE"
    authorizer: Authorizer | None = None
    scopes: tuple[str, ...] = ()
    resource_id: str = ""
    needs_key: bool = False
    validation: Validation = field(default_factory=Validation)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its variables, and its limits by route key (``*`` for all others).

    `deployed` is the API as it was deployed to it, None for a stage that serves the API as it is.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    deployment_id: str = ""
    deployed: Api | None = None

    def limits_of(self, key: str) -> Limits | None:
        """The limits of a route."""
        return self.limits.get(key, self.limits.get("*"))


@dataclass(frozen=True, slots=True)
class Customized:
    """How a REST API wants a gateway response: its status (0 for the usual one), headers, and templates by type."""

    status: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    templates: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """One API. `kind` is HTTP or REST, `key_source` says where API keys are: HEADER or AUTHORIZER."""

    id: str
    kind: Literal["HTTP", "REST"]
    routes: tuple[Route[Target], ...]
    stages: Mapping[str, Stage]
    cors: Cors | None = None
    binary_types: frozenset[str] = frozenset()
    key_source: str = "HEADER"
    gateway_responses: Mapping[str, Customized] = field(default_factory=dict)

    def at(self, stage: Stage) -> Api:
        """The API that a stage serves: as it was deployed, or as it is now."""
        return stage.deployed or self

    def stage_of(self, path: str) -> tuple[Stage, str] | None:
        """The stage that a path (percent-encoded) begins with, and what is left of the path; HTTP APIs may have a default."""
        name, slash, rest = path.removeprefix("/").partition("/")
        if name in self.stages and name != "$default":
            return self.stages[name], f"/{rest}" if slash else "/"
        default = self.stages.get("$default")
        return (default, path) if default is not None else None


def with_variables(uri: str, variables: Mapping[str, str]) -> str:
    """A URI with the stage's variables in it."""
    return _VARIABLE.sub(lambda found: variables.get(found[1], ""), uri)


def function_of(uri: str, variables: Mapping[str, str]) -> str | None:
    """The function, by name or ARN, that the URI of an integration or an authorizer names; None where it is another."""
    named = with_variables(uri, variables)
    match = _URI.fullmatch(named)
    if match:
        return match[1]
    return named if ":lambda:" in named and ":function:" in named else None


def http_api(
    api: Document,
    routes: Sequence[Document],
    integrations: Sequence[Document],
    stages: Sequence[Document],
    authorizers: Sequence[Document],
    deployed: Mapping[str, Api] | None = None,
) -> Api:
    """An HTTP API, of what apigatewayv2 tells of it; `deployed` is what it was at its deployments, by their ids.

    A stage that deploys by itself serves it as it is, one that has no deployment nothing.
    """
    by_id = {each["IntegrationId"]: http_integration(each) for each in integrations}
    known = {each["AuthorizerId"]: _http_authorizer(each) for each in authorizers}
    found = []
    for route in routes:
        method, _, path = route["RouteKey"].partition(" ")
        target = Target(
            by_id.get((route.get("Target") or "").removeprefix("integrations/")),
            route.get("AuthorizationType") or "NONE",
            known.get(route.get("AuthorizerId") or ""),
            tuple(route.get("AuthorizationScopes") or ()),
            route.get("RouteId", ""),
        )
        found.append(Route(method, path, target))
    cors = api.get("CorsConfiguration")
    return Api(
        api["ApiId"],
        "HTTP",
        tuple(found),
        {each["StageName"]: _http_stage(each, deployed or {}) for each in stages},
        Cors.of(cors) if cors else None,
    )


def rest_api(
    api: Document,
    parts: Mapping[str, Sequence[Document]],
    stages: Sequence[Document],
    deployed: Mapping[str, Api] | None = None,
) -> Api:
    """A REST API, of what apigateway tells of it; `deployed` is what it was at its deployments, by their ids.

    `parts` are its resources, authorizers, gatewayResponses, validators and models.
    """
    known = {each["id"]: _rest_authorizer(each) for each in parts["authorizers"]}
    validators = {each["id"]: each for each in parts["validators"]}
    models = {each["name"]: each for each in parts["models"]}
    found = []
    for resource in parts["resources"]:
        for method, each in (resource.get("resourceMethods") or {}).items():
            integration = each.get("methodIntegration")
            auth = each.get("authorizationType") or "NONE"
            target = Target(
                None if integration is None else rest_integration(integration),
                auth,
                known.get(each.get("authorizerId") or ""),
                tuple(each.get("authorizationScopes") or ()),
                resource["id"],
                bool(each.get("apiKeyRequired")),
                validation(each, validators, models),
            )
            found.append(Route(method, resource["path"], target))
    return Api(
        api["id"],
        "REST",
        tuple(found),
        {each["stageName"]: _rest_stage(each, deployed or {}) for each in stages},
        binary_types=frozenset(each.replace("~1", "/").lower() for each in api.get("binaryMediaTypes") or ()),
        key_source=api.get("apiKeySource") or "HEADER",
        gateway_responses={
            each["responseType"]: Customized(
                int(each.get("statusCode") or 0), each.get("responseParameters") or {}, each.get("responseTemplates") or {}
            )
            for each in parts["gatewayResponses"]
        },
    )


def _http_authorizer(given: Document) -> Authorizer:
    jwt = given.get("JwtConfiguration") or {}
    return Authorizer(
        given["AuthorizerId"],
        given["AuthorizerType"],
        given.get("AuthorizerUri") or "",
        given.get("AuthorizerPayloadFormatVersion") or "2.0",
        bool(given.get("EnableSimpleResponses")),
        given.get("AuthorizerResultTtlInSeconds") or 0,
        tuple(given.get("IdentitySource") or ()),
        credentials=given.get("AuthorizerCredentialsArn"),
        issuer=jwt.get("Issuer") or "",
        audience=tuple(jwt.get("Audience") or ()),
    )


def _rest_authorizer(given: Document) -> Authorizer:
    sources = (each.strip() for each in (given.get("identitySource") or "").split(",") if each.strip())
    ttl_s = given.get("authorizerResultTtlInSeconds")
    return Authorizer(
        given["id"],
        given["type"],
        given.get("authorizerUri") or "",
        "1.0",
        ttl_s=REST_TTL_S if ttl_s is None else ttl_s,
        sources=tuple(each.replace("method.request.", "$request.").replace("context.", "$context.") for each in sources),
        pattern=given.get("identityValidationExpression") or "",
        credentials=given.get("authorizerCredentials"),
        pools=tuple(each.rpartition("/")[2] for each in given.get("providerARNs") or ()),
    )


def _http_stage(given: Document, deployed: Mapping[str, Api]) -> Stage:
    limits = dict(_limits([("*", given.get("DefaultRouteSettings") or {}), *(given.get("RouteSettings") or {}).items()], ""))
    deployment = given.get("DeploymentId") or ""
    serves = None
    if not given.get("AutoDeploy"):
        serves = deployed.get(deployment) if deployment else Api("", "HTTP", (), {})
    return Stage(given["StageName"], given.get("StageVariables") or {}, limits, deployment, serves)


def _rest_stage(given: Document, deployed: Mapping[str, Api]) -> Stage:
    limits = dict(_limits((given.get("methodSettings") or {}).items(), "t"))
    limits = {_rest_key(key): each for key, each in limits.items()}
    deployment = given.get("deploymentId") or ""
    return Stage(given["stageName"], given.get("variables") or {}, limits, deployment, deployed.get(deployment))


def _rest_key(key: str) -> str:
    """``~1items~1{id}/GET`` as routes write it."""
    if key == "*/*":
        return "*"
    path, _, method = key.rpartition("/")
    return f"{method} {path.replace('~1', '/')}"


def _limits(settings: Iterable[tuple[str, Document]], first: str) -> Iterable[tuple[str, Limits]]:
    t = first or "T"
    for key, each in settings:
        rate, burst = each.get(f"{t}hrottlingRateLimit"), each.get(f"{t}hrottlingBurstLimit")
        if rate is not None and burst is not None and rate >= 0 and burst >= 0:
            yield key, Limits(float(rate), int(burst))
