"""Drive many invocations from one thread: never a thread per call.

`map` runs one in the caller's thread; the engine keeps another in a thread of its own for everything that nobody
waits for. An environment is kept for as long as its source has requests for it, and while these are short some are sent
ahead, so that it never sleeps between two. What packets mean is for `Conversation`.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from jlambda.engine.conversation import After, Conversation, Phase
from jlambda.engine.environment import Environment, Version
from jlambda.engine.events import Assign
from jlambda.engine.flight import Done, Flight, Single, Source
from jlambda.engine.usual import usual_packet, warm_outcome
from jlambda.errors import LambdaError
from jlambda.model import frames
from jlambda.model.invocation import Request
from jlambda.model.streaming import Sink

if TYPE_CHECKING:
    from jlambda.engine.engine import Engine

_HEADER_BYTES = frames.FROM_ENVIRONMENT.size
_NEVER = float("inf")
#: how many events are sent ahead to an environment whose last invocation took less than so many seconds
_AHEAD = ((0.0001, 8), (0.0005, 1))
#: how many answers are taken from one environment before the others have their turn
_AT_ONCE = 16
#: of a flight that prepares an environment
_NO_REQUEST = Request("", b"")


class _Poll:
    """select.poll with the manners of epoll, where there is no epoll (macOS)."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register, self.modify, self.unregister = self._poll.register, self._poll.modify, self._poll.unregister

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        return self._poll.poll(None if timeout < 0 else timeout * 1000)

    def close(self) -> None:
        """Nothing to close."""


class Loop:
    """`start` invocations, then call `run_once` until they are done; all from one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._now = engine.now
        self._poll = select.epoll() if hasattr(select, "epoll") else _Poll()
        self._flights: dict[int, Flight] = {}
        self._registered: set[int] = set()
        self._watched: dict[int, Callable[[], None]] = {}
        self._next_check = _NEVER
        #: a time at which `run_once` returns even if nothing happens
        self.wake_at = _NEVER

    def __len__(self) -> int:
        return len(self._flights)

    def fileno(self) -> int:
        """What can be read when `run_once` has something to do: for a loop within another one. Needs epoll."""
        assert isinstance(self._poll, select.epoll)
        return self._poll.fileno()

    @property
    def next_check(self) -> float:
        """When `run_once` must be called at the latest, by the engine's clock."""
        return min(self._next_check, self.wake_at)

    def watch(self, fd: int, ready: Callable[[], None]) -> None:
        """Call `ready` whenever `fd` can be read."""
        self._watched[fd] = ready
        self._poll.register(fd, select.POLLIN)

    def unwatch(self, fd: int) -> None:
        """Stop watching `fd`."""
        if self._watched.pop(fd, None):
            with contextlib.suppress(OSError):  # closed meanwhile: it is watched no longer
                self._poll.unregister(fd)

    def start(self, version: Version, request: Request, done: Done, sink: Sink | None = None) -> Flight:
        """Begin an invocation; `done` is called with its outcome, by `run_once`. Raises `Throttled`.

        `sink` takes a response that the function streams; one that wants no more is given it again by `resume`.
        """
        return self.serve(version, request, Single(done), sink)

    def resume(self, flight: Flight) -> None:
        """Go on with a flight whose sink had no room, if it is still under way."""
        conversation = flight.conversation
        if self._flights.get(flight.environment.fd) is flight and conversation is not None and conversation.is_held:
            conversation.is_held = False
            self._watch_environment(flight.environment.fd)
            self._advance(flight)

    def serve(self, version: Version, request: Request, source: Source, sink: Sink | None = None) -> Flight:
        """Begin an invocation, and after it those that `source` has for the environment. Raises `Throttled`."""
        action, environment, now = self._engine.place(version, request)
        flight = Flight(environment, version, request, source, now)
        flight.sink = sink
        self._keep(flight)
        if action is Assign:
            self._send(flight, now)
        else:
            flight.conversation = Conversation(request, version.timeout_s, environment.start)
            flight.conversation.begin_init(now)
            self._advance(flight)
        return flight

    def prepare(self, version: Version, environment: Environment) -> None:
        """Begin an environment's init phase ahead of any request; the engine is told when it is over."""
        flight = Flight(environment, version, _NO_REQUEST, Single(lambda _: None), self._now())
        flight.conversation = Conversation(None, version.timeout_s, environment.start)
        flight.conversation.begin_init(flight.began)
        self._keep(flight)
        self._advance(flight)

    def adopt(self, flight: Flight) -> None:
        """Go on with an environment that another thread no longer waits for."""
        self._keep(flight)
        flight.converse()
        flight.waits_to_send = False
        self._advance(flight)

    def _keep(self, flight: Flight) -> None:
        fd = flight.environment.fd
        self._flights[fd] = flight
        self._watch_environment(fd)

    def _watch_environment(self, fd: int) -> None:
        if fd not in self._registered:
            self._registered.add(fd)
            self._poll.register(fd, select.POLLIN)

    def _send(self, flight: Flight, now: float) -> None:
        """Send the flight's request to its environment, which waits for one."""
        flight.began, flight.conversation = now, None
        flight.environment.current = flight.request
        deadline = now + flight.version.timeout_s
        packet = usual_packet(flight.request, int(deadline * 1000))
        if packet:
            try:
                flight.environment.send(packet, socket.MSG_DONTWAIT)
            except OSError:
                pass  # full or closed: the long way copes with either
            else:
                if deadline < self._next_check:
                    self._next_check = deadline
                return
        flight.conversation = Conversation(flight.request, flight.version.timeout_s, flight.environment.start)
        flight.conversation.begin_invoke(now)
        self._advance(flight)

    def _send_ahead(self, flight: Flight, most: int) -> None:
        """Have the environment hold `most` events beyond the one it works on, if there are as many."""
        ahead, deadline_ms = flight.ahead, flight.version.timeout_s * 1000
        while len(ahead) < most:
            request = flight.source.take()
            if request is None:
                return
            packet = usual_packet(request, deadline_ms)
            if packet:
                try:
                    flight.environment.send(packet, socket.MSG_DONTWAIT)
                except OSError:
                    pass
                else:
                    ahead.append(request)
                    continue
            flight.unsent.append(request)  # it is sent when its turn has come
            return

    def run_once(self, timeout_s: float | None = None) -> None:
        """Wait until something happens (at most `timeout_s`), and carry on with what did."""
        wait_until = self._next_check if self._next_check < self.wake_at else self.wake_at
        wait = -1.0 if timeout_s is None else timeout_s
        if wait_until != _NEVER:
            left = max(0.0, wait_until - self._now())
            wait = left if timeout_s is None or left < timeout_s else timeout_s
        flights = self._flights
        for fd, _ in self._poll.poll(wait):
            flight = flights.get(fd)
            if flight is None:
                self._watched[fd]()
            elif flight.conversation is None:
                for _ in range(_AT_ONCE):
                    if not self._receive_usual(flight):
                        break
            else:
                self._advance(flight)
        if self._next_check != _NEVER:
            now = self._now()
            if now >= self._next_check:
                self._check_deadlines(now)

    def _receive_usual(self, flight: Flight) -> bool:
        """Take an answer that has come the usual way; whether the next may be there already."""
        environment = flight.environment
        try:
            packet = environment.recv(frames.PACKET, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            packet = b""
        if packet[:1] == frames.RESULT and len(packet) >= _HEADER_BYTES:
            _, length, log_end, seconds, peak_kib = frames.FROM_ENVIRONMENT.unpack_from(packet)
            if len(packet) == _HEADER_BYTES + length:
                request, began = flight.request, flight.began
                # what it wrote can be read only before it is another's; else: the environment waits least
                outcome = None
                if log_end > environment.log_read:
                    outcome = warm_outcome(environment, packet[_HEADER_BYTES:], log_end, seconds, peak_kib, began)
                try:
                    self._go_on(flight, seconds)
                finally:
                    outcome = outcome or warm_outcome(environment, packet[_HEADER_BYTES:], log_end, seconds, peak_kib, began)
                    flight.source.ended(request, outcome)
                return len(flight.ahead) > _AHEAD[-1][1]
        environment.understand(flight.converse(), packet, self._now())
        self._advance(flight)
        return False

    def _go_on(self, flight: Flight, seconds: float) -> None:
        """The environment has answered: let it have the next request, or let it go."""
        now = self._now()
        if flight.ahead:
            flight.request, flight.began, flight.conversation = flight.ahead.popleft(), now, None
            flight.environment.current = flight.request
        else:
            following = None
            try:
                following = flight.unsent.popleft() if flight.unsent else flight.source.take()
            finally:
                if following is None:  # no more, or no more to be had
                    del self._flights[flight.environment.fd]
                    self._forget(flight.environment.fd)  # first: releasing one that has ended closes its channel
                    self._engine.release(flight.environment)
            if following is None:
                return
            flight.request = following
            self._send(flight, now)
        if seconds < _AHEAD[-1][0] and flight.conversation is None and not flight.unsent:
            self._send_ahead(flight, next(most for limit, most in _AHEAD if seconds < limit))

    def _advance(self, flight: Flight) -> None:
        environment, conversation = flight.environment, flight.conversation
        assert conversation is not None
        fd = environment.fd
        environment.advance(conversation, self._now)
        if flight.request.is_streamed:
            self._pass_on(flight, conversation)
        if conversation.has_restarted and flight.ahead:
            flight.unsent.extendleft(reversed(flight.ahead))
            flight.ahead.clear()
            conversation.behind = 0
        if conversation.is_kill_wanted:
            self._engine.kill(environment, conversation)
        if conversation.after is None:
            if bool(conversation.outgoing) != flight.waits_to_send and fd in self._registered:
                flight.waits_to_send = not flight.waits_to_send
                self._poll.modify(fd, select.POLLIN | (select.POLLOUT if flight.waits_to_send else 0))
            self._next_check = min(self._next_check, conversation.deadline)
            return
        if flight.waits_to_send:
            flight.waits_to_send = False
            self._poll.modify(fd, select.POLLIN)
        request = flight.request
        if request is _NO_REQUEST:
            del self._flights[fd]
            self._forget(fd)
            self._engine.prepared(environment, flight.version, conversation)
            return
        if conversation.after is After.PROCESS:
            outcome = self._engine.outcome(environment, conversation)
            try:
                self._go_on(flight, conversation.seconds)
            finally:
                flight.source.ended(request, outcome)
            return
        del self._flights[fd]
        outcome = self._engine.outcome(environment, conversation)
        self._forget(fd)
        self._engine.settle(environment, conversation)
        try:
            left = [*flight.ahead, *flight.unsent]
            following = left.pop(0) if left else flight.source.take()
            if left:
                flight.source.give_back(left)
            if following is not None:
                self._begin_again(flight, following)
        finally:
            flight.source.ended(request, outcome)

    def _pass_on(self, flight: Flight, conversation: Conversation) -> None:
        """Let the caller have what has come of a streamed response; where it has no room, read no more for now."""
        sink, parts = flight.sink, conversation.parts
        if conversation.content_type is not None:
            if sink is not None:
                sink.began(conversation.content_type)
            conversation.content_type = None
        has_room = True
        for part in parts:
            if sink is not None:
                has_room = sink.part(part)
        parts.clear()
        fd = flight.environment.fd
        if has_room or conversation.after is not None or conversation.phase is not Phase.INVOKE:
            self._watch_environment(fd)
        else:
            conversation.is_held = True
            self._forget(fd)  # not only left unread: a channel whose other end is gone would wake us for ever

    def _begin_again(self, flight: Flight, request: Request) -> None:
        try:
            self.serve(flight.version, request, flight.source)
        except LambdaError as error:
            flight.source.refused(request, error)

    def _forget(self, fd: int) -> None:
        if fd in self._registered:
            self._registered.discard(fd)
            self._poll.unregister(fd)

    def _check_deadlines(self, now: float) -> None:
        for fd, flight in list(self._flights.items()):
            if now < flight.deadline():
                continue
            if flight.conversation is None:
                self._receive_usual(flight)  # it may have come at the last moment
                if self._flights.get(fd) is not flight or now < flight.deadline():
                    continue
            flight.converse()
            self._advance(flight)
        self._next_check = min((flight.deadline() for flight in self._flights.values()), default=_NEVER)

    def abandon(self) -> list[Flight]:
        """Let go of all environments at work, for another loop to `adopt`, and close."""
        left = list(self._flights.values())
        for flight in left:
            self._forget(flight.environment.fd)
            flight.sink = None  # what is streamed from here on is nobody's
            if flight.conversation is not None:
                flight.conversation.is_held = False
        self._flights.clear()
        self.close()
        return left

    def close(self) -> None:
        """Give the poll object back."""
        self._poll.close()
