"""REST APIs (apigateway): resources and methods, Lambda proxy integrations, authorizers, and what else a stage has.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
"""

from __future__ import annotations

import time

from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import Questioned, Unauthorized, Unclear
from jlambda.api.fronts.functions import NotRun, TooBusy, TookTooLong
from jlambda.api.fronts.gate import Forbidden, Passed
from jlambda.api.fronts.key_gate import KeyGate, NoKey, TooOften, UsedUp
from jlambda.api.fronts.placed import Behind, Placed
from jlambda.api.fronts.tokens import InvalidToken
from jlambda.model.arn import Account
from jlambda.model.http import authorizing, payload_1
from jlambda.model.http.api import Api, Stage, Target
from jlambda.model.http.message import HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.http.routes import Matched, match
from jlambda.model.http.usage_plan import ApiKey
from jlambda.service.invoke import new_request_id

#: what a gateway response of each kind says by itself
# https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
_NO_METHOD = (403, "Missing Authentication Token", "MissingAuthenticationTokenException")
_NO_STAGE = (403, "Forbidden", "ForbiddenException")
_BUSY = (429, "Too Many Requests", "TooManyRequestsException")
_USED_UP = (429, "Limit Exceeded", "LimitExceededException")
_LONG = (413, "Request Too Long", "RequestTooLargeException")
_NOBODY = (401, "Unauthorized", "UnauthorizedException")
_UNCLEAR = (500, None, "AuthorizerConfigurationException")
_FAILED = (502, "Internal server error", "InternalServerErrorException")
_MISSING = (500, "Internal server error", "InternalServerErrorException")
_LATE = (504, "Endpoint request timed out", "IntegrationTimeoutException")


class RestApi:
    """Answers requests to REST APIs."""

    def __init__(self, behind: Behind, keys: KeyGate) -> None:
        self._behind, self._keys = behind, keys

    async def answer(self, api: Api, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        placed = api.stage_of(asked.request.path)
        if placed is None:
            raise _refused(_NO_STAGE)
        stage, path = placed
        api = api.at(stage)
        matched = match(api.routes, asked.request.method, path)
        if matched is None:
            raise _refused(_NO_METHOD)
        if not self._behind.may_pass(api, stage, matched.route.key):
            raise _refused(_BUSY)
        if not asked.body.is_whole:
            raise _refused(_LONG)
        one = _One(api, asked, stage, path, matched, self._behind.account)
        passed = await self._pass(one)
        if one.target.needs_key:
            one.key = await self._key_of(one, passed)
        response = await self._integrate(one, passed)
        return response.with_headers(("x-amzn-RequestId", one.request_id))

    async def _pass(self, one: _One) -> Passed | None:
        try:
            return await self._behind.gate.let_in(one.target, one.asked, one.question(), self._behind.configurations.generation)
        except (Unauthorized, InvalidToken):
            raise _refused(_NOBODY) from None
        except Forbidden:
            if one.target.auth == "AWS_IAM":
                raise _refused(_NO_METHOD) from None
            message = "User is not authorized to access this resource"
            raise Refused(told(403, {"Message": message}, x_amzn_ErrorType="AccessDeniedException")) from None
        except Unclear:
            raise _refused(_UNCLEAR) from None

    async def _key_of(self, one: _One, passed: Passed | None) -> ApiKey:
        """The API key of a request that must have one."""
        from_authorizer = one.api.key_source == "AUTHORIZER"
        value = (passed and passed.usage_key) if from_authorizer else one.asked.request.header("x-api-key")
        stage = one.api.id, one.stage.name
        try:
            return self._keys.pass_through(await self._behind.configurations.api_keys(), value, stage, one.matched.route.key)
        except NoKey:
            raise _refused(_NO_STAGE) from None
        except TooOften:
            raise _refused(_BUSY) from None
        except UsedUp:
            raise _refused(_USED_UP) from None

    async def _integrate(self, one: _One, passed: Passed | None) -> HttpResponse:
        integration = one.target.integration
        if integration is None or integration.kind != "AWS_PROXY":
            kind = "no integration" if integration is None else integration.kind
            message = f"jlambda executes Lambda proxy integrations (AWS_PROXY) only; this method has {kind}"
            raise Refused(told(501, {"message": message}))
        event = compact(one.event(passed)).encode("utf-8", "surrogatepass")
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
        except TookTooLong:
            raise _refused(_LATE) from None
        except (NotRun, TooBusy):
            raise _refused(_MISSING) from None
        one.asked.note(event, finished)
        try:
            if finished.record.error_type is not None:
                raise MalformedResult
            return payload_1.response(finished.payload, takes_binary=one.takes_binary)
        except MalformedResult:
            raise _refused(_FAILED) from None


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

    def question(self) -> Questioned:
        """The request, as an authorizer is asked about it."""
        return self.questioned(self._request, lambda arn, identity: authorizing.event_1(self.event(None), arn, identity))


def _refused(how: tuple[int, str | None, str]) -> Refused:
    status, message, error_type = how
    return Refused(told(status, {"message": message}, x_amzn_ErrorType=error_type))
