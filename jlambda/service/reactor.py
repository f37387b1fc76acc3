"""Invocations driven from somebody else's event loop: no thread of ours takes part, and none waits.

The loop calls `run` when `fileno` can be read, and after `wait_s` seconds at the latest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import Throttled
from jlambda.model.invocation import Outcome, Request
from jlambda.model.streaming import Sink
from jlambda.service.invoke import Finished, Invoker
from jlambda.service.version import DeployedVersion
from jlambda.store.secrets import Redactor


class Reactor:
    """A loop within a loop. All of it is called from one thread."""

    def __init__(self, invoker: Invoker, engine: Engine) -> None:
        self._invoker, self._engine = invoker, engine
        self._loop = Loop(engine)
        self._is_closed = False

    def fileno(self) -> int:
        """What can be read when there is something to do."""
        return self._loop.fileno()

    @property
    def next_check(self) -> float:
        """When `run` must be called whatever happens, by the engine's clock; infinity for never."""
        return self._loop.next_check

    def wait_s(self) -> float:
        """After how many seconds that is."""
        return max(0.0, self._loop.next_check - self._engine.now())

    def begin(
        self, version: DeployedVersion, request: Request, done: Callable[[Finished], object], sink: Sink | None = None
    ) -> Callable[[], None]:
        """Begin an invocation; `run` calls `done` when it is over. Raises `Throttled`, after recording it, and
        `RecursiveInvocation`.

        `sink` takes a response that the function streams, secrets redacted; what is returned resumes the flow to it.
        """
        request = self._invoker.follow(version.function, request)
        finish = self._invoker.finish
        redacting = None
        if sink is not None and version.redact is not None:
            sink = redacting = RedactingSink(sink, version.redact)

        def ended(outcome: Outcome) -> None:
            finished = finish(version, request, outcome)
            if self._is_closed:  # whoever has begun it is gone, and this is another thread
                return
            if redacting is not None:
                redacting.end()
            done(finished)

        try:
            flight = self._loop.start(version, request, ended, sink)
        except Throttled:
            self._invoker.record_throttle(version, request)
            raise
        return partial(self._loop.resume, flight)

    def run(self) -> None:
        """Carry on with what has happened; waits for nothing."""
        self._loop.run_once(0.0)

    def close(self) -> None:
        """Let go. What is under way goes on in the engine's own thread and is recorded, and nobody is told."""
        self._is_closed = True
        self._engine.leave_to_background(self._loop)


class RedactingSink:
    """Takes secrets out of what goes to another sink. What could be the beginning of one waits for what follows."""

    def __init__(self, sink: Sink, redact: Redactor) -> None:
        self._sink, self._redact, self._pending = sink, redact, b""
        self.began = sink.began

    def part(self, data: bytes) -> bool:
        """The next part."""
        text = self._redact(self._pending + data)
        end = len(text) - self._redact.open_end(text)
        self._pending = text[end:]
        return self._sink.part(text[:end]) if end else True

    def end(self) -> None:
        """The response is over: what waits was no secret."""
        if self._pending:
            self._sink.part(self._pending)
            self._pending = b""
