"""A listener on 127.0.0.1 and its connections, on one thread: who has sent something is served, nobody is waited for.

Runs within an execution environment, with the standard library only. Knows nothing of what is asked and answered.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable

from jlambda.runtimes.http import Answer, Connection, Request


class Listener:
    """`serve` is called with each request, `dropped` with a connection that has ended, `limit` says how long a body may be."""

    def __init__(
        self,
        serve: Callable[[Connection, Request], None],
        dropped: Callable[[Connection], None],
        limit: Callable[[Request], int],
    ) -> None:
        self._serve, self._dropped, self._limit = serve, dropped, limit
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._socket.setblocking(False)
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._poll = select.epoll()
        self._acts: dict[int, Callable[[], None]] = {}
        self._connections: dict[int, Connection] = {}
        self.watch(self._socket.fileno(), self._accept)

    def watch(self, fd: int, act: Callable[[], None]) -> None:
        """Have `act` called whenever there is something to read on a descriptor."""
        self._acts[fd] = act
        self._poll.register(fd, select.EPOLLIN)

    def unwatch(self, fd: int) -> None:
        """No more of that."""
        self._poll.unregister(fd)
        del self._acts[fd]

    def watch_signals(self, numbers: list[signal.Signals], act: Callable[[bytes], None]) -> None:
        """Have `act` called with the numbers of signals that have come."""
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda *_: None)
        self.watch(woken, lambda: act(os.read(woken, 4096)))

    def step(self, patience_s: float) -> None:
        """Wait until something happens, at most so long (for good if negative), and act on it."""
        for fd, what in self._poll.poll(patience_s):
            if act := self._acts.get(fd):
                act()
            elif what & select.EPOLLOUT:
                self._write(fd)
            else:
                self._read(fd)

    def read_all(self) -> None:
        """Serve all that has been sent so far."""
        for fd in list(self._connections):
            self._read(fd)

    def answer(self, connection: Connection, answer: Answer) -> None:
        """Send an answer, the rest of a long one as its reader takes it."""
        if not connection.answer(*answer):
            self._poll.modify(connection.fd, select.EPOLLIN | select.EPOLLOUT)

    def _accept(self) -> None:
        try:
            sock, _ = self._socket.accept()
        except OSError:  # it has gone again
            return
        connection = Connection(sock, self._limit)
        self._connections[connection.fd] = connection
        self._poll.register(connection.fd, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        connection = self._connections.get(fd)
        if connection is None:
            return
        try:
            for request in connection.receive():
                self._serve(connection, request)
        except (ConnectionError, ValueError):
            del self._connections[fd]
            self._poll.unregister(fd)
            connection.close()
            self._dropped(connection)

    def _write(self, fd: int) -> None:
        connection = self._connections.get(fd)
        if connection is not None and connection.flush():
            self._poll.modify(fd, select.EPOLLIN)
