"""The HTTP server: takes requests in, has them verified and carried out, and sends answers. Listens on 127.0.0.1 only.

An ASGI application and the thread that uvicorn runs it in. Nothing of a request is looked at beyond its signature before
that has been verified.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from jlambda.api import auth, downloads, requests, shapes, wire
from jlambda.api.invocations import INVOCATIONS, Calls, Stream
from jlambda.api.operations import Later, Match, NotThereYet, Routes
from jlambda.api.table import OPERATIONS
from jlambda.errors import LambdaError, StateError
from jlambda.model.limits import REQUEST_BYTES
from jlambda.service.invoke import new_request_id

if TYPE_CHECKING:
    import uvicorn

    from jlambda.session import Session

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: threads for operations that read and write the state
_THREADS = 8
#: how long an idle connection is kept, in seconds
_KEEP_ALIVE_S = 300
#: how long requests may take to end when the gateway is closed, in seconds
_PATIENCE_S = 3

_log = logging.getLogger(__name__)


class RequestEntityTooLarge(LambdaError):
    """The request itself is over its limit, whatever is in it."""

    code, status = "RequestEntityTooLargeException", 413


class Disconnected(Exception):  # nobody is left to be told
    """The client went away before its request was whole."""


class Arrived(NamedTuple):
    """A request whose signature has been verified; `is_whole` is False where the body was too long to be kept."""

    parts: auth.Parts
    claim: auth.Claim
    body: bytes
    is_whole: bool


class Application:
    """The ASGI application of one session's gateway."""

    def __init__(self, session: Session, keys: Mapping[str, auth.Key], port: int) -> None:
        self._session, self._keys = session, keys
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._routes = Routes(OPERATIONS)
        self.pool = ThreadPoolExecutor(_THREADS, "jlambda-api")
        self._calls = Calls(session, self.pool)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http"
        try:
            arrived = await self._arrive(scope, receive)
            answer = await self._carry_out(arrived)
        except Disconnected:
            return
        except LambdaError as fault:
            answer = wire.error(fault)
        except Exception:
            _log.exception("a request could not be answered")
            answer = wire.error(LambdaError("An internal error occurred; the log of this process says more"))
        if isinstance(answer, Stream):
            await _send_stream(send, answer)
        else:
            await _send(send, answer)

    async def _arrive(self, scope: Message, receive: Receive) -> Arrived:
        headers = _headers(scope["headers"])
        if headers.get("host") not in self._hosts:  # a web page that has its own name lead here (DNS rebinding)
            raise auth.SignatureRefused("AccessDeniedException", "This host name is not the gateway's")
        query = scope["query_string"].decode("latin-1")
        parts = auth.Parts(scope["method"], scope["raw_path"].decode("latin-1"), query, headers)
        claim = auth.read_claim(parts)
        body, digest, is_whole = await _read(receive)
        auth.verify(claim, parts, digest, self._keys, datetime.now(UTC))
        return Arrived(parts, claim, body, is_whole)

    async def _carry_out(self, arrived: Arrived) -> wire.Answer | Stream:
        parts, service = arrived.parts, arrived.claim.service
        if service != "lambda":
            raise NotThereYet(f"the service {service!r} is not there yet in jlambda's gateway; only lambda is")
        if parts.path.startswith(downloads.PATH):
            return await asyncio.get_running_loop().run_in_executor(self.pool, downloads.download, self._session, parts)
        query = [(unquote(name.replace("+", " ")), unquote(value.replace("+", " "))) for name, value in _pairs(parts.query)]
        match = self._routes.find(parts.method, parts.path, dict(query))
        if not arrived.is_whole:
            name = match.operation.name
            raise RequestEntityTooLarge(f"Request must be smaller than {REQUEST_BYTES} bytes for the {name} operation")
        if isinstance(match.operation.handle, Later):
            raise match.operation.handle.error()
        form = shapes.form(match.operation.name)
        if form is None:
            raise NotThereYet(f"the botocore that is installed does not know {match.operation.name}: upgrade boto3")
        invocation = INVOCATIONS.get(match.operation.name)
        if invocation is not None:
            given = requests.read(form, match.labels, query, parts.headers, arrived.body)
            return await invocation(self._calls, given, parts.headers)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, self._operate, form, match, query, arrived)

    def _operate(self, form: shapes.Form, match: Match, query: list[tuple[str, str]], arrived: Arrived) -> wire.Answer:
        """Carry out an operation that may block, in a thread of the pool."""
        operation = match.operation
        given = requests.read(form, match.labels, query, arrived.parts.headers, arrived.body)
        assert operation.handle is not None
        return wire.document(operation.status, operation.handle(self._session, given))

    def leave(self) -> None:
        """The server's loop is about to end: invocations that are under way go on without it."""
        self._calls.close()

    def close(self) -> None:
        """Wait for what is being carried out."""
        self.pool.shutdown()


async def _read(receive: Receive) -> tuple[bytes, str, bool]:
    """The body, its digest, and whether it is whole: of one that is too long only the digest is kept."""
    chunks: list[bytes] = []
    digest, size = sha256(), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        digest.update(chunk)
        if size <= REQUEST_BYTES:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body"):
            break
    is_whole = size <= REQUEST_BYTES
    return b"".join(chunks) if is_whole else b"", digest.hexdigest(), is_whole


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; what came several times is joined, as a signature has it."""
    found: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        found[name] = f"{found[name]},{value.strip()}" if name in found else value
    return found


def _pairs(query: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)]


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


async def _send(send: Send, answer: wire.Answer) -> None:
    headers = [
        (b"date", _date(int(time.time()))),
        (b"content-type", answer.content_type.encode()),
        (b"content-length", str(len(answer.body)).encode()),
    ]
    if "x-amzn-RequestId" not in answer.headers:
        headers.append((b"x-amzn-RequestId", new_request_id().encode()))
    headers += [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _send_stream(send: Send, stream: Stream) -> None:
    """Send frames as they come, by chunks."""
    headers = [(b"date", _date(int(time.time()))), (b"content-type", wire.EVENT_STREAM.encode())]
    headers += [(name.encode(), value.encode()) for name, value in stream.headers.items()]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for frame in stream.frames:
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


class Gateway:
    """A server in a thread of its own; ready to be asked once it is made.

    `port` 0 takes a free one. Raises `StateError` where it cannot listen.
    """

    def __init__(self, session: Session, key: auth.Key, port: int = 0) -> None:
        self.key = key
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self.application = Application(session, {key.id: key}, self.port)
        self._server, self._stop = _make_server(self.application)
        self._is_up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="jlambda-gateway", daemon=True)
        self._thread.start()
        self._is_up.wait()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._is_up.set)
            try:
                await self._server.serve(sockets=[self._listener])
            finally:
                self.application.leave()

        try:
            asyncio.run(serve())
        finally:
            self._is_up.set()

    def close(self) -> None:
        """Take no more requests, finish those that are there, and let go of the port."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            if threading.current_thread() is not self._thread:
                self._thread.join()
        self.application.close()
        self._listener.close()


def _listen(port: int) -> socket.socket:
    # Named with its protocol: asyncio switches Nagle's algorithm off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StateError(f"the gateway cannot listen on 127.0.0.1:{port} ({error.strerror}): choose another port") from None
    return listener


def _make_server(application: Application) -> tuple[uvicorn.Server, asyncio.Event]:
    import uvicorn

    from jlambda.api.protocol import Protocol

    stop = asyncio.Event()

    class Server(uvicorn.Server):
        """uvicorn without its ticks: it sleeps until it is told to stop."""

        async def main_loop(self) -> None:
            await stop.wait()

    config = uvicorn.Config(
        application,
        http=Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    return Server(config), stop
