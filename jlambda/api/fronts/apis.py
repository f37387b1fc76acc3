"""APIs of API Gateway, executed: a request finds its route, passes its authorizer, and becomes the event of a function.

What HTTP APIs and REST APIs have in common is here; each kind has its own events, refusals and results.
https://docs.aws.amazon.com/apigateway/latest/developerguide/welcome.html
"""

from __future__ import annotations

import time
from collections.abc import Callable

from jlambda.api import auth
from jlambda.api.calls import Calls
from jlambda.api.fronts.api_configurations import Configurations
from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import LambdaAuthorizers
from jlambda.api.fronts.functions import ApiFunctions
from jlambda.api.fronts.gate import Gate
from jlambda.api.fronts.http_api import HttpApi
from jlambda.api.fronts.rest_api import RestApi
from jlambda.api.fronts.tokens import Tokens
from jlambda.model.http.api import Api
from jlambda.model.http.message import HttpResponse
from jlambda.model.http.throttle import TokenBucket

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_BODY_BYTES = 10 << 20


class ApiFront:
    """The APIs of one gateway."""

    body_bytes = _BODY_BYTES
    id_header = "apigw-requestid"

    def __init__(
        self,
        calls: Calls,
        verify: Callable[[auth.Claim, auth.Parts, str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configurations = Configurations(calls.session, calls.pool)
        functions = ApiFunctions(calls)
        gate = Gate(calls.session.account, LambdaAuthorizers(functions), Tokens(calls.pool), verify)
        self._http, self._rest = (
            HttpApi(calls.session.account, functions, gate),
            RestApi(calls.session.account, functions, gate),
        )
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}
        self._now = now

    async def answer(self, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        api = await self._configurations.find(asked.front.id)
        if api is None:
            raise Refused(told(404, {"message": f"There is no API {asked.front.id}"}))
        generation = self._configurations.generation
        if api.kind == "REST":
            return await self._rest.answer(api, asked, self._may_pass, generation)
        if api.cors is not None and (preflight := api.cors.preflight(asked.request, 204)) is not None:
            return preflight
        try:
            response = await self._http.answer(api, asked, self._may_pass, generation)
        except Refused as refused:
            response = refused.response
        if api.cors is not None:
            response = response._replace(headers=api.cors.applied(asked.request, tuple(response.headers)))
        return response

    def _may_pass(self, api: Api, stage: str, key: str) -> bool:
        """Whether a route may be asked once more now."""
        limits = api.stages[stage].limits_of(key)
        if limits is None:
            return True
        place = (api.id, stage, key if key in api.stages[stage].limits else "*")
        bucket = self._buckets.get(place)
        if bucket is None or bucket.limits != limits:
            bucket = self._buckets[place] = TokenBucket(limits, self._now())
        return bucket.take(self._now())
