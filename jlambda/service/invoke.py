"""Invocations: an event goes in, a record and an answer come out, whatever happens in between."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

from jlambda.billing import billed_ms
from jlambda.engine.engine import Engine
from jlambda.engine.loop import Loop
from jlambda.errors import InvalidRequestContent, RequestTooLarge, Throttled
from jlambda.model.invocation import InvocationRecord, Outcome, Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.version import DeployedVersion
from jlambda.store.records import Records
from jlambda.telemetry.logs import exit_output

_encode = json.JSONEncoder(allow_nan=False).encode
_ids: list[str] = []
#: errors that Lambda itself writes to the log, for want of a process that could
_ENDED_BY_SERVICE = ("Runtime.ExitError", "Sandbox.Failure")


class Finished(NamedTuple):
    """One invocation that is over: its record, what it answered, and what it wrote."""

    record: InvocationRecord
    payload: bytes
    log: bytes


def new_request_id() -> str:
    """A random UUID. Made a thousand at a time: one alone costs 2 us."""
    try:
        return _ids.pop()
    except IndexError:
        pass
    digits = os.urandom(16_000).hex()
    for i in range(0, 32_000, 32):
        d = digits[i : i + 32]
        _ids.append(f"{d[:8]}-{d[8:12]}-4{d[13:16]}-{'89ab'[int(d[16], 16) & 3]}{d[17:20]}-{d[20:]}")
    return _ids.pop()


def encode_event(event: object) -> bytes:
    """An event as the JSON that is sent. Raises `InvalidRequestContent` and `RequestTooLarge`."""
    try:
        body = _encode(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestContent(f"the event is not JSON: {error}; use dicts, lists, strings, numbers, True and None") from None
    if len(body) > PAYLOAD_BYTES:
        raise RequestTooLarge(
            f"the event has {len(body)} bytes of JSON; {PAYLOAD_BYTES} (6 MB) are allowed: pass a reference to the data instead"
        )
    return body


class Invoker:
    """Runs invocations on the engine and records each of them."""

    def __init__(self, engine: Engine, records: Records) -> None:
        self._engine, self._append = engine, records.append

    def invoke(self, version: DeployedVersion, event: object) -> Finished:
        """Run one invocation and wait for it. Raises `Throttled`, after recording it."""
        request = Request(new_request_id(), encode_event(event))
        try:
            outcome = self._engine.invoke(version, request, lambda late: self.finish(version, request, late))
        except Throttled:
            self.record_throttle(version, request)
            raise
        return self.finish(version, request, outcome)

    def submit(self, version: DeployedVersion, event: object, finished: Callable[[Finished], object]) -> Future[object]:
        """Begin an invocation; the future gets what `finished` makes of it, or the error it raises."""
        request = Request(new_request_id(), encode_event(event))
        future: Future[object] = Future()
        future.set_running_or_notify_cancel()

        def done(outcome: Outcome | Exception) -> None:
            try:
                if isinstance(outcome, Exception):
                    if isinstance(outcome, Throttled):
                        self.record_throttle(version, request)
                    raise outcome
                result = finished(self.finish(version, request, outcome))
            except Exception as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        self._engine.submit(version, request, done)
        return future

    def map(
        self, version: DeployedVersion, events: Iterable[object], concurrency: int, finished: Callable[[int, Finished], None]
    ) -> None:
        """Run an invocation for each event, at most `concurrency` at one time; `finished` is called as they end.

        All of it happens in this thread. If `finished` or the next event raises, or the wait is interrupted, no new
        invocation begins; those under way go on and are recorded. Where the account's concurrency is used up by
        others, it waits for one of its own; it raises `Throttled` only if it has none.
        """
        _Fan(self._engine, self, version, events, concurrency, finished).run()

    def finish(self, version: DeployedVersion, request: Request, outcome: Outcome) -> Finished:
        """Make and keep the record of an invocation."""
        status, payload, error_type, started_at, duration_ms, init_ms, peak_mb, is_cold, log_stream, log = outcome
        if error_type in _ENDED_BY_SERVICE:
            log += exit_output(payload, int(time.time() * 1000))
        if version.redact is not None:
            payload, log = version.redact(payload), version.redact(log)
        configuration = version.configuration
        record = InvocationRecord(
            request.request_id,
            version.function,
            configuration.version,
            started_at,
            duration_ms,
            0 if status == "throttled" else billed_ms(duration_ms, init_ms),
            init_ms,
            configuration.memory_mb,
            peak_mb,
            is_cold,
            status,
            error_type,
            request.trigger,
            request.attempt,
            log_stream,
            len(request.event),
            len(payload),
            configuration.architecture,
            configuration.ephemeral_storage_mb,
        )
        self._append(record, log)
        return Finished(record, payload, log)

    def record_throttle(self, version: DeployedVersion, request: Request) -> None:
        """Keep the record of an invocation that was refused."""
        self.finish(version, request, Outcome("throttled", b"", Throttled.code, time.time(), 0.0, None, 0, False, "", b""))


class _Fan:
    """One `map`: the events that are left, and the invocations under way."""

    def __init__(
        self,
        engine: Engine,
        invoker: Invoker,
        version: DeployedVersion,
        events: Iterable[object],
        concurrency: int,
        finished: Callable[[int, Finished], None],
    ) -> None:
        self._engine, self._invoker, self._version, self._finished = engine, invoker, version, finished
        self._concurrency = concurrency
        self._left: Iterator[tuple[int, Request]] = (
            (number, Request(new_request_id(), encode_event(event))) for number, event in enumerate(events)
        )
        self._prepared: tuple[int, Request] | None = None
        self._loop = Loop(engine)
        self._is_over = False

    def run(self) -> None:
        """Begin as many as may run at one time; each that ends makes room for the next."""
        loop = self._loop
        try:
            self._prepared = next(self._left, None)
            self._begin_more()
            while len(loop):
                loop.run_once()
        finally:
            self._is_over = True
            self._engine.leave_to_background(loop)

    def _begin_more(self) -> None:
        """Begin what there is room for: the invocation that is prepared, then the ones after it."""
        while self._prepared is not None and len(self._loop) < self._concurrency:
            number, request = self._prepared
            try:
                self._loop.start(self._version, request, lambda outcome, n=number, r=request: self._done(n, r, outcome))
            except Throttled:
                if len(self._loop):
                    return
                self._invoker.record_throttle(self._version, request)
                raise
            self._prepared = next(self._left, None)

    def _done(self, number: int, request: Request, outcome: Outcome) -> None:
        if not self._is_over:
            self._begin_more()  # first: the environment waits least
        finished = self._invoker.finish(self._version, request, outcome)
        if not self._is_over:
            self._finished(number, finished)
