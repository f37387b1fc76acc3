"""The bridge's end of the channel to the engine: events in, answers out, in the frames of `jlambda.model.frames`.

Runs within an execution environment, with the standard library only. Knows nothing of HTTP or of the runtime's process.
"""

from __future__ import annotations

import json
import os
import socket
import time
from typing import Any, NamedTuple

from jlambda.model.frames import FROM_ENVIRONMENT, FROM_READING_MS, INIT_END, PACKET, PART, STREAM, TO_ENVIRONMENT, packets


class Event(NamedTuple):
    """One event to be run. `extra` holds the optional members of an invocation."""

    body: bytes
    request_id: bytes
    deadline_ms: int
    extra: dict[str, Any]


class EngineEnd:
    """The channel, and the file of output (descriptor 1). Blocking; the other end is never slow."""

    def __init__(self, channel: socket.socket) -> None:
        channel.set_inheritable(False)
        self._channel, self.fd = channel, channel.fileno()
        self._began = time.perf_counter()
        self._began_at = self._end = os.lseek(1, 0, os.SEEK_END)

    def take(self) -> Event:
        """The next event; its time begins now. Raises `ConnectionError` when the engine is gone."""
        message = self._receive()
        self._began = time.perf_counter()
        _, size, extra_size, deadline_ms, request_id = TO_ENVIRONMENT.unpack_from(message)
        if deadline_ms < FROM_READING_MS:
            deadline_ms += int(time.time() * 1000)
        body_at = TO_ENVIRONMENT.size + extra_size
        if missing := max(0, body_at + size - len(message)):
            parts = [message]
            while missing > 0:
                parts.append(self._receive()[1:])
                missing -= len(parts[-1])
            message = b"".join(parts)
        extra = json.loads(message[TO_ENVIRONMENT.size : body_at]) if extra_size else {}
        return Event(message[body_at:], request_id, deadline_ms, extra)

    def _receive(self) -> bytes:
        packet = self._channel.recv(PACKET)
        if not packet:
            raise ConnectionResetError
        return packet

    def send(self, kind: bytes, body: bytes, peak_kib: int) -> None:
        """Send an answer, with the time it took, what has been written, and the peak of memory."""
        seconds = time.perf_counter() - self._began
        message = FROM_ENVIRONMENT.pack(kind, len(body), self._written(), seconds, peak_kib) + body
        for packet in [message] if len(message) <= PACKET else packets(message):
            self._channel.send(packet)

    def begin_stream(self, content_type: str) -> None:
        """Tell that a response begins which is passed on by parts; `send` ends it."""
        self._channel.send(STREAM + content_type.encode())

    def pass_on(self, data: bytes) -> None:
        """The next bytes of that response. Waits while the caller has no room for them."""
        step = PACKET - 1
        for start in range(0, len(data), step):
            self._channel.send(PART + data[start : start + step])

    def end_init(self) -> None:
        """Mark where the output of the init phase ends, if there is any."""
        if self._written() > self._began_at:
            os.write(1, INIT_END + b"\n")

    def _written(self) -> int:
        """The size of the output, a line that was left open ended."""
        end = os.lseek(1, 0, os.SEEK_END)
        if end > self._end and os.pread(1, 1, end - 1) != b"\n":
            os.write(1, b"\n")
            end += 1
        self._end = end
        return end
