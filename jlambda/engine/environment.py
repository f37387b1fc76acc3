"""The engine's end of one execution environment: a channel, a file of output, and who it is. Decides nothing."""

from __future__ import annotations

import array
import ctypes
import os
import socket
import struct
import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from jlambda.engine import syscalls
from jlambda.engine.board import INIT, INVOKE, OUT_OF_MEMORY, SLOT_BYTES, Board
from jlambda.engine.conversation import Conversation, Phase
from jlambda.model import frames
from jlambda.model.invocation import ON_DEMAND, Request

#: output read is given back to the machine once there is this much of it
_RELEASE_BYTES = 1 << 20
_FALLOC_PUNCH_HOLE_AND_KEEP_SIZE = 3
#: how much of an output is looked at in one go, while it is written
_WRITTEN_BYTES = 1 << 20
#: held while an output is looked at from another thread than the one that may close it
_output_lock = threading.Lock()
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
    def memory_mb(self) -> int:
        """How much memory an environment may use."""

    @property
    def timeout_s(self) -> int:
        """How long an invocation may take."""

    @property
    def has_bridge(self) -> bool:
        """Whether the process that an environment forks only starts the function's own, and serves it."""

    @property
    def has_snapshot(self) -> bool:
        """Whether its environments are restored from a snapshot."""

    def new_environment(self, initialization: str) -> tuple[str, bytes]:
        """The log stream of a new environment, and the JSON of its START message; `initialization` is AWS's word for how."""


class Environment:
    """One environment. `log_read` is how much of its output has been taken over; `pid` its process, 0 if unknown.

    `id` is the scheduler's number for it, `supervised` the supervisor's, `slot` that on the board; `born` is called
    whenever it has got a process, `begun` with the pid of the first one where a snapshot was forked for it. `buffer`
    takes the answers to a caller that waits, `current` is the request of whoever has it, the last one's while nobody does, and
    `version` what it was made for.
    """

    __slots__ = (
        "begun",
        "board",
        "born",
        "buffer",
        "channel",
        "current",
        "family_peak_mb",
        "fd",
        "has_bridge",
        "id",
        "initialization",
        "log_read",
        "log_stream",
        "memory_mb",
        "output",
        "phase_at",
        "pid",
        "recv",
        "recv_into",
        "released",
        "send",
        "slot",
        "start",
        "supervised",
        "version",
    )

    def __init__(self, channel: socket.socket, output: int, supervised: int, slot: int, board: Board) -> None:
        self.supervised, self.slot = supervised, slot
        self.board, self.phase_at = board.bytes, slot * SLOT_BYTES
        self.family_peak_mb = partial(board.family_peak_mb, self.phase_at)
        self.born: Callable[[Environment], None] = lambda _: None
        self.begun: Callable[[int], None] | None = None
        self.memory_mb, self.has_bridge = 0, False
        self.buffer = bytearray()
        self.current: Request | None = None
        self.version: Version | None = None
        self.channel, self.fd, self.output = channel, channel.fileno(), output
        self.send, self.recv, self.recv_into = channel.send, channel.recv, channel.recv_into
        self.id = self.pid = self.log_read = self.released = 0
        self.log_stream, self.start = "", b""
        self.initialization = ON_DEMAND

    @classmethod
    def open(cls, supervised: int, slot: int, board: Board) -> tuple[Environment, int]:
        """A blank environment, and the descriptor of the channel's other end, for the supervisor (close it then)."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            if syscalls.IS_LINUX:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            return cls(ours, _output_file(), supervised, slot, board), theirs.detach()
        except OSError:
            ours.close()
            theirs.close()
            raise

    def become(self, version: Version, initialization: str) -> None:
        """Make a blank one an environment of `version`."""
        self.memory_mb, self.has_bridge = version.memory_mb, version.has_bridge
        self.initialization = initialization
        self.log_stream, self.start = version.new_environment(initialization)
        seconds = struct.pack("ll", version.timeout_s, 0)
        # the deadline of a usual invocation, both ways; what takes this path never waits in Python
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
        self.channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)

    def advance(self, conversation: Conversation, now: Callable[[], float]) -> None:
        """Carry a conversation on as far as it goes without waiting; `now` is the clock."""
        while conversation.after is None and conversation.has_room:
            self.board[self.phase_at] = INIT if conversation.phase is Phase.INIT else INVOKE
            self._send_what_goes(conversation)
            try:
                packet = self._receive()
            except BlockingIOError:
                break
            except ConnectionError:
                packet = b""
            self.understand(conversation, packet, now())
        if conversation.after is None and (at := now()) >= conversation.deadline:
            conversation.expired(at)

    def understand(self, conversation: Conversation, packet: bytes, now: float) -> None:
        """Hand a packet to the conversation; whoever has written nonsense to the channel, its environment is ended."""
        try:
            if packet[:1] == frames.EXITED:
                conversation.is_out_of_memory = self._was_out_of_memory(packet)
            conversation.received(packet, now)
        except (ValueError, TypeError, KeyError, AttributeError, struct.error):
            conversation.garbled(now)

    def _was_out_of_memory(self, exited: bytes) -> bool:
        """Whether the process that has ended had more memory than it may, by the governor or by its own peak."""
        # at once: the next process is about to be watched, and has a clean slot
        if self.board[self.phase_at + OUT_OF_MEMORY]:
            return True
        peak_kib: int = frames.FROM_ENVIRONMENT.unpack_from(exited)[4]
        return peak_kib > self.memory_mb << 10 and syscalls.IS_LINUX

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

    def _receive(self) -> bytes:
        if not syscalls.IS_LINUX:
            return self.channel.recv(frames.PACKET, socket.MSG_DONTWAIT)
        packet, attached, _, _ = self.channel.recvmsg(frames.PACKET, socket.CMSG_SPACE(_CREDENTIALS.size), socket.MSG_DONTWAIT)
        kind = packet[:1]
        if kind in (frames.BORN, frames.FIRST):
            pid = next(_CREDENTIALS.unpack(data)[0] for _, what, data in attached if what == socket.SCM_CREDENTIALS)
            if kind == frames.BORN:
                self.pid = pid
                self.born(self)
            elif self.begun:
                begun, self.begun = self.begun, None
                begun(pid)
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

    def written(self, place: int) -> tuple[int, bytes]:
        """What is in the output from `place` on that `take_output` has not given, and where that begins. From any thread."""
        start = max(place, self.log_read)
        with _output_lock:
            if self.output < 0:
                return start, b""
            text = os.pread(self.output, _WRITTEN_BYTES, start)
        # taken meanwhile, and what was taken may be freed
        return start, text if max(place, self.log_read) == start else b""

    def _release_output(self, end: int) -> None:
        """Free what was read, and lose nothing that is being written: a hole, not a truncation."""
        if syscalls.IS_LINUX:
            offset, length = ctypes.c_long(self.released), ctypes.c_long(end - self.released)
            ctypes.CDLL(None).fallocate(self.output, _FALLOC_PUNCH_HOLE_AND_KEEP_SIZE, offset, length)
        self.released = end

    def clear_slot(self) -> None:
        """Forget on the board what the last process did."""
        self.board[self.phase_at : self.phase_at + SLOT_BYTES] = bytes(SLOT_BYTES)

    def close(self) -> None:
        """Let go of the channel and the output; a first process that is left ends at that."""
        self.channel.close()
        with _output_lock:
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
