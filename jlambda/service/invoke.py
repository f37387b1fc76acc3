"""Invocations: an event goes in, a record and an answer come out, whatever happens in between."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, NamedTuple

from jlambda.billing import billed_ms, billed_restore_ms
from jlambda.engine.engine import Engine
from jlambda.errors import EngineError, InvalidRequestContent, RequestTooLarge, Throttled
from jlambda.model.encoding import compiled
from jlambda.model.function import FunctionConfiguration
from jlambda.model.invocation import InvocationRecord, Outcome, Request
from jlambda.model.limits import PAYLOAD_BYTES
from jlambda.service.fan import Fan
from jlambda.service.version import DeployedVersion
from jlambda.store.records import Records
from jlambda.telemetry.logs import exit_output, with_failed_inits

_encode = compiled(json.JSONEncoder(ensure_ascii=False, allow_nan=False))
#: makes a named tuple of all its members in less than half the time that its own constructor takes
_new = tuple.__new__
_encode_ascii = json.JSONEncoder(allow_nan=False).encode
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
        try:
            body = _encode(event).encode()
        except UnicodeEncodeError:  # halves of surrogate pairs can be told in JSON, not in UTF-8
            body = _encode_ascii(event).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequestContent(f"the event is not JSON: {error}; use dicts, lists, text, numbers, True and None") from None
    if len(body) > PAYLOAD_BYTES:
        raise RequestTooLarge(
            f"the event has {len(body)} bytes of JSON; {PAYLOAD_BYTES} (6 MB) are allowed: pass a reference to the data instead"
        )
    return body


def fulfil(future: Future[Any], ended: Finished | Exception, finished: Callable[[Finished], object]) -> None:
    """Give `future` what `finished` makes of an invocation, or the error instead of either."""
    try:
        if isinstance(ended, Exception):
            raise ended
        result = finished(ended)
    except BaseException as error:  # what a pickled result raises on its way back may be anything
        future.set_exception(error)
    else:
        future.set_result(result)


class Invoker:
    """Runs invocations on the engine and records each of them."""

    def __init__(self, engine: Engine, records: Records) -> None:
        self._engine, self._append = engine, records.append
        #: a request one further in its chain of events; raises `RecursiveInvocation` where that makes a loop
        self.follow: Callable[[str, Request], Request] = lambda _, request: request
        #: told of each invocation that has run, with what it wrote; it must return at once
        self.written: Callable[[FunctionConfiguration, InvocationRecord, bytes], None] = lambda _, __, ___: None
        self._listeners: tuple[Callable[[InvocationRecord, bytes], None], ...] = ()
        self._listening = threading.Lock()
        #: what was begun and has not ended
        self._under_way: set[Callable[[Exception], None]] = set()

    def listen(self, ended: Callable[[InvocationRecord, bytes], None]) -> Callable[[], None]:
        """Have `ended` told of each invocation that is over, with what it wrote; it must return at once.

        What is returned ends it.
        """
        with self._listening:
            self._listeners = (*self._listeners, ended)

        def end() -> None:
            with self._listening:
                self._listeners = tuple(each for each in self._listeners if each != ended)

        return end

    def invoke(self, version: DeployedVersion, event: object, qualifier: str | None = None) -> Finished:
        """Run one invocation and wait for it. Raises `Throttled`, after recording it."""
        __tracebackhide__ = True
        request = Request(new_request_id(), encode_event(event), qualifier=qualifier)
        try:
            outcome = self._engine.invoke(version, request, lambda late: self.finish(version, request, late))
        except Throttled:
            self.record_throttle(version, request)
            raise
        return self.finish(version, request, outcome)

    def begin(
        self,
        version: DeployedVersion,
        event: object,
        done: Callable[[Finished | Exception], object],
        qualifier: str | None = None,
    ) -> None:
        """Begin an invocation; `done` gets what came of it, or `Throttled` or `EngineError`, in another thread."""
        self.begin_request(version, Request(new_request_id(), encode_event(event), qualifier=qualifier), done)

    def begin_request(self, version: DeployedVersion, request: Request, done: Callable[[Finished | Exception], object]) -> None:
        """`begin` for a request that is made already, its event JSON. Raises `RecursiveInvocation`."""
        request = self.follow(version.function, request)

        def ended(outcome: Outcome | Exception) -> None:
            self._under_way.discard(ended)
            if isinstance(outcome, Throttled):
                self.record_throttle(version, request)
            done(outcome if isinstance(outcome, Exception) else self.finish(version, request, outcome))

        self._under_way.add(ended)
        try:
            self._engine.submit(version, request, ended)
        except BaseException:
            self._under_way.discard(ended)
            raise

    def submit(
        self, version: DeployedVersion, event: object, finished: Callable[[Finished], object], qualifier: str | None = None
    ) -> Future[Any]:
        """Begin an invocation; the future gets what `finished` makes of it, or the error it raises."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self.begin(version, event, lambda it: fulfil(future, it, finished), qualifier)
        return future

    def map(
        self,
        version: DeployedVersion,
        events: Iterable[object],
        concurrency: int,
        finished: Callable[[int, Finished], None],
        waiting: Callable[[], None] = lambda: None,
        qualifier: str | None = None,
    ) -> None:
        """Run an invocation for each event, at most `concurrency` at one time; `finished` is called as they end.

        All of it happens in this thread. If `finished` or the next event raises, or the wait is interrupted, no new
        invocation begins; those under way go on and are recorded. Where the account's concurrency is used up by
        others, it waits for one of its own; it raises `Throttled` only if it has none. `waiting` is called every now
        and then.
        """
        __tracebackhide__ = True
        requests = (Request(new_request_id(), encode_event(event), qualifier=qualifier) for event in events)
        Fan(self, self._engine, version, requests, concurrency, finished).run(waiting)

    def close(self) -> None:
        """Tell those who wait for what was begun, and has not ended with the engine, that it never will."""
        for ended in list(self._under_way):
            ended(EngineError("the session was closed before this invocation ended"))

    def finish(self, version: DeployedVersion, request: Request, outcome: Outcome) -> Finished:
        """Make and keep the record of an invocation."""
        (
            status,
            payload,
            error_type,
            started_at,
            duration_ms,
            init_ms,
            peak_mb,
            is_cold,
            log_stream,
            log,
            failed,
            how,
            restore_ms,
            restore_runtime_ms,
            streamed_bytes,
        ) = outcome
        first_init_ms = failed[0].duration_ms if failed else init_ms
        restored_billed_ms = 0 if restore_ms is None else billed_restore_ms(restore_runtime_ms)
        if failed:
            log = with_failed_inits(log, failed)
        if error_type in _ENDED_BY_SERVICE:
            log += exit_output(payload, int(time.time() * 1000))
        response_bytes = len(payload) if streamed_bytes is None else streamed_bytes
        event, redact = request.event, version.redact
        if redact is not None:
            event, payload, log = redact(event), redact(payload), redact(log)
            error_type = error_type and redact(error_type.encode()).decode()
        configuration = version.configuration
        values = (
            request.request_id,
            version.function,
            configuration.version,
            started_at,
            duration_ms,
            0 if status == "throttled" else billed_ms(duration_ms, first_init_ms, restored_billed_ms),
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
            response_bytes,
            configuration.architecture,
            configuration.ephemeral_storage_mb,
            how,
            configuration.system_log_level,
            restore_ms,
            restored_billed_ms,
            request.qualifier,
        )
        record = _new(InvocationRecord, values)
        self._append(record, log, event, payload)
        self.written(configuration, record, log)
        for listener in self._listeners:
            listener(record, log)
        return _new(Finished, (record, payload, log))

    def record_throttle(self, version: DeployedVersion, request: Request) -> Finished:
        """Make and keep the record of an invocation that was refused."""
        return self.finish(
            version, request, Outcome("throttled", b"", Throttled.code, time.time(), 0.0, None, 0, False, "", b"")
        )
