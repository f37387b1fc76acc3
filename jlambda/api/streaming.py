"""A streamed response between the reactor, which gives parts as they come, and a coroutine, which sends them.

Keeps no more of it than a little: where the client is slow the function waits, as on AWS.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from jlambda.service.invoke import Finished

#: so many bytes that have not been sent hold the function up, and so few let it go on
_HIGH, _LOW = 1 << 18, 1 << 16


class Streaming:
    """One invocation whose response is taken while it comes; a `Sink`. All of it happens in the server's loop.

    `content_type` is None as long as the function has not begun to stream, and for good where it answers all at once;
    `finished` is None until the invocation is over.
    """

    def __init__(self) -> None:
        self.content_type: str | None = None
        self.finished: Finished | None = None
        self.resume: Callable[[], None] = lambda: None
        self.when_over: Callable[[Finished], object] = lambda _: None
        self._parts: deque[bytes] = deque()
        self._size = 0
        self._is_held = self._is_abandoned = False
        self._changed = asyncio.Event()

    def began(self, content_type: str) -> None:
        """The function has begun to stream."""
        self.content_type = content_type
        self._changed.set()

    def part(self, data: bytes) -> bool:
        """Keep a part until it is sent; False where there are too many of them."""
        if self._is_abandoned:
            return True
        self._parts.append(data)
        self._size += len(data)
        self._changed.set()
        self._is_held = self._size > _HIGH
        return not self._is_held

    def end(self, finished: Finished) -> None:
        """The invocation is over."""
        self.finished = finished
        self._changed.set()
        self.when_over(finished)

    def abandon(self) -> None:
        """Nobody reads any more: the function goes on, and what it says is dropped."""
        self._is_abandoned = True
        self._parts.clear()
        self._size = 0
        self._let_go()

    async def begin(self) -> bool:
        """Wait for the beginning of the response: whether it is streamed. If it is not, the invocation is over."""
        while self.content_type is None and self.finished is None:
            await self._change()
        return self.content_type is not None

    async def parts(self) -> AsyncIterator[bytes]:
        """The parts, each as it comes, to the end of the invocation."""
        while True:
            while self._parts:
                data = self._parts.popleft()
                self._size -= len(data)
                yield data
                if self._size <= _LOW:
                    self._let_go()
            if self.finished is not None:
                return
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _let_go(self) -> None:
        if self._is_held:
            self._is_held = False
            self.resume()
