"""The embedded services' process from outside: started when first needed, asked over sockets that nobody else can reach.

Works in one event loop, but for `close`. Knows frames, nothing of what is asked.
"""

from __future__ import annotations

import array
import asyncio
import json
import logging
import re
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple

from jlambda import process
from jlambda.aws.frames import FAULT, LENGTHS, PIECE, head_of
from jlambda.errors import EngineError, LambdaError
from jlambda.model.exchange import Push, Reply, ServiceRequest
from jlambda.model.role import Credentials

# moto holds most services to no locks of its own: two requests at a time for one of them got wrong answers. Executions of
# state machines wait for what they call, and may call their own service.
_AT_ONCE = {"states": 16}

#: what a service imports that is not there, and packages that are not called as their modules are
_MISSING = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
_PACKAGES = {"antlr4": "antlr4-python3-runtime", "yaml": "PyYAML", "graphql": "graphql-core", "cfnlint": "cfn-lint"}

_log = logging.getLogger(__name__)


class GatewayKey(NamedTuple):
    """Where the child finds the session's gateway, and the key that it calls it with.

    `api_url` is the address of an API of API Gateway, with ``{id}`` for its id.
    """

    port: int
    key: Credentials
    api_url: str


class Died(Exception):  # whoever asks starts it anew
    """The process ended before it answered."""


class CannotStart(EngineError):
    """The process ended before it could answer anything, and said why."""


class ServiceFault(LambdaError):
    """An embedded service could not carry a request out."""

    code, status = "InternalFailure", 500


class Child:
    """moto in a process of its own, alive until it is closed or dies."""

    def __init__(self, account: str, gateway: GatewayKey) -> None:
        self._port = str(gateway.port)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        variables = {
            **process.clean_environment(),
            "MOTO_ACCOUNT_ID": account,
            "MOTO_DISABLE_GLOBAL_CORS": "1",
            "MOTO_ALLOW_NONEXISTENT_REGION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        try:
            arguments = [str(theirs.fileno())]
            self._process = process.start_python("jlambda.aws.embedded", arguments, [theirs.fileno(), 2], variables)
        except EngineError:
            self._control.close()
            raise
        finally:
            theirs.close()
        self.pid = self._process.pid
        with suppress(OSError):  # it has died already, which the first request will see
            said = {"url": f"http://127.0.0.1:{gateway.port}", "key": gateway.key, "api_url": gateway.api_url}
            self._control.sendall(json.dumps(said).encode() + b"\n")
        self._free: dict[str, list[socket.socket]] = {}
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._lock = threading.Lock()
        self._is_closed = False
        self._said = ""  # why it could not start

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply to one request; those of one service wait for each other. Raises `Died` and `CannotStart`."""
        turns = self._turns.get(request.service)
        if turns is None:
            turns = self._turns[request.service] = asyncio.Semaphore(_AT_ONCE.get(request.service, 1))
        await turns.acquire()
        connection: socket.socket | None = None
        try:
            connection = self._connection(request.service)
            await self._send(connection, request)
            reply, rest = await self._receive(connection)
        except (OSError, Died) as error:
            turns.release()
            if connection is not None:
                connection.close()
            how = self.end()
            if self._said:
                raise CannotStart(
                    f"the embedded AWS services cannot start ({self._said}): repair what is installed with `pip install "
                    "--force-reinstall jlambda`, or use another endpoint with Session(aws_endpoint=...)"
                ) from None
            raise Died(how) from error
        except BaseException:
            turns.release()
            if connection is not None:
                connection.close()
            raise
        if not rest:
            self.give_back(request.service, connection)
            turns.release()
            if reply.status == FAULT:
                raise ServiceFault(_what_is_wrong(request.service, reply.first.decode()))
            return reply
        reply.rest = _Rest(self, connection, rest, request.service, turns)
        return reply

    def _connection(self, service: str) -> socket.socket:
        free = self._free.get(service)
        if free:
            return free.pop()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                self._control.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        return ours

    def give_back(self, service: str, connection: socket.socket) -> None:
        """Keep a connection for the next request."""
        with self._lock:
            if not self._is_closed:
                self._free.setdefault(service, []).append(connection)
                return
        connection.close()

    async def _send(self, connection: socket.socket, request: ServiceRequest) -> None:
        loop = asyncio.get_running_loop()
        head = {
            "service": request.service,
            "seed": request.seed,
            "at": request.at,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": request.headers,
            "port": self._port,
        }
        request.body.seek(0)
        await loop.sock_sendall(connection, head_of(head, request.length) + request.body.read(PIECE))
        while piece := request.body.read(PIECE):
            await loop.sock_sendall(connection, piece)

    async def _receive(self, connection: socket.socket) -> tuple[Reply, int]:
        """A reply with the first of its body, and how much of it is left to be read."""
        loop = asyncio.get_running_loop()
        held = bytearray()

        async def upto(size: int) -> None:
            while len(held) < size:
                piece = await loop.sock_recv(connection, PIECE)
                if not piece:
                    raise Died
                held.extend(piece)

        await upto(LENGTHS.size)
        head_length, body_length = LENGTHS.unpack_from(held)
        begins = LENGTHS.size + head_length
        await upto(begins + min(body_length, PIECE))
        head = json.loads(held[LENGTHS.size : begins])
        first = bytes(held[begins:])
        if head["status"] == FAULT:
            _log.warning("an embedded AWS service failed:\n%s", first.decode(errors="replace"))
            said = first.decode(errors="replace").strip().rpartition("\n")[2]
            reply = Reply(FAULT, [], 0, said.encode())
            return reply, 0
        headers = [(name.lower(), value) for name, value in head["headers"]]
        pushes = tuple(Push(**each) for each in head["pushes"])
        return Reply(head["status"], headers, body_length, first, pushes=pushes), body_length - len(first)

    def end(self) -> str:
        """Make sure that it is gone, and say how it went."""
        with suppress(OSError):  # it says nothing, or was ended already
            self._said = self._said or " ".join(self._control.recv(4096, socket.MSG_DONTWAIT).decode(errors="replace").split())
        self.close(1.0)
        code = self._process.exit_code
        return f"signal {-code}" if code is not None and code < 0 else f"exit status {code}"

    def close(self, grace_s: float = 0.0) -> None:
        """End the process."""
        with self._lock:
            self._is_closed = True
            free, self._free = self._free, {}
        self._control.close()
        for connections in free.values():
            for connection in connections:
                connection.close()
        self._process.end(grace_s)


def _what_is_wrong(service: str, said: str) -> str:
    """What the last line of a traceback means for whoever asked."""
    if missing := _MISSING.search(said):
        package = _PACKAGES.get(missing[1], missing[1].replace("_", "-"))
        return f"the embedded {service} needs {package}, which is not installed: `pip install {package}`, then try again"
    return f"the embedded {service} could not carry this out: {said}"


class _Rest:
    """The pieces of a long body; the service's turn and the connection are held until it was read or closed."""

    def __init__(self, child: Child, connection: socket.socket, rest: int, service: str, turns: asyncio.Semaphore) -> None:
        self._child, self._connection, self._rest, self._service, self._turns = child, connection, rest, service, turns
        self._is_over = False

    def __aiter__(self) -> _Rest:
        return self

    async def __anext__(self) -> bytes:
        if not self._rest:
            await self.aclose()
            raise StopAsyncIteration
        piece = await asyncio.get_running_loop().sock_recv(self._connection, min(self._rest, PIECE))
        if not piece:
            await self.aclose()
            raise Died(self._child.end())
        self._rest -= len(piece)
        return piece

    async def aclose(self) -> None:
        """Let the next request have its turn. Of a body that was not read to its end the connection is given up."""
        if not self._is_over:
            self._is_over = True
            if self._rest:
                self._connection.close()
            else:
                self._child.give_back(self._service, self._connection)
            self._turns.release()


class Embedded:
    """The embedded services: a child that is started at the first request, and anew where it died.

    `restore` is called with each child before anything else asks it. `tell` takes a line that the user should see.
    """

    def __init__(
        self,
        account: str,
        gateway: Callable[[], GatewayKey],
        restore: Callable[[Child], Awaitable[None]],
        tell: Callable[[str], None],
    ) -> None:
        self._account, self._gateway, self._restore, self._tell = account, gateway, restore, tell
        self._child: Child | None = None
        self._starting = asyncio.Lock()
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The process, None while there is none."""
        return self._child.pid if self._child is not None else None

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply to one request.

        What a dead child had not answered is asked of the next one, which knows nothing of it. Raises `EngineError` where
        that one dies of it too, or none can start.
        """
        child = await self._alive()
        try:
            return await self._asked(child, request)
        except Died as death:
            self._forget(child, death)
        child = await self._alive()
        try:
            return await self._asked(child, request)
        except Died as death:
            self._forget(child, death)
            raise EngineError(
                f"the embedded AWS services died twice ({death}) of one request to {request.service}: change it, or use "
                "another endpoint with Session(aws_endpoint=...)"
            ) from None

    async def _asked(self, child: Child, request: ServiceRequest) -> Reply:
        try:
            return await child.ask(request)
        except CannotStart:  # the next request tries again: it may have been repaired
            if self._child is child:
                self._child = None
            raise

    def _forget(self, child: Child, death: Died) -> None:
        if self._child is child and not self._is_closed:
            self._child = None
            self._tell(f"the embedded AWS services ended ({death}): they are started again, with the data that was journaled")

    async def _alive(self) -> Child:
        async with self._starting:
            if self._is_closed:
                raise EngineError("the session is closed: its AWS services are gone")
            if self._child is None:
                child = Child(self._account, self._gateway())
                try:
                    await self._restore(child)
                except BaseException:
                    child.close()
                    raise
                self._child = child
            return self._child

    def restart(self) -> None:
        """End the child; the next request starts another."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def close(self) -> None:
        """End the child."""
        self._is_closed = True
        if self._child is not None:
            self._child.close()
