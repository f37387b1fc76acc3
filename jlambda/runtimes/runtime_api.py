"""The AWS Runtime API (2018-06-01) within an execution environment: a bridge between the engine and any runtime.

Runs in the process that was forked for the environment, in its sandbox, with the standard library only. Towards the engine it
speaks `jlambda.model.frames`, as the fast path does; it starts the runtime's own process, listens on 127.0.0.1, and serves
that process, and extensions, over HTTP. It ends as that process ends. Knows no language.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Mapping
from typing import NoReturn

from jlambda.model.frames import ERROR, FAILED, READY
from jlambda.model.lineage import tracer
from jlambda.model.signals import OUT_OF_MEMORY
from jlambda.runtimes import messages
from jlambda.runtimes.children import Children, Ended
from jlambda.runtimes.engine_end import EngineEnd
from jlambda.runtimes.extensions import EXTENSIONS, INVOKE, Extensions, refused
from jlambda.runtimes.http import Answer, Connection, Request
from jlambda.runtimes.listener import Listener
from jlambda.runtimes.memory import limit_kib
from jlambda.runtimes.shutdown import ENDS, Shutdown
from jlambda.runtimes.states import RuntimeState, State

PREFIX = "/2018-06-01/runtime"
_ACCEPTED = Answer(202, b'{"status":"OK"}\n')
_NOT_FOUND = Answer(404, b"404 page not found\n")


def run(channel: socket.socket, start: Mapping[str, object]) -> NoReturn:
    """Start the runtime that `start` names, and answer what comes over `channel` through it. Never returns.

    Members of `start`: ``command`` (a list), ``wrapper`` (whether AWS_LAMBDA_EXEC_WRAPPER counts), ``function_arn``, and
    the places of the code, the runtime and the layers: ``task_root``, ``runtime_root``, ``layers_root``.
    """
    ended = Ended(exit_code=1)
    try:
        ended = Bridge(channel, start).serve()
    except ConnectionError:  # the engine is gone
        ended = Ended(exit_code=0)
    except BaseException:
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        ended.end_as_it()


class Bridge:
    """One environment's runtime process and extensions, and the state of its one invocation."""

    def __init__(self, channel: socket.socket, start: Mapping[str, object]) -> None:
        self._engine = EngineEnd(channel)
        self._listener = Listener(self._serve, self._dropped, self._limit)
        os.environ["AWS_LAMBDA_RUNTIME_API"] = self._listener.address
        self._children = Children(start)
        function_arn = str(start["function_arn"])
        self._arn, self._trace = function_arn.encode(), tracer(function_arn)
        self._extensions = Extensions(self._children.extension_names(), messages.about_function(function_arn, os.environ))
        self._runtime = RuntimeState()
        self._limit_kib = limit_kib(os.environ)
        self._parked: Connection | None = None
        self._is_to_be_restored = self._has_init_ended = self._is_listening_to_engine = False
        self._wants_stream = False
        self._held: tuple[bytes, bytes] | None = None
        self._outcome: Ended | None = None
        self._is_over = False
        self._shutdown: Shutdown | None = None

    def serve(self) -> Ended:
        """Until the runtime's process has ended, or the engine wants this environment to end: how."""
        self._listener.watch_signals([signal.SIGCHLD, *ENDS], self._signalled)
        if failure := self._children.start_extensions():
            self._crashed("Extension.LaunchError", failure)
        elif not self._extensions.has_external:
            self._start_runtime()
        step = self._listener.step
        while not self._is_over:
            step(self._shutdown.patience_s if self._shutdown else -1)
            if self._shutdown and self._shutdown.is_over():
                self._is_over = True
        return self._outcome or Ended()

    def _signalled(self, numbers: bytes) -> None:
        if OUT_OF_MEMORY in numbers:
            self._children.kill_runtime()  # as the kernel does on AWS
        for number in ENDS:
            if number in numbers:
                self._begin_shutdown(*ENDS[number])
        if signal.SIGCHLD in numbers:
            self._listener.read_all()  # what a process said before it ended counts
            self._reap()

    def _dropped(self, connection: Connection) -> None:
        if connection is self._parked:
            self._parked = None
            self._listen_to_engine(False)
            self._runtime.state = State.RESPONDED if self._has_init_ended else State.STARTED
        self._extensions.dropped(connection)

    # -- requests ----------------------------------------------------------------------------------------------------

    def _serve(self, connection: Connection, request: Request) -> None:
        path = request.path
        if path.startswith(PREFIX):
            call = (request.method, path[len(PREFIX) :])
            if call == ("GET", "/invocation/next"):
                self._next(connection)
                return
            answer = self._posted(connection, call, request)
        elif path.startswith(EXTENSIONS):
            answer = self._extensions.ask(connection, request)
            self._extension_spoke()
        elif path.startswith(("/2022-07-01/telemetry", "/2020-08-15/logs")):
            answer = refused("Telemetry.NotSupported", "Telemetry API is not supported", 202)
        else:
            answer = _NOT_FOUND
        if answer is not None:
            self._listener.answer(connection, answer)

    def _limit(self, request: Request) -> int:
        """How long a body may be; a response that the caller takes while it comes is passed on at once."""
        is_wanted = self._wants_stream and self._runtime.state == State.RUNNING and messages.is_streamed(request)
        if is_wanted and request.path == f"{PREFIX}/invocation/{self._runtime.request_id.decode()}/response":
            self._wants_stream = False
            self._engine.begin_stream(request.headers.get("content-type", "application/octet-stream"))
            request.take = self._engine.pass_on
        return messages.body_limit(request)

    def _posted(self, connection: Connection, call: tuple[str, str], request: Request) -> Answer | None:
        match call[0], *call[1].strip("/").split("/"):
            case ["POST", "invocation", request_id, "response"]:
                return self._respond(request_id, request)
            case ["POST", "invocation", request_id, "error"]:
                return self._fail(request_id, request)
            case ["POST", "init", "error"]:
                return self._fail_init(request)
            case ["GET", "restore", "next"]:
                return self._restore_next(connection)
            case ["POST", "restore", "error"]:
                return self._fail_restore(request)
        return _NOT_FOUND

    def _next(self, connection: Connection) -> None:
        """The runtime has nothing to do: init, or an invocation, is over for it."""
        if self._runtime.state == State.RUNNING or self._parked is not None:
            self._listener.answer(connection, self._runtime.not_allowed(State.READY))
            return
        self._runtime.state, self._parked = State.READY, connection
        if not self._has_init_ended:
            self._end_init_if_over()
        elif self._held is None:
            self._listen_to_engine(True)
        else:
            self._send_held_if_over()

    def _restore_next(self, connection: Connection) -> Answer | None:
        """The runtime of a function with SnapStart: init is over, and goes on once there is an event."""
        if self._has_init_ended or self._runtime.state != State.STARTED:
            return self._runtime.not_allowed("RestoreReady")
        self._is_to_be_restored = True
        self._next(connection)
        return None

    def _respond(self, request_id: str, request: Request) -> Answer:
        if refusal := self._runtime.cannot_answer(request_id, "InvocationResponse"):
            return refusal
        self._finish(*messages.response(request))
        return messages.too_large() if request.is_too_large else _ACCEPTED

    def _fail(self, request_id: str, request: Request) -> Answer:
        if refusal := self._runtime.cannot_answer(request_id, "InvocationErrorResponse"):
            return refusal
        self._finish(ERROR, messages.error_document(request))
        return _ACCEPTED

    def _fail_init(self, request: Request) -> Answer:
        if self._has_init_ended or self._runtime.state != State.STARTED:
            return self._runtime.not_allowed("InitError")
        self._has_init_ended = True
        self._send(FAILED, messages.error_document(request))
        return _ACCEPTED

    def _fail_restore(self, request: Request) -> Answer:
        """What a runtime does between being restored and its first event has failed: that event gets the error."""
        if self._runtime.state != State.RESTORING:
            return self._runtime.not_allowed("RestoreError")
        self._runtime.request_id = self._engine.take().request_id
        self._finish(ERROR, messages.error_document(request))
        return _ACCEPTED

    # -- phases ------------------------------------------------------------------------------------------------------

    def _start_runtime(self) -> None:
        failure = self._children.start_runtime()
        if failure is not None:
            if failure.document:
                self._send(FAILED, failure.document)
            self._outcome, self._is_over = Ended(exit_code=failure.exit_code), True

    def _extension_spoke(self) -> None:
        failed = self._extensions.failed()
        if failed is not None:
            self._crashed(f"Extension.{'ExitError' if self._has_init_ended else 'InitError'}", failed.failure)
        elif not self._children.was_started and self._extensions.are_registered():
            self._start_runtime()
        elif not self._has_init_ended:
            self._end_init_if_over()
        else:
            self._send_held_if_over()

    def _end_init_if_over(self) -> None:
        if self._runtime.state != State.READY or not self._extensions.are_waiting():
            return
        self._has_init_ended = self._extensions.is_closed = True
        self._engine.end_init()
        self._send(READY, b"")
        self._listen_to_engine(True)

    def _listen_to_engine(self, is_wanted: bool) -> None:
        """Take an event only when there is somebody to run it: the next process finds one that this one has not read."""
        is_wanted = is_wanted and self._outcome is None
        if is_wanted and not self._is_listening_to_engine:
            self._listener.watch(self._engine.fd, self._event_came)
        elif not is_wanted and self._is_listening_to_engine:
            self._listener.unwatch(self._engine.fd)
        self._is_listening_to_engine = is_wanted

    def _event_came(self) -> None:
        connection, self._parked = self._parked, None
        assert connection is not None
        self._listen_to_engine(False)
        if self._is_to_be_restored:  # the event stays where it is, until the runtime asks for it
            self._is_to_be_restored, self._runtime.state = False, State.RESTORING
            self._listener.answer(connection, Answer(200, b""))
            return
        event = self._engine.take()
        if "trace_id" not in event.extra:
            event.extra["trace_id"] = self._trace(event.request_id.decode(), int(time.time()))
        self._runtime.state, self._runtime.request_id = State.RUNNING, event.request_id
        self._wants_stream = bool(event.extra.get("is_streamed"))
        qualifier = event.extra.get("qualifier")
        arn = b"%b:%b" % (self._arn, qualifier.encode()) if qualifier else self._arn
        if self._extensions:
            for each, answer in self._extensions.tell(INVOKE, messages.event_notice(event, arn)):
                self._listener.answer(each, answer)
        self._listener.answer(connection, messages.event_answer(event, arn))

    def _finish(self, kind: bytes, body: bytes) -> None:
        """The invocation has its answer: pass it on, unless extensions are still at work on it."""
        self._runtime.state = State.RESPONDED
        if self._extensions and not self._extensions.are_waiting(INVOKE):
            self._held = (kind, body)
        else:
            self._send(kind, body)

    def _send_held_if_over(self) -> None:
        if self._held is not None and self._runtime.state == State.READY and self._extensions.are_waiting(INVOKE):
            self._send(*self._held)
            self._held = None
            self._listen_to_engine(True)

    def _send(self, kind: bytes, body: bytes) -> None:
        peak_kib = self._children.peak_kib()
        # what several have had at their peaks is more than all had at one time
        if self._children.largest_kib > self._limit_kib:  # nobody saw it in time, and on AWS nothing had been answered
            self._children.kill_runtime()
            self._begin_shutdown(*ENDS[OUT_OF_MEMORY])
        else:
            self._engine.send(kind, body, peak_kib)

    # -- ends --------------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for ended in self._children.reap():
            if ended.is_runtime:
                self._begin_shutdown("failure", ended)
            elif self._outcome is None:
                self._crashed("Extension.Crash", f"exit code {ended.exit_code}")
        if self._outcome is not None and not self._children.are_there:
            self._is_over = True

    def _crashed(self, error_type: str, reason: str) -> None:
        """An extension cannot go on, and the environment with it."""
        message = f"RequestId: {self._runtime.request_id.decode()} Error: {reason}"
        document = json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()
        if not self._has_init_ended:
            self._send(FAILED, document)
        elif self._runtime.state == State.RUNNING or self._held is not None:
            self._send(ERROR, document)
        self._begin_shutdown("failure", Ended(exit_code=1))

    def _begin_shutdown(self, reason: str, outcome: Ended) -> None:
        """Give extensions, and the runtime for their sake, the time that AWS gives them; without any, end at once.

        What has begun already goes on as it began.
        """
        if self._outcome is not None:
            return
        self._outcome = outcome
        self._listen_to_engine(False)
        self._shutdown = Shutdown(reason, self._children, self._extensions, self._listener.answer)
