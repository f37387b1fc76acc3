"""The AWS Runtime API (2018-06-01) within an execution environment: a bridge between the engine and any runtime.

Runs in the process that was forked for the environment, in its sandbox, with the standard library only. Towards the engine it
speaks `jlambda.model.frames`, as the fast path does; it starts the runtime's own process, listens on 127.0.0.1, and serves
that process, and extensions, over HTTP. It ends as that process ends. Knows no language.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import base64
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from typing import NoReturn

from jlambda.model.frames import (
    ERROR,
    FAILED,
    FROM_ENVIRONMENT,
    FROM_READING_MS,
    INIT_END,
    PACKET,
    RAW,
    READY,
    RESULT,
    TO_ENVIRONMENT,
    packets,
)
from jlambda.model.limits import RESPONSE_BYTES, STREAMED_BYTES
from jlambda.runtimes.children import Children, Ended
from jlambda.runtimes.extensions import EXTENSIONS, INVOKE, SHUTDOWN, Answer, Extensions, refused
from jlambda.runtimes.failure import TOO_LARGE
from jlambda.runtimes.http import Connection, Request

PREFIX = "/2018-06-01/runtime"
_ACCEPTED = Answer(202, b'{"status":"OK"}\n')
_NOT_FOUND = Answer(404, b"404 page not found\n")
_EVENT = b"Lambda-Runtime-Aws-Request-Id: %b\r\nLambda-Runtime-Deadline-Ms: %d\r\nLambda-Runtime-Invoked-Function-Arn: %b\r\n%b"
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: the Shutdown phase, by kind of extension
_INTERNAL_S, _EXTERNAL_S, _RUNTIME_S = 0.5, 2.0, 0.3
_OPTIONAL_HEADERS = {
    "trace_id": "Lambda-Runtime-Trace-Id",
    "client_context": "Lambda-Runtime-Client-Context",
    "cognito_identity": "Lambda-Runtime-Cognito-Identity",
    "tenant_id": "Lambda-Runtime-Aws-Tenant-Id",
}

#: states of the runtime, as AWS's emulator names them in what it answers
_STARTED, _READY, _RUNNING, _RESPONDED = "Started", "Ready", "Running", "ResponseSent"


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
    """One environment's listener, its runtime's process and its extensions, on one thread."""

    def __init__(self, channel: socket.socket, start: Mapping[str, object]) -> None:
        self._began = time.perf_counter()
        self._channel, self._arn = channel, str(start["function_arn"]).encode()
        channel.set_inheritable(False)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setblocking(False)
        os.environ["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._poll = select.epoll()
        self._ready: dict[int, Callable[[], None]] = {}
        self._connections: dict[int, Connection] = {}
        self._children = Children(start)
        environment = os.environ
        about = {
            "functionName": environment.get("AWS_LAMBDA_FUNCTION_NAME", ""),
            "functionVersion": environment.get("AWS_LAMBDA_FUNCTION_VERSION", ""),
            "handler": environment.get("_HANDLER", ""),
            "accountId": str(start["function_arn"]).split(":")[4],
        }
        self._extensions = Extensions(self._children.extension_names(), about)
        self._state = _STARTED
        self._parked: Connection | None = None
        self._is_restored = True
        self._has_init_ended = self._is_listening_to_engine = False
        self._request_id = b""
        self._held: tuple[bytes, bytes] | None = None
        self._began_log = self._log_end = os.lseek(1, 0, os.SEEK_END)
        self._ended: Ended | None = None
        self._outcome = Ended()
        self._stop_at: float | None = None
        self._stop_steps: list[tuple[float, Callable[[], None]]] = []

    # -- the loop ----------------------------------------------------------------------------------------------------

    def serve(self) -> Ended:
        """Until the runtime's process has ended, or the engine wants this environment to end."""
        woken, wake = os.pipe()
        for fd in (woken, wake):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        self._watch(woken, lambda: self._signalled(os.read(woken, 4096)))
        self._watch(self._listener.fileno(), self._accept)
        if failure := self._children.start_extensions():
            self._crashed("Extension.LaunchError", failure)
        elif not self._extensions.has_external:
            self._start_runtime()
        ready, poll = self._ready, self._poll.poll
        while self._ended is None:
            for fd, what in poll(self._patience_s()):
                if act := ready.get(fd):
                    act()
                elif what & select.EPOLLOUT:
                    self._write(fd)
                else:
                    self._read(fd)
            if self._stop_steps:
                self._take_stop_steps()
        return self._ended

    def _patience_s(self) -> float:
        return max(0.0, self._stop_steps[0][0] - time.monotonic()) if self._stop_steps else -1

    def _watch(self, fd: int, act: Callable[[], None]) -> None:
        self._ready[fd] = act
        self._poll.register(fd, select.EPOLLIN)

    def _signalled(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers and self._stop_at is None:
            self._begin_shutdown("spindown")
        if signal.SIGCHLD in numbers:
            for fd in list(self._connections):  # what it said before it ended counts
                self._read(fd)
            self._reap()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:  # it has gone again
            return
        connection = Connection(sock, _limit)
        self._connections[connection.fd] = connection
        self._poll.register(connection.fd, select.EPOLLIN)

    def _read(self, fd: int) -> None:
        connection = self._connections.get(fd)
        if connection is None:
            return
        try:
            for request in connection.receive():
                self._serve(connection, request)
        except (ConnectionError, ValueError):
            self._drop(connection)

    def _write(self, fd: int) -> None:
        connection = self._connections.get(fd)
        if connection is not None and connection.flush():
            self._poll.modify(fd, select.EPOLLIN)

    def _answer(self, connection: Connection, answer: Answer) -> None:
        if not connection.answer(*answer):
            self._poll.modify(connection.fd, select.EPOLLIN | select.EPOLLOUT)

    def _drop(self, connection: Connection) -> None:
        self._connections.pop(connection.fd, None)
        self._poll.unregister(connection.fd)
        connection.close()
        if connection is self._parked:
            self._parked = None
            self._listen_to_engine(False)
            self._state = _STARTED if not self._has_init_ended else _RESPONDED
        for extension in self._extensions:
            if extension.parked is connection:
                extension.parked = None

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
            self._answer(connection, answer)

    def _posted(self, connection: Connection, call: tuple[str, str], request: Request) -> Answer | None:
        match call[0], *call[1].strip("/").split("/"):
            case ["POST", "invocation", request_id, "response"]:
                return self._respond(request_id, request)
            case ["POST", "invocation", request_id, "error"]:
                return self._fail(request_id, request)
            case ["POST", "init", "error"]:
                return self._fail_init(request)
            case ["GET", "restore", "next"]:
                self._is_restored = False
                self._next(connection)
                return None
            case ["POST", "restore", "error"]:
                return self._fail_restore(request)
        return _NOT_FOUND

    def _next(self, connection: Connection) -> None:
        """The runtime has nothing to do: init, or an invocation, is over for it."""
        if self._state == _RUNNING or self._parked is not None:
            self._answer(connection, self._not_allowed(_READY))
            return
        self._state, self._parked = _READY, connection
        if not self._has_init_ended:
            self._end_init_if_over()
        elif self._held is None:
            self._listen_to_engine(True)
        else:
            self._send_held_if_over()

    def _not_allowed(self, to: str) -> Answer:
        message = f"State transition from {self._state} to {to} failed for runtime. Error: State transition is not allowed"
        return refused("InvalidStateTransition", message)

    def _check(self, request_id: str, to: str) -> Answer | None:
        """Why a response cannot be taken now; None if it can."""
        if self._state != _RUNNING:
            return self._not_allowed(to)
        if request_id.encode() != self._request_id:
            return refused("InvalidRequestID", "Invalid request ID", 400)
        return None

    def _respond(self, request_id: str, request: Request) -> Answer:
        if refusal := self._check(request_id, "InvocationResponse"):
            return refusal
        headers = request.headers
        if request.is_too_large:
            self._finish(ERROR, TOO_LARGE)
            return refused("RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes).", 413)
        if error_type := request.trailers.get("lambda-runtime-function-error-type"):
            body = base64.b64decode(request.trailers.get("lambda-runtime-function-error-body", ""))
            self._finish(ERROR, _document(body, error_type))
        else:
            is_json = headers.get("content-type", "").partition(";")[0] in ("application/json", "")
            self._finish(RESULT if is_json else RAW, request.body)
        return _ACCEPTED

    def _fail(self, request_id: str, request: Request) -> Answer:
        if refusal := self._check(request_id, "InvocationErrorResponse"):
            return refusal
        self._finish(ERROR, _error_document(request))
        return _ACCEPTED

    def _fail_init(self, request: Request) -> Answer:
        if self._has_init_ended or self._state != _STARTED:
            return self._not_allowed("InitError")
        self._has_init_ended = True
        self._send(FAILED, _error_document(request))
        return _ACCEPTED

    def _fail_restore(self, request: Request) -> Answer:
        if self._state != _RUNNING:
            return self._not_allowed("RestoreError")
        self._finish(ERROR, _error_document(request))
        return _ACCEPTED

    # -- phases ------------------------------------------------------------------------------------------------------

    def _start_runtime(self) -> None:
        failure = self._children.start_runtime()
        if failure is not None:
            if failure.document:
                self._send(FAILED, failure.document)
            self._ended = Ended(exit_code=failure.exit_code)

    def _extension_spoke(self) -> None:
        failed = self._extensions.failed()
        if failed is not None:
            self._crashed(f"Extension.{'ExitError' if self._has_init_ended else 'InitError'}", failed.failure)
        elif not self._children.has_runtime and self._extensions.are_registered():
            self._start_runtime()
        elif not self._has_init_ended:
            self._end_init_if_over()
        else:
            self._send_held_if_over()

    def _end_init_if_over(self) -> None:
        if self._state != _READY or not self._extensions.are_waiting():
            return
        self._has_init_ended = self._extensions.is_closed = True
        if self._written() > self._began_log:
            os.write(1, INIT_END + b"\n")
        self._send(READY, b"")
        self._listen_to_engine(True)

    def _listen_to_engine(self, is_wanted: bool) -> None:
        """Take an event only when there is somebody to run it: the next process finds one that this one has not read."""
        if is_wanted and not self._is_listening_to_engine:
            self._watch(self._channel.fileno(), self._take_event)
        elif not is_wanted and self._is_listening_to_engine:
            self._poll.unregister(self._channel.fileno())
            del self._ready[self._channel.fileno()]
        self._is_listening_to_engine = is_wanted

    def _take_event(self) -> None:
        connection = self._parked
        assert connection is not None
        if not self._is_restored:  # what SnapStart would have done by now: the runtime goes on, and asks again
            self._is_restored, self._parked, self._state = True, None, _RESPONDED
            self._listen_to_engine(False)
            self._answer(connection, Answer(200, b""))
            return
        message = self._channel.recv(PACKET)
        if not message:
            raise ConnectionResetError
        self._began = time.perf_counter()
        _, size, extra_size, deadline_ms, request_id = TO_ENVIRONMENT.unpack_from(message)
        if deadline_ms < FROM_READING_MS:
            deadline_ms += int(time.time() * 1000)
        body_at = TO_ENVIRONMENT.size + extra_size
        if len(message) < body_at + size:
            message = self._whole(message, body_at + size)
        extra = json.loads(message[TO_ENVIRONMENT.size : body_at]) if extra_size else {}
        arn = self._arn + (b":" + extra["qualifier"].encode() if extra.get("qualifier") else b"")
        given = [f"{header}: {extra[name]}\r\n" for name, header in _OPTIONAL_HEADERS.items() if name in extra]
        self._state, self._parked, self._request_id = _RUNNING, None, request_id
        self._listen_to_engine(False)
        if self._extensions:
            about = {"deadlineMs": deadline_ms, "requestId": request_id.decode(), "invokedFunctionArn": arn.decode()}
            tracing = {"type": "X-Amzn-Trace-Id", "value": extra.get("trace_id", "")}
            self._tell(INVOKE, {**about, "tracing": tracing})
        self._answer(
            connection, Answer(200, message[body_at:], _EVENT % (request_id, deadline_ms, arn, "".join(given).encode()))
        )

    def _whole(self, first: bytes, size: int) -> bytes:
        """A message of `size` bytes of which the first packet has come; the engine is sending the others."""
        parts, missing = [first], size - len(first)
        while missing > 0:
            packet = self._channel.recv(PACKET)
            if not packet:
                raise ConnectionResetError
            parts.append(packet[1:])
            missing -= len(packet) - 1
        return b"".join(parts)

    def _finish(self, kind: bytes, body: bytes) -> None:
        """The invocation has its answer: pass it on, unless extensions are still at work on it."""
        self._state = _RESPONDED
        if self._extensions and not self._extensions.are_waiting(INVOKE):
            self._held = (kind, body)
        else:
            self._send(kind, body)

    def _send_held_if_over(self) -> None:
        if self._held is not None and self._state == _READY and self._extensions.are_waiting(INVOKE):
            self._send(*self._held)
            self._held = None
            self._listen_to_engine(True)

    def _written(self) -> int:
        """The size of the output, a line that was left open ended."""
        end = os.lseek(1, 0, os.SEEK_END)
        if end > self._log_end and os.pread(1, 1, end - 1) != b"\n":
            os.write(1, b"\n")
            end += 1
        self._log_end = end
        return end

    def _send(self, kind: bytes, body: bytes) -> None:
        seconds, peak_kib = time.perf_counter() - self._began, self._children.peak_kib()
        message = FROM_ENVIRONMENT.pack(kind, len(body), self._written(), seconds, peak_kib) + body
        if len(message) <= PACKET:
            self._channel.send(message)
            return
        for packet in packets(message):
            self._channel.send(packet)

    # -- ends --------------------------------------------------------------------------------------------------------

    def _reap(self) -> None:
        for ended in self._children.reap():
            if ended.is_runtime and self._stop_at is None:
                self._begin_shutdown("failure", ended)
            elif not ended.is_runtime and self._stop_at is None:
                self._crashed("Extension.Crash", f"exit code {ended.exit_code}")
        if self._stop_at is not None and not self._children.are_there:
            self._ended = self._ended or self._outcome

    def _crashed(self, error_type: str, reason: str) -> None:
        """An extension cannot go on, and the environment with it."""
        message = f"RequestId: {self._request_id.decode()} Error: {reason}"
        document = json.dumps({"errorType": error_type, "errorMessage": message}, separators=(",", ":")).encode()
        if not self._has_init_ended:
            self._send(FAILED, document)
        elif self._state == _RUNNING or self._held is not None:
            self._send(ERROR, document)
        self._ended = Ended(exit_code=1)

    def _tell(self, event: str, document: Mapping[str, object]) -> None:
        for connection in self._extensions.tell(event, document):
            self._poll.modify(connection.fd, select.EPOLLIN | select.EPOLLOUT)

    def _begin_shutdown(self, reason: str, ended: Ended | None = None) -> None:
        """Give extensions, and the runtime for their sake, the time that AWS gives them; without any end at once."""
        self._outcome = ended or Ended(exit_code=0)
        if not self._extensions:
            self._ended = self._outcome
            return
        now = time.monotonic()
        self._stop_at = now + (_EXTERNAL_S if self._extensions.has_external else _INTERNAL_S)
        self._listen_to_engine(False)
        deadline_ms = int((time.time() + _EXTERNAL_S) * 1000)
        self._stop_steps = [
            (now + (_RUNTIME_S if ended is None else 0.0), lambda: self._stop_extensions(reason, deadline_ms)),
            (self._stop_at, self._stop_for_good),
        ]
        self._children.ask_runtime_to_end()

    def _take_stop_steps(self) -> None:
        now = time.monotonic()
        if len(self._stop_steps) > 1 and self._extensions.has_external and not self._children.has_runtime:
            self._stop_steps[0] = (now, self._stop_steps[0][1])
        while self._stop_steps and now >= self._stop_steps[0][0]:
            self._stop_steps.pop(0)[1]()

    def _stop_extensions(self, reason: str, deadline_ms: int) -> None:
        if self._extensions.has_external:
            self._children.kill_runtime()
            self._children.kill_extensions({each.name for each in self._extensions if SHUTDOWN in each.events})
            self._tell(SHUTDOWN, {"shutdownReason": reason, "deadlineMs": deadline_ms})

    def _stop_for_good(self) -> None:
        self._ended = self._outcome


def _limit(request: Request) -> int:
    is_streamed = request.headers.get("lambda-runtime-function-response-mode", "").lower() == "streaming"
    return STREAMED_BYTES if is_streamed else RESPONSE_BYTES


def _error_document(request: Request) -> bytes:
    return _document(request.body, request.headers.get("lambda-runtime-function-error-type", ""))


def _document(body: bytes, error_type: str) -> bytes:
    """An error as its runtime described it; as little as there must be where it did not."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if isinstance(found, dict) and isinstance(found.get("errorType"), str):
        return body
    members = found if isinstance(found, dict) else {}
    return json.dumps({**members, "errorType": error_type or "Function.Unknown"}).encode()
