"""The gateway's ASGI application: takes requests in, has them verified and carried out, and sends answers.

Nothing of a request is looked at beyond its signature before that has been verified. Knows no sockets and no threads but
those of its pool.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from jlambda.api import auth, chunked, downloads, invocations, presigned_old, requests, shapes, wire
from jlambda.api.asgi import Body, Disconnected, Message, Receive, Send, date, headers_by_name, read_body
from jlambda.api.calls import Calls
from jlambda.api.forwarding import Forwarding
from jlambda.api.fronts.doors import Doors
from jlambda.api.invocations import INVOCATIONS, Stream
from jlambda.api.keys import Keys
from jlambda.api.operations import Later, Match, NotThereYet, Routes
from jlambda.api.table import OPERATIONS
from jlambda.errors import LambdaError
from jlambda.model.http.address import Front, Fronts
from jlambda.model.limits import REQUEST_BYTES
from jlambda.service.invoke import new_request_id

if TYPE_CHECKING:
    from jlambda.session import Session

#: threads for operations that read and write the state
_THREADS = 8

_log = logging.getLogger(__name__)


class RequestEntityTooLarge(LambdaError):
    """The request itself is over its limit, whatever is in it."""

    code, status = "RequestEntityTooLargeException", 413


class Arrived(NamedTuple):
    """A request whose signature has been verified, its body out of its chunks if it came in some.

    `is_whole` is False where the body was too long to be kept.
    """

    parts: auth.Parts
    claim: auth.Claim
    body: bytes
    is_whole: bool


class Application:
    """The ASGI application of one session's gateway; the first of `ports` is that which it tells of."""

    def __init__(self, session: Session, keys: Keys, ports: Sequence[int]) -> None:
        self._session, self._keys = session, keys
        self._fronts = Fronts(session.account.region, *ports)
        self._routes = Routes(OPERATIONS)
        self.pool = ThreadPoolExecutor(_THREADS, "jlambda-api")
        self._calls = Calls(session, self.pool)
        self._forwarding = Forwarding(session, keys, self.pool)
        self.doors = Doors(self._calls, self._fronts, self._verify)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 and (hosts or scope["http_version"] != "1.0"):  # RFC 9112: whoever reads another one is misled
            _send(scope, wire.Answer(400, b'{"message":"Bad Request: one Host header, please"}'))
            return
        front = self._front(scope)
        if front is not None:
            await self.doors.answer(front, scope, receive, send)
            return
        try:
            parts, claim = self._read_head(scope, headers_by_name(scope["headers"]))
            if claim.service != "lambda":
                await self._forwarding(parts, claim, scope, receive, send)
                return
            arrived = await self._arrive(parts, claim, receive)
            answer = await self._carry_out(arrived)
        except Disconnected:
            return
        except Exception as error:
            answer = _error(error)
        if isinstance(answer, Stream):
            await _send_stream(send, answer)
        else:
            _send(scope, answer)

    def answer_whole(self, scope: Message, body: bytes) -> bool:
        """Answer a request that has come whole without a task: an Invoke, or one to a function URL. False if it takes one.

        These are the requests that come in numbers, and a task would be a fifth of what they take.
        """
        headers = headers_by_name(scope["headers"])
        host = headers.get("host", ",")
        if "," in host or not self._calls.is_ready:  # it has not one host, or nothing has been invoked yet
            return False
        path = scope["raw_path"].decode("latin-1")
        front = self._fronts.find(host, path)
        if front is not None:
            return self.doors.answer_whole(front, scope, body)
        if not invocations.is_plain(scope["method"], path, headers, body):
            return False

        def answer(made: Callable[[], wire.Answer]) -> None:
            try:
                _send(scope, made())
            except Exception as error:
                _send(scope, _error(error))

        try:
            parts, claim = self._read_head(scope, headers)
            if claim.service != "lambda" or chunked.is_chunked(parts):
                return False
            self._verify(claim, parts, Body(body).digest)
            match, query = self._match(parts)
            given = requests.read(_form(match), match.labels, query, parts.headers, body)
            invocations.begin(self._calls, given, parts.headers, answer)
        except Exception as error:
            _send(scope, _error(error))
        return True

    def _front(self, scope: Message) -> Front | None:
        host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
        return self._fronts.find(host, scope["raw_path"].decode("latin-1"))

    def answers_who_has_said_all(self, scope: Message) -> bool:
        """Whether a client that ends its side of the connection is still answered: that of a front, as web servers do.

        One of the gateway's own has left: a message must not be given to whoever does not wait for it any more.
        """
        return self._front(scope) is not None

    def _read_head(self, scope: Message, headers: Mapping[str, str]) -> tuple[auth.Parts, auth.Claim]:
        if not self._fronts.is_own(headers.get("host", "")):  # a web page that has its own name lead here (DNS rebinding)
            raise auth.SignatureRefused("AccessDeniedException", "This host name is not the gateway's")
        query = scope["query_string"].decode("latin-1")
        parts = auth.Parts(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)
        return parts, presigned_old.read_claim(parts, self._session.account.region) or auth.read_claim(parts)

    async def _arrive(self, parts: auth.Parts, claim: auth.Claim, receive: Receive) -> Arrived:
        read = await read_body(receive, REQUEST_BYTES)
        self._verify(claim, parts, read.digest)
        body, is_whole = read.content, read.is_whole
        if is_whole and chunked.is_chunked(parts):
            taken_apart = partial(chunked.whole, parts, claim, self._keys[claim.key_id], body)
            parts, body = await asyncio.get_running_loop().run_in_executor(self.pool, taken_apart)
        return Arrived(parts, claim, body, is_whole)

    def _verify(self, claim: auth.Claim, parts: auth.Parts, digest: str) -> None:
        auth.verify(claim, parts, digest, self._keys, datetime.now(UTC))

    async def _carry_out(self, arrived: Arrived) -> wire.Answer | Stream:
        parts = arrived.parts
        if parts.path.startswith(downloads.PATH):
            return await asyncio.get_running_loop().run_in_executor(self.pool, downloads.download, self._session, parts)
        match, query = self._match(parts)
        if not arrived.is_whole:
            name = match.operation.name
            raise RequestEntityTooLarge(f"Request must be smaller than {REQUEST_BYTES} bytes for the {name} operation")
        if isinstance(match.operation.handle, Later):
            raise match.operation.handle.error()
        form = _form(match)
        invocation = INVOCATIONS.get(match.operation.name)
        if invocation is not None:
            given = requests.read(form, match.labels, query, parts.headers, arrived.body)
            return await invocation(self._calls, given, parts.headers)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, self._operate, form, match, query, arrived)

    def _match(self, parts: auth.Parts) -> tuple[Match, list[tuple[str, str]]]:
        """The operation that a request asks for, and its query."""
        query = _pairs(parts.query) if parts.query else []
        return self._routes.find(parts.method, parts.path, dict(query)), query

    def _operate(self, form: shapes.Form, match: Match, query: list[tuple[str, str]], arrived: Arrived) -> wire.Answer:
        """Carry out an operation that may block, in a thread of the pool."""
        operation = match.operation
        given = requests.read(form, match.labels, query, arrived.parts.headers, arrived.body)
        assert operation.handle is not None
        return wire.document(operation.status, operation.handle(self._session, given))

    def end_waits(self) -> None:
        """The gateway is about to be closed: whoever waits for a message is answered now."""
        self._session.services.leave()

    def leave(self) -> None:
        """The server's loop is about to end: invocations that are under way go on without it."""
        self._calls.close()

    def close(self) -> None:
        """Wait for what is being carried out."""
        self.pool.shutdown()


def _form(match: Match) -> shapes.Form:
    form = shapes.form(match.operation.name)
    if form is None:
        raise NotThereYet(f"the botocore that is installed does not know {match.operation.name}: upgrade boto3")
    return form


def _error(error: Exception) -> wire.Answer:
    if isinstance(error, LambdaError):
        return wire.error(error)
    _log.error("a request could not be answered", exc_info=error)
    return wire.error(LambdaError("An internal error occurred; the log of this process says more"))


def _pairs(query: str) -> list[tuple[str, str]]:
    """Names and values of a query; a plus in it is a space."""
    split = (pair.replace("+", " ").partition("=") for pair in query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in split]


def _send(scope: Message, answer: wire.Answer) -> None:
    headers = [(b"date", date()), (b"content-type", answer.content_type.encode())]
    if "x-amzn-RequestId" not in answer.headers:
        headers.append((b"x-amzn-RequestId", new_request_id().encode()))
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    # a HEAD is never answered here but with an error, whose body HTTP forbids
    scope["jlambda.answer"](answer.status, headers, b"" if scope["method"] == "HEAD" else answer.body)


async def _send_stream(send: Send, stream: Stream) -> None:
    """Send frames as they come, by chunks."""
    headers = [(b"date", date()), (b"content-type", wire.EVENT_STREAM.encode())]
    headers += [(name.encode(), value.encode()) for name, value in stream.headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    async for frame in stream.frames:
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
