"""What goes out: answers and errors as AWS writes them, and the frames of an event stream.

Knows HTTP's parts but no server, and no operation.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from jlambda.errors import LambdaError, Throttled

JSON = "application/json"
EVENT_STREAM = "application/vnd.amazon.eventstream"

# Errors whose message AWS calls Message; the others say message (recorded on AWS, and so in botocore's model).
_CAPITAL = frozenset(
    {
        *("ResourceNotFoundException", "CodeSigningConfigNotFoundException", "CodeVerificationFailedException"),
        *("ServiceException", "ResourceInUseException", "InvalidCodeSignatureException", "PublicPolicyException"),
        *(
            "RecursiveInvocationException",
            "AccessDeniedException",
            "NoPublishedVersionException",
            "SnapStartException",
            "InvalidRuntimeException",
        ),
    }
)
# Errors that come before Lambda itself, and do not say whose fault they are (recorded on AWS).
_WITHOUT_TYPE = frozenset(
    {
        *("ValidationException", "SerializationException", "RequestEntityTooLargeException", "AccessDeniedException"),
        *("MissingAuthenticationTokenException", "InvalidSignatureException", "UnrecognizedClientException"),
        *("IncompleteSignatureException", "NotImplementedException"),
    }
)


class Answer(NamedTuple):
    """A response: its status, its body, and headers beyond those that the server itself writes."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}
    content_type: str = JSON


def document(status: int, members: Mapping[str, Any] | None) -> Answer:
    """An answer of JSON; without members its body is empty."""
    return Answer(status, b"" if members is None else encode(members))


def encode(members: Mapping[str, Any]) -> bytes:
    """Members as the JSON that AWS writes."""
    return json.dumps(members, separators=(",", ":"), default=_plain).encode()


def error(fault: LambdaError) -> Answer:
    """The answer that tells of an error."""
    name = "Message" if fault.code in _CAPITAL else "message"
    members: dict[str, Any] = {}
    if fault.code not in _WITHOUT_TYPE:
        members["Type"] = "User" if fault.status < 500 else "Service"
    members[name] = fault.aws_message
    headers = {"x-amzn-ErrorType": fault.code}
    if isinstance(fault, Throttled):
        members = {"Reason": fault.reason, "Type": "User", "message": fault.aws_message}
        headers["Retry-After"] = "1"
    return Answer(fault.status, encode(members), headers)


def stamp(seconds: float) -> str:
    """A moment as functions and layers tell it: ``2026-11-24T21:00:00.123+0000``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")


def zulu(seconds: float) -> str:
    """A moment as function URLs tell it: ``2026-11-24T21:00:00.123Z``."""
    return stamp(seconds).replace("+0000", "Z")


def event_frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message of an event stream; all headers are text.

    https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html: lengths, a checksum of them, headers, payload,
    and a checksum of it all.
    """
    encoded = b"".join(
        bytes((len(name),)) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    lengths = struct.pack(">II", 16 + len(encoded) + len(payload), len(encoded))
    message = lengths + struct.pack(">I", zlib.crc32(lengths)) + encoded + payload
    return message + struct.pack(">I", zlib.crc32(message))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is in an answer")
