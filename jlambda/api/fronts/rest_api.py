"""REST APIs (apigateway): resources and methods, integrations, authorizers, and what else a stage has.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

import asyncio
import time

from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import Questioned, Unauthorized, Unclear
from jlambda.api.fronts.gate import Forbidden, Passed
from jlambda.api.fronts.gateway_responses import (
    BAD_BODY,
    BUSY,
    DENIED,
    FAILED,
    LONG,
    MISSING,
    NO_KEY,
    NO_METHOD,
    NO_PARAMETER,
    NO_STAGE,
    NOBODY,
    UNCLEAR,
    USED_UP,
    Answered,
    if_not_run,
    respond,
)
from jlambda.api.fronts.integrations.answering import Came, Integrations
from jlambda.api.fronts.integrations.parameters import View
from jlambda.api.fronts.key_gate import KeyGate, NoKey, TooOften, UsedUp
from jlambda.api.fronts.placed import Behind, Placed
from jlambda.api.fronts.schemas import BadSchema, is_valid
from jlambda.api.fronts.tokens import InvalidToken
from jlambda.model.arn import Account
from jlambda.model.http import authorizing, payload_1
from jlambda.model.http.api import Api, Stage, Target
from jlambda.model.http.message import HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.http.routes import Matched, match
from jlambda.model.http.usage_plan import ApiKey
from jlambda.service.invoke import new_request_id


class RestApi:
    """Answers requests to REST APIs."""

    def __init__(self, behind: Behind, keys: KeyGate, integrations: Integrations) -> None:
        self._behind, self._keys, self._integrations = behind, keys, integrations

    async def answer(self, api: Api, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        placed = api.stage_of(asked.request.path)
        if placed is None:
            return respond(api, Answered(NO_STAGE), _unplaced(asked))
        stage, path = placed
        api = api.at(stage)
        matched = match(api.routes, asked.request.method, path)
        if matched is None:
            return respond(api, Answered(NO_METHOD), _unplaced(asked, stage))
        one = _One(api, asked, stage, path, matched, self._behind.account)
        try:
            response = await self._answer(one)
        except Answered as answered:
            response = respond(api, answered, one.view(None))
        return response.with_headers(("x-amzn-RequestId", one.request_id))

    async def _answer(self, one: _One) -> HttpResponse:
        if not self._behind.may_pass(one.api, one.stage, one.matched.route.key):
            raise Answered(BUSY)
        if not one.asked.body.is_whole:
            raise Answered(LONG)
        passed = await self._pass(one)
        if one.target.needs_key:
            one.key = await self._key_of(one, passed)
        await self._validate(one)
        return await self._integrate(one, passed)

    async def _pass(self, one: _One) -> Passed | None:
        try:
            return await self._behind.gate.let_in(one.target, one.asked, one.question(), self._behind.configurations.generation)
        except (Unauthorized, InvalidToken):
            raise Answered(NOBODY) from None
        except Forbidden:
            raise Answered(NO_METHOD if one.target.auth == "AWS_IAM" else DENIED) from None
        except Unclear:
            raise Answered(UNCLEAR) from None

    async def _key_of(self, one: _One, passed: Passed | None) -> ApiKey:
        """The API key of a request that must have one."""
        from_authorizer = one.api.key_source == "AUTHORIZER"
        value = (passed and passed.usage_key) if from_authorizer else one.asked.request.header("x-api-key")
        stage = one.api.id, one.stage.name
        try:
            return self._keys.pass_through(await self._behind.configurations.api_keys(), value, stage, one.matched.route.key)
        except NoKey:
            raise Answered(NO_KEY) from None
        except TooOften:
            raise Answered(BUSY) from None
        except UsedUp:
            raise Answered(USED_UP) from None

    async def _validate(self, one: _One) -> None:
        """Hold a request to what its method asks for."""
        wanted, request = one.target.validation, one.asked.request
        if missing := wanted.missing(request, one.matched.parameters):
            raise Answered(NO_PARAMETER._replace(message=f"{NO_PARAMETER.message}: [{', '.join(missing)}]"))
        schema = wanted.schema_for(request.header("content-type"))
        if schema is None:
            return
        try:
            if not await asyncio.to_thread(is_valid, request.body, schema):
                raise Answered(BAD_BODY)
        except BadSchema as error:
            raise Answered(MISSING, str(error)) from None

    async def _integrate(self, one: _One, passed: Passed | None) -> HttpResponse:
        integration = one.target.integration
        if integration is None:
            raise Answered(MISSING, f"{one.matched.route.key} has no integration: see put_integration")
        if integration.kind != "AWS_PROXY":
            response = await self._integrations.answer(Came(integration, one.asked, one.view(passed), one.source_arns()))
            if response is None:
                message = f"jlambda does not execute integrations of type {integration.kind} with {integration.uri}"
                raise Refused(told(501, {"message": message}))
            return response
        event = compact(one.event(passed)).encode("utf-8", "surrogatepass")
        with if_not_run():
            _, finished = await self._behind.functions.run(
                integration.uri,
                one.stage.variables,
                event,
                one.source_arns(),
                integration.timeout_s,
                one.asked.trace_id,
                has_role=integration.credentials is not None,
            )
        one.asked.note(event, finished)
        try:
            if finished.record.error_type is not None:
                raise MalformedResult(f"the function failed with {finished.record.error_type}")
            return payload_1.response(finished.payload, takes_binary=one.takes_binary)
        except MalformedResult as error:
            raise Answered(FAILED, str(error)) from None


class _One(Placed):
    """One request that has found its method."""

    def __init__(self, api: Api, asked: Asked, stage: Stage, path: str, matched: Matched[Target], account: Account) -> None:
        super().__init__(api, asked, stage, path, matched, account)
        self.request_id, self._at = new_request_id(), time.time()
        self.key: ApiKey | None = None
        self._request = asked.request._replace(path=path)

    @property
    def takes_binary(self) -> bool:
        """Whether the client accepts what the API knows as binary: only then is base64 undone."""
        accepted = (self.asked.request.header("accept") or "*/*").partition(",")[0].partition(";")[0].strip().lower()
        return payload_1.is_binary(accepted, self.api.binary_types)

    def event(self, passed: Passed | None) -> Members:
        """The event of the request."""
        authorizer: Members | None = None
        if passed is not None and passed.kind == "lambda":
            authorizer = {**passed.members, "principalId": passed.principal}
        elif passed is not None and passed.kind == "jwt":
            authorizer = dict(passed.members)
        return payload_1.rest_event(
            self._request,
            Place(self.account.id, self.api.id, self.asked.domain_name, self.stage.name),
            payload_1.Resource(self.matched.route.path, self.target.resource_id, self.stage.deployment_id),
            self.request_id,
            self._at,
            path_parameters=self.matched.parameters,
            stage_variables=self.stage.variables,
            authorizer=authorizer,
            binary_types=self.api.binary_types,
            api_key=None if self.key is None else (self.key.value, self.key.id),
        )

    def view(self, passed: Passed | None) -> View:
        """What of the request can be mapped."""
        request, context = self._request, self.event(passed)["requestContext"]
        body = request.body.decode("utf-8", "replace")
        return View(self.matched.parameters, request.pairs(), request.headers, body, context, self.stage.variables)

    def question(self) -> Questioned:
        """The request, as an authorizer is asked about it."""
        return self.questioned(self._request, lambda arn, identity: authorizing.event_1(self.event(None), arn, identity))


def _unplaced(asked: Asked, stage: Stage | None = None) -> View:
    """What is known of a request that has found no method."""
    request = asked.request
    variables = {} if stage is None else stage.variables
    return View({}, request.pairs(), request.headers, "", {"httpMethod": request.method, "path": request.path}, variables)
