"""The Shutdown phase within an execution environment: what is asked of the runtime and of extensions, and until when.

Runs with the standard library only. Knows nothing of invocations.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from jlambda.model.signals import OUT_OF_MEMORY, TIMED_OUT
from jlambda.runtimes.children import Children, Ended
from jlambda.runtimes.extensions import SHUTDOWN, Extensions
from jlambda.runtimes.http import Answer, Connection

# the same page: how long it may take where there are internal extensions only, and where there are external ones; the
# runtime's part of that
_INTERNAL_S, _EXTERNAL_S, _RUNTIME_S = 0.5, 2.0, 0.3

#: signals that end an environment: AWS's word for why, and how its process then ends
ENDS = {
    signal.SIGTERM: ("spindown", Ended()),
    TIMED_OUT: ("timeout", Ended(signal=signal.SIGKILL)),
    OUT_OF_MEMORY: ("failure", Ended(signal=signal.SIGKILL)),
}


class Shutdown:
    """One such phase, begun as it is made: first the runtime ends, then extensions are told and may end."""

    def __init__(
        self, reason: str, children: Children, extensions: Extensions, answer: Callable[[Connection, Answer], None]
    ) -> None:
        self._reason, self._children, self._extensions, self._answer = reason, children, extensions, answer
        has_external = extensions.has_external
        now = time.monotonic()
        self._runtime_until = now + _RUNTIME_S if has_external else None
        self._until = now if not extensions else now + (_EXTERNAL_S if has_external else _INTERNAL_S)
        self._deadline_ms = int((time.time() + _EXTERNAL_S) * 1000)
        if extensions:
            children.ask_runtime_to_end()

    @property
    def patience_s(self) -> float:
        """How long to wait for something to happen before `is_over` is asked again."""
        return max(0.0, (self._until if self._runtime_until is None else self._runtime_until) - time.monotonic())

    def is_over(self) -> bool:
        """Go on to what is due by now; whether the time of everybody is over."""
        now = time.monotonic()
        if self._runtime_until is not None and (now >= self._runtime_until or not self._children.has_runtime):
            self._runtime_until = None
            self._stop_extensions()
        return now >= self._until

    def _stop_extensions(self) -> None:
        self._children.kill_runtime()
        self._children.kill_extensions({each.name for each in self._extensions if SHUTDOWN in each.events})
        about = {"shutdownReason": self._reason, "deadlineMs": self._deadline_ms}
        for connection, answer in self._extensions.tell(SHUTDOWN, about):
            self._answer(connection, answer)
