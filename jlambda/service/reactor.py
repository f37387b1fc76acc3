"""Invocations driven from somebody else's event loop: no thread of ours takes part, and none waits.

The loop calls `run` when `fileno` can be read, and after `wait_s` seconds at the latest.
"""

from __future__ import annotations

from collections.abc import Callable

from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import Throttled
from jlambda.model.invocation import Request
from jlambda.service.invoke import Finished, Invoker
from jlambda.service.version import DeployedVersion


class Reactor:
    """A loop within a loop. All of it is called from one thread."""

    def __init__(self, invoker: Invoker, engine: Engine) -> None:
        self._invoker, self._engine = invoker, engine
        self._loop = Loop(engine)

    def fileno(self) -> int:
        """What can be read when there is something to do."""
        return self._loop.fileno()

    def wait_s(self) -> float | None:
        """After how many seconds `run` must be called whatever happens; None for never."""
        at = self._loop.next_check
        return None if at == float("inf") else max(0.0, at - self._engine.now())

    def begin(self, version: DeployedVersion, request: Request, done: Callable[[Finished], object]) -> None:
        """Begin an invocation; `run` calls `done` when it is over. Raises `Throttled`, after recording it, and
        `RecursiveInvocation`."""
        request = self._invoker.follow(version.function, request)
        finish = self._invoker.finish
        try:
            self._loop.start(version, request, lambda outcome: done(finish(version, request, outcome)))
        except Throttled:
            self._invoker.record_throttle(version, request)
            raise

    def run(self) -> None:
        """Carry on with what has happened; waits for nothing."""
        self._loop.run_once(0.0)

    def close(self) -> None:
        """Let go. What is under way goes on in the engine's own thread, and is recorded."""
        self._engine.leave_to_background(self._loop)
