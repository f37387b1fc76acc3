"""The invocations of one gateway, driven from the server's own loop. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import TYPE_CHECKING

from jlambda.api.streaming import Streaming
from jlambda.model.invocation import Request
from jlambda.service.invoke import Finished
from jlambda.service.reactor import Reactor

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jlambda.service.version import DeployedVersion
    from jlambda.session import Session


class Prompt(asyncio.Future["Finished"]):
    """A future whose waiter goes on at once when it is settled, and not with the next turn of the loop.

    It must not be settled within a task: the waiter would go on within that.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiters: list[tuple[Callable[[Prompt], object], Context]] = []

    def add_done_callback(self, fn: Callable[[Prompt], object], *, context: Context | None = None) -> None:
        """Have `fn` called when it is settled."""
        if self.done():
            super().add_done_callback(fn, context=context)
        else:
            self._waiters.append((fn, context or copy_context()))

    def remove_done_callback(self, fn: Callable[[Prompt], object], /) -> int:
        """Do not have `fn` called."""
        before = len(self._waiters)
        self._waiters = [each for each in self._waiters if each[0] != fn]
        return before - len(self._waiters)

    def settle(self, finished: Finished) -> None:
        """The invocation is over; its waiter goes on."""
        if not self.done():  # else the client is gone
            self.set_result(finished)
            waiters, self._waiters = self._waiters, []
            for waiter, context in waiters:
                context.run(waiter, self)

    def cancel(self, msg: object = None) -> bool:
        """Nobody waits any more."""
        if not super().cancel(msg):
            return False
        for waiter, context in self._waiters:
            self.get_loop().call_soon(waiter, self, context=context)
        self._waiters = []
        return True


class Calls:
    """Begins invocations, and waits for them without a thread; `pool` is for what takes long."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self.session, self.pool = session, pool
        self._reactor: Reactor | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf  # by the engine's clock

    @property
    def is_ready(self) -> bool:
        """Whether `begin` can be called: from the first invocation on."""
        return self._reactor is not None

    def begin(self, version: DeployedVersion, request: Request, done: Callable[[Finished], object]) -> None:
        """Begin an invocation; `done`, which must not raise, is called when it is over, unless the loop has ended before.

        Raises `Throttled`.
        """
        reactor = self._reactor
        assert reactor is not None
        reactor.begin(version, request, done)
        self._watch_clock(reactor)

    async def run(self, version: DeployedVersion, request: Request) -> Finished:
        """Run an invocation; whoever waits for it holds no thread. Raises `Throttled`."""
        if not self.is_ready:
            await self._start()
        future = Prompt()
        self.begin(version, request, future.settle)
        return await future

    async def stream(self, version: DeployedVersion, request: Request) -> Streaming:
        """Begin an invocation whose response is taken while it comes. Raises `Throttled`."""
        reactor = self._reactor or await self._start()
        streaming = Streaming()
        streaming.resume = reactor.begin(version, request._replace(is_streamed=True), streaming.end, streaming)
        self._watch_clock(reactor)
        return streaming

    async def accept(self, version: DeployedVersion, request: Request) -> None:
        """Take an asynchronous invocation in: it is on the disk when this returns. Raises `StateError` if it cannot be."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def settle(error: Exception | None) -> None:
            if future.done():  # the client is gone
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        def told(error: Exception | None) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(settle, error)

        self.session.queue.accept_later(
            version.function if request.qualifier is None else f"{version.function}:{request.qualifier}",
            request.event,
            told,
            trigger=request.trigger,
            trace_id=request.trace_id,
            client_context=request.client_context,
            request_id=request.request_id,
        )
        await future

    async def _start(self) -> Reactor:
        loop = asyncio.get_running_loop()
        # what takes long, once: the supervisor's start
        await loop.run_in_executor(self.pool, self.session.engine.protection)
        self.session.queue.start()
        if self._reactor is None:
            reactor = self._reactor = Reactor(self.session.invoker, self.session.engine)
            loop.add_reader(reactor.fileno(), self._turn, reactor)
        return self._reactor

    def _turn(self, reactor: Reactor) -> None:
        reactor.run()
        self._watch_clock(reactor)

    def _watch_clock(self, reactor: Reactor) -> None:
        """Have the reactor look at its deadlines when the next one has come."""
        if reactor.next_check >= self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = reactor.next_check
        self._timer = asyncio.get_running_loop().call_later(reactor.wait_s(), self._time_is_up, reactor)

    def _time_is_up(self, reactor: Reactor) -> None:
        self._timer, self._timer_at = None, math.inf
        self._turn(reactor)

    def close(self) -> None:
        """Leave what is under way to the engine."""
        if self._timer is not None:
            self._timer.cancel()
        if self._reactor is not None:
            asyncio.get_running_loop().remove_reader(self._reactor.fileno())
            self._reactor.close()
            self._reactor = None
