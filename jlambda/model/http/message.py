"""HTTP as events and results have it: one request, one response, and what a header may be. Knows no server and no service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

Fields = Sequence[tuple[str, str]]
Members = dict[str, Any]

# RFC 9110: a token; and a value, in which there is nothing that could end its line
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\ud7ff\ue000-\U0010ffff]*")
# What one connection's two ends say to each other: a function's answer has no say in that
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"})
#: types of a body that is text, besides text/*
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})


class MalformedResult(ValueError):
    """What a function returned is no HTTP response."""


class HttpRequest(NamedTuple):
    """One request. `path` and `query` are percent-encoded, as they came; names of headers have the case they came in.

    Like a response and a place no dataclass: they are made on the way of every request, in a third of the time.
    """

    method: str
    path: str
    query: str = ""
    headers: Fields = ()
    body: bytes = b""
    source_ip: str = "127.0.0.1"
    protocol: str = "HTTP/1.1"

    def header(self, name: str) -> str | None:
        """The first header of this name (in lower case)."""
        for each, value in self.headers:
            if each.lower() == name:
                return value
        return None

    def cookies(self) -> list[str]:
        """What the Cookie headers hold, each ``name=value``."""
        lines = [value for name, value in self.headers if name.lower() == "cookie"]
        return [each.strip() for line in lines for each in line.split(";") if each.strip()]

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters of the query, decoded, in their order."""
        split = (part.partition("=") for part in self.query.split("&") if part)
        return [(unquote_plus(name), unquote_plus(value)) for name, _, value in split]


class HttpResponse(NamedTuple):
    """One response. `headers` may name one several times; cookies are among them."""

    status: int
    headers: Fields = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of this name (in lower case)."""
        for each, value in self.headers:
            if each.lower() == name:
                return value
        return None

    def with_headers(self, *more: tuple[str, str]) -> HttpResponse:
        """This response, and these headers too."""
        return self._replace(headers=(*self.headers, *more))


class Place(NamedTuple):
    """Where a request came in: the account, the API and its stage, and the name of the host."""

    account_id: str
    api_id: str
    domain_name: str
    stage: str = "$default"

    @property
    def domain_prefix(self) -> str:
        """The first part of the host's name."""
        return self.domain_name.partition(".")[0]


def joined(pairs: Fields) -> dict[str, str]:
    """Pairs by name, the values of one name with commas between them."""
    found = dict(pairs)
    if len(found) < len(pairs):
        found.clear()
        for name, value in pairs:
            found[name] = f"{found[name]},{value}" if name in found else value
    return found


def listed(pairs: Fields) -> dict[str, list[str]]:
    """Pairs by name, the values of one name in a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def is_text(content_type: str | None) -> bool:
    """Whether a body of this type goes into an event as it is, not in base64."""
    essence = (content_type or "").partition(";")[0].strip().lower()
    return essence.startswith("text/") or essence in _TEXT_TYPES


def is_field(name: str, value: str) -> bool:
    """Whether this can be sent as a header without becoming anything else."""
    return bool(_TOKEN.fullmatch(name) and _VALUE.fullmatch(value))


def checked_fields(fields: Fields) -> tuple[tuple[str, str], ...]:
    """The headers of a result as they may be sent. Raises `MalformedResult` where one would be more than a header."""
    if not fields:
        return ()
    for name, value in fields:
        if not is_field(name, value):
            raise MalformedResult(f"{name!r} is not a header that can be sent with the value {value[:80]!r}")
    # how long the body is, and how it is sent, is for the server to say
    return tuple(
        (name, value.strip()) for name, value in fields if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length"
    )


def checked_status(value: object) -> int:
    """The status of a result, a number or its digits. Raises `MalformedResult`."""
    if type(value) is int and 200 <= value <= 599:  # as most are
        return value
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, float) and value.is_integer():
        value, is_number = int(value), True
    if not is_number and not (isinstance(value, str) and value.isascii() and value.isdigit()):
        raise MalformedResult(f"statusCode is {value!r}; it must be a number")
    status = int(str(value)) if len(str(value)) == 3 else 0
    if not 200 <= status <= 599:
        raise MalformedResult(f"statusCode is {value!r}; it must be from 200 to 599")
    return status


def header_items(value: object, what: str) -> Iterator[tuple[str, str]]:
    """The headers that a member of a result holds, scalars as text. Raises `MalformedResult`."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        raise MalformedResult(f"{what} must be an object")
    for name, each in value.items():
        if each is not None:
            yield name, scalar(each, f"{what}.{name}")


def multi_header_items(value: object, what: str) -> Iterator[tuple[str, str]]:
    """The headers of a member that has a list for each name. Raises `MalformedResult`."""
    if value is None:
        return
    if not isinstance(value, Mapping) or not all(isinstance(each, list) for each in value.values()):
        raise MalformedResult(f"{what} must be an object of lists")
    for name, values in value.items():
        for each in values:
            yield name, scalar(each, f"{what}.{name}")


def scalar(value: object, what: str) -> str:
    """A header's value as text. Raises `MalformedResult` for lists and objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    raise MalformedResult(f"{what} must be text, a number, true or false")
