"""Requests for services other than Lambda: taken in whole, held to their signature, and passed to the session's services.

Bodies of any size: what is large is on the disk meanwhile, and leaves by pieces.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from jlambda.api import auth, chunked, presigned_old, wire
from jlambda.api.asgi import Message, Receive, Send, body_chunks, send_whole
from jlambda.api.keys import Keys
from jlambda.api.observed.front import Observed
from jlambda.errors import LambdaError
from jlambda.model.exchange import ServiceRequest
from jlambda.service.invoke import new_request_id

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from jlambda.session import Session

#: larger bodies wait on the disk
_IN_MEMORY = 1 << 20
#: headers that belong to a connection, and those that the server writes itself
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-connection", "te", "trailer", "expect"})
_HEX_DIGITS = 64


class Forwarding:
    """Passes requests on to the services of one session; `pool` is for what takes long."""

    def __init__(self, session: Session, keys: Keys, pool: Executor) -> None:
        self._session, self._keys, self._pool = session, keys, pool
        self._observed = Observed(session, pool)

    async def __call__(self, parts: auth.Parts, claim: auth.Claim, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._forward(parts, claim, scope, receive, send)
        except LambdaError as fault:
            await _send_error(send, claim.service, parts, fault)

    async def _forward(self, parts: auth.Parts, claim: auth.Claim, scope: Message, receive: Receive, send: Send) -> None:
        if not claim.date:
            presigned_old.verify(claim, parts, self._keys, datetime.now(UTC))
        given = parts.headers.get("x-amz-content-sha256", "")
        if claim.date and len(given) == _HEX_DIGITS:  # before anything of the body is taken in
            auth.verify(claim, parts, given, self._keys, datetime.now(UTC))
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            length, digest = await _read(receive, body)
            if claim.date:
                auth.verify(claim, parts, digest, self._keys, datetime.now(UTC))
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            if chunked.is_chunked(parts):
                parts, length = await self._in_one_piece(parts, claim, body)
                headers = list(parts.headers.items())
            kept = [(name, value) for name, value in headers if name not in _HOP]
            if claim.is_presigned:  # whoever is behind looks for the service's name here
                kept.append(("authorization", _authorization(claim)))
            request = ServiceRequest(
                *(claim.service, claim.region, parts.method, parts.path, parts.query, kept, body, length),
                self._keys.caller(claim.key_id),
            )
            await self._answer(request, receive, send)

    async def _in_one_piece(
        self, parts: auth.Parts, claim: auth.Claim, body: SpooledTemporaryFile[bytes]
    ) -> tuple[auth.Parts, int]:
        """Put what came in chunks into `body` as it would be without them."""
        body.seek(0)
        whole = partial(chunked.whole, parts, claim, self._keys[claim.key_id], body.read())
        parts, content = await asyncio.get_running_loop().run_in_executor(self._pool, whole)
        body.seek(0)
        body.truncate()
        body.write(content)
        return parts, len(content)

    async def _answer(self, request: ServiceRequest, receive: Receive, send: Send) -> None:
        asked = asyncio.ensure_future(self._observed.ask(request))
        gone = asyncio.ensure_future(_disconnected(receive)) if request.service == "sqs" else None
        try:
            # a receiver that went away must not be given messages
            await asyncio.wait({asked, gone} if gone else {asked}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                return
            reply = asked.result()
        finally:
            for each in (asked, gone):
                if each is not None and not each.done():
                    each.cancel()
                    with suppress(asyncio.CancelledError):
                        await each
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers if name not in _HOP]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.first, "more_body": reply.rest is not None})
        if reply.rest is not None:
            try:
                async for piece in reply.rest:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            finally:
                await reply.rest.aclose()
            await send({"type": "http.response.body", "body": b""})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(receive: Receive, body: SpooledTemporaryFile[bytes]) -> tuple[int, str]:
    """Take the body in; gives its length and its digest."""
    digest, length = sha256(), 0
    async for chunk in body_chunks(receive):
        digest.update(chunk)
        body.write(chunk)
        length += len(chunk)
    return length, digest.hexdigest()


def _authorization(claim: auth.Claim) -> str:
    scope = f"{claim.key_id}/{claim.date or 'presigned'}/{claim.region}/{claim.service}/aws4_request"
    signed = ";".join(claim.signed_headers)
    return f"{auth.ALGORITHM} Credential={scope}, SignedHeaders={signed}, Signature={claim.signature}"


async def _send_error(send: Send, service: str, parts: auth.Parts, fault: LambdaError) -> None:
    """An error as the service's own protocol has it."""
    request_id = new_request_id()
    code, message = escape(fault.code), escape(fault.aws_message)
    kind, status = "text/xml", fault.status
    if service == "s3":
        body = f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId></Error>"
    elif parts.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        side = "Sender" if status < 500 else "Receiver"
        body = f"<ErrorResponse><Error><Type>{side}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        body += f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    else:
        kind = parts.headers.get("content-type", wire.JSON)
        body = json.dumps({"__type": fault.code, "message": fault.aws_message})
    headers = {"x-amzn-errortype": fault.code, "x-amzn-requestid": request_id, "content-type": kind}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body.encode())).encode()))
    await send_whole(send, status, encoded, b"" if parts.method == "HEAD" else body.encode())
