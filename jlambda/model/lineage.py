"""Recursive loops, told by the trace header that AWS's SDKs pass on from a function to what it calls. Pure.

The header's Lineage says how often each function has been invoked already in the chain of events: ``1:HASH:COUNT`` with
further ``|HASH:COUNT``, the hash standing for a function, the count beginning at 0.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

#: invocations of one function in a chain; the next is stopped
MOST_IN_A_CHAIN = 16
_FORMAT = "1"
_COUNT = re.compile(r"([0-9a-f]{8}):(\d{1,9})(?![^|])", re.IGNORECASE)
# what most headers are: no chain has begun yet
_BARE_ROOT = re.compile(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}")
# a header that is longer is none of ours: https://docs.aws.amazon.com/lambda/latest/api/API_TraceHeader.html
_HEADER_CHARS = 8_192


class Hop(NamedTuple):
    """An invocation in its chain: the trace header that its function gets, and how often that has been invoked before."""

    trace_id: str
    earlier: int

    @property
    def is_loop(self) -> bool:
        """Whether it has been often enough to be stopped."""
        return self.earlier >= MOST_IN_A_CHAIN


def hop(header: str | None, function_arn: str, request_id: str, now: float) -> Hop:
    """The invocation of a function (its unqualified ARN) that came with a trace header, or with none."""
    if header is not None and _BARE_ROOT.fullmatch(header):
        return Hop(f"{header};Parent={_parent(request_id)}{_beginning(function_arn)}", 0)
    members = _members(header)
    if "Root" not in members:
        return Hop(tracer(function_arn)(request_id, int(now)), 0)
    counts = _counts(members.pop("Lineage", ""))
    key = _key(function_arn)
    earlier = counts[key] + 1 if key in counts else 0
    members["Parent"] = _parent(request_id)
    members.setdefault("Sampled", "0")
    return Hop(_header(members, {**counts, key: earlier}), earlier)


def merged(headers: Iterable[str | None]) -> str | None:
    """The header of a batch whose records came with these: of each function the highest count; None if there is none."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for header in headers:
        members = _members(header)
        if "Root" in members:
            first = first or members
            for key, count in _counts(members.get("Lineage", "")).items():
                counts[key] = max(count, counts.get(key, 0))
    return _header({name: text for name, text in first.items() if name != "Lineage"}, counts) if first else None


def of_messages(event: bytes) -> str | None:
    """The header of an event of SQS, whose messages each carry that of their sender; None if none does."""
    if b'"AWSTraceHeader"' not in event:
        return None
    try:
        records = json.loads(event)["Records"]
        return merged(record["attributes"].get("AWSTraceHeader") for record in records)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def tracer(function_arn: str) -> Callable[[str, int], str]:
    """Makes the trace header of an invocation that came with none, from its request id and the time in seconds."""
    rest = _beginning(function_arn)

    def trace(request_id: str, at: int) -> str:
        digits = request_id.replace("-", "")
        return f"Root=1-{at:08x}-{digits[:24]};Parent={digits[16:]}{rest}"

    return trace


@lru_cache(maxsize=1_024)
def _beginning(function_arn: str) -> str:
    """The end of the header with which a chain begins."""
    return f";Sampled=0;Lineage={_FORMAT}:{_key(function_arn)}:0"


def _parent(request_id: str) -> str:
    return request_id[19:].replace("-", "")


@lru_cache(maxsize=1_024)
def _key(function_arn: str) -> str:
    return f"{crc32(function_arn.encode()):08x}"


def _members(header: str | None) -> dict[str, str]:
    if not header or len(header) > _HEADER_CHARS or not header.isprintable():
        return {}
    text = header.replace("%7C", "|").replace("%7c", "|")  # SDKs quote it
    pairs = (part.strip().partition("=") for part in text.split(";"))
    return {name: value for name, equals, value in pairs if equals}


def _counts(lineage: str) -> dict[str, int]:
    return {key.lower(): int(count) for key, count in _COUNT.findall(lineage)}


def _header(members: dict[str, str], counts: dict[str, int]) -> str:
    parts = [f"{name}={value}" for name, value in members.items()]
    if counts:
        parts.append(f"Lineage={_FORMAT}:" + "|".join(f"{key}:{count}" for key, count in counts.items()))
    return ";".join(parts)
