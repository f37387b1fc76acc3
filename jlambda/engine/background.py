"""The engine's one thread: it drives what nobody waits for, and sleeps otherwise."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from jlambda.engine.loop import Loop

if TYPE_CHECKING:
    from jlambda.engine.engine import Engine


class Background:
    """A thread that runs a loop, and takes calls from other threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = Loop(engine)
        self._calls: deque[Callable[[Loop], None]] = deque()
        self._woken, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        self._is_awake = False
        self._is_closing = False
        self._loop.watch(self._woken.fileno(), self._take_calls)
        self._thread = threading.Thread(target=self._run, name="jlambda-engine", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[Loop], None]) -> None:
        """Have `function` called with the loop, in its thread, soon and in order."""
        self._calls.append(function)
        if not self._is_awake:
            self._is_awake = True
            with contextlib.suppress(BlockingIOError, OSError):
                self._wake.send(b"x")

    def _take_calls(self) -> None:
        self._woken.recv(4096)
        self._is_awake = False
        while self._calls:
            self._calls.popleft()(self._loop)

    def _run(self) -> None:
        while not self._is_closing:
            self._loop.run_once()
            if self._engine.now() >= self._loop.wake_at:
                self._engine.expire(self._loop)

    def close(self) -> None:
        """Stop the thread; invocations under way are given up."""

        def stop(_: Loop) -> None:
            self._is_closing = True

        self.call(stop)
        if threading.current_thread() is not self._thread:
            self._thread.join(5)
        self._loop.close()
        self._woken.close()
        self._wake.close()
