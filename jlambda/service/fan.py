"""One `map`: many invocations of one version from one thread, and Ctrl-C without losing any of them."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import LambdaError, Throttled
from jlambda.model.invocation import Outcome, Request
from jlambda.service.version import DeployedVersion

if TYPE_CHECKING:
    from jlambda.service.invoke import Finished

T = TypeVar("T")

#: how long Ctrl-C may have to wait while nothing happens
_TICK_S = 0.1


class Recorder(Protocol):
    """What keeps the records: the session's `Invoker`."""

    def finish(self, version: DeployedVersion, request: Request, outcome: Outcome) -> Finished:
        """Make and keep the record of an invocation."""

    def record_throttle(self, version: DeployedVersion, request: Request) -> Finished:
        """Make and keep the record of an invocation that was refused."""


class Fan:
    """The source of one `map`: the events that are left, and what becomes of each."""

    def __init__(
        self,
        recorder: Recorder,
        engine: Engine,
        version: DeployedVersion,
        requests: Iterator[Request],
        concurrency: int,
        finished: Callable[[int, Finished], None],
    ) -> None:
        self._recorder, self._engine, self._version = recorder, engine, version
        self._next: Callable[[], Request | None] = partial(next, requests, None)
        self._concurrency, self._finished = concurrency, finished
        self._numbers: dict[str, int] = {}
        self._count = 0
        self._put_back: list[Request] = []
        self._loop = Loop(engine)
        self._interrupt = HeldInterrupt()
        self._is_over = False

    def run(self, waiting: Callable[[], None]) -> None:
        """Use as many environments as there may be at one time, until all events have had one."""
        __tracebackhide__ = True
        loop = self._loop
        with self._interrupt as interrupt:
            try:
                self._begin_more()
                while len(loop):
                    loop.run_once(_TICK_S)
                    if self._put_back or interrupt.is_held:
                        interrupt.let_through()
                        self._begin_more()
                    waiting()
            finally:
                self._is_over = True
                self._engine.leave_to_background(loop)

    def take(self) -> Request | None:
        """The next event's request, with its place in the order kept."""
        if self._is_over:
            return None
        if self._put_back:
            return self._put_back.pop()
        # The caller's own code runs here: it may take long, and may be interrupted.
        request = self._interrupt.during(self._next)
        if request is not None:
            self._numbers[request.request_id] = self._count
            self._count += 1
        return request

    def ended(self, request: Request, outcome: Outcome) -> None:
        """Record an invocation, and tell unless nobody waits any more."""
        finished = self._recorder.finish(self._version, request, outcome)
        if not self._is_over:
            self._finished(self._numbers.pop(request.request_id), finished)

    def give_back(self, requests: list[Request]) -> None:
        """Requests that an environment was lost with, before it had read them."""
        self._put_back += requests

    def refused(self, request: Request, error: LambdaError) -> None:
        """No environment for a request now: it waits for one of ours if there is one."""
        self._put_back.append(request)
        if not len(self._loop) or not isinstance(error, Throttled):
            if isinstance(error, Throttled):
                self._recorder.record_throttle(self._version, request)
            raise error

    def _begin_more(self) -> None:
        while len(self._loop) < self._concurrency:
            request = self.take()
            if request is None:
                return
            try:
                self._loop.serve(self._version, request, self)
            except Throttled as error:
                self.refused(request, error)
                return


class HeldInterrupt:
    """Within the block, Ctrl-C waits until nothing is half done: for `let_through`, or for a call by `during`.

    Only the main thread gets it; in others, and where nobody listens for it, this does nothing.
    """

    def __init__(self) -> None:
        self._is_allowed = self.is_held = False
        self._frame: FrameType | None = None
        self._before: Any = None

    def __enter__(self) -> HeldInterrupt:
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._hold)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if kind is None:
                self.let_through()

    def _hold(self, _: int, frame: FrameType | None) -> None:
        self._frame, self.is_held = frame, True
        if self._is_allowed:
            self.let_through()

    def let_through(self) -> None:
        """Raise what Ctrl-C would have raised, if there was one."""
        __tracebackhide__ = True
        if self.is_held:
            self.is_held = self._is_allowed = False
            self._before(signal.SIGINT, self._frame)

    def during(self, act: Callable[[], T]) -> T:
        """The result of `act`, which may be interrupted at any point."""
        self._is_allowed = True
        try:
            if self.is_held:
                self.let_through()
            return act()
        finally:
            self._is_allowed = False
