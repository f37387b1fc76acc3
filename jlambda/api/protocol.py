"""uvicorn's HTTP protocol, with head and body of an answer in one packet, and with heads that have a limit.

uvicorn writes them one after the other as they come, which for answers as small as ours costs the server a system call and
the client a wake-up more. Here what is written within one turn of the loop leaves together.
"""

from __future__ import annotations

import asyncio
import logging
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jlambda.api.asgi import Fields

#: what is longer leaves at once
_KEPT_BYTES = 1 << 16
#: what the line and the headers of a request may have
_HEAD_BYTES = 1 << 16
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

#: what clients get wrong is theirs to be told, and nothing for the log of a notebook
_quiet = logging.getLogger(__name__)
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()


class Together:
    """A transport that keeps what is written until more comes, at most until the end of the loop's turn.

    What comes second, the body behind its head, leaves with it at once.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._waiting: list[bytes] = []
        # nothing is in the way of what is asked on every request
        self.is_closing, self.get_extra_info = transport.is_closing, transport.get_extra_info
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Have `data` written."""
        self._waiting.append(data)
        if len(self._waiting) > 1 or len(data) > _KEPT_BYTES:
            self.flush()
        else:
            self._loop.call_soon(self.flush)

    def write_now(self, data: bytes) -> None:
        """Write `data`, behind what waits."""
        self.flush()
        self._transport.write(data)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._transport.write(b"".join(self._waiting))
            self._waiting.clear()

    def abort(self) -> None:
        """Write what is left, and cut the connection."""
        self.flush()
        self._transport.abort()

    def close(self) -> None:
        """Write what is left, and close."""
        self.flush()
        self._transport.close()


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol on such a transport."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.logger = _quiet
        self._head_bytes, self._is_in_head, self._has_ended = 0, True, False

    def data_received(self, data: bytes) -> None:
        """Take what has come; whoever never comes to the end of the headers is shown out."""
        self._has_ended = False
        super().data_received(data)
        if self._is_in_head and not self._has_ended:  # else this was a body's, to its end
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn's never stays
        """A client that has ended its side gets its answer, where the application says so; its connection ends with that."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return None
        application: Any = self.app
        if not application.answers_who_has_said_all(cycle.scope):
            return None
        cycle.keep_alive = False
        return True

    def on_headers_complete(self) -> None:
        """The head is over, and was not too long."""
        self._is_in_head = False
        super().on_headers_complete()
        self.scope["jlambda.answer"] = partial(self._answer, self.cycle)  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        """What comes now is the next head."""
        super().on_message_complete()
        self._head_bytes, self._is_in_head, self._has_ended = 0, True, True

    def on_response_complete(self) -> None:
        """Nothing more belongs to the answer: it leaves at once."""
        self.transport.flush()  # type: ignore[attr-defined]  # of `Together`
        super().on_response_complete()

    def on_message_begin(self) -> None:
        """Let the application cut the connection: the one way to say that a response which has begun has failed."""
        super().on_message_begin()
        self._names: list[bytes] = []
        self.scope["jlambda.abort"] = self._abort  # type: ignore[typeddict-unknown-key]  # a key of ours
        self.scope["jlambda.names"] = self._names  # type: ignore[typeddict-unknown-key]

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the name as it was written, too: REST APIs pass it on like that."""
        self._names.append(name)
        name = name.lower()
        if name == b"expect":
            super().on_header(name, value)
        else:  # all that uvicorn does with it, and costs half
            self.headers.append((name, value))

    def _answer(self, cycle: RequestResponseCycle, status: int, fields: Fields, body: bytes) -> None:
        """Write an answer that is whole at once, without what uvicorn has to see to for one that may come in parts.

        Names and values are ours and well formed, `body` is not that of a HEAD, and Content-Length is written here.
        """
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        parts = [_status_line(status), b"content-length: %d\r\n" % len(body)]
        parts += [b"%b: %b\r\n" % field for field in fields]
        parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        parts.append(body)
        self.transport.write_now(b"".join(parts))  # type: ignore[attr-defined]  # of `Together`
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()

    def _abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(Together(transport))  # type: ignore[arg-type]  # all of a transport that it uses
