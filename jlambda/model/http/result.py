"""What every form of result has in common: it is JSON, and its body is text or base64."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from jlambda.model.encoding import compiled
from jlambda.model.http.message import MalformedResult


def read_json(payload: bytes) -> Any:
    """What a function returned. Raises `MalformedResult` where it is not JSON."""
    try:
        return json.loads(payload.decode())
    except (ValueError, RecursionError):
        raise MalformedResult("the result is not JSON") from None


def read_body(result: Mapping[str, Any], *, takes_any: bool) -> bytes:
    """The body of a result. `takes_any` writes what is not text as JSON. Raises `MalformedResult`."""
    body, is_base64 = result.get("body"), result.get("isBase64Encoded")
    if is_base64 is not None and not isinstance(is_base64, bool):
        is_base64 = _flag(is_base64)
    if body is None:
        return b""
    if not isinstance(body, str):
        if not takes_any:
            raise MalformedResult("body must be text: use json.dumps for what is not")
        body = compact(body)
    if is_base64:
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedResult("isBase64Encoded is true, and body is not base64") from None
    return to_bytes(body)


def to_bytes(text: str) -> bytes:
    """Text as it is sent; what JSON can tell and UTF-8 cannot becomes a question mark."""
    return text.encode("utf-8", "replace")


#: JSON without a space
compact = compiled(json.JSONEncoder(separators=(",", ":"), ensure_ascii=False))


def _flag(value: object) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise MalformedResult("isBase64Encoded must be true or false")
