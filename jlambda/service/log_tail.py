"""The log of functions while they write it: what an invocation has written so far, and the rest once it is over.

What is running is looked at, whenever somebody asks, in the files that environments write to; nothing is looked at, and
nothing handed on, while nobody tails. What a look shows is never shown again, and never out of order.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jlambda.engine.engine import Engine
from jlambda.engine.running import Output
from jlambda.errors import ResourceNotFound
from jlambda.model.invocation import InvocationRecord, Request
from jlambda.model.runtime import THIS_PYTHON
from jlambda.service.control import ControlPlane
from jlambda.service.invoke import Finished, Invoker, encode_event, new_request_id
from jlambda.service.live_log import LiveLog
from jlambda.service.version import DeployedVersion
from jlambda.telemetry import logs
from jlambda.telemetry.logs import LogEvent

#: how often what is being written is looked at, in seconds
LOOK_S = 0.1


class Tailed(NamedTuple):
    """A log event, and of which function and invocation it is."""

    function: str
    request_id: str
    event: LogEvent


class LogTail:
    """The log of one function, of one invocation of it, or of all, from the time on at which this is made.

    `poll` gives what is new. `close` it, or use it in a ``with`` block.
    """

    def __init__(
        self,
        engine: Engine,
        invoker: Invoker,
        control: ControlPlane,
        region: str,
        function: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self._engine, self._control, self._region = engine, control, region
        self._function, self._request_id = function, request_id
        self._ended: deque[tuple[InvocationRecord, bytes]] = deque()
        self._shown: dict[str, LiveLog] = {}
        self._sighted: set[str] = set()
        self._end = invoker.listen(self._invocation_ended)

    def __enter__(self) -> LogTail:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """See nothing more."""
        self._end()

    def poll(self) -> list[Tailed]:
        """What has been written since the last time, in order for each invocation."""
        found = self._take_ended()
        before, self._sighted = self._sighted, set()
        for output in self._engine.outputs(self._places()):
            if self._is_meant(output.function, output.request_id):
                self._sighted.add(output.request_id)
                # of short ones several may be sent ahead, and whose output it is shows when they are over
                if output.request_id in before:
                    found += self._live(output)
        return found

    def _invocation_ended(self, record: InvocationRecord, log: bytes) -> None:
        if self._is_meant(record.function, record.request_id):
            self._ended.append((record, log))

    def _is_meant(self, function: str, request_id: str) -> bool:
        return self._function in (None, function) and self._request_id in (None, request_id)

    def _places(self) -> dict[str, int]:
        return {request_id: shown.at for request_id, shown in self._shown.items()}

    def _take_ended(self) -> list[Tailed]:
        found = []
        for _ in range(len(self._ended)):
            record, log = self._ended.popleft()
            shown = self._shown.pop(record.request_id, None)
            every = logs.lines(record, log, self._runtime(record.function), self._region)
            left = every if shown is None else shown.after(every)
            found += [Tailed(record.function, record.request_id, event) for event in left]
        return found

    def _live(self, output: Output) -> list[Tailed]:
        shown = self._shown.setdefault(output.request_id, LiveLog())
        events = shown.read(output, self._region)
        return [Tailed(output.function, output.request_id, event) for event in events]

    def _runtime(self, function: str) -> str:
        try:
            return self._control.get(function).runtime
        except ResourceNotFound:  # it is deleted
            return THIS_PYTHON


def invoke_tailed(
    invoker: Invoker,
    version: DeployedVersion,
    event: object,
    qualifier: str | None,
    tail: Callable[[str, str], LogTail],
    written: Callable[[Sequence[Tailed]], object],
) -> Finished:
    """Run one invocation and wait for it; `written` is told what it logs meanwhile. Raises `Throttled`.

    Whoever interrupts the wait stops waiting only.
    """
    __tracebackhide__ = True
    request = Request(new_request_id(), encode_event(event), qualifier=qualifier)
    came: list[Finished | Exception] = []
    over = threading.Event()

    def done(ended: Finished | Exception) -> None:
        came.append(ended)
        over.set()

    with tail(version.function, request.request_id) as following:
        invoker.begin_request(version, request, done)
        is_over = False
        while not is_over:
            is_over = over.wait(LOOK_S)
            if new := following.poll():
                written(new)
    (ended,) = came
    if isinstance(ended, Exception):
        raise ended
    return ended
