"""The AWS services of a session: every request for one passes here, and whoever wants to know of changes is told.

Works in the gateway's event loop, but for `observe` and `close`. Knows no HTTP server and no signatures.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from jlambda.aws import identity
from jlambda.aws.child import Child, Embedded, GatewayKey, ServiceFault
from jlambda.aws.foreign import AWS, Foreign
from jlambda.aws.frames import FORGET
from jlambda.aws.journal import Journal
from jlambda.aws.operations import Operation, operation_of
from jlambda.aws.tracing import traced
from jlambda.aws.waits import QueueWaits
from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account
from jlambda.model.exchange import Backend, Push, Reply, ServiceRequest, Write

Observer = Callable[[Write], None]
Ask = Callable[[ServiceRequest], Awaitable[Reply]]
Own = Callable[[ServiceRequest, Mapping[str, Any], Ask], Awaitable[Reply]]

_READING = ("GET", "HEAD", "OPTIONS")
_log = logging.getLogger(__name__)


class Services:
    """Answers requests for all services but Lambda.

    They are embedded, and `folder` keeps what is written to them; or `endpoint` is that of others, ``"aws"`` for AWS itself.
    `gateway` is asked for when it is up. Raises `InvalidParameter` for an endpoint that cannot be asked.
    """

    def __init__(self, account: Account, gateway: Callable[[], GatewayKey], folder: Path, endpoint: str | None = None) -> None:
        self._account, self._gateway, self._endpoint = account, gateway, endpoint
        self._embedded = Embedded(account.id, gateway, self._restore, _log.warning) if endpoint is None else None
        self._backend: Backend = self._embedded or Foreign(endpoint or AWS)
        self._journal = Journal(folder)
        self._observers: tuple[Observer, ...] = ()
        self._own: dict[tuple[str, str], Own] = {}
        self.waits = QueueWaits()
        self._loop: asyncio.AbstractEventLoop | None = None
        #: what takes an event that a service starts a function with, and calls back once it is durable
        self.push: Callable[[Push, str | None, Callable[[], object]], object] = lambda _push, _trace_id, taken: taken()

    @property
    def pid(self) -> int | None:
        """The process of the embedded services, None while there is none."""
        return self._embedded.pid if self._embedded is not None else None

    @property
    def is_running(self) -> bool:
        """Whether they can be asked without being started."""
        return self._embedded is None or self._embedded.pid is not None

    def has_written(self, service: str) -> bool:
        """Whether an embedded service was ever written to, running or not. Reads the journal."""
        return self._embedded is not None and self._journal.has_service(service)

    def may_have(self, *services: str) -> bool:
        """Whether there can be anything of some services (by the names in signatures) that could be asked without a start."""
        if self._embedded is None:
            return True
        return self.is_running and not self._journal.services.isdisjoint({*services, "cloudformation"})

    @property
    def push_refusal(self) -> str:
        """Why these services start no functions by themselves; empty where they do."""
        if self._embedded is not None:
            return ""
        return f"{self._endpoint} cannot reach functions here: it starts none; use queues and streams, which are polled"

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Have `observer` called after each successful write, before whoever wrote is answered; returns what ends that.

        It is called in the gateway's thread, and must return at once: it sets an event, or puts into a queue.
        """
        self._observers = (*self._observers, observer)

        def forget() -> None:
            self._observers = tuple(each for each in self._observers if each is not observer)

        return forget

    def answer(self, service: str, operation: str, own: Own) -> None:
        """Have `own` answer an operation: it gets the request, its parameters, and what asks the embedded services in turn."""
        self._own[service, operation] = own

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply to one request, whatever of it is a wait waited for here."""
        if request.method in _READING:
            return await self._backend.ask(request)
        operation = operation_of(request)
        self._loop = asyncio.get_running_loop()
        if request.service == "sts" and operation.name == "GetCallerIdentity" and request.caller.role_arn is not None:
            return identity.caller_identity(request.caller, self._account)
        if request.service == "sqs" and operation.name == "ReceiveMessage":
            return await self._receive(request, operation)
        own = self._own.get((request.service, operation.name))
        if own is not None and self._embedded is not None:  # another endpoint answers all of its operations itself
            return await own(request, operation.parameters, partial(self._pass_on, operation))
        return await self._pass_on(operation, request)

    async def _pass_on(self, operation: Operation, request: ServiceRequest) -> Reply:
        if self._embedded is not None:
            request = replace(request, seed=secrets.randbits(62) + 1, at=time.time())
        request = traced(request, operation)
        reply = await self._backend.ask(request)
        if self._embedded is not None and operation.is_write and reply.is_success:
            self._journal.keep(request, operation, reply.first)
        if reply.pushes:
            await self._hand_on(reply.pushes, request.header("x-amzn-trace-id") or None)
        if operation.is_write and reply.is_success:
            self._wrote(request, operation)
        return reply

    async def _receive(self, request: ServiceRequest, operation: Operation) -> Reply:
        if self._embedded is None:
            return await self._backend.ask(request)
        reply = await self.waits.receive(request, operation.parameters, self._embedded.ask)
        if reply.rest is not None:
            reply.first += b"".join([piece async for piece in reply.rest])
            reply.rest = None
        self._journal.saw_messages(reply.first)
        return reply

    async def _hand_on(self, pushes: tuple[Push, ...], trace_id: str | None) -> None:
        """Have what a request started made durable, before it is answered."""
        loop, taken = asyncio.get_running_loop(), list[asyncio.Future[None]]()
        for push in pushes:
            future: asyncio.Future[None] = loop.create_future()
            taken.append(future)
            self.push(push, trace_id, partial(loop.call_soon_threadsafe, _settle, future))
        await asyncio.gather(*taken)

    def _wrote(self, request: ServiceRequest, operation: Operation) -> None:
        write = Write(request.service, operation.name, operation.parameters, request.region, request.caller)
        self.waits.saw(write)
        for observer in self._observers:
            try:
                observer(write)
            except Exception:  # one that fails does not take the others along, nor the answer
                _log.exception("an observer of %s %s failed", write.service, write.operation)

    async def _restore(self, child: Child) -> None:
        """Bring back what earlier requests had made; what it would start functions with has started them already."""
        failed = 0
        host = ("host", f"127.0.0.1:{self._gateway().port}")
        for request in self._journal.requests():
            asked = replace(request, headers=[host, *request.headers])
            try:
                reply = await child.ask(asked)
            except ServiceFault:
                failed += 1
                continue
            if reply.rest is not None:
                await reply.rest.aclose()
            failed += not reply.is_success
            if request.service == "sqs":
                operation = operation_of(asked)
                self.waits.saw(Write("sqs", operation.name, operation.parameters, request.region))
        if gone := self._journal.deleted:
            body = json.dumps(gone).encode()
            await child.ask(ServiceRequest("sqs", self._account.region, FORGET, "/", "", [], io.BytesIO(body), len(body)))
        if failed:
            _log.warning("%d of the requests that were journaled failed when they were made again", failed)

    def reset(self) -> None:
        """Empty the embedded services: the next request is a fresh process's first."""
        if self._embedded is None:
            raise InvalidParameter(f"the services at {self._endpoint} are not emptied from here: delete there what is to go")
        self._journal.clear()
        self._embedded.restart()

    def dismiss(self, queue: str) -> None:
        """Have whoever waits for messages of a queue answered now. From any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and the waits with it
                self._loop.call_soon_threadsafe(self.waits.dismiss, queue)

    def leave(self) -> None:
        """The event loop is about to end: nobody waits any longer."""
        self.waits.leave()

    def close(self) -> None:
        """End the embedded services."""
        self._backend.close()
        self._journal.close()


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
