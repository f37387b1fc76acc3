"""Carry out what the scheduler decides: start environments, hand them events, take their answers.

`invoke` runs in the caller's thread, from the send to the receive. What nobody waits for (submitted events, calls
given up by Ctrl-C, environments that end by themselves, expiry) runs in one background thread that sleeps otherwise.
"""

from __future__ import annotations

import contextlib
import json
import select
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial

from jlambda.engine.background import Background
from jlambda.engine.board import FROZEN, IDLE, INIT, INVOKE, RESTS
from jlambda.engine.control import Protection, Template
from jlambda.engine.conversation import After, Conversation
from jlambda.engine.environment import Environment, Version
from jlambda.engine.events import (
    Action,
    Actions,
    Advanced,
    Assign,
    BecameIdle,
    Elapsed,
    Ended,
    Invoked,
    PreparationFailed,
    Prepare,
    Prepared,
    Provisioned,
    Retired,
    Start,
    Stop,
    Throttle,
    WasReset,
)
from jlambda.engine.flight import Done, single_flight
from jlambda.engine.loop import Loop
from jlambda.engine.processes import Processes
from jlambda.engine.running import EnvironmentState, Output, output_of, state_of
from jlambda.engine.sandbox import Sandbox
from jlambda.engine.scheduler import Allocation, Scheduler
from jlambda.engine.snapshots import Snapshots
from jlambda.engine.usual import usual_packet, warm_outcome
from jlambda.errors import EngineError, Throttled
from jlambda.model import frames
from jlambda.model.invocation import ON_DEMAND, PROVISIONED, Outcome, Request

_HEADER_BYTES = frames.FROM_ENVIRONMENT.size
_RESULT = frames.RESULT[0]


class Engine:
    """All environments of a session. Starts its processes when the first environment is needed.

    `blanks` is how many environments are kept forked and sandboxed ahead of need, so that a cold start is a hand-over;
    `cpu_limit` holds functions to the CPU share of their memory size, `freezer` stops environments between invocations.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        sandbox: Sandbox,
        template: Template,
        blanks: int = 1,
        now: Callable[[], float] = time.time,
        *,
        cpu_limit: bool = True,
        freezer: bool = True,
    ) -> None:
        self.scheduler, self.now = scheduler, now
        self._lock = threading.Lock()  # the scheduler's
        self._starting = threading.Lock()  # the background's
        self.processes = Processes(
            *(sandbox, template, blanks),
            cpu_limit=cpu_limit,
            freezer=freezer,
            background=self.background,
            lost=self._lost,
            stirred=self._stir,
        )
        self._environments = self.processes.environments
        self._gone: set[int] = set()
        self._provisioned: dict[str, Version] = {}  # by key
        self._not_prepared: dict[str, str] = {}  # why, by key
        self._background: Background | None = None
        self.snapshots = Snapshots(self)
        self.is_closed = False
        #: told that an environment is about to begin something, and that one has ended: must return at once
        self.stirred: Callable[[], None] | None = None

    def _stir(self) -> None:
        if (stirred := self.stirred) is not None:
            stirred()

    # -- one invocation, in the caller's thread -------------------------------------------------------------------

    def invoke(self, version: Version, request: Request, late: Done) -> Outcome:
        """Run one invocation and wait for it. Raises `Throttled`.

        Whoever interrupts the wait (Ctrl-C) stops waiting only: the invocation goes on, and `late` gets its outcome.
        """
        __tracebackhide__ = True
        action, environment, began = self.place(version, request)
        packet = usual_packet(request, int((began + version.timeout_s) * 1000)) if action is Assign else b""
        if not packet:
            conversation = Conversation(request, version.timeout_s, environment.start)
            if action is Assign:
                conversation.begin_invoke(began)
            else:
                conversation.begin_init(began)
            return self._converse(environment, version, conversation, late)
        buffer = environment.buffer
        if not buffer:
            buffer = environment.buffer = bytearray(frames.PACKET)
        buffer[0] = 0
        try:
            environment.send(packet)
            size = environment.recv_into(buffer)
            if buffer[0] == _RESULT and size >= _HEADER_BYTES:
                _, length, log_end, seconds, peak_kib = frames.FROM_ENVIRONMENT.unpack_from(buffer)
                if size == _HEADER_BYTES + length:
                    outcome = warm_outcome(environment, bytes(buffer[_HEADER_BYTES:size]), log_end, seconds, peak_kib, began)
                    environment.current = None
                    self.release(environment)
                    return outcome
            reply: bytes | None = bytes(buffer[:size])
        except BlockingIOError:  # the time is over
            reply = None
        except ConnectionError:
            reply = b""
        except BaseException:
            self._interrupted(environment, version, request, began, late)
            raise
        conversation = Conversation(request, version.timeout_s, environment.start)
        conversation.resume_invoke(began)
        if reply is not None:
            environment.understand(conversation, reply, self.now())
        return self._converse(environment, version, conversation, late)

    def _interrupted(self, environment: Environment, version: Version, request: Request, began: float, late: Done) -> None:
        """Nobody waits for a warm invocation any more. Its answer may be there already: Python looks for Ctrl-C between
        the receive and the next step, too."""
        if environment.current is not request:  # it had come to its end
            return
        conversation = Conversation(request, version.timeout_s, environment.start)
        conversation.resume_invoke(began)
        buffer = environment.buffer
        if buffer[0]:
            length = frames.FROM_ENVIRONMENT.unpack_from(buffer)[1]
            size = min(frames.PACKET, _HEADER_BYTES + length)
            environment.understand(conversation, bytes(buffer[:size]), self.now())
        self._leave_to_background(environment, version, conversation, late)

    def _converse(self, environment: Environment, version: Version, conversation: Conversation, late: Done) -> Outcome:
        __tracebackhide__ = True
        try:
            self.drive(environment, conversation)
        except BaseException:
            self._leave_to_background(environment, version, conversation, late)
            raise
        outcome = self.outcome(environment, conversation)
        self.settle(environment, conversation)
        return outcome

    def drive(self, environment: Environment, conversation: Conversation) -> None:
        """Carry a conversation to its end, in this thread."""
        __tracebackhide__ = True
        poll = select.poll()
        poll.register(environment.fd, select.POLLIN)
        while True:
            environment.advance(conversation, self.now)
            if conversation.is_kill_wanted:
                self.kill(environment, conversation)
            if conversation.after:
                return
            poll.modify(environment.fd, select.POLLIN | (select.POLLOUT if conversation.outgoing else 0))
            poll.poll(max(0.0, conversation.deadline - self.now()) * 1000 + 0.5)

    def _leave_to_background(self, environment: Environment, version: Version, conversation: Conversation, late: Done) -> None:
        flight = single_flight(environment, version, conversation, late)
        self.background().call(lambda loop: loop.adopt(flight))

    def leave_to_background(self, loop: Loop) -> None:
        """Nobody runs `loop` any more: what it has under way goes on in the background."""
        if len(loop):
            flights = loop.abandon()

            def adopt(background: Loop) -> None:
                for flight in flights:
                    background.adopt(flight)

            self.background().call(adopt)
        else:
            loop.close()

    # -- many invocations ----------------------------------------------------------------------------------------

    def submit(self, version: Version, request: Request, done: Callable[[Outcome | Exception], None]) -> None:
        """Begin an invocation and return; `done` gets its outcome or a `Throttled`, in the background thread."""

        def begin(loop: Loop) -> None:
            try:
                loop.start(version, request, done)
            except Exception as error:
                done(error)

        def prepared(failure: Exception | None) -> None:
            if failure:
                done(failure)
            else:
                self.background().call(begin)

        if version.has_snapshot and not self.snapshots.is_ready(version):
            self.snapshots.prepare(version, prepared)  # it may take minutes, which the background thread has not got
        else:
            self.background().call(begin)

    def background(self) -> Background:
        """The background thread, started if need be."""
        with self._starting:
            if self.is_closed:
                raise EngineError("this session is closed; make a new one")
            if self._background is None:
                self._background = Background(self)
            return self._background

    def when_readable(self, fd: int, act: Callable[[], None]) -> Callable[[], None]:
        """Have `act` called once, in a thread of its own, when `fd` can be read; returns what ends the watch before."""

        def watch(loop: Loop) -> None:
            def ready() -> None:
                loop.unwatch(fd)
                threading.Thread(target=act, name="jlambda-readable", daemon=True).start()

            loop.watch(fd, ready)

        self.background().call(watch)
        return lambda: self.background().call(lambda loop: loop.unwatch(fd))

    # -- what drivers of conversations call ------------------------------------------------------------------------

    def place(self, version: Version, request: Request) -> tuple[type[Action], Environment, float]:
        """Have the scheduler find an environment: whether it is warm, which it is, and what time it is.

        Raises `Throttled` where the scheduler refuses, `EngineError` where no environment can be made.
        """
        now = self.now()
        with self._lock:
            action = self.scheduler.handle(Invoked(request.request_id, version.key, version.function, now))[0]
        kind = action.__class__
        stirred = self.stirred
        if stirred is not None:
            stirred()
        if kind is Assign:
            environment = self._environments[action.environment_id]  # type: ignore[union-attr]
            environment.current = request
            board, at = environment.board, environment.phase_at
            board[at] = INVOKE
            board[at + RESTS] = 0
            if board[at + FROZEN]:
                self.processes.wake(environment)
            return Assign, environment, now
        if isinstance(action, Throttle):
            raise Throttled(version.function, action.reason)
        assert isinstance(action, Start)
        if not action.is_new:
            environment = self._environments[action.environment_id]
            environment.current = request
            environment.board[environment.phase_at] = INIT
            self.processes.wake(environment)
            return Start, environment, now
        was_ready = self.processes.is_ready and not (version.has_snapshot and not self.snapshots.is_ready(version))
        try:
            environment = self._new_environment(version, action.environment_id, ON_DEMAND)
        except BaseException:
            with self._lock:
                self.scheduler.handle(Ended(action.environment_id, now))
            self._carry_out((Stop(action.environment_id),))
            raise
        environment.current = request
        # what the supervisor took to start, or a snapshot to be made, is not the environment's init
        return Start, environment, now if was_ready else self.now()

    def release(self, environment: Environment) -> None:
        """The environment has answered and waits for its next event."""
        environment.board[environment.phase_at] = IDLE
        with self._lock:
            if environment.id in self._gone:
                actions = (Stop(environment.id), *self.scheduler.handle(Ended(environment.id, self.now())))
            else:
                actions = self.scheduler.handle(BecameIdle(environment.id, self.now()))
        if actions:
            self._carry_out(actions)

    def outcome(self, environment: Environment, conversation: Conversation) -> Outcome:
        """The outcome of a conversation that is over, with what the function wrote."""
        written_before = environment.log_read
        log = environment.take_output(conversation.log_end) if conversation.log_end else b""
        peak_mb = max(-(-conversation.peak_kib // 1024), environment.family_peak_mb())
        if conversation.status == "out_of_memory":
            peak_mb = environment.memory_mb
        init_ms = None if conversation.init_s is None else conversation.init_s * 1000
        failed_inits = tuple(each._replace(log_end=each.log_end - written_before) for each in conversation.failed_inits)
        restore_ms = None if conversation.restore_s is None else conversation.restore_s * 1000
        is_cold = init_ms is not None or restore_ms is not None or bool(failed_inits)
        if is_cold:
            with contextlib.suppress(EngineError):  # closed meanwhile
                self.background().call(self._after_init)
        return Outcome(
            conversation.status,
            conversation.payload,
            conversation.error_type,
            conversation.arrived,
            conversation.seconds * 1000,
            init_ms,
            min(peak_mb, environment.memory_mb),
            is_cold,
            environment.log_stream,
            log,
            failed_inits,
            environment.initialization,
            restore_ms,
            0.0 if restore_ms is None else conversation.restore_runtime_s * 1000,
            conversation.streamed_bytes,
        )

    def settle(self, environment: Environment, conversation: Conversation) -> None:
        """Tell the scheduler what is left of an environment whose conversation is over."""
        if conversation.after is After.PROCESS:
            self.release(environment)
            return
        environment.board[environment.phase_at] = IDLE
        event = WasReset if conversation.after is After.SANDBOX else Ended
        with self._lock:
            actions = self.scheduler.handle(event(environment.id, self.now()))
        self._carry_out(actions if event is WasReset else (Stop(environment.id), *actions))

    def kill(self, environment: Environment, conversation: Conversation) -> None:
        """Have the environment's process killed, as the conversation asks; its channel then says how it ended."""
        conversation.is_kill_wanted = False
        self.processes.kill(environment)

    # -- environments ------------------------------------------------------------------------------------------------

    def _new_environment(self, version: Version, environment_id: int, initialization: str) -> Environment:
        if version.has_snapshot and initialization == ON_DEMAND:
            environment = self.snapshots.restore(version, environment_id)
        else:
            environment = self.processes.new(version, environment_id, initialization)
        environment.version = version
        return environment

    def _after_init(self, loop: Loop) -> None:
        """In the background: replace the blank that was taken, and see to it that idle environments expire."""
        loop.wake_at = min(loop.wake_at, self.now() + self.scheduler.keep_alive_s)
        self.processes.keep_blanks()

    def start(self) -> None:
        """Start the supervisor and its blank environments ahead of the first invocation."""
        self.processes.start()

    def protection(self) -> Protection:
        """What this machine lets the sandbox do; starts the supervisor to find out."""
        return self.processes.protection()

    def _lost(self, environment: Environment) -> None:
        """An environment is gone. If it is in use, whoever uses it sees its channel close and does the rest."""
        actions: Actions = ()
        with self._lock:
            is_resting = self.scheduler.is_resting(environment.id)
            if is_resting:
                actions = self.scheduler.handle(Ended(environment.id, self.now()))
                del self._environments[environment.id]
            else:
                self._gone.add(environment.id)
        if is_resting:
            self.processes.close_environment(environment)
        self._carry_out(actions)

    def _carry_out(self, actions: Actions) -> None:
        for action in actions:
            if isinstance(action, Prepare):
                with contextlib.suppress(EngineError):  # closed meanwhile
                    self.background().call(partial(self._prepare, action))
                continue
            assert isinstance(action, Stop)
            environment = self._environments.pop(action.environment_id, None)
            if environment is None:
                continue
            is_gone = environment.id in self._gone
            self._gone.discard(environment.id)
            self.processes.end(environment, is_gone)

    # -- provisioned concurrency -----------------------------------------------------------------------------------

    def provision(self, version: Version, concurrency: int) -> None:
        """Have `concurrency` environments of a version initialised ahead, and kept; 0 takes them back."""
        with self._lock:
            self._not_prepared.pop(version.key, None)
            self._provisioned[version.key] = version
            actions = self.scheduler.handle(Provisioned(version.key, version.function, concurrency, self.now()))
            if not concurrency:
                del self._provisioned[version.key]
        self._carry_out(actions)

    def allocation(self, version_key: str) -> tuple[Allocation, str]:
        """The provisioned environments of a version, and why they could not be initialised if they could not."""
        with self._lock:
            return self.scheduler.allocation(version_key), self._not_prepared.get(version_key, "")

    def _prepare(self, action: Prepare, loop: Loop) -> None:
        """In the background: begin the init phase of a provisioned environment."""
        version = self._provisioned.get(action.version)
        environment: Environment | None = None
        try:
            if version is None:
                raise EngineError("the version has nothing provisioned any more")
            if action.is_new:
                environment = self._new_environment(version, action.environment_id, PROVISIONED)
            else:
                environment = self._environments[action.environment_id]
                environment.board[environment.phase_at] = INIT
                self.processes.wake(environment)
            loop.prepare(version, environment)
        except EngineError as error:
            self._not_prepared[action.version] = str(error)
            with self._lock:
                actions = self.scheduler.handle(PreparationFailed(action.environment_id, self.now()))
            self._carry_out(actions)

    def prepared(self, environment: Environment, version: Version, conversation: Conversation) -> None:
        """The init phase of a provisioned environment is over; what it wrote is for the first invocation to show."""
        environment.board[environment.phase_at] = IDLE
        with self._lock:
            if conversation.after is After.PROCESS:
                actions = self.scheduler.handle(Prepared(environment.id, self.now()))
            else:
                document = json.loads(conversation.payload)
                self._not_prepared[version.key] = f"{document['errorType']}: {document['errorMessage']}"
                actions = self.scheduler.handle(PreparationFailed(environment.id, self.now()))
        self._carry_out(actions)

    def expire(self, loop: Loop) -> None:
        """Stop the environments that have been idle for too long, and come back when the next one will have been."""
        self.expire_idle(self.now())
        with self._lock:
            following = self.scheduler.next_expiry()
            if following is None and self.scheduler.environments:
                following = self.now() + self.scheduler.keep_alive_s
        loop.wake_at = float("inf") if following is None else following

    def environments(self) -> list[EnvironmentState]:
        """What there is, and what it is doing now."""
        with self._lock:
            whose = {it.id: it.function for it in self.scheduler.environments.values()}
        return [
            state_of(environment, function)
            for environment in list(self._environments.values())
            if (function := whose.get(environment.id)) is not None and environment.log_stream
        ]

    def outputs(self, places: Mapping[str, int]) -> list[Output]:
        """What invocations that run have written so far; of those in `places`, by request id, from there on."""
        at_ms = int(self.now() * 1_000)
        found = (output_of(environment, places, at_ms) for environment in list(self._environments.values()))
        return [output for output in found if output is not None]

    def next_expiry(self) -> float | None:
        """When the next environment that is idle now will have been idle for too long."""
        with self._lock:
            return self.scheduler.next_expiry()

    def expire_idle(self, at: float) -> None:
        """Stop the environments that have been idle for too long at a time."""
        with self._lock:
            actions = self.scheduler.handle(Elapsed(at))
        self._carry_out(actions)

    def advance(self, by_s: float) -> None:
        """The session's clock leapt by so many seconds: idle environments have been idle for so much longer."""
        with self._lock:
            self.scheduler.handle(Advanced(by_s))
        background = self._background
        if background is not None:  # it sleeps until an environment expires
            background.call(self.expire)

    def end_resting(self, log_stream: str) -> None:
        """End the environment that writes to a log stream, unless somebody uses it."""
        found = [environment for environment in list(self._environments.values()) if environment.log_stream == log_stream]
        for environment in found:
            with self._lock:
                if not self.scheduler.is_resting(environment.id):
                    continue
                actions = self.scheduler.handle(Ended(environment.id, self.now()))
            self._carry_out((Stop(environment.id), *actions))

    def retire(self, version_key: str) -> None:
        """A version was replaced: stop its idle environments; busy ones finish first."""
        with self._lock:
            actions = self.scheduler.handle(Retired(version_key, self.now()))
        self._carry_out(actions)
        self.snapshots.retire(version_key)

    def reserve(self, function: str, concurrency: int | None) -> None:
        """Give a function its own part of the account's concurrency; None takes it back."""
        with self._lock:
            self.scheduler.reserve(function, concurrency)

    def close(self) -> None:
        """End all environments and processes, and wait until they are gone."""
        with self._starting:
            if self.is_closed:
                return
            self.is_closed = True
            background = self._background
        control = self.processes.leave()
        if background is not None:
            background.close()
        if control is not None:
            control.close()
        self.snapshots.close()
        self.processes.close()
