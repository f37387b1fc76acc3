"""One invocation in one environment, message by message: what to send, how long to wait, what came of it.

No sockets and no clock: packets and times go in, messages to send go out. The engine's fast path takes the usual
course (an event, a response, one packet each) by itself and comes here with whatever is not usual.
"""

from __future__ import annotations

import json
import signal
from enum import Enum

from jlambda.engine import channel
from jlambda.engine.usual import extra_of
from jlambda.model import frames
from jlambda.model.invocation import FailedInit, Request, Status

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: Init is limited to 10 seconds; for
# provisioned concurrency to 130, or to the function's timeout if that is longer
INIT_LIMIT_S = 10.0
PREPARATION_LIMIT_S = 130.0
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks.html: what a restore may take, with its hooks
RESTORE_LIMIT_S = 10.0
#: how long a killed process may take to be seen dead before its environment is given up
KILL_LIMIT_S = 5.0
#: of how many processes the end may be told that came before the START; more is a sandbox that cannot be had
_MOST_ENDED_BEFORE = 16
#: parts of a streamed response that are taken before others have their turn
_PARTS_AT_ONCE = 16
#: how Go, in which AWS's service is written, calls the signals
_SIGNAL_NAMES = {
    signal.SIGKILL: "killed",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGILL: "illegal instruction",
    signal.SIGTERM: "terminated",
    signal.SIGINT: "interrupt",
    signal.SIGXFSZ: "file size limit exceeded",
    signal.SIGXCPU: "CPU time limit exceeded",
}


class Phase(Enum):
    """What the engine waits for."""

    INIT = "init"
    INVOKE = "invoke"
    KILLED = "killed"  # we ended the process: wait until it is gone
    FAILED = "failed"  # the init phase failed: wait until the process is gone
    EXITED = "exited"  # the process is gone: had it read the event?


class After(Enum):
    """What is left of the environment when the conversation is over."""

    PROCESS = "process"
    SANDBOX = "sandbox"
    NOTHING = "nothing"


class Conversation:
    """The state of one invocation. `outgoing` holds packets to send; it is over when `after` is set.

    Without a request it is over once the environment is initialised. An init phase that fails is gone through once
    more, as part of the invocation and of its time: `failed_inits` tells of both. Where `start` is empty the environment
    is being restored from a snapshot in place of an init phase, and ends with its process.

    `is_out_of_memory` is set by whoever hands over that the process has ended, where it had more than it may.
    `behind` is how many more events have been sent after this one's; `has_restarted` says that those have been lost
    with the process that should have read them. `is_kill_wanted` asks the driver, once, to have the process killed.
    Of a streamed response `content_type` is set when it begins, and `parts` holds what has come of it: the driver takes them
    out, and sets `is_held` while there is no room for more.
    Results: `status`, `payload`, `error_type`, `arrived` (when it began, init included), `seconds` (of the handler, with a
    second init), `init_s` (None for a warm start, and where init failed), `restore_s` (None but for a restore) and how much
    of it was the runtime's (`restore_runtime_s`), `log_end` and `peak_kib`.
    """

    def __init__(self, request: Request | None, timeout_s: int, start: bytes) -> None:
        self.request, self.timeout_s, self.start = request, timeout_s, start
        self.phase = Phase.INVOKE
        self.outgoing: list[bytes] = []
        self.deadline = self.began = self.arrived = 0.0
        self.is_kill_wanted = self.is_started = self.has_restarted = False
        self.is_second_init = self.is_init_killed = self.is_out_of_memory = False
        self.behind = 0
        self.after: After | None = None
        self.status: Status = "error"
        self.payload, self.error_type = b"", None  # type: bytes, str | None
        self.seconds = 0.0
        self.init_s: float | None = None
        self.restore_s: float | None = None
        self.second_init_s = self.restore_runtime_s = 0.0
        self.failed_inits: list[FailedInit] = []
        self.log_end = self.peak_kib = 0
        self.content_type: str | None = None
        self.parts: list[bytes] = []
        self.is_held = False
        self.streamed_bytes: int | None = None
        self._reply: list[bytes] = []
        self._missing = 0
        self._exit: dict[str, int] = {}
        self._ended_before = 0

    def begin_init(self, now: float) -> None:
        """Have the runtime started, and the function's module loaded."""
        limit_s = INIT_LIMIT_S if self.request else max(PREPARATION_LIMIT_S, self.timeout_s)
        if not self.start:
            limit_s = RESTORE_LIMIT_S
        self.phase, self.began, self.deadline, self.is_started = Phase.INIT, now, now + limit_s, False
        self.arrived = self.arrived or now
        if self.start:
            self._post(channel.to_environment(frames.START, self.start))

    def _begin_init_again(self, now: float) -> None:
        """After a failed init: a second one, on the invocation's own time."""
        self.is_second_init, self.is_started, self.is_kill_wanted = True, False, False
        self.payload, self.error_type, self.status = b"", None, "error"
        self.init_s = None
        self.outgoing.clear()
        self.phase, self.began, self.deadline = Phase.INIT, now, now + self.timeout_s
        self._post(channel.to_environment(frames.START, self.start))

    def begin_invoke(self, now: float) -> None:
        """Send the event."""
        self.resume_invoke(now)
        self._send_event()

    def _send_event(self) -> None:
        request = self.request
        assert request is not None
        deadline_ms = int(self.deadline * 1000)
        self._post(channel.to_environment(frames.INVOKE, request.event, request.request_id, deadline_ms, extra_of(request)))

    def resume_invoke(self, began: float) -> None:
        """The event was sent at `began` by the fast path; go on from there."""
        self.phase, self.began, self.deadline = Phase.INVOKE, began, began + self.timeout_s
        self.arrived = self.arrived or began

    def _post(self, message: bytes) -> None:
        self.outgoing += frames.packets(message)

    @property
    def has_room(self) -> bool:
        """Whether more may be read from the environment now."""
        return not self.is_held and len(self.parts) < _PARTS_AT_ONCE

    def received(self, packet: bytes, now: float) -> None:
        """Take one packet from the environment; an empty one says that it is gone."""
        kind = packet[:1]
        if not packet:
            self._lost(now)
        elif kind == frames.MORE:
            self._more(packet[1:], now)
        elif kind == frames.PART:
            self._stream(packet[1:])
        elif kind == frames.STREAM:
            self._begin_stream(packet[1:].decode())
        elif kind == frames.STARTED or (kind == frames.BORN and not self.start):
            self.is_started = True
        elif kind == frames.EXITED:
            self._exited(packet, now)
        elif kind == frames.ASK:
            self._answered(packet, now)
        elif kind == frames.READY and self.phase is Phase.INIT:
            self.restore_runtime_s = frames.FROM_ENVIRONMENT.unpack_from(packet)[3]
            self._initialized(now)
        elif kind in (frames.RESULT, frames.RAW, frames.ERROR, frames.FAILED) and self.phase in (Phase.INIT, Phase.INVOKE):
            self._begin_reply(packet, now)

    def _initialized(self, now: float) -> None:
        if self.is_second_init:
            self.phase, self.second_init_s = Phase.INVOKE, now - self.began
            self._send_event()
            return
        self._took(now)
        if self.request is None:
            self.status, self.after = "success", After.PROCESS
        else:
            self.begin_invoke(now)

    def _took(self, now: float) -> None:
        """The init phase or the restore has come to its end, one way or the other."""
        if self.start:
            self.init_s = now - self.began
        else:
            self.restore_s = now - self.began

    def _begin_stream(self, content_type: str) -> None:
        if self.phase is Phase.INVOKE:
            if self.request is None or not self.request.is_streamed:
                raise ValueError("nobody has asked for a stream")
            self.content_type, self.streamed_bytes = content_type, 0

    def _stream(self, part: bytes) -> None:
        if self.phase is Phase.INVOKE:
            if self.streamed_bytes is None:
                raise ValueError("a part of a stream that has not begun")
            self.streamed_bytes += len(part)
            self.parts.append(part)

    def _begin_reply(self, packet: bytes, now: float) -> None:
        _, length, self.log_end, self.seconds, self.peak_kib = frames.FROM_ENVIRONMENT.unpack_from(packet)
        body = packet[frames.FROM_ENVIRONMENT.size :]
        self._reply, self._missing = [packet[:1], body], length - len(body)
        if not self._missing:
            self._finish_reply(now)

    def _more(self, part: bytes, now: float) -> None:
        if self._reply and self.phase in (Phase.INIT, Phase.INVOKE):
            self._reply.append(part)
            self._missing -= len(part)
            if not self._missing:
                self._finish_reply(now)

    def _finish_reply(self, now: float) -> None:
        kind, self.payload = self._reply[0], b"".join(self._reply[1:])
        self._reply = []
        if kind in (frames.ERROR, frames.FAILED):
            self.status, self.error_type = "error", str(json.loads(self.payload)["errorType"])
        else:
            self.status = "success"
        if kind == frames.FAILED:
            self.phase = Phase.FAILED
            self._took(now)
            self.restore_runtime_s, self.seconds = self.seconds, 0.0
        else:
            self.seconds += self.second_init_s
            self.after = After.PROCESS

    def _exited(self, packet: bytes, now: float) -> None:
        _, _, self.log_end, _, self.peak_kib = frames.FROM_ENVIRONMENT.unpack_from(packet)
        self._exit = json.loads(packet[frames.FROM_ENVIRONMENT.size :])
        if not self.start:
            self._ended(now)
            return
        if self.phase is Phase.INVOKE:
            self.phase, self.deadline = Phase.EXITED, now + KILL_LIMIT_S
            self.seconds = now - self.began
            self._post(channel.to_environment(frames.ASK, b""))
            return
        if self.phase is Phase.INIT:
            if not self.is_started and self._ended_before < _MOST_ENDED_BEFORE:
                self._ended_before += 1  # it had ended before it could read the START, which waits for the next process
                return
            self.init_s = now - self.began
            self._fail_with_exit()
            self._init_failed(now, "error")
        elif self.phase is Phase.FAILED:
            self._init_failed(now, "error")
        elif self.phase is Phase.KILLED and self.is_init_killed:
            self.init_s = now - self.began
            self._time_out()
            self._init_failed(now, "timeout")
        else:
            if self.phase is Phase.KILLED:
                self._time_out()
            elif self.phase is Phase.EXITED:  # a second process of the environment, before it was asked for anything
                self._fail_with_exit()
            self.after = After.SANDBOX

    def _ended(self, now: float) -> None:
        """The process of a restored environment has ended, and the environment with it."""
        if self.phase is Phase.KILLED:
            self._time_out()
        elif self.phase is Phase.INIT:
            self._took(now)
            self._fail_with_exit()
        elif self.phase is Phase.INVOKE:
            self.seconds = now - self.began
            if self._exit.get("unread", 0) > self.behind:  # while nobody used it
                self._fail_from_outside()
            else:
                self._fail_with_exit()
        self.after = After.NOTHING

    def _init_failed(self, now: float, status: str) -> None:
        """The init phase has failed and its process is gone: once more, unless that was the second time."""
        assert self.init_s is not None
        phase = "invoke" if self.is_second_init else "init"
        error_type = self.error_type if status == "error" else None
        self.failed_inits.append(FailedInit(phase, status, error_type, self.init_s * 1000, now, self.log_end))
        if self.request is None or self.is_second_init:
            if self.is_second_init:
                self.seconds = float(self.timeout_s) if status == "timeout" else self.init_s
                self.init_s = None
            self.after = After.SANDBOX
        else:
            self._begin_init_again(now)

    def _answered(self, packet: bytes, now: float) -> None:
        if self.phase is not Phase.EXITED:
            return
        if json.loads(packet[frames.FROM_ENVIRONMENT.size :])["unread"] > self.behind:  # it had ended while nobody used it
            self.has_restarted = True
            self.begin_init(now)
        else:
            self._fail_with_exit()
            self.after = After.SANDBOX

    def _lost(self, now: float) -> None:
        if self.phase is Phase.KILLED:
            self._time_out()
        elif self.phase is Phase.INVOKE:
            self.seconds = now - self.began
        if self.phase in (Phase.INIT, Phase.INVOKE):
            self._fail_from_outside()
        elif self.phase is Phase.EXITED:
            self._fail_with_exit()
        self.after = After.NOTHING

    def garbled(self, now: float) -> None:
        """What came makes no sense: the function has written to its environment's channel."""
        self.seconds = max(0.0, now - self.began)
        self._fail("Sandbox.Failure", "The execution environment sent what cannot be understood, and was ended")
        self.after = After.NOTHING

    def expired(self, now: float) -> None:
        """The deadline has passed."""
        if self.phase is Phase.INIT and not self.is_started:
            self._fail("Sandbox.Failure", f"The execution environment did not start within {INIT_LIMIT_S:.0f} seconds")
            self.after = After.NOTHING
        elif self.phase in (Phase.INIT, Phase.INVOKE):
            self.is_init_killed = self.phase is Phase.INIT
            if self.is_init_killed and not self.start:
                self._took(now)
            self.phase, self.deadline = Phase.KILLED, now + KILL_LIMIT_S
            self.is_held = False  # what is left is read, and dropped
            self.outgoing.clear()
            self.is_kill_wanted = True
        else:
            self._lost(now)

    def _time_out(self) -> None:
        if self.is_init_killed and not self.start:
            self._fail("Sandbox.Timedout", f"Restore timed out after {RESTORE_LIMIT_S:.2f} seconds", "timeout")
            return
        self.seconds = float(self.timeout_s)
        self._fail("Sandbox.Timedout", f"Task timed out after {self.timeout_s:.2f} seconds", "timeout")

    def _fail_from_outside(self) -> None:
        self._fail("Sandbox.Failure", "The execution environment was ended from outside")

    def _fail_with_exit(self) -> None:
        if self.is_out_of_memory:  # however it came to its end here: there it had not got so far
            self._fail("Runtime.ExitError", "Runtime exited with error: signal: killed", "out_of_memory")
            return
        if "signal" in self._exit:
            number = self._exit["signal"]
            names = {int(known): name for known, name in _SIGNAL_NAMES.items()}
            reason = f"Runtime exited with error: signal: {names.get(number, f'signal {number}')}"
        elif self._exit["exit"]:
            reason = f"Runtime exited with error: exit status {self._exit['exit']}"
        else:
            reason = "Runtime exited without providing a reason"
        self._fail("Runtime.ExitError", reason)

    def _fail(self, error_type: str, reason: str, status: Status = "error") -> None:
        """An error document as Lambda itself writes it, not the runtime: compact, type first."""
        request_id = self.request.request_id if self.request else ""
        document = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
        self.payload = json.dumps(document, separators=(",", ":")).encode()
        self.status, self.error_type = status, error_type
