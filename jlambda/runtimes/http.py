"""As much HTTP/1.1 as runtime clients speak: requests out of bytes, answers into bytes, one connection at a time.

Runs within an execution environment, with the standard library only. Knows nothing of the Runtime API.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Generator, Iterator
from typing import NamedTuple

#: what a request's line and headers may take
_HEAD_BYTES = 65_536
_READ_BYTES = 262_144
_REASONS = {200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Payload Too Large"}
_END = b"\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Request:
    """One request. Header names are lower case; `is_too_large` where its body was longer than allowed, and was dropped.

    `take` gets the body while it comes, if whoever serves the request wants it so; `body` is empty then.
    """

    __slots__ = ("body", "headers", "is_too_large", "method", "path", "take", "trailers")

    def __init__(self, method: str, path: str, headers: dict[str, str]) -> None:
        self.method, self.path, self.headers = method, path, headers
        self.body = b""
        self.trailers: dict[str, str] = {}
        self.is_too_large = False
        self.take: Callable[[bytes], None] | None = None


class Answer(NamedTuple):
    """One answer; `headers` are whole lines, those of its length and content type apart."""

    status: int
    body: bytes
    headers: bytes = b""


class Connection:
    """One client's connection. `limit` says how long the body of a request may be, and may set what takes it."""

    def __init__(self, sock: socket.socket, limit: Callable[[Request], int]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._limit = sock, limit
        self._buffer, self._unsent = bytearray(), bytearray()
        self._steps = self._requests()
        self.fd = sock.fileno()

    def receive(self) -> Iterator[Request]:
        """The requests that what has arrived completes. Raises `ConnectionError` at its end, `ValueError` for nonsense."""
        try:
            data = self._socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        if not data:
            raise ConnectionResetError
        self._buffer += data
        if (request := next(self._steps)) is None:
            # a client that sends a request in small parts waits for the kernel's word on each, 40 ms unless it is hurried
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        while request is not None:
            yield request
            request = next(self._steps)

    def answer(self, status: int, body: bytes = b"", headers: bytes = b"") -> bool:
        """Send an answer, as far as it goes at once; `headers` are whole lines. False if `flush` has to send the rest."""
        head = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n"
        return self._send(head % (status, _REASONS[status].encode(), len(body), headers) + body)

    def flush(self) -> bool:
        """Send what is left of earlier answers; whether all of it has gone."""
        return self._send(b"")

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _send(self, data: bytes) -> bool:
        if self._unsent:
            self._unsent += data
            data = bytes(self._unsent)
            self._unsent.clear()
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError:  # nobody is there to read it; reading says so too
            return True
        if sent == len(data):
            return True
        self._unsent += memoryview(data)[sent:]
        return False

    def _requests(self) -> Generator[Request | None, None, None]:
        """Yields each request once it is whole, and None whenever more bytes are needed."""
        while True:
            head = yield from self._until(_END)
            first, *lines = head.decode("latin-1").split("\r\n")
            method, path, _ = first.split(" ", 2)
            request = Request(method, path, _fields(lines))
            headers = request.headers
            if headers.get("expect", "").lower() == "100-continue":
                self._send(_CONTINUE)
            limit = self._limit(request)
            if "chunked" in headers.get("transfer-encoding", "").lower():
                yield from self._read_chunks(request, limit)
            elif size := int(headers.get("content-length", "0")):
                yield from self._read_body(request, size, limit)
            yield request

    def _until(self, mark: bytes) -> Generator[None, None, bytes]:
        """What comes before `mark`, which is dropped."""
        buffer = self._buffer
        while (end := buffer.find(mark)) < 0:
            if len(buffer) > _HEAD_BYTES:
                raise ValueError("a line or headers that are too long")
            yield
        found = bytes(buffer[:end])
        del buffer[: end + len(mark)]
        return found

    def _read_body(self, request: Request, size: int, limit: int) -> Generator[None, None, None]:
        buffer = self._buffer
        if size > limit:
            request.is_too_large = True
            while size > len(buffer):
                size -= len(buffer)
                buffer.clear()
                yield
        else:
            while len(buffer) < size:
                yield
            request.body = bytes(memoryview(buffer)[:size])
            if request.take is not None:
                request.take(request.body)
                request.body = b""
        del buffer[:size]

    def _read_chunks(self, request: Request, limit: int) -> Generator[None, None, None]:
        parts, total, buffer = [], 0, self._buffer
        while True:
            line = yield from self._until(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if not size:
                break
            if request.take is not None:
                yield from self._pass_chunk_on(request.take, size, limit - total)
                total += size
                continue
            while len(buffer) < size + 2:
                yield
            total += size
            if total <= limit:
                parts.append(bytes(memoryview(buffer)[:size]))
            del buffer[: size + 2]
        request.is_too_large = total > limit
        request.body = b"" if request.is_too_large else b"".join(parts)
        lines = []
        while line := (yield from self._until(b"\r\n")):
            lines.append(line.decode("latin-1"))
        request.trailers = _fields(lines)

    def _pass_chunk_on(self, take: Callable[[bytes], None], size: int, room: int) -> Generator[None, None, None]:
        """Hand a chunk on as it comes, whole or not; what there is no room for is dropped."""
        buffer = self._buffer
        while size:
            part = bytes(memoryview(buffer)[:size])
            del buffer[: len(part)]
            size -= len(part)
            if part and room > 0:
                take(part[:room])
                room -= len(part)
            if size:
                yield
        while len(buffer) < 2:
            yield
        del buffer[:2]


def _fields(lines: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
