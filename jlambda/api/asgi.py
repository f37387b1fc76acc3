"""Requests out of ASGI's messages, and answers into them. Knows nothing of signatures and operations."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Fields = list[tuple[bytes, bytes]]


class Disconnected(Exception):  # nobody is left to be told
    """The client went away before its request was whole."""


class Body:
    """The body of a request and its digest; of one that is too long (`is_whole` is False) only the digest is kept."""

    __slots__ = ("_digest", "content", "is_whole")

    def __init__(self, content: bytes, digest: str | None = None) -> None:
        self.content, self._digest = content, digest
        self.is_whole = digest is None

    @property
    def digest(self) -> str:
        """SHA-256 in hex digits; made when it is first asked for."""
        if self._digest is None:
            self._digest = sha256(self.content).hexdigest()
        return self._digest


async def body_chunks(receive: Receive, first: Message | None = None) -> AsyncIterator[bytes]:
    """The body of a request as it comes, to its end; `first` is what has been received of it. Raises `Disconnected`."""
    while True:
        message, first = first or await receive(), None
        if message["type"] == "http.disconnect":
            raise Disconnected
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


async def read_body(receive: Receive, limit: int) -> Body:
    """The body of a request, to its end. Raises `Disconnected`."""
    first = await receive()
    if first["type"] == "http.request" and not first.get("more_body") and len(first.get("body", b"")) <= limit:
        return Body(first.get("body", b""))  # as most are: in one piece
    chunks, size, digest = list[bytes](), 0, None
    async for chunk in body_chunks(receive, first):
        size += len(chunk)
        chunks.append(chunk)
        if size > limit:
            digest = digest or sha256()
            for each in chunks:
                digest.update(each)
            chunks.clear()
    return Body(b"".join(chunks)) if digest is None else Body(b"", digest.hexdigest())


def headers_by_name(raw: Fields) -> dict[str, str]:
    """Headers by name; what came several times is joined, as a signature has it."""
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in raw}
    if len(found) == len(raw):
        return found
    found.clear()
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        found[name] = f"{found[name]},{value.strip()}" if name in found else value
    return found


def date() -> bytes:
    """What the header Date says now."""
    return _date(int(time.time()))


@lru_cache(maxsize=1)
def _date(second: int) -> bytes:
    return formatdate(second, usegmt=True).encode()


async def send_whole(send: Send, status: int, headers: Fields, body: bytes) -> None:
    """Send an answer whose body is there."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
