"""The Python runtime in a process of its own, as the engine would have it: forked, on one end of a packet socket."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import json
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from jlambda.model import frames
from jlambda.runtimes import bootstrap

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:123456789012:function:f"
#: far away: 1 January 2100
DEADLINE_MS = 4_102_444_800_000
#: no answer takes longer, or the test has failed
_PATIENCE_S = 20


class Reply(NamedTuple):
    """One message from the environment."""

    kind: bytes
    body: bytes
    log_end: int
    seconds: float
    peak_kib: int

    @property
    def value(self) -> object:
        """The body, read as JSON."""
        return json.loads(self.body)


class RunningRuntime:
    """One environment's process. `first` is its READY or FAILED, None if it ended without a word."""

    def __init__(
        self,
        folder: Path,
        handler: str = "lambda_function.handler",
        variables: Mapping[str, str] | None = None,
        site_packages: tuple[str, ...] = (),
        layers_root: str = "/nonexistent",
    ) -> None:
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(_PATIENCE_S)
        self._log = os.memfd_create("output")
        appending = os.open(f"/proc/self/fd/{self._log}", os.O_RDWR | os.O_APPEND)
        start: dict[str, object] = {
            "handler": handler,
            "task_root": str(folder),
            "layers_root": layers_root,
            "site_packages": list(site_packages),
            "function_arn": FUNCTION_ARN,
        }
        self.pid = os.fork()
        if self.pid == 0:
            self._become_environment(theirs, appending, folder, {"TZ": ":UTC", **(variables or {})}, start)
        theirs.close()
        os.close(appending)
        self._status: int | None = None
        self.first = self.receive()

    def _become_environment(
        self, channel: socket.socket, output: int, folder: Path, variables: Mapping[str, str], start: dict[str, object]
    ) -> None:
        try:
            self._channel.close()
            faulthandler.disable()
            importlib.reload(warnings)  # pytest collects warnings in a list of its own
            warnings.resetwarnings()
            threading.excepthook = threading.__excepthook__  # and exceptions of threads
            null = os.open(os.devnull, os.O_RDONLY)
            for descriptor, place in ((null, 0), (output, 1), (output, 2)):
                os.dup2(descriptor, place)
            os.environ.clear()
            os.environ.update(variables)
            os.chdir(folder)
            vars(bootstrap)["limit_kib"] = lambda _: sys.maxsize  # a fork of the tests has their memory from the start
            bootstrap.run(channel, start)
        finally:
            os._exit(99)

    def invoke(
        self, event: object = None, *, body: bytes | None = None, extra: Mapping[str, object] | None = None
    ) -> Reply | None:
        """Send one event; the answer, or None if the process ended instead."""
        self.send(json.dumps(event).encode() if body is None else body, extra)
        return self.receive()

    def send(self, body: bytes, extra: Mapping[str, object] | None = None) -> None:
        """Send one event."""
        members = json.dumps(extra).encode() if extra else b""
        header = frames.TO_ENVIRONMENT.pack(frames.INVOKE, len(body), len(members), DEADLINE_MS, REQUEST_ID.encode())
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for packet in frames.packets(header + members + body):
                self.send_packet(packet)

    def send_packet(self, packet: bytes) -> None:
        """Send one packet as it is."""
        self._channel.send(packet)

    def receive(self) -> Reply | None:
        """The next message, whole."""
        try:
            message = self._channel.recv(frames.PACKET)
        except ConnectionResetError:
            return None
        if not message:
            return None
        kind, size, log_end, seconds, peak_kib = frames.FROM_ENVIRONMENT.unpack_from(message)
        body = message[frames.FROM_ENVIRONMENT.size :]
        while len(body) < size:
            more = self._channel.recv(frames.PACKET)
            assert more[:1] == frames.MORE, "what does not fit follows in packets marked as such"
            body += more[1:]
        return Reply(kind, body, log_end, seconds, peak_kib)

    def output(self) -> bytes:
        """All that the function has written, with the stamps."""
        return os.pread(self._log, os.fstat(self._log).st_size, 0)

    def events(self) -> list[str]:
        """The log events: lines without their stamps, continued ones joined."""
        text = self.output().replace(frames.INIT_END + b"\n", b"").replace(frames.CONTINUED + b"\n", b"\x1e")
        lines = text.removesuffix(b"\n").split(b"\n") if text else []
        skip = 1 + frames.STAMP_DIGITS
        lines = [line[skip:] if line.startswith(frames.STAMP) else line for line in lines]
        return [line.replace(b"\x1e", b"\n").decode("utf-8", "surrogateescape") for line in lines]

    def close(self) -> int:
        """Close the channel, and wait for the process: its exit status, negative if a signal ended it."""
        if self._status is None:
            self._channel.close()
            signal.signal(signal.SIGALRM, lambda *_: os.kill(self.pid, signal.SIGKILL))
            signal.alarm(_PATIENCE_S)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            signal.alarm(0)
        return self._status

    def forget(self) -> None:
        """Let go of everything."""
        self.close()
        os.close(self._log)
