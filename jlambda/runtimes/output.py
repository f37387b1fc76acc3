"""What a function writes: its standard streams, and the one file that takes all output of an environment.

Layout of that file: see `STAMP` and `CONTINUED` in `jlambda.model.frames`. Every write reaches the file at once, as
on AWS, so that what a killed function printed is still there. Knows nothing of invocations or log formats.
"""

from __future__ import annotations

import io
import os
import sys
import time
from _thread import RLock  # all that is needed of `threading`

from jlambda.model.frames import CONTINUED, INIT_END, STAMP

_INSIDE_EVENT = CONTINUED + b"\n"


class Output:
    """The file of one environment, and which stream, if any, has begun a line in it without ending it."""

    def __init__(self, fd: int) -> None:
        # of our own, so that a function that closes or replaces fd 1 cannot take it away
        self._fd = os.dup(fd)
        self._unfinished = -1
        self._began_at = self.end()
        self._lock = RLock()
        os.register_at_fork(after_in_child=self._after_fork)

    def write(self, data: bytes, fd: int) -> None:
        """Append what was written to the stream on `fd`, each new line stamped with the time."""
        ends = data.endswith(b"\n")
        with self._lock:
            if self._unfinished != fd or data.find(b"\n", 0, -1) >= 0:
                data = self._stamped(data, fd)
            self._unfinished = -1 if ends else fd
            _write_all(fd, data)

    def log(self, text: str) -> None:
        """Append `text` as one event, however many lines it has."""
        data = text.encode("utf-8", "backslashreplace")
        data = data[: -1 if data.endswith(b"\n") else None].replace(b"\n", _INSIDE_EVENT) + b"\n"
        with self._lock:
            data = self._break() + _stamp() + data
            self._unfinished = -1
            _write_all(self._fd, data)

    def end(self) -> int:
        """Finish a line that was left open, and return the size of the file in bytes."""
        if self._unfinished >= 0:
            with self._lock:
                self._unfinished = -1
                _write_all(self._fd, b"\n")
        return os.lseek(self._fd, 0, os.SEEK_END)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._fd)

    def begin_again(self) -> None:
        """Another file has come into the place of fd 1: write to that one from now on."""
        os.dup2(1, self._fd, inheritable=False)
        self._unfinished = -1
        self._began_at = self.end()

    def end_init(self) -> None:
        """Mark where the output of the init phase ends, if there is any."""
        if self.end() > self._began_at:
            _write_all(self._fd, INIT_END + b"\n")

    def _stamped(self, data: bytes, fd: int) -> bytes:
        stamp = _stamp()
        inner = data[:-1].replace(b"\n", b"\n" + stamp) + data[-1:]
        return inner if self._unfinished == fd else self._break() + stamp + inner

    def _break(self) -> bytes:
        """What ends the line that another stream left open."""
        return b"" if self._unfinished < 0 else b"\n"

    def _after_fork(self) -> None:
        self._lock = RLock()


class _Bytes(io.RawIOBase):
    """The binary side of a standard stream, `sys.stdout.buffer`."""

    def __init__(self, output: Output, fd: int, name: str) -> None:
        super().__init__()
        self._output, self._fd, self.name, self.mode = output, fd, name, "wb"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: object) -> int:
        written = bytes(memoryview(data))  # type: ignore[arg-type]
        if written:
            self._output.write(written, self._fd)
        return len(written)


class _Text(io.TextIOWrapper):
    """`sys.stdout` or `sys.stderr`: a text file in every respect, except that nothing waits in a buffer."""

    def __init__(self, output: Output, fd: int, name: str, errors: str) -> None:
        super().__init__(_Bytes(output, fd, name), "utf-8", errors, newline="\n", write_through=True)
        self._output, self._fd = output, fd

    def write(self, text: str) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if text:
            self._output.write(text.encode(self.encoding, self.errors or "strict"), self._fd)
        return len(text)


def open_streams(output: Output) -> None:
    """Put streams that write to `output` in the place of `sys.stdout` and `sys.stderr`."""
    sys.stdout, sys.stderr = _Text(output, 1, "<stdout>", "surrogateescape"), _Text(output, 2, "<stderr>", "backslashreplace")
    # final for type checkers only; what the process was forked with writes past `output`
    vars(sys).update(__stdout__=sys.stdout, __stderr__=sys.stderr)


def _stamp() -> bytes:
    return STAMP + b"%013d" % (time.time_ns() // 1_000_000)


def _write_all(fd: int, data: bytes) -> None:
    while rest := data[os.write(fd, data) :]:
        data = rest
