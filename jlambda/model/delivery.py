"""What is sent on of an asynchronous event that is over: its result to a destination, or itself to a dead-letter queue. Pure.

Records of a stream that were given up are told of in the same way.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

Kind = Literal["OnSuccess", "OnFailure", "DeadLetter"]
ON_SUCCESS: Kind = "OnSuccess"
ON_FAILURE: Kind = "OnFailure"
DEAD_LETTER: Kind = "DeadLetter"

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html, "Dead-letter queues": its first 1 KB
_ERROR_MESSAGE_BYTES = 1_024


class Delivery(NamedTuple):
    """One thing to be sent: `body` to `arn`, as a message, a payload, the detail of an event or an object.

    `function_arn` has the qualifier that was invoked. `error_code` and `error_message` are for a dead-letter queue.
    `attempts` counts those that failed; times are in seconds since the epoch, `due_at` is None once it is given up.
    `object_key` is that of the object in a bucket, where it is not the one of an asynchronous event's result.
    """

    arn: str
    kind: Kind
    function_arn: str
    request_id: str
    trace_id: str | None
    body: bytes
    error_code: str
    error_message: str
    created_at: float
    due_at: float | None
    attempts: int = 0
    reason: str | None = None
    object_key: str | None = None
    id: int = 0

    @property
    def service(self) -> str:
        """The service that the ARN names: lambda, sqs, sns, events, s3."""
        return self.arn.split(":")[2]

    @property
    def function(self) -> str:
        """The function's name."""
        return self.function_arn.split(":")[6]

    @property
    def message_attributes(self) -> dict[str, dict[str, str]]:
        """MessageAttributes of SendMessage and Publish: those of a dead letter; a result has none."""
        if self.kind != DEAD_LETTER:
            return {}
        return {
            "RequestID": {"DataType": "String", "StringValue": self.request_id},
            "ErrorCode": {"DataType": "Number", "StringValue": self.error_code},
            "ErrorMessage": {"DataType": "String", "StringValue": self.error_message},
        }


class Destination(Protocol):
    """Where results and dead letters go: one for each service, by its name in ARNs."""

    def send(self, delivery: Delivery) -> None:
        """Send it, and return when it is there.

        A `LambdaError` of a status below 500, other than a throttle, says that it will never be; what else is raised, that
        it may be tried again. It may be sent twice.
        """


class Response(NamedTuple):
    """What the last attempt of an event answered."""

    executed_version: str
    payload: bytes
    is_error: bool


def result_document(
    function_arn: str, request_id: str, condition: str, attempts: int, event: bytes, response: Response | None, now: float
) -> bytes:
    """The invocation record that a destination gets, as JSON; without response where the function never ran."""
    head: dict[str, object] = {
        "version": "1.0",
        "timestamp": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S}.{int(now * 1000) % 1000:03d}Z",
        "requestContext": {
            "requestId": request_id,
            "functionArn": function_arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
    }
    parts = [_compact(head)[:-1], b',"requestPayload":', event]  # the event as it was sent, number for number
    if response is not None:
        context: dict[str, object] = {"statusCode": 200, "executedVersion": response.executed_version}
        if response.is_error:
            context["functionError"] = "Unhandled"
        parts += [b',"responseContext":', _compact(context), b',"responsePayload":', _as_json(response.payload)]
    return b"".join((*parts, b"}"))


def error_message(response: Response | None) -> str:
    """What a dead letter says of why: the function's own words, the first kilobyte of them."""
    try:
        said = json.loads(response.payload)["errorMessage"] if response is not None else ""
    except (ValueError, KeyError, TypeError, RecursionError):
        said = ""
    return str(said).encode(errors="replace")[:_ERROR_MESSAGE_BYTES].decode(errors="ignore")


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _as_json(payload: bytes) -> bytes:
    """A response as JSON; bytes that are none become text."""
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return json.dumps(payload.decode(errors="replace")).encode()
    return payload
