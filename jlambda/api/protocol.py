"""uvicorn's HTTP protocol, with head and body of an answer in one packet, and with heads that have a limit.

uvicorn writes them one after the other as they come, which for answers as small as ours costs the server a system call and
the client a wake-up more. Here what is written within one turn of the loop leaves together.
"""

from __future__ import annotations

import asyncio
import logging
import math
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from jlambda.api.asgi import Fields

#: what is longer leaves at once
_KEPT_BYTES = 1 << 16
#: what the line and the headers of a request may have
_HEAD_BYTES = 1 << 16
#: responses that have no body, whatever a function gives them
_WITHOUT_BODY = (204, 304)
_KNOWN = frozenset(HTTPStatus)
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

#: what clients get wrong is theirs to be told, and nothing for the log of a notebook
_quiet = logging.getLogger(__name__)
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    phrase = HTTPStatus(status).phrase if status in _KNOWN else ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


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
        self._application: Any = self.config.app
        self._head_bytes, self._is_in_head, self._has_ended = 0, True, False
        #: a request whose body is still to come, and that has no task yet
        self._waiting: RequestResponseCycle | None = None
        #: until when the connection may stay without a request, by the loop's clock; and what looks then
        self._idle_until, self._idle_timer = math.inf, None  # type: float, asyncio.TimerHandle | None

    def data_received(self, data: bytes) -> None:
        """Take what has come; whoever never comes to the end of the headers is shown out."""
        self._has_ended, self._idle_until = False, math.inf
        super().data_received(data)
        if self._is_in_head and not self._has_ended:  # else this was a body's, to its end
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LONG)
                self.transport.close()
        waiting = self._waiting
        if waiting is not None and len(waiting.body) > _KEPT_BYTES:
            self._waiting = None
            self._begin_task(waiting)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # uvicorn's never stays
        """A client that has ended its side gets its answer, where the application says so; its connection ends with that."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle.more_body:
            return None
        if not self._application.answers_who_has_said_all(cycle.scope):
            return None
        cycle.keep_alive = False
        return True

    def on_headers_complete(self) -> None:
        """The head is over, and was not too long."""
        self._is_in_head = False
        super().on_headers_complete()
        self.scope["jlambda.answer"] = partial(self._answer, self.cycle)  # type: ignore[typeddict-unknown-key]

    def _start_asgi_task(self, cycle: RequestResponseCycle, _: Any) -> None:
        """Begin to answer. A request that comes whole in a moment may need no task, and is waited for.

        A uvicorn that did not call this would have a task for each request, which is right and takes longer.
        """
        if cycle.waiting_for_100_continue:
            self._begin_task(cycle)
        else:
            self._waiting = cycle

    def _begin_task(self, cycle: RequestResponseCycle) -> None:
        task = self.loop.create_task(cycle.run_asgi(self._application))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def on_message_complete(self) -> None:
        """The request is whole; what comes now is the next head."""
        super().on_message_complete()
        self._head_bytes, self._is_in_head, self._has_ended = 0, True, True
        cycle, self._waiting = self._waiting, None
        if cycle is not None and not self._application.answer_whole(cycle.scope, bytes(cycle.body)):
            self._begin_task(cycle)

    def on_response_complete(self) -> None:
        """Nothing more belongs to the answer: it leaves at once, and what came behind its request has its turn.

        uvicorn's own would set and take back a timer for each request; here one a connection looks from time to time.
        """
        self.transport.flush()  # type: ignore[attr-defined]  # of `Together`
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, _ = self.pipeline.pop()
            self._begin_task(cycle)
            return
        self._idle_until = self.loop.time() + self.timeout_keep_alive
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_at(self._idle_until, self._look_whether_idle)

    def _look_whether_idle(self) -> None:
        self._idle_timer = None
        if self._idle_until <= self.loop.time():
            self.timeout_keep_alive_handler()
        elif self._idle_until < math.inf:  # else it is asked for something: that sets a timer when it is answered
            self._idle_timer = self.loop.call_at(self._idle_until, self._look_whether_idle)

    def give_up(self) -> None:
        """The server ends, and does not wait any longer for what was asked here."""
        if self.cycle is not None and not self.cycle.response_started:
            self._answer(self.cycle, 500, [(b"content-type", b"text/plain")], b"Internal Server Error")

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

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
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def _answer(self, cycle: RequestResponseCycle, status: int, fields: Fields, body: bytes) -> None:
        """Write an answer that is whole at once, without what uvicorn has to see to for one that may come in parts.

        Names and values are ours and well formed, and Content-Length is written here.
        """
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        parts = [_status_line(status)]
        parts += [b"%b: %b\r\n" % field for field in fields]
        if status not in _WITHOUT_BODY:
            parts.append(b"content-length: %d\r\n" % len(body))
        parts.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        if status not in _WITHOUT_BODY and cycle.scope["method"] != "HEAD":
            parts.append(body)
        self.transport.write_now(b"".join(parts))  # type: ignore[attr-defined]  # of `Together`
        cycle.message_event.set()
        if not cycle.keep_alive:
            self.transport.close()
        cycle.on_response()
        # else the scope would lead to itself, and wait for the garbage collector
        del cycle.scope["jlambda.answer"]  # type: ignore[typeddict-item]

    def _abort(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(Together(transport))  # type: ignore[arg-type]  # all of a transport that it uses
