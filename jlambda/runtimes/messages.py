"""What goes between engine and runtime, in the words of either: events as answers, posted responses and errors as frames.

Runs within an execution environment. Pure: values in, values out.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from jlambda.model.frames import ERROR, RAW, RESULT
from jlambda.model.limits import RESPONSE_BYTES, RESPONSE_TOO_LARGE, STREAMED_BYTES
from jlambda.runtimes.engine_end import Event
from jlambda.runtimes.extensions import refused
from jlambda.runtimes.http import Answer, Request

_EVENT = b"Lambda-Runtime-Aws-Request-Id: %b\r\nLambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: %b\r\n%b"
_OPTIONAL_HEADERS = {
    "trace_id": "Lambda-Runtime-Trace-Id",
    "client_context": "Lambda-Runtime-Client-Context",
    "cognito_identity": "Lambda-Runtime-Cognito-Identity",
    "tenant_id": "Lambda-Runtime-Aws-Tenant-Id",
}
_ERROR_TYPE = "lambda-runtime-function-error-type"


def about_function(arn: str, variables: Mapping[str, str]) -> dict[str, str]:
    """What an extension learns of its function as it registers; `variables` are those of its environment."""
    members = {
        "functionName": "AWS_LAMBDA_FUNCTION_NAME",
        "functionVersion": "AWS_LAMBDA_FUNCTION_VERSION",
        "handler": "_HANDLER",
    }
    return {**{member: variables.get(name, "") for member, name in members.items()}, "accountId": arn.split(":")[4]}


def event_answer(event: Event, arn: bytes) -> Answer:
    """An event as the answer to a runtime that asked for the next one; `arn` is the invoked function's, as it was qualified."""
    given = [f"{header}: {event.extra[name]}\r\n" for name, header in _OPTIONAL_HEADERS.items() if name in event.extra]
    headers = _EVENT % (event.request_id, event.deadline_ms, arn, "".join(given).encode())
    return Answer(200, event.body, headers)


def event_notice(event: Event, arn: bytes) -> dict[str, object]:
    """The same event as extensions are told of it."""
    tracing = {"type": "X-Amzn-Trace-Id", "value": event.extra.get("trace_id", "")}
    about = {"deadlineMs": event.deadline_ms, "requestId": event.request_id.decode()}
    return {**about, "invokedFunctionArn": arn.decode(), "tracing": tracing}


def body_limit(request: Request) -> int:
    """How many bytes the body of a request may have."""
    return STREAMED_BYTES if is_streamed(request) else RESPONSE_BYTES


def is_streamed(request: Request) -> bool:
    """Whether this is a response that its caller may read while it comes."""
    return request.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming"


def response(request: Request) -> tuple[bytes, bytes]:
    """What a posted response is to the caller: its kind, and its body. A streamed one may end as an error."""
    if request.is_too_large:
        return ERROR, RESPONSE_TOO_LARGE
    if error_type := request.trailers.get(_ERROR_TYPE):
        body = base64.b64decode(request.trailers.get("lambda-runtime-function-error-body", ""))
        return ERROR, _document(body, error_type)
    is_json = request.headers.get("content-type", "").partition(";")[0] in ("application/json", "")
    return RESULT if is_json else RAW, request.body


def too_large() -> Answer:
    """What the runtime is told whose response was more than is allowed."""
    return refused("RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes).", 413)


def error_document(request: Request) -> bytes:
    """A posted error, as its runtime described it; as little as there must be where it did not."""
    return _document(request.body, request.headers.get(_ERROR_TYPE, ""))


def _document(body: bytes, error_type: str) -> bytes:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("errorType"), str):
        return body
    members = found if isinstance(found, dict) else {}
    return json.dumps({**members, "errorType": error_type or "Function.Unknown"}).encode()
