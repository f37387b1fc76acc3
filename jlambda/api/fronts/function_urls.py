"""Function URLs, answered: who may ask, what the function is told, and what becomes of its result.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial

from jlambda.api import auth
from jlambda.api.calls import Calls
from jlambda.api.fronts.asked import Asked, Broken, Refused, StreamedResponse, told
from jlambda.api.fronts.gateway_responses import reason
from jlambda.api.streaming import Streaming
from jlambda.errors import LambdaError, ResourceNotFound, Throttled
from jlambda.model.http import payload_2, prelude
from jlambda.model.http.cors import Cors
from jlambda.model.http.message import HttpResponse, MalformedResult, Members, Place
from jlambda.model.http.result import compact
from jlambda.model.invocation import Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.invoke import Finished, new_request_id
from jlambda.service.url_gate import OpenUrl
from jlambda.service.version import DeployedVersion

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

    async def answer(self, asked: Asked) -> HttpResponse | StreamedResponse:
        """Answer one request. Raises `Refused`."""
        opened = self._open(asked)
        cors = opened.cors
        if cors is not None and (preflight := cors.preflight(asked.request, 200)) is not None:
            return preflight
        try:
            response = await self._invoke(opened, asked)
            if isinstance(response, StreamedResponse):
                return replace(response, head=_with_cors(cors, asked, response.head))
            return _with_cors(cors, asked, response)
        except Refused as refused:
            return _with_cors(cors, asked, refused.response)

    def answer_whole(self, asked: Asked, answer: Callable[[Callable[[], HttpResponse]], None]) -> bool:
        """Answer one request without a coroutine: `answer` is called when the function has ended, with what makes the
        response of it. False if it takes a coroutine. Raises `Refused`."""
        opened = self._open(asked)
        if opened.cors is not None or opened.url.invoke_mode == "RESPONSE_STREAM":
            return False
        version, request = self._asked_for(opened, asked)
        try:
            self._calls.begin(version, request, lambda finished: answer(partial(_answered, asked, request, finished)))
        except LambdaError as error:
            raise _not_run(error, request) from None
        return True

    def _open(self, asked: Asked) -> OpenUrl:
        opened = self._calls.session.service.url_gate.find(asked.front.id)
        if opened is None:
            raise Refused(told(403, _UNKNOWN, x_amzn_ErrorType=_DENIED))
        if asked.front.id in self._calls.session.service.switches.disabled:
            how = f"%lambda trigger enable {opened.reference} url"
            raise Refused(told(403, {"Message": f"This function URL is disabled; {how}"}, x_amzn_ErrorType=_DENIED))
        return opened

    async def _invoke(self, opened: OpenUrl, asked: Asked) -> HttpResponse | StreamedResponse:
        version, request = self._asked_for(opened, asked)
        try:
            if opened.url.invoke_mode == "RESPONSE_STREAM":
                streaming = await self._calls.stream(version, request)
                streaming.when_over = partial(asked.note, request.event)
                return await _streamed(streaming, _stamp(asked, request))
            return _answered(asked, request, await self._calls.run(version, request))
        except LambdaError as error:
            raise _not_run(error, request) from None

    def _asked_for(self, opened: OpenUrl, asked: Asked) -> tuple[DeployedVersion, Request]:
        """What is to run, and with which event. Raises `Refused` where it is not to."""
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
        return version, Request(request_id, body, "url", qualifier=qualifier, trace_id=asked.trace_id)

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


def _not_run(error: LambdaError, request: Request) -> Refused:
    if isinstance(error, Throttled):
        return Refused(told(429, {"message": "Rate Exceeded."}, x_amzn_RequestId=request.request_id))
    return Refused(_bad_gateway(502, request.request_id))


def _stamp(asked: Asked, request: Request) -> tuple[tuple[str, str], ...]:
    return ("x-amzn-RequestId", request.request_id), ("x-amzn-trace-id", asked.trace_id)


def _answered(asked: Asked, request: Request, finished: Finished) -> HttpResponse:
    asked.note(request.event, finished)
    return _response(finished).with_headers(*_stamp(asked, request))


def _response(finished: Finished) -> HttpResponse:
    record = finished.record
    if record.error_type is not None:
        response = _bad_gateway(504 if record.status == "timeout" else 502, None)
        return response.with_headers(*reason(f"the function failed with {record.error_type}"))
    try:
        return prelude.buffered(finished.payload) or payload_2.response(finished.payload)
    except MalformedResult as error:
        response = _bad_gateway(502, None)
        return response.with_headers(*reason(str(error)))


async def _streamed(streaming: Streaming, stamp: tuple[tuple[str, str], ...]) -> HttpResponse | StreamedResponse:
    """The response of a function that may stream. What one answers that does not is sent as it is."""
    parts = streaming.parts()
    head: HttpResponse | None
    try:
        if not await streaming.begin():
            finished = streaming.finished
            assert finished is not None
            if finished.record.error_type is not None:
                response = _response(finished)
                return response.with_headers(*stamp)
            return HttpResponse(200, (("content-type", "application/json"), *stamp), finished.payload)
        assert streaming.content_type is not None
        head = prelude.plain(streaming.content_type)
        if streaming.content_type.partition(";")[0] == prelude.HTTP_TYPE:
            head = await _prelude(parts)
    except BaseException:
        streaming.abandon()
        raise
    if head is None:
        streaming.abandon()
        response = _bad_gateway(502, None)
        return response.with_headers(*stamp)
    return StreamedResponse(head.with_headers(*stamp), _to_the_end(streaming, parts))


async def _prelude(parts: AsyncIterator[bytes]) -> HttpResponse | None:
    """Status and headers that a stream begins with; None where it does not begin as it must."""
    reader = prelude.Prelude()
    async for part in parts:
        try:
            reader.feed(part)
        except MalformedResult:
            return None
        if reader.response is not None:
            return reader.response
    return None


async def _to_the_end(streaming: Streaming, parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for part in parts:
            yield part
    finally:
        streaming.abandon()
    if streaming.finished is None or streaming.finished.record.error_type is not None:
        raise Broken


def _with_cors(cors: Cors | None, asked: Asked, response: HttpResponse) -> HttpResponse:
    if cors is None:
        return response
    return response._replace(headers=cors.applied(asked.request, tuple(response.headers)))


def _bad_gateway(status: int, request_id: str | None) -> HttpResponse:
    fields: tuple[tuple[str, str], ...] = (("content-type", "text/plain"),)
    if request_id is not None:
        fields += (("x-amzn-RequestId", request_id),)
    return HttpResponse(status, fields, b"Gateway Timeout" if status == 504 else b"Internal Server Error")


def _too_large() -> HttpResponse:
    message = f"Request must be smaller than {PAYLOAD_BYTES} bytes for the InvokeFunction operation"
    return told(413, {"message": message}, x_amzn_ErrorType="RequestEntityTooLargeException")
