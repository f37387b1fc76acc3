"""Gateway responses: what a REST API answers by itself, and how whoever made the API wants it to.

https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from jlambda.api.fronts.functions import NotRun, TooBusy, TookTooLong
from jlambda.api.fronts.integrations.parameters import View, mapped_headers, with_variables
from jlambda.model.http.api import Api
from jlambda.model.http.message import HttpResponse

#: how much of a reason is told
_LONGEST = 500


class GatewayResponse(NamedTuple):
    """One kind of answer, as it is unless the API says otherwise."""

    kind: str
    status: int
    message: str | None
    error_type: str


NO_METHOD = GatewayResponse(
    "MISSING_AUTHENTICATION_TOKEN", 403, "Missing Authentication Token", "MissingAuthenticationTokenException"
)
NO_STAGE = GatewayResponse("DEFAULT_4XX", 403, "Forbidden", "ForbiddenException")
NO_KEY = GatewayResponse("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException")
BUSY = GatewayResponse("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException")
USED_UP = GatewayResponse("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException")
LONG = GatewayResponse("REQUEST_TOO_LARGE", 413, "Request Too Long", "RequestTooLargeException")
NOBODY = GatewayResponse("UNAUTHORIZED", 401, "Unauthorized", "UnauthorizedException")
DENIED = GatewayResponse("ACCESS_DENIED", 403, "User is not authorized to access this resource", "AccessDeniedException")
UNCLEAR = GatewayResponse("AUTHORIZER_CONFIGURATION_ERROR", 500, None, "AuthorizerConfigurationException")
FAILED = GatewayResponse("DEFAULT_5XX", 502, "Internal server error", "InternalServerErrorException")
MISSING = GatewayResponse("API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException")
LATE = GatewayResponse("INTEGRATION_TIMEOUT", 504, "Endpoint request timed out", "IntegrationTimeoutException")
OUT_OF_REACH = GatewayResponse(
    "INTEGRATION_FAILURE", 504, "Network error communicating with endpoint", "IntegrationFailureException"
)
OTHER_TYPE = GatewayResponse("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", "BadRequestException")
BAD_BODY = GatewayResponse("BAD_REQUEST_BODY", 400, "Invalid request body", "BadRequestException")
NO_PARAMETER = GatewayResponse("BAD_REQUEST_PARAMETERS", 400, "Missing required request parameters", "BadRequestException")
NO_JSON = GatewayResponse("BAD_REQUEST_BODY", 400, "Could not parse request body into json", "BadRequestException")


class Answered(Exception):
    """A REST API answers by itself; the `reason` is for whoever made it."""

    def __init__(self, how: GatewayResponse, reason: str = "") -> None:
        super().__init__(how, reason)
        self.how, self.reason = how, reason


@contextmanager
def if_not_run() -> Iterator[None]:
    """What keeps a function from running, or from answering in time, is `Answered` by the API itself."""
    try:
        yield
    except TookTooLong:
        raise Answered(LATE) from None
    except NotRun as error:
        raise Answered(MISSING, str(error)) from None
    except TooBusy:
        raise Answered(MISSING, "Lambda had no concurrency for the function") from None


def respond(api: Api, answered: Answered, view: View) -> HttpResponse:
    """The answer of a kind, as the API wants it."""
    how = answered.how
    chosen = api.gateway_responses.get(how.kind) or api.gateway_responses.get(f"DEFAULT_{how.status // 100}XX")
    # Recorded on AWS: this one's message begins with a capital letter
    body = json.dumps({"Message" if how is DENIED else "message": how.message}, separators=(",", ":"))
    kind, status = "application/json", how.status
    fields = [("x-amzn-ErrorType", how.error_type), *reason(answered.reason)]
    if chosen is not None:
        status = chosen.status or status
        fields += mapped_headers(chosen.parameters, view, to="gatewayresponse.header.", of="method.request.")
        kind, template = next(iter(chosen.templates.items()), (kind, None))
        if template:
            error = {"message": how.message, "messageString": json.dumps(how.message), "responseType": how.kind}
            body = with_variables(template, view._replace(context={**view.context, "error": error}))
    return HttpResponse(status, (("content-type", kind), *fields), body.encode())


def reason(text: str) -> list[tuple[str, str]]:
    """The header that says why an API answers by itself, as AWS's execution logs do; none where there is nothing to say."""
    line = " ".join(text.split())[:_LONGEST].encode("ascii", "replace").decode()
    return [("x-jlambda-reason", line)] if line else []
