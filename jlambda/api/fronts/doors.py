"""Where plain HTTP for functions comes in: takes requests to any front, and has the front of that kind answer.

A front is told apart from the gateway's own address before anything is verified; what it asks for (a signature, a policy, an
authorizer, nothing) is its own affair.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from jlambda.api import auth
from jlambda.api.asgi import Body, Disconnected, Message, Receive, Send, read_body
from jlambda.api.calls import Calls
from jlambda.api.fronts.apis import ApiFront
from jlambda.api.fronts.asked import Asked, Refused, StreamedResponse, Watch, asked, reply, reply_by_parts, told
from jlambda.api.fronts.balancers import BalancerFront
from jlambda.api.fronts.function_urls import UrlFront
from jlambda.model.http.address import API, BALANCER, URL, Front, Fronts
from jlambda.model.http.message import HttpResponse
from jlambda.service.invoke import new_request_id

Verify = Callable[[auth.Claim, auth.Parts, str], None]

_log = logging.getLogger(__name__)


class Answerer(Protocol):
    """What answers requests to fronts of one kind.

    `body_bytes` is what a body may have, `id_header` where an answer tells the request's id.
    """

    body_bytes: int
    id_header: str

    def answer(self, asked: Asked) -> Awaitable[HttpResponse | StreamedResponse]:
        """The response; raises `Refused` with one of the front's own."""


class Doors:
    """The fronts of one gateway, by kind."""

    def __init__(self, calls: Calls, fronts: Fronts, verify: Verify) -> None:
        self._fronts = fronts
        self._urls = UrlFront(calls, verify)
        self._by_kind: dict[str, Answerer] = {
            URL: self._urls,
            API: ApiFront(calls, verify),
            BALANCER: BalancerFront(calls),
        }
        #: what in-process clients have asked to see, by the value of their header
        self.watchers: dict[str, Watch] = {}

    async def answer(self, front: Front, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request to a front."""
        answerer = self._by_kind.get(front.kind)
        response: HttpResponse | StreamedResponse
        try:
            response = await self._respond(answerer, front, scope, receive)
        except Disconnected:
            return
        except Exception as error:
            response = _failed(error)
        if isinstance(response, StreamedResponse):
            await reply_by_parts(scope, receive, send, response)
        else:
            _reply(scope, response, None if answerer is None else answerer.id_header)

    def answer_whole(self, front: Front, scope: Message, body: bytes) -> bool:
        """Answer a request that has come whole without a task, if it is to a function URL. False if it takes one."""
        if front.kind != URL:
            return False

        def answer(response: Callable[[], HttpResponse]) -> None:
            try:
                made = response()
            except Exception as error:
                made = _failed(error)
            _reply(scope, made, UrlFront.id_header)

        try:
            return self._urls.answer_whole(self._asked(front, scope, Body(body)), answer)
        except Exception as error:
            _reply(scope, _failed(error), UrlFront.id_header)
            return True

    async def _respond(
        self, answerer: Answerer | None, front: Front, scope: Message, receive: Receive
    ) -> HttpResponse | StreamedResponse:
        if answerer is None:
            return told(404, {"message": "Not Found"})
        body = await read_body(receive, answerer.body_bytes)
        return await answerer.answer(self._asked(front, scope, body))

    def _asked(self, front: Front, scope: Message, body: Body) -> Asked:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-amzn-trace-id"), "")
        found = asked(front, self._fronts, scope, body, given or _new_trace_id())
        return found.watched_by(self.watchers) if self.watchers else found


def _failed(error: Exception) -> HttpResponse:
    if isinstance(error, Refused):
        return error.response
    _log.error("a request to a function could not be answered", exc_info=error)
    return told(500, {"message": "Internal Server Error"})


def _reply(scope: Message, response: HttpResponse, id_header: str | None) -> None:
    has_id = id_header is None or response.header(id_header.lower()) is not None
    if not has_id and response.header("x-amzn-requestid") is None:  # where REST APIs tell it
        response = response.with_headers((str(id_header), new_request_id()))
    reply(scope, response)


def _new_trace_id() -> str:
    """A trace of its own for a request that has none: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html."""
    digits = new_request_id().replace("-", "")
    return f"Root=1-{int(time.time()):08x}-{digits[:24]}"
