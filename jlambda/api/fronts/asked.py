"""One request to a front of functions, and how it is answered. Knows ASGI's scope; decides nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from jlambda.api import auth
from jlambda.api.asgi import Body, Fields, Message, Receive, Send, date, headers_by_name
from jlambda.model.http.address import Front, Fronts
from jlambda.model.http.message import HttpRequest, HttpResponse
from jlambda.service.invoke import Finished

#: names whoever in this process wants to see what becomes of a request
WATCH_HEADER = "x-jlambda-watch"
Watch = Callable[[bytes, Finished], None]


class Refused(Exception):
    """A front answers by itself: the function does not run, or its answer cannot be sent."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response)
        self.response = response


class Broken(Exception):
    """A response that has begun cannot come to its end."""


@dataclass(frozen=True, slots=True)
class StreamedResponse:
    """A response whose body comes by parts; `head` has status, headers and what there is of the body already.

    `parts` raises `Broken` where it ends before its time.
    """

    head: HttpResponse
    parts: AsyncIterator[bytes]


class Asked(NamedTuple):
    """A request to a front: as functions are told of it, and as it was signed. `domain_name` is the front's host.

    Names of the request's headers have the case in which they were written.
    """

    front: Front
    request: HttpRequest
    raw: Fields
    body: Body
    domain_name: str
    trace_id: str
    watch: Watch | None = None

    @property
    def parts(self) -> auth.Parts:
        """The request as it was signed."""
        request, front = self.request, self.front
        return auth.Parts(request.method, front.prefix + front.path, request.query, headers_by_name(self.raw))

    def note(self, event: bytes, finished: Finished) -> None:
        """Show what became of the request, if anybody wants to see."""
        if self.watch is not None:
            self.watch(event, finished)

    def watched_by(self, watchers: Mapping[str, Watch]) -> Asked:
        """This request, watched by the one that its header names; the function does not see that header."""
        token = self.request.header(WATCH_HEADER)
        if token is None or token not in watchers:
            return self
        kept = tuple(each for each in self.request.headers if each[0].lower() != WATCH_HEADER)
        return self._replace(request=self.request._replace(headers=kept), watch=watchers[token])


def asked(front: Front, fronts: Fronts, scope: Message, body: Body, trace_id: str) -> Asked:
    """Read a request out of ASGI's scope. What a front's load balancers would add is among its headers."""
    raw: Fields = scope["headers"]
    client = scope.get("client")
    source_ip = client[0] if client else "127.0.0.1"
    names: list[bytes] = scope["jlambda.names"]
    headers = [
        (written.decode("latin-1"), value.decode("latin-1").strip())
        for written, (name, value) in zip(names, raw, strict=True)
        if name not in _ADDED
    ]
    added = ("X-Amzn-Trace-Id", trace_id), ("X-Forwarded-Proto", "http"), ("X-Forwarded-Port", str(fronts.port))
    headers += [*added, ("X-Forwarded-For", source_ip)]
    query = scope["query_string"].decode("latin-1")
    method = scope["method"]
    protocol = f"HTTP/{scope['http_version']}"
    request = HttpRequest(method, front.path, query, tuple(headers), body.content, source_ip, protocol)
    return Asked(front, request, raw, body, fronts.domain_name(front.kind, front.id), trace_id)


_ADDED = frozenset({b"x-amzn-trace-id", b"x-forwarded-proto", b"x-forwarded-port", b"x-forwarded-for"})


def told(status: int, body: object, **headers: str) -> HttpResponse:
    """An answer of the front's own, in JSON."""
    fields = (("content-type", "application/json"), *((name.replace("_", "-"), value) for name, value in headers.items()))
    return HttpResponse(status, fields, json.dumps(body, separators=(",", ":")).encode())


def encoded(headers: tuple[tuple[str, str], ...]) -> Fields:
    """Headers as ASGI has them; what is beyond Latin-1 is sent as UTF-8."""
    found = []
    for name, value in headers:
        try:
            found.append((name.encode("latin-1"), value.encode("latin-1")))
        except UnicodeEncodeError:
            found.append((name.encode("ascii"), value.encode()))
    return found


def reply(scope: Message, response: HttpResponse) -> None:
    """Send an answer that is whole."""
    scope["jlambda.answer"](response.status, [(b"date", date()), *encoded(tuple(response.headers))], response.body)


async def reply_by_parts(scope: Message, receive: Receive, send: Send, response: StreamedResponse) -> None:
    """Send an answer while it comes; one that breaks off ends with the connection, so that nobody takes it for whole."""
    head = response.head
    fields = [(b"date", date()), *encoded(tuple(head.headers))]
    await send({"type": "http.response.start", "status": head.status, "headers": fields})
    # the head leaves at once, and not with the first part
    await send({"type": "http.response.body", "body": head.body, "more_body": True})
    try:
        async for part in response.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except Broken:
        scope["jlambda.abort"]()
        while (await receive())["type"] != "http.disconnect":
            continue
        return
    await send({"type": "http.response.body", "body": b""})
