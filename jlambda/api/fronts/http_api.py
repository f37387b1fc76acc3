"""HTTP APIs (apigatewayv2): stages, routes, authorizers and integrations of payload format 1.0 and 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from urllib.parse import unquote

from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import Questioned, Unauthorized, Unclear
from jlambda.api.fronts.functions import ApiFunctions, NotRun, TooBusy, TookTooLong
from jlambda.api.fronts.gate import Forbidden, Gate, Passed
from jlambda.api.fronts.tokens import InvalidToken
from jlambda.model.arn import Account
from jlambda.model.http import authorizing, payload_1, payload_2
from jlambda.model.http.api import Api, Stage, Target
from jlambda.model.http.message import HttpRequest, HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.http.routes import Matched, match
from jlambda.service.invoke import new_request_id

MayPass = Callable[[Api, str, str], bool]


class HttpApi:
    """Answers requests to HTTP APIs."""

    def __init__(self, account: Account, functions: ApiFunctions, gate: Gate) -> None:
        self._account, self._functions, self._gate = account, functions, gate

    async def answer(self, api: Api, asked: Asked, may_pass: MayPass, generation: int) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        placed = api.stage_of(asked.request.path)
        if placed is None:
            raise _refused(404, "Not Found")
        stage, path = placed
        matched = match(api.routes, asked.request.method, path)
        if matched is None:
            raise _refused(404, "Not Found")
        if not may_pass(api, stage.name, matched.route.key):
            raise _refused(429, "Too Many Requests")
        if not asked.body.is_whole:
            raise _refused(413, "Request Entity Too Large")
        request_id = base64.urlsafe_b64encode(new_request_id().encode())[:15].decode() + "="
        one = _One(api, asked, stage, path, matched, request_id, self._account)
        passed = await self._pass(one, generation)
        response = await self._integrate(one, passed)
        return response.with_headers(("apigw-requestid", request_id))

    async def _pass(self, one: _One, generation: int) -> Passed | None:
        try:
            return await self._gate.let_in(one.target, one.asked, one.questioned(), generation)
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
        if integration is None or integration.kind != "AWS_PROXY":
            kind = "no integration" if integration is None else integration.kind
            raise _refused(501, f"jlambda executes Lambda proxy integrations (AWS_PROXY) only; this route has {kind}")
        version = integration.payload_version
        event = compact(one.event(version, passed)).encode("utf-8", "surrogatepass")
        try:
            _, finished = await self._functions.run(
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
        except NotRun:
            raise _refused(500, "Internal Server Error") from None
        one.asked.note(event, finished)
        try:
            if finished.record.error_type is not None:
                raise MalformedResult
            if version == "1.0":
                return payload_1.response(finished.payload, is_strict=False)
            return payload_2.response(finished.payload)
        except MalformedResult:
            raise _refused(500, "Internal Server Error") from None


class _One:
    """One request that has found its route."""

    def __init__(
        self, api: Api, asked: Asked, stage: Stage, path: str, matched: Matched[Target], request_id: str, account: Account
    ) -> None:
        self.api, self.asked, self.stage, self.path, self.matched = api, asked, stage, path, matched
        self.target, self._request_id, self._account, self._at = matched.route.to, request_id, account, time.time()

    def event(self, version: str, passed: Passed | None) -> Members:
        """The event of a payload format."""
        route, request = self.matched.route, self.asked.request
        place = Place(self._account.id, self.api.id, self.asked.domain_name, self.stage.name)
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

    def questioned(self) -> Questioned:
        """The request, as an authorizer is asked about it."""
        authorizer = self.target.authorizer
        arn = self._arn(self.asked.request.method, unquote(self.path).removeprefix("/"))
        source = f"arn:aws:execute-api:{self._account.region}:{self._account.id}:{self.api.id}/authorizers/"
        version = "2.0" if authorizer is None else authorizer.payload_version

        def event(identity: list[str]) -> Members:
            whole = self.event(version, None)
            return (authorizing.event_1 if version == "1.0" else authorizing.event_2)(whole, arn, identity)

        source += "" if authorizer is None else authorizer.id
        request: HttpRequest = self.asked.request
        return Questioned(self.api, request, self.stage.variables, arn, source, self.asked.trace_id, event)

    def source_arns(self) -> list[str]:
        """What a permission may name as its source: the route, and the request itself."""
        route = self.matched.route
        if not route.path:
            return [self._arn("$default", "$default"), self._arn("$default", ""), self._arn("*", "$default")]
        path = route.path.removeprefix("/")
        return [self._arn(self.asked.request.method, each) for each in (path, unquote(self.path).removeprefix("/"))]

    def _arn(self, method: str, path: str) -> str:
        return f"arn:aws:execute-api:{self._account.region}:{self._account.id}:{self.api.id}/{self.stage.name}/{method}/{path}"


def _flat(passed: Passed) -> Members:
    """What format 1.0 has of an authorizer."""
    if passed.kind == "lambda":
        return {**passed.members, "principalId": passed.principal}
    return dict(passed.members)


def _refused(status: int, message: str, **headers: str) -> Refused:
    return Refused(told(status, {"message": message}, **headers))
