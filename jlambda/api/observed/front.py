"""Requests to CloudWatch, CloudWatch Logs and API Gateway for what is known here; all others go to the session's services."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from jlambda.api import usage
from jlambda.api.observed import logs, metrics, wire
from jlambda.api.observed.here import PASSED_ON, Here
from jlambda.errors import LambdaError
from jlambda.model.exchange import Reply, ServiceRequest

if TYPE_CHECKING:
    from jlambda.session import Session

#: how long the services behind may take, in seconds: they may have to be started
_PATIENCE_S = 60
#: headers of a request that those go with, too, that are made of it
_KEPT = ("authorization", "host", "user-agent", "x-amz-date", "x-amz-security-token")
_OPERATIONS: Mapping[str, Mapping[str, Callable[..., Any]]] = {"logs": logs.OPERATIONS, "monitoring": metrics.OPERATIONS}
#: the JSON that each is asked in: what stands before an operation's name, and the type of the content
_SPOKEN = {
    "logs": ("Logs_20140328", "application/x-amz-json-1.1"),
    "monitoring": ("GraniteServiceVersion20100801", "application/x-amz-json-1.0"),
}


class Refused(LambdaError):
    """What a service behind said no with."""

    def __init__(self, code: str, message: str, status: int) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class Observed:
    """Stands before the services of one session; `pool` is for what reads the store."""

    def __init__(self, session: Session, pool: Executor) -> None:
        self._session, self._pool = session, pool

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply to one request."""
        if usage.is_asked(request):
            return await asyncio.get_running_loop().run_in_executor(self._pool, usage.answer, self._session, request)
        operations = _OPERATIONS.get(request.service)
        handle = operations and operations.get(wire.operation_of(request))
        if handle:
            loop = asyncio.get_running_loop()
            reply = await loop.run_in_executor(self._pool, self._answer, handle, request, loop)
            if reply is not None:
                return reply
        return await self._session.services.ask(request)

    def _answer(self, handle: Callable[..., Any], request: ServiceRequest, loop: asyncio.AbstractEventLoop) -> Reply | None:
        """In a thread of the pool: the answer, None where the request is another's."""

        def behind(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            asked = self._behind(request, operation, parameters)
            return asyncio.run_coroutine_threadsafe(asked, loop).result(_PATIENCE_S)

        try:
            asked = wire.read(request)
            members = handle(Here(self._session, behind), asked.parameters)
            return None if members is PASSED_ON else wire.answer(asked, members)
        except LambdaError as fault:
            return wire.refusal(request.service, request.header("content-type"), fault)

    async def _behind(self, request: ServiceRequest, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What the service behind answers to another operation, asked by the same caller. Raises `Refused`."""
        kept = [(name, value) for name, value in request.headers if name in _KEPT]
        body, (target, content_type) = json.dumps(parameters).encode(), _SPOKEN[request.service]
        head = [("x-amz-target", f"{target}.{operation}"), ("content-type", content_type)]
        headers = [*kept, *head, ("content-length", str(len(body)))]
        made = ServiceRequest(
            *(request.service, request.region, "POST", "/", "", headers, io.BytesIO(body), len(body), request.caller)
        )
        reply = await self._session.services.ask(made)
        content = reply.first
        if reply.rest is not None:
            content += b"".join([piece async for piece in reply.rest])
        found = json.loads(content or b"{}")
        if not reply.is_success:
            code = str(found.get("__type", "ServiceException")).rpartition("#")[2]
            raise Refused(code, str(found.get("message", found.get("Message", ""))), reply.status)
        return dict(found)
