"""The invocations of one gateway, driven from the server's own loop. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from jlambda.api.streaming import Streaming
from jlambda.model.invocation import Request
from jlambda.service.invoke import Finished
from jlambda.service.reactor import Reactor

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jlambda.service.version import DeployedVersion
    from jlambda.session import Session


class Calls:
    """Begins invocations, and waits for them without a thread; `pool` is for what takes long."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self.session, self.pool = session, pool
        self._reactor: Reactor | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, version: DeployedVersion, request: Request) -> Finished:
        """Run an invocation; whoever waits for it holds no thread. Raises `Throttled`."""
        reactor = self._reactor or await self._start()
        future: asyncio.Future[Finished] = asyncio.get_running_loop().create_future()

        def settle(finished: Finished) -> None:
            if not future.done():  # else the client is gone
                future.set_result(finished)

        reactor.begin(version, request, settle)
        self._watch_clock(reactor)
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
        wait_s = reactor.wait_s()
        if wait_s is None:
            return
        loop = asyncio.get_running_loop()
        at = loop.time() + wait_s
        if self._timer is None or self._timer.cancelled() or at < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(at, self._time_is_up, reactor)

    def _time_is_up(self, reactor: Reactor) -> None:
        self._timer = None
        self._turn(reactor)

    def close(self) -> None:
        """Leave what is under way to the engine."""
        if self._timer is not None:
            self._timer.cancel()
        if self._reactor is not None:
            asyncio.get_running_loop().remove_reader(self._reactor.fileno())
            self._reactor.close()
            self._reactor = None
