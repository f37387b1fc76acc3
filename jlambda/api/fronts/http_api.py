"""HTTP APIs (apigatewayv2): stages, routes, authorizers and integrations of payload format 1.0 and 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

import base64
import time

from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import Questioned, Unauthorized, Unclear
from jlambda.api.fronts.functions import NotRun, TooBusy, TookTooLong
from jlambda.api.fronts.gate import Forbidden, Passed
from jlambda.api.fronts.gateway_responses import Answered, reason
from jlambda.api.fronts.integrations.answering import Came, Integrations
from jlambda.api.fronts.integrations.parameters import View
from jlambda.api.fronts.placed import Behind, Placed
from jlambda.api.fronts.tokens import InvalidToken
from jlambda.model.arn import Account
from jlambda.model.http import authorizing, payload_1, payload_2
from jlambda.model.http.api import Api, Stage, Target
from jlambda.model.http.integration import Integration
from jlambda.model.http.message import HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.http.routes import Matched, match
from jlambda.service.invoke import new_request_id
from jlambda.service.switches import Switches


class HttpApi:
    """Answers requests to HTTP APIs."""

    def __init__(self, behind: Behind, switches: Switches, integrations: Integrations) -> None:
        self._behind, self._switches, self._integrations = behind, switches, integrations

    async def answer(self, api: Api, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        placed = api.stage_of(asked.request.path)
        if placed is None:
            raise _refused(404, "Not Found")
        stage, path = placed
        api = api.at(stage)
        if api.cors is None:
            return await self._answer(api, stage, path, asked)
        if (preflight := api.cors.preflight(asked.request, 204)) is not None:
            return preflight
        try:
            response = await self._answer(api, stage, path, asked)
        except Refused as refused:
            response = refused.response
        return response._replace(headers=api.cors.applied(asked.request, tuple(response.headers)))

    async def _answer(self, api: Api, stage: Stage, path: str, asked: Asked) -> HttpResponse:
        disabled = self._switches.disabled
        routes = api.routes
        if disabled:
            routes = tuple(each for each in routes if f"{api.id}/{each.to.resource_id}" not in disabled)
        matched = match(routes, asked.request.method, path)
        if matched is None:
            raise _refused(404, "Not Found")
        if not self._behind.may_pass(api, stage, matched.route.key):
            raise _refused(429, "Too Many Requests")
        if not asked.body.is_whole:
            raise _refused(413, "Request Entity Too Large")
        request_id = base64.urlsafe_b64encode(new_request_id().encode())[:15].decode() + "="
        one = _One(api, asked, stage, path, matched, self._behind.account, request_id)
        passed = await self._pass(one)
        response = await self._integrate(one, passed)
        return response.with_headers(("apigw-requestid", request_id))

    async def _pass(self, one: _One) -> Passed | None:
        try:
            return await self._behind.gate.let_in(one.target, one.asked, one.question(), self._behind.configurations.generation)
        except Unauthorized:
            raise _refused(401, "Unauthorized", www_authenticate="Bearer") from None
        except InvalidToken as error:
            challenge = f'Bearer scope="" error="invalid_token" error_description="{error}"'
            raise _refused(401, "Unauthorized", www_authenticate=challenge) from None
        except Forbidden:
            raise _refused(403, "Forbidden") from None
        except Unclear:
            raise _refused(500, "Internal Server Error") from None

    async def _integrate(self, one: _One, passed: Passed | None) -> HttpResponse:
        integration = one.target.integration
        if integration is None:
            raise _failed(f"{one.matched.route.key} has no integration: see create_integration and update_route")
        if integration.kind == "HTTP_PROXY" and not integration.parameters:
            return await self._pass_on(one, integration)
        if integration.kind != "AWS_PROXY" or integration.subtype:
            kind = f"{integration.kind} {integration.subtype}".strip()
            what = f"{kind} with request parameters" if integration.parameters and not integration.subtype else kind
            raise _refused(501, f"jlambda does not execute integrations of type {what}")
        version = integration.payload_version
        event = compact(one.event(version, passed)).encode("utf-8", "surrogatepass")
        try:
            _, finished = await self._behind.functions.run(
                integration.uri,
                one.stage.variables,
                event,
                one.source_arns(),
                integration.timeout_s,
                one.asked.trace_id,
                has_role=integration.credentials is not None,
            )
        except (TookTooLong, TooBusy):
            raise _refused(503, "Service Unavailable") from None
        except NotRun as error:
            raise _failed(str(error)) from None
        one.asked.note(event, finished)
        try:
            if finished.record.error_type is not None:
                raise MalformedResult(f"the function failed with {finished.record.error_type}")
            if version == "1.0":
                return payload_1.response(finished.payload, is_strict=False)
            return payload_2.response(finished.payload)
        except MalformedResult as error:
            raise _failed(str(error)) from None

    async def _pass_on(self, one: _One, integration: Integration) -> HttpResponse:
        view = one.view()
        try:
            came = Came(integration, one.asked, view, ())
            response = await self._integrations.answer(came)
        except Answered as answered:
            response = told(503, {"message": "Service Unavailable"})
            return response.with_headers(*reason(answered.reason))
        if response is None:
            raise _refused(501, f"jlambda does not execute integrations with {integration.uri}: it has no VPC links")
        return response


class _One(Placed):
    """One request that has found its route."""

    def __init__(
        self, api: Api, asked: Asked, stage: Stage, path: str, matched: Matched[Target], account: Account, request_id: str
    ) -> None:
        super().__init__(api, asked, stage, path, matched, account)
        self._request_id, self._at = request_id, time.time()

    def event(self, version: str, passed: Passed | None) -> Members:
        """The event of a payload format."""
        route, request = self.matched.route, self.asked.request
        place = Place(self.account.id, self.api.id, self.asked.domain_name, self.stage.name)
        if version == "1.0":
            authorizer = None if passed is None else _flat(passed)
            return payload_1.http_api_event(
                request,
                place,
                route.key,
                self._request_id,
                self._at,
                path_parameters=self.matched.parameters,
                stage_variables=self.stage.variables,
                authorizer=authorizer,
            )
        return payload_2.event(
            request,
            place,
            self._request_id,
            self._at,
            route_key=route.key,
            path_parameters=self.matched.parameters,
            stage_variables=self.stage.variables,
            authorizer=None if passed is None else {passed.kind: dict(passed.members)},
        )

    def view(self) -> View:
        """What of the request goes to an endpoint."""
        request = self.asked.request
        return View(self.matched.parameters, request.pairs(), request.headers, "", {}, self.stage.variables)

    def question(self) -> Questioned:
        """The request, as an authorizer is asked about it."""
        authorizer = self.target.authorizer
        version = "2.0" if authorizer is None else authorizer.payload_version

        def question(arn: str, identity: list[str]) -> Members:
            return (authorizing.event_1 if version == "1.0" else authorizing.event_2)(self.event(version, None), arn, identity)

        return self.questioned(self.asked.request, question)


def _flat(passed: Passed) -> Members:
    """What format 1.0 has of an authorizer."""
    if passed.kind == "lambda":
        return {**passed.members, "principalId": passed.principal}
    return dict(passed.members)


def _failed(why: str) -> Refused:
    response = told(500, {"message": "Internal Server Error"})
    return Refused(response.with_headers(*reason(why)))


def _refused(status: int, message: str, **headers: str) -> Refused:
    return Refused(told(status, {"message": message}, **headers))
