"""The engine's end of one execution environment: a channel, a file of output, and who it is. Decides nothing."""

from __future__ import annotations

import array
import ctypes
import os
import socket
import struct
from typing import Protocol

from jlambda.engine import syscalls
from jlambda.engine.conversation import Conversation
from jlambda.model import frames

#: output read is given back to the machine once there is this much of it
_RELEASE_BYTES = 1 << 20
_FALLOC_PUNCH_HOLE_AND_KEEP_SIZE = 3
_CREDENTIALS = struct.Struct("3i")


class Version(Protocol):
    """One deployed version of a function, as far as the engine needs to know it."""

    @property
    def key(self) -> str:
        """Differs for any two deployments: an environment of one never runs the other."""

    @property
    def function(self) -> str:
        """The function's name, by which concurrency is counted."""

    @property
    def timeout_s(self) -> int:
        """How long an invocation may take."""

    def new_environment(self) -> tuple[str, bytes]:
        """The log stream of a new environment, and the JSON of its START message."""


class Environment:
    """One environment. `log_read` is how much of its output has been taken over; `pid` its process, 0 if unknown."""

    __slots__ = ("channel", "fd", "id", "log_read", "log_stream", "output", "pid", "recv", "released", "send", "start", "version")

    def __init__(self) -> None:
        self.id = 0
        self.version: Version | None = None
        self.log_stream = ""
        self.start = b""
        self.pid = self.log_read = self.released = 0
        self.channel: socket.socket
        self.output = -1

    @classmethod
    def open(cls) -> tuple[Environment, int]:
        """A blank environment, and the descriptor of the channel's other end, for the supervisor (close it then)."""
        environment = cls()
        environment.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            if syscalls.IS_LINUX:
                environment.channel.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            environment.output = _output_file()
        except OSError:
            environment.channel.close()
            theirs.close()
            raise
        environment.fd = environment.channel.fileno()
        environment.send, environment.recv = environment.channel.send, environment.channel.recv
        return environment, theirs.detach()

    def become(self, version: Version) -> None:
        """Make a blank one an environment of `version`."""
        self.version = version
        self.log_stream, self.start = version.new_environment()
        seconds = struct.pack("ll", version.timeout_s, 0)
        # the deadline of a usual invocation, both ways; what takes this path never waits in Python
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)

    def advance(self, conversation: Conversation, now: float) -> None:
        """Carry a conversation on as far as it goes without waiting."""
        while conversation.after is None:
            self._send_what_goes(conversation)
            try:
                packet = self._receive(conversation)
            except BlockingIOError:
                break
            except ConnectionError:
                packet = b""
            conversation.received(packet, now)
        if conversation.after is None and now >= conversation.deadline:
            conversation.expired(now)

    def _send_what_goes(self, conversation: Conversation) -> None:
        outgoing = conversation.outgoing
        try:
            while outgoing:
                self.channel.send(outgoing[0], socket.MSG_DONTWAIT)
                del outgoing[0]
        except BlockingIOError:
            pass
        except ConnectionError:
            outgoing.clear()  # what is left to read says why

    def _receive(self, conversation: Conversation) -> bytes:
        if conversation.init_s is not None or not syscalls.IS_LINUX:
            return self.channel.recv(frames.PACKET, socket.MSG_DONTWAIT)
        packet, attached, _, _ = self.channel.recvmsg(frames.PACKET, socket.CMSG_SPACE(_CREDENTIALS.size), socket.MSG_DONTWAIT)
        kind = packet[:1]
        if kind == frames.BORN:
            self.pid = next(_CREDENTIALS.unpack(data)[0] for _, what, data in attached if what == socket.SCM_CREDENTIALS)
        return packet

    def take_output(self, end: int) -> bytes:
        """What the function has written since the last time, up to `end`."""
        start = self.log_read
        if end <= start:
            return b""
        parts = array.array("B")
        while start < end and (part := os.pread(self.output, min(end - start, 1 << 24), start)):
            parts.frombytes(part)
            start += len(part)
        self.log_read = end
        if end - self.released > _RELEASE_BYTES:
            self._release_output(end)
        return parts.tobytes()

    def _release_output(self, end: int) -> None:
        """Free what was read, and lose nothing that is being written: a hole, not a truncation."""
        if syscalls.IS_LINUX:
            offset, length = ctypes.c_long(self.released), ctypes.c_long(end - self.released)
            ctypes.CDLL(None).fallocate(self.output, _FALLOC_PUNCH_HOLE_AND_KEEP_SIZE, offset, length)
        self.released = end

    def close(self) -> None:
        """Let go of the channel and the output; a first process that is left ends at that."""
        self.channel.close()
        if self.output >= 0:
            os.close(self.output)
            self.output = -1


def _output_file() -> int:
    """A file without a name that both sides append to and read."""
    if syscalls.IS_LINUX:
        fd = os.memfd_create("output")
    else:
        import tempfile

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    import fcntl

    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_APPEND)
    return fd
