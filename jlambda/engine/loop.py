"""Drive many invocations from one thread: never a thread per call.

`map` runs one in the caller's thread; the engine keeps another in a thread of its own for everything that nobody
waits for. It reads and writes what the environments' channels allow; what that means is for `Conversation`.
"""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from jlambda.engine.conversation import Conversation
from jlambda.engine.environment import Environment, Version
from jlambda.engine.scheduler import Assign
from jlambda.model import frames
from jlambda.model.invocation import Outcome, Request

if TYPE_CHECKING:
    from jlambda.engine.engine import Engine

Done = Callable[[Outcome], object]

_HEADER_BYTES = frames.FROM_ENVIRONMENT.size
_NEVER = float("inf")


class _Poll:
    """select.poll with the manners of epoll, where there is no epoll (macOS)."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register, self.modify, self.unregister = self._poll.register, self._poll.modify, self._poll.unregister

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return self._poll.poll(None if timeout < 0 else timeout * 1000)

    def close(self) -> None:
        """Nothing to close."""


class _Flight:
    """An invocation under way. `conversation` is None while it takes the usual course."""

    __slots__ = ("began", "conversation", "done", "environment", "request", "version", "waits_to_send")

    def __init__(self, environment: Environment, version: Version, request: Request, done: Done, began: float) -> None:
        self.environment, self.version, self.request, self.done, self.began = environment, version, request, done, began
        self.conversation: Conversation | None = None
        self.waits_to_send = False

    def deadline(self) -> float:
        return self.conversation.deadline if self.conversation else self.began + self.version.timeout_s


class Loop:
    """`start` invocations, then call `run_once` until they are done; all from one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._poll = select.epoll() if hasattr(select, "epoll") else _Poll()
        self._flights: dict[int, _Flight] = {}
        self._registered: set[int] = set()
        self._watched: dict[int, Callable[[], None]] = {}
        self._next_check = _NEVER
        #: a time at which `run_once` returns even if nothing happens
        self.wake_at = _NEVER

    def __len__(self) -> int:
        return len(self._flights)

    def watch(self, fd: int, ready: Callable[[], None]) -> None:
        """Call `ready` whenever `fd` can be read."""
        self._watched[fd] = ready
        self._poll.register(fd, select.POLLIN)

    def unwatch(self, fd: int) -> None:
        """Stop watching `fd`."""
        if self._watched.pop(fd, None):
            self._poll.unregister(fd)

    def start(self, version: Version, request: Request, done: Done) -> None:
        """Begin an invocation; `done` is called with its outcome, by `run_once`. Raises `Throttled`."""
        engine = self._engine
        action, environment, now = engine.place(version, request)
        flight = _Flight(environment, version, request, done, now)
        fd = environment.fd
        self._flights[fd] = flight
        if fd not in self._registered:
            self._registered.add(fd)
            self._poll.register(fd, select.POLLIN)
        if action is Assign:
            packet = usual_packet(request, now + version.timeout_s)
            if packet:
                try:
                    environment.send(packet, socket.MSG_DONTWAIT)
                except OSError:
                    pass  # full or closed: the long way copes with either
                else:
                    if flight.deadline() < self._next_check:
                        self._next_check = flight.deadline()
                    return
            flight.conversation = Conversation(request, version.timeout_s, environment.start)
            flight.conversation.begin_invoke(now)
        else:
            flight.conversation = Conversation(request, version.timeout_s, environment.start)
            flight.conversation.begin_init(now)
        self._advance(flight)

    def adopt(self, environment: Environment, version: Version, conversation: Conversation, done: Done) -> None:
        """Go on with an invocation that another thread no longer waits for."""
        flight = _Flight(environment, version, conversation.request, done, conversation.began)
        flight.conversation = conversation
        self._flights[environment.fd] = flight
        self._registered.add(environment.fd)
        self._poll.register(environment.fd, select.POLLIN)
        self._advance(flight)

    def run_once(self, timeout_s: float | None = None) -> None:
        """Wait until something happens (at most `timeout_s`), and carry on with what did."""
        wait_until = min(self._next_check, self.wake_at)
        if wait_until is _NEVER or wait_until == _NEVER:
            wait = -1.0 if timeout_s is None else timeout_s
        else:
            wait = max(0.0, wait_until - self._engine.now())
            if timeout_s is not None:
                wait = min(wait, timeout_s)
        for fd, _ in self._poll.poll(wait):
            flight = self._flights.get(fd)
            if flight is None:
                self._watched[fd]()
            elif flight.conversation is None:
                self._receive_usual(fd, flight)
            else:
                self._advance(flight)
        if self._next_check is not _NEVER:
            now = self._engine.now()
            if now >= self._next_check:
                self._check_deadlines(now)

    def _receive_usual(self, fd: int, flight: _Flight) -> None:
        environment = flight.environment
        try:
            packet = environment.recv(frames.PACKET, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except ConnectionError:
            packet = b""
        if packet[:1] == frames.RESULT:
            _, length, log_end, seconds, peak_kib = frames.FROM_ENVIRONMENT.unpack_from(packet)
            if len(packet) == _HEADER_BYTES + length:
                del self._flights[fd]
                outcome = warm_outcome(environment, packet[_HEADER_BYTES:], log_end, seconds, peak_kib, flight.began)
                self._engine.release(environment)
                self._finish(fd, flight, outcome)
                return
        now = self._engine.now()
        flight.conversation = Conversation(flight.request, flight.version.timeout_s, environment.start)
        flight.conversation.resume_invoke(flight.began)
        flight.conversation.received(packet, now)
        self._advance(flight)

    def _advance(self, flight: _Flight) -> None:
        environment, conversation = flight.environment, flight.conversation
        assert conversation is not None
        fd = environment.fd
        environment.advance(conversation, self._engine.now)
        if conversation.is_kill_wanted:
            self._engine.kill(environment, conversation)
        if conversation.after is None:
            if bool(conversation.outgoing) != flight.waits_to_send:
                flight.waits_to_send = not flight.waits_to_send
                self._poll.modify(fd, select.POLLIN | (select.POLLOUT if flight.waits_to_send else 0))
            self._next_check = min(self._next_check, conversation.deadline)
            return
        del self._flights[fd]
        if flight.waits_to_send:
            self._poll.modify(fd, select.POLLIN)
        outcome = self._engine.settle(environment, conversation, before_closing=lambda: self._forget(fd))
        self._finish(fd, flight, outcome)

    def _finish(self, fd: int, flight: _Flight, outcome: Outcome) -> None:
        try:
            flight.done(outcome)
        finally:
            if fd not in self._flights:
                self._forget(fd)

    def _forget(self, fd: int) -> None:
        if fd in self._registered:
            self._registered.discard(fd)
            self._poll.unregister(fd)

    def _check_deadlines(self, now: float) -> None:
        for fd, flight in list(self._flights.items()):
            if now < flight.deadline():
                continue
            if flight.conversation is None:
                self._receive_usual(fd, flight)  # it may have come at the last moment
                if self._flights.get(fd) is not flight:
                    continue
                if flight.conversation is None:
                    flight.conversation = Conversation(flight.request, flight.version.timeout_s, flight.environment.start)
                    flight.conversation.resume_invoke(flight.began)
            self._advance(flight)
        self._next_check = min((flight.deadline() for flight in self._flights.values()), default=_NEVER)

    def abandon(self) -> list[tuple[Environment, Version, Conversation, Done]]:
        """Let go of all invocations under way, for another loop to `adopt`, and close."""
        left = []
        for fd, flight in list(self._flights.items()):
            conversation = flight.conversation
            if conversation is None:
                conversation = Conversation(flight.request, flight.version.timeout_s, flight.environment.start)
                conversation.resume_invoke(flight.began)
            left.append((flight.environment, flight.version, conversation, flight.done))
            self._forget(fd)
        self._flights.clear()
        self.close()
        return left

    def close(self) -> None:
        """Give the poll object back."""
        self._poll.close()


def usual_packet(request: Request, deadline: float) -> bytes:
    """An INVOKE of one packet; empty where the request needs more than that."""
    event = request.event
    if len(event) > frames.PACKET - frames.TO_ENVIRONMENT.size or request.is_unusual():
        return b""
    return frames.TO_ENVIRONMENT.pack(frames.INVOKE, len(event), 0, int(deadline * 1000), request.request_id.encode()) + event


def warm_outcome(
    environment: Environment, payload: bytes, log_end: int, seconds: float, peak_kib: int, began: float
) -> Outcome:
    """The outcome of an invocation that took the usual course."""
    log = environment.take_output(log_end) if log_end > environment.log_read else b""
    duration_ms, peak_mb = seconds * 1000, -(-peak_kib // 1024)
    return Outcome("success", payload, None, began, duration_ms, None, peak_mb, False, environment.log_stream, log)
