"""Invoke in its three forms: an event comes in by HTTP, and the function's answer goes out.

Nothing here blocks the server's loop, and no thread waits for an invocation; for most no coroutine does either.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from jlambda.api import jackson, wire
from jlambda.api.calls import Calls
from jlambda.api.references import invoked
from jlambda.api.requests import Values
from jlambda.api.streaming import Streaming
from jlambda.errors import InvalidRequestContent, RequestTooLarge
from jlambda.model.invocation import Request
from jlambda.model.limits import ASYNC_PAYLOAD_BYTES, CLIENT_CONTEXT_CHARS, INVOKE_ASYNC_BYTES, PAYLOAD_BYTES
from jlambda.service.invoke import Finished, new_request_id
from jlambda.telemetry.logs import tail

if TYPE_CHECKING:
    from jlambda.service.version import DeployedVersion

#: events that take longer to parse than a thread's wake-up are parsed in a thread
_PARSED_AT_ONCE = 50_000
#: how the path of Invoke begins
_FUNCTIONS = "/2015-03-31/functions/"
#: bytes of one PayloadChunk
_CHUNK = 1 << 16


class Stream(NamedTuple):
    """An answer in frames of an event stream."""

    headers: Mapping[str, str]
    frames: AsyncIterator[bytes]


Invoking = Callable[[Calls, Values, Mapping[str, str]], Awaitable[wire.Answer | Stream]]


async def invoke(calls: Calls, given: Values, headers: Mapping[str, str]) -> wire.Answer:
    """Invoke: RequestResponse, Event and DryRun."""
    kind = given.get("InvocationType", "RequestResponse")
    version, request = await _read(calls, given, headers, kind)
    if kind == "DryRun":
        return wire.Answer(204)
    if kind == "Event":
        await calls.accept(version, request)
        return wire.Answer(202, headers={"x-amzn-RequestId": request.request_id})
    return _answered(await calls.run(version, request), given)


def is_plain(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a request is an Invoke that `begin` can carry out: one that waits for the answer, with an event that is short."""
    return (
        path.endswith("/invocations")
        and path.startswith(_FUNCTIONS)
        and method == "POST"
        and len(body) <= _PARSED_AT_ONCE
        and headers.get("x-amz-invocation-type", "RequestResponse") == "RequestResponse"
    )


def begin(calls: Calls, given: Values, headers: Mapping[str, str], answer: Callable[[Callable[[], wire.Answer]], None]) -> None:
    """Invoke of which `is_plain` is true, without a coroutine: `answer` is called when it is over, with what makes the answer.

    Raises what `invoke` does.
    """
    version, qualifier, event = _meant(calls, given, "RequestResponse")
    _check_event(event)
    request = _request(given, headers, qualifier, event)
    calls.begin(version, request, lambda finished: answer(partial(_answered, finished, given)))


def _answered(finished: Finished, given: Values) -> wire.Answer:
    record = finished.record
    answered = {"x-amzn-RequestId": record.request_id, "X-Amz-Executed-Version": record.version}
    if record.error_type is not None:
        answered["X-Amz-Function-Error"] = "Unhandled"
    if given.get("LogType") == "Tail":
        answered["X-Amz-Log-Result"] = _log_result(finished)
    return wire.Answer(200, finished.payload, answered)


async def invoke_async(calls: Calls, given: Values, headers: Mapping[str, str]) -> wire.Answer:
    """InvokeAsync, the deprecated form of an Event."""
    asked = {"FunctionName": given["FunctionName"], "Payload": given.get("InvokeArgs", b"")}
    version, request = await _read(calls, asked, headers, "InvokeAsync")
    await calls.accept(version, request)
    return wire.Answer(202, b"{}", {"x-amzn-RequestId": request.request_id})


async def invoke_with_stream(calls: Calls, given: Values, headers: Mapping[str, str]) -> wire.Answer | Stream:
    """InvokeWithResponseStream. A function that does not stream answers all at once: the frames come when it has."""
    version, request = await _read(calls, given, headers, "RequestResponse")
    if given.get("InvocationType") == "DryRun":
        return wire.Answer(204)
    streaming = await calls.stream(version, request)
    await streaming.begin()
    answered = {
        "x-amzn-RequestId": request.request_id,
        "X-Amz-Executed-Version": version.configuration.version,
        "X-Amzn-Remapped-Content-Type": streaming.content_type or "application/octet-stream",
    }
    return Stream(answered, _frames(streaming, given.get("LogType") == "Tail"))


INVOCATIONS: dict[str, Invoking] = {
    "Invoke": invoke,
    "InvokeAsync": invoke_async,
    "InvokeWithResponseStream": invoke_with_stream,
}

_LIMITS = {
    "RequestResponse": PAYLOAD_BYTES,
    "DryRun": PAYLOAD_BYTES,
    "Event": ASYNC_PAYLOAD_BYTES,
    "InvokeAsync": INVOKE_ASYNC_BYTES,
}


async def _read(calls: Calls, given: Values, headers: Mapping[str, str], kind: str) -> tuple[DeployedVersion, Request]:
    """What is to run, and with which event. Raises what the service would answer in place of running it."""
    version, qualifier, event = _meant(calls, given, kind)
    if len(event) > _PARSED_AT_ONCE:
        await asyncio.get_running_loop().run_in_executor(calls.pool, _check_event, event)
    else:
        _check_event(event)
    return version, _request(given, headers, qualifier, event)


def _meant(calls: Calls, given: Values, kind: str) -> tuple[DeployedVersion, str | None, bytes]:
    version, qualifier = invoked(calls.session, given)
    event: bytes = given.get("Payload") or b"{}"
    if len(event) > _LIMITS[kind]:
        raise RequestTooLarge(
            f"{len(event)} byte payload is too large for the {kind} invocation type (limit {_LIMITS[kind]} bytes)"
        )
    return version, qualifier, event


def _request(given: Values, headers: Mapping[str, str], qualifier: str | None, event: bytes) -> Request:
    context = None if given.get("ClientContext") is None else _client_context(given["ClientContext"])
    request = Request(new_request_id(), event)
    trace_id = headers.get("x-amzn-trace-id")
    if qualifier is not None or context is not None or trace_id is not None:
        request = request._replace(qualifier=qualifier, client_context=context, trace_id=trace_id)
    return request


def _check_event(event: bytes) -> None:
    try:
        jackson.parse(event)
    except jackson.NotJSON as error:
        raise InvalidRequestContent(
            f"Could not parse request body into json: Could not parse payload into json: {error}"
        ) from None


def _client_context(text: str) -> str:
    """The JSON object that a client context is, decoded."""
    if len(text) > CLIENT_CONTEXT_CHARS:
        raise InvalidRequestContent(
            f"Client context must be a valid Base64-encoded JSON object of at most {CLIENT_CONTEXT_CHARS} bytes."
        )
    try:
        context = base64.b64decode(text, validate=True).decode()
        is_object = isinstance(json.loads(context), dict)
    except (binascii.Error, ValueError, RecursionError):
        is_object = False
    if not is_object:
        raise InvalidRequestContent("Client context must be a valid Base64-encoded JSON object.")
    return context


def _log_result(finished: Finished) -> str:
    return base64.b64encode(tail(finished.record, finished.log).encode()).decode()


async def _frames(streaming: Streaming, has_tail: bool) -> AsyncIterator[bytes]:
    is_streamed = streaming.content_type is not None
    try:
        async for part in streaming.parts():
            yield _chunk(part)
    finally:
        streaming.abandon()
    finished = streaming.finished
    assert finished is not None
    record, payload = finished.record, finished.payload
    complete: dict[str, Any] = {}
    if record.error_type is not None:
        complete = {"ErrorCode": "Unhandled", "ErrorDetails": payload.decode(errors="replace")}
    elif not is_streamed:
        for start in range(0, len(payload), _CHUNK):
            yield _chunk(payload[start : start + _CHUNK])
    if has_tail:
        complete["LogResult"] = _log_result(finished)
    yield wire.event_frame(
        {":message-type": "event", ":event-type": "InvokeComplete", ":content-type": "application/json"}, wire.encode(complete)
    )


def _chunk(data: bytes) -> bytes:
    headers = {":message-type": "event", ":event-type": "PayloadChunk", ":content-type": "application/octet-stream"}
    return wire.event_frame(headers, data)
