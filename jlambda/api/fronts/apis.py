"""APIs of API Gateway, executed: a request finds its route, passes its authorizer, and becomes the event of a function.

What HTTP APIs and REST APIs have in common is here; each kind has its own events, refusals and results.
https://docs.aws.amazon.com/apigateway/latest/developerguide/welcome.html
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from jlambda.api import auth
from jlambda.api.calls import Calls
from jlambda.api.fronts.api_configurations import Configurations
from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.api.fronts.authorizers import LambdaAuthorizers
from jlambda.api.fronts.functions import ApiFunctions
from jlambda.api.fronts.gate import Gate
from jlambda.api.fronts.http_api import HttpApi
from jlambda.api.fronts.integrations.answering import Integrations
from jlambda.api.fronts.key_gate import KeyGate
from jlambda.api.fronts.placed import Behind
from jlambda.api.fronts.rest_api import RestApi
from jlambda.api.fronts.tokens import Tokens
from jlambda.model.http.message import HttpResponse
from jlambda.model.http.throttle import TokenBuckets

if TYPE_CHECKING:
    from jlambda.session import Session

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_BODY_BYTES = 10 << 20
#: how long the session's own Cognito may take
_PATIENCE_S = 60


class ApiFront:
    """The APIs of one gateway."""

    body_bytes = _BODY_BYTES
    id_header = "apigw-requestid"

    def __init__(self, calls: Calls, verify: Callable[[auth.Claim, auth.Parts, str], None]) -> None:
        session = calls.session
        self._configurations = Configurations(session, calls.pool)
        functions, buckets = ApiFunctions(calls), TokenBuckets(time.monotonic)
        tokens = Tokens(calls.pool, partial(_pool_keys, session))
        gate = Gate(session.account, LambdaAuthorizers(functions), tokens, verify)
        behind = Behind(session.account, functions, gate, self._configurations, buckets)
        integrations = Integrations(functions, calls.pool, lambda: session.address)
        self._http = HttpApi(behind, session.service.switches, integrations)
        keys = KeyGate(session.clock.now, buckets, session.service.api_usage, calls.pool)
        self._rest = RestApi(behind, keys, integrations)

    async def answer(self, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        api = await self._configurations.find(asked.front.id)
        if api is None:
            raise Refused(told(404, {"message": f"There is no API {asked.front.id}"}))
        if api.kind == "REST":
            return await self._rest.answer(api, asked)
        return await self._http.answer(api, asked)


def _pool_keys(session: Session, user_pool: str) -> bytes | None:
    """The keys that the session's own Cognito signs the tokens of a user pool with; None where the pool is not its own."""
    client = session.client("cognito-idp")
    try:
        client.describe_user_pool(UserPoolId=user_pool)
    except client.exceptions.ResourceNotFoundException:
        return None
    address, path = session.address, f"/{user_pool}/.well-known/jwks.json"
    headers = address.signed("GET", address.url + path, b"", {"host": urlsplit(address.url).netloc}, "cognito-idp")
    with urlopen(Request(address.url + path, headers=headers), timeout=_PATIENCE_S) as answer:
        return bytes(answer.read())
