"""Function URLs, answered: who may ask, what the function is told, and what becomes of its result.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import time
from collections.abc import Callable

from jlambda.api import auth
from jlambda.api.calls import Calls
from jlambda.api.fronts.asked import Asked, Refused, told
from jlambda.errors import LambdaError, ResourceNotFound, Throttled
from jlambda.model.http import payload_2
from jlambda.model.http.cors import Cors
from jlambda.model.http.message import HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.invocation import Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.invoke import Finished, new_request_id
from jlambda.service.url_gate import OpenUrl

_ADVICE = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
# Recorded on AWS: for whoever may not, and for a URL that nobody has.
_FORBIDDEN = {"Message": f"Forbidden. For troubleshooting Function URL authorization issues, see: {_ADVICE}"}
_UNKNOWN = {"Message": None}
_DENIED = "AccessDeniedException"


class UrlFront:
    """The function URLs of one gateway. `verify` holds a signature to the gateway's keys."""

    #: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    body_bytes = PAYLOAD_BYTES
    id_header = "x-amzn-RequestId"

    def __init__(self, calls: Calls, verify: Callable[[auth.Claim, auth.Parts, str], None]) -> None:
        self._calls, self._verify = calls, verify

    async def answer(self, asked: Asked) -> HttpResponse:
        """Answer one request. Raises `Refused`."""
        opened = self._calls.session.service.url_gate.find(asked.front.id)
        if opened is None:
            raise Refused(told(403, _UNKNOWN, x_amzn_ErrorType=_DENIED))
        cors = opened.cors
        if cors is not None and (preflight := cors.preflight(asked.request, 200)) is not None:
            return preflight
        try:
            return _with_cors(cors, asked, await self._invoke(opened, asked))
        except Refused as refused:
            return _with_cors(cors, asked, refused.response)

    async def _invoke(self, opened: OpenUrl, asked: Asked) -> HttpResponse:
        caller = self._caller(opened, asked)
        if not asked.body.is_whole:
            raise Refused(_too_large())
        request_id = new_request_id()
        place = Place(caller["accountId"] if caller else "anonymous", opened.url.id, asked.domain_name)
        authorizer = {"iam": caller} if caller else None
        event = payload_2.event(asked.request, place, request_id, time.time(), authorizer=authorizer)
        body = compact(event).encode("utf-8", "surrogatepass")
        if len(body) > PAYLOAD_BYTES:
            raise Refused(_too_large())
        try:
            version, qualifier = self._calls.session.control.resolve(opened.url.function, opened.url.qualifier)
        except ResourceNotFound:
            raise Refused(told(403, _UNKNOWN, x_amzn_ErrorType=_DENIED)) from None
        request = Request(request_id, body, "url", qualifier=qualifier, trace_id=asked.trace_id)
        try:
            finished = await self._calls.run(version, request)
        except Throttled:
            raise Refused(told(429, {"message": "Rate Exceeded."}, x_amzn_RequestId=request_id)) from None
        except LambdaError:
            raise Refused(_bad_gateway(502, request_id)) from None
        response = _response(finished)
        stamped = (*response.headers, ("x-amzn-RequestId", request_id), ("x-amzn-trace-id", asked.trace_id))
        return HttpResponse(response.status, stamped, response.body)

    def _caller(self, opened: OpenUrl, asked: Asked) -> Members | None:
        """Who asks, None for a URL that asks nobody. Raises `Refused` where the policy or the signature keeps them out."""
        session = self._calls.session
        if opened.url.auth_type == "NONE":
            if not opened.lets_in_everyone:
                raise Refused(told(403, _FORBIDDEN, x_amzn_ErrorType=_DENIED))
            return None
        try:
            claim = auth.read_claim(asked.parts)
        except auth.SignatureRefused:
            raise Refused(told(403, _FORBIDDEN, x_amzn_ErrorType=_DENIED)) from None
        try:
            if claim.service != "lambda":
                raise auth.SignatureRefused(
                    "InvalidSignatureException", "Credential should be scoped to correct service: 'lambda'."
                )
            self._verify(claim, asked.parts, asked.body.digest)
        except auth.SignatureRefused as refusal:
            raise Refused(told(403, {"message": refusal.message}, x_amzn_ErrorType=refusal.code)) from None
        account = session.account.id
        user_arn = f"arn:aws:iam::{account}:root"
        if not opened.lets_in(user_arn):
            raise Refused(told(403, _FORBIDDEN, x_amzn_ErrorType=_DENIED))
        return {
            "accessKey": claim.key_id,
            "accountId": account,
            "callerId": account,
            "cognitoIdentity": None,
            "principalOrgId": None,
            "userArn": user_arn,
            "userId": account,
        }


def _response(finished: Finished) -> HttpResponse:
    record = finished.record
    if record.error_type is not None:
        return _bad_gateway(504 if record.status == "timeout" else 502, None)
    try:
        return payload_2.response(finished.payload)
    except MalformedResult:
        return _bad_gateway(502, None)


def _with_cors(cors: Cors | None, asked: Asked, response: HttpResponse) -> HttpResponse:
    if cors is None:
        return response
    return HttpResponse(response.status, cors.applied(asked.request, tuple(response.headers)), response.body)


def _bad_gateway(status: int, request_id: str | None) -> HttpResponse:
    fields: tuple[tuple[str, str], ...] = (("content-type", "text/plain"),)
    if request_id is not None:
        fields += (("x-amzn-RequestId", request_id),)
    return HttpResponse(status, fields, b"Gateway Timeout" if status == 504 else b"Internal Server Error")


def _too_large() -> HttpResponse:
    message = f"Request must be smaller than {PAYLOAD_BYTES} bytes for the InvokeFunction operation"
    return told(413, {"message": message}, x_amzn_ErrorType="RequestEntityTooLargeException")
