"""Whole messages over the packet socket between engine and environment, blocking.

The layout is `jlambda.model.frames`; the fast paths (one invocation, one packet each way) do without this.
"""

from __future__ import annotations

import json
import select
import socket

from jlambda.model import frames


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
