"""The Python runtime within an execution environment: the init phase, then one invocation after the other.

Runs in the process that was forked for the environment, in its sandbox, with the standard library only. Knows the
channel to the engine (`jlambda.model.frames`) and its own environment variables; not functions, versions, or any limits
but those of a response and of memory.
"""

from __future__ import annotations

import atexit
import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from jlambda.model.frames import (
    ERROR,
    FAILED,
    FROM_ENVIRONMENT,
    FROM_READING_MS,
    PACKET,
    RAW,
    READY,
    RESULT,
    TO_ENVIRONMENT,
    packets,
)
from jlambda.model.limits import RESPONSE_BYTES, RESPONSE_TOO_LARGE
from jlambda.model.lineage import tracer
from jlambda.runtimes.context import Invocation, context_maker
from jlambda.runtimes.failure import INIT_WARNING, TaskRoot, error_document, error_record, error_text, hide_runtime
from jlambda.runtimes.handler import load_handler, set_module_path
from jlambda.runtimes.logs import set_up
from jlambda.runtimes.memory import limit_kib
from jlambda.runtimes.output import Output, open_streams
from jlambda.runtimes.payload import is_ascii_only, read_event, response_writer
from jlambda.runtimes.shipped import WithGlobals  # noqa: F401 imported before a sandbox hides it
from jlambda.runtimes.snap_start import (
    AFTER_RESTORE_ERROR,
    BEFORE_SNAPSHOT_ERROR,
    hook_failure,
    run_after_restore,
    run_before_snapshot,
)

if TYPE_CHECKING:
    from jlambda.runtimes.handler import Handler

_TRACE = b"_X_AMZN_TRACE_ID"
_NOTHING: Mapping[str, object] = {}
#: in less time no process is started that takes much memory
_CHILD_S = 0.002


def run(channel: socket.socket, start: dict[str, object]) -> NoReturn:
    """Load the handler that `start` names, then answer what comes over `channel` until its other end is closed.

    `os.environ`, the working directory and the file descriptors 0 to 2 are those of the function already. Members of
    `start`: ``handler``, ``task_root``, ``layers_root``, ``site_packages``, ``function_arn`` (unqualified), and for a
    snapshot ``wait``, which returns in each environment restored from it, with its channel. Never returns: the process
    ends as an interpreter ends that runs the function's code as its main program.
    """
    entered = time.perf_counter()
    status = 1
    try:
        runtime = _Runtime(channel, start)
        handler = runtime.initialize(str(start["handler"]), entered)
        if handler is not None and runtime.restore():
            runtime.serve(handler)
            status = 0
    except BaseException as reason:
        status = _leave(reason)
    finally:
        os._exit(status)


def rehearse(can_read_files: bool) -> None:
    """Do, with nothing at stake, what an init phase and an invocation do; loading a module only if there are files.

    A page of memory that a process shares with the one it was forked from is copied when it is first written, which
    takes microseconds each and adds up to half of a cold start. An environment that waits has time for that.
    """
    path, argv, main, streams = sys.path[:], sys.argv, sys.modules["__main__"], (sys.stdout, sys.stderr)
    task_root = str(Path(__file__).with_name("rehearsal"))
    start = {"task_root": task_root, "layers_root": "/opt", "site_packages": [], "function_arn": ""}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        runtime = _Runtime(ours, start)
        if can_read_files:
            handler = load_handler("rehearsed.handler", runtime.root)
            del sys.modules["rehearsed"]
        else:
            handler = _echo
        runtime.answer(handler, b'{"a": [1, "b"]}', 0, _NOTHING)
        runtime.send(RESULT, b"{}", time.perf_counter())
        runtime.output.close()
    sys.path[:], sys.argv, sys.modules["__main__"] = path, argv, main
    sys.stdout, sys.stderr = streams


def _echo(event: object, _: object) -> object:
    return event


class _Runtime:
    """The parts of one environment's runtime, made once, before any code of the function runs."""

    def __init__(self, channel: socket.socket, start: Mapping[str, object]) -> None:
        atexit._clear()
        time.tzset()
        _forget_tempdir()
        site_packages = start["site_packages"]
        assert isinstance(site_packages, Iterable)
        self._channel = channel
        self.root = TaskRoot(str(start["task_root"]))
        self.output = Output(1)
        self._invocation = Invocation()
        self._write_response = response_writer(is_ascii_only(os.environ.get("AWS_EXECUTION_ENV", "")))
        self._has_extra = False
        self._limit_kib, self._children_kib = limit_kib(os.environ), 0
        self._wait: Callable[[], socket.socket] | None = start.get("wait")  # type: ignore[assignment]
        self._make_context = context_maker(str(start["function_arn"]))
        # what os.environ shows, without libc's setenv: that keeps every value that a variable ever had, and searches them
        self._variables: dict[bytes, bytes] = os.environ._data  # type: ignore[attr-defined]
        self._trace = tracer(str(start["function_arn"]))
        sys.stdin = os.fdopen(0, closefd=False)
        open_streams(self.output)
        self._is_json = set_up(self.output, os.environ, self._invocation)
        sys.argv = ["/var/runtime/bootstrap.py"]
        sys.modules["__main__"] = ModuleType("__main__")
        set_module_path(self.root.real, str(start["layers_root"]), [str(path) for path in site_packages])

    def initialize(self, handler_name: str, entered: float) -> Handler | None:
        """The init phase: the handler, or None when the engine has been told why there is none."""
        try:
            handler = load_handler(handler_name, self.root)
        except Exception as error:
            document = error_document(error, "", self.root)
            logging.warning(INIT_WARNING)
            self.send(FAILED, self._report(document), entered)
            return None
        if self._wait and not self._has_run(run_before_snapshot, BEFORE_SNAPSHOT_ERROR, entered):
            return None
        gc.freeze()
        self.output.end_init()
        self.send(READY, b"", entered)
        return handler

    def restore(self) -> bool:
        """If this is a snapshot, wait until it is one no more but an environment: whether that can serve."""
        if self._wait is None:
            return True
        tmp = os.environ.get("TMPDIR")
        self._channel = self._wait()
        entered = time.perf_counter()
        if tmp is not None:  # in place of a /tmp of its own
            _forget_tempdir(tmp)
        self.output.begin_again()
        if not self._has_run(run_after_restore, AFTER_RESTORE_ERROR, entered):
            return False
        self.output.end_init()
        self.send(READY, b"", entered)
        return True

    def _has_run(self, hooks: Callable[[], None], failure: str, entered: float) -> bool:
        """Run hooks; False when one has failed, and the engine has been told."""
        try:
            hooks()
        except Exception as error:
            document = error_document(error, "", self.root)
            self._report(document)
            self.send(FAILED, self._write_response(hook_failure(failure, document)).encode(), entered)
            return False
        return True

    def serve(self, handler: Handler) -> None:
        """Answer invocations until the engine closes the channel. The hot path: names are bound once."""
        receive, unpack, clock, now = self._channel.recv, TO_ENVIRONMENT.unpack_from, time.perf_counter, time.time
        answer, send, header, invocation = self.answer, self.send, TO_ENVIRONMENT.size, self._invocation
        while message := receive(PACKET):
            begun = clock()
            _, size, extra_size, deadline_ms, request_id = unpack(message)
            if deadline_ms < FROM_READING_MS:
                deadline_ms += int(now() * 1000)
            body_at = header + extra_size
            if len(message) < body_at + size:
                message = _whole(message, body_at + size, receive)
            invocation.request_id = request_id.decode()
            extra = json.loads(message[header:body_at]) if extra_size else _NOTHING
            kind, body = answer(handler, message[body_at:], deadline_ms, extra)
            send(kind, body, begun)
            del message, body  # neither takes memory while nothing runs

    def answer(self, handler: Handler, event: bytes, deadline_ms: int, extra: Mapping[str, object]) -> tuple[bytes, bytes]:
        """One invocation: the kind of message that answers it, and its body."""
        request_id = self._invocation.request_id
        try:
            if extra or self._has_extra:
                self._take(extra)
            if "trace_id" not in extra:
                self._variables[_TRACE] = self._trace(request_id, int(time.time())).encode()
            context = self._make_context(request_id, deadline_ms, extra)
            response = handler(read_event(event), context)
            if isinstance(response, bytes):
                return RAW, response
            text = self._write_response(response)
        except Exception as error:
            document = error_document(error, request_id, self.root)
        else:
            return RESULT, text.encode()
        return ERROR, self._report(document)

    def _take(self, extra: Mapping[str, object]) -> None:
        """Show the function the members of an invocation that not every invocation has."""
        self._has_extra = bool(extra)
        self._invocation.tenant_id = extra.get("tenant_id")
        if "trace_id" in extra:
            os.environ["_X_AMZN_TRACE_ID"] = str(extra["trace_id"])
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)

    def _report(self, document: dict[str, object]) -> bytes:
        """Log an error document, and return it as it goes to the caller."""
        self.output.log(self._write_response(error_record(document)) if self._is_json else error_text(document))
        return self._write_response(document).encode()

    def send(self, kind: bytes, body: bytes, begun: float) -> None:
        if len(body) > RESPONSE_BYTES:
            now_ms = time.time_ns() // 1_000_000
            self.output.log(
                f"[ERROR] [{now_ms}] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413."
            )
            kind, body = ERROR, RESPONSE_TOO_LARGE
        written, peak_kib, seconds = self.output.end(), getrusage(RUSAGE_SELF)[2], time.perf_counter() - begun
        if seconds > _CHILD_S:
            self._children_kib = getrusage(RUSAGE_CHILDREN)[2]  # of the largest that has ended
        if self._children_kib > peak_kib:
            peak_kib = self._children_kib
        if peak_kib > self._limit_kib:  # nobody saw it in time, and on AWS nothing had been answered
            signal.raise_signal(signal.SIGKILL)
        message = FROM_ENVIRONMENT.pack(kind, len(body), written, seconds, peak_kib) + body
        if len(message) <= PACKET:
            self._channel.send(message)
        else:
            for packet in packets(message):
                self._channel.send(packet)


def _forget_tempdir(found: str | None = None) -> None:
    """Have `tempfile` look again for its folder, if it is `found` or that is not given: it remembers its parent's."""
    module = sys.modules.get("tempfile")
    if module is not None and found in (None, vars(module)["tempdir"]):
        vars(module)["tempdir"] = None


def _whole(first: bytes, size: int, receive: Callable[[int], bytes]) -> bytes:
    """A message of `size` bytes of which the first packet has come."""
    parts, missing = [first], size - len(first)
    while missing > 0:
        packet = receive(PACKET)
        if not packet:
            raise EOFError("the engine closed the channel within a message")
        parts.append(packet[1:])
        missing -= len(packet) - 1
    return b"".join(parts)


def _leave(reason: BaseException) -> int:
    """Do what an interpreter does whose main program raised `reason`; the exit status that it would have."""
    status = 1
    if isinstance(reason, SystemExit):
        if reason.code is None or isinstance(reason.code, int):
            status = (reason.code or 0) & 0xFF
        else:
            print(reason.code, file=sys.stderr)
    else:
        hide_runtime(reason)
        sys.excepthook(type(reason), reason, reason.__traceback__)
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(reason, KeyboardInterrupt):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return status
