"""Whole messages over the packet socket between engine and environment, blocking.

The layout is `jlambda.model.frames`; the fast paths (one invocation, one packet each way) do without this.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket

from jlambda.model import frames

#: a failure of the sandbox itself, told to the engine as this exit status
SANDBOX_FAILED = 125


def send(channel: socket.socket, message: bytes) -> None:
    """Send a message, in as many packets as it takes."""
    for packet in frames.packets(message):
        channel.send(packet)


def to_environment(kind: bytes, body: bytes, request_id: str = "", deadline_ms: int = 0, extra: bytes = b"") -> bytes:
    """A message for an environment."""
    header = frames.TO_ENVIRONMENT.pack(kind, len(body), len(extra), deadline_ms, request_id.encode())
    return header + extra + body


def from_environment(kind: bytes, body: bytes, log_end: int = 0, seconds: float = 0.0, peak_kib: int = 0) -> bytes:
    """A message from an environment."""
    return frames.FROM_ENVIRONMENT.pack(kind, len(body), log_end, seconds, peak_kib) + body


def send_sandbox_failure(channel: socket.socket, output: int, error: Exception) -> None:
    """Tell, in the output and as an exit, that there is no sandbox to run anything in."""
    with contextlib.suppress(OSError):
        os.write(output, f"the sandbox could not be made: {error}\n".encode())
        body = json.dumps({"exit": SANDBOX_FAILED}).encode()
        send(channel, from_environment(frames.EXITED, body, os.fstat(output).st_size))


def is_closed(channel: socket.socket) -> bool:
    """Whether the other end is closed, and everything that it sent has been read."""
    try:
        return not channel.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def has_message(channel: socket.socket) -> bool:
    """Whether there is something to read, the other end's being closed included."""
    return bool(select.select([channel], [], [], 0)[0])


def drain(channel: socket.socket) -> int:
    """How many events there are that nobody has read, and that nobody will now."""
    unread = 0
    with contextlib.suppress(OSError):
        while packet := channel.recv(frames.PACKET, socket.MSG_DONTWAIT):
            unread += packet[:1] == frames.INVOKE
    return unread


def receive_start(channel: socket.socket) -> tuple[bytes, dict[str, object]] | None:
    """The next message for an environment that has no process: its kind and, for START, its content.

    None when the engine is gone. An event that reached a process which died before reading it comes by here too;
    its packets are dropped, and it is reported as kind INVOKE.
    """
    while packet := channel.recv(frames.PACKET):
        kind = packet[:1]
        if kind == frames.START:
            body = packet[frames.TO_ENVIRONMENT.size :]
            length = frames.TO_ENVIRONMENT.unpack_from(packet)[1]
            while len(body) < length:
                body += channel.recv(frames.PACKET)[1:]
            return kind, json.loads(body)
        if kind != frames.MORE:
            return kind, {}
    return None
