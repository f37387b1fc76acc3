"""Requests to HTTP endpoints that integrations lead to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from jlambda.model.http.message import HttpResponse

if TYPE_CHECKING:
    from ssl import SSLContext

# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: the payload of a response
_MOST_BYTES = 10 << 20
#: what belongs to one connection, and what a client writes by itself
_OWN = frozenset(
    {"connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Unreachable(Exception):
    """An endpoint cannot be spoken to, or says more than may come back; the message says which."""


class TookTooLong(Exception):
    """An endpoint has not answered in time."""


async def ask(
    method: str,
    url: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
    timeout_s: float,
) -> HttpResponse:
    """What an endpoint answers, its body as it came. Raises `Unreachable` and `TookTooLong`."""
    try:
        return await asyncio.wait_for(_ask(method, url, query, headers, body), timeout_s)
    except TimeoutError:
        raise TookTooLong from None


async def _ask(
    method: str,
    url: str,
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    body: bytes,
) -> HttpResponse:
    import httpx

    pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
    given = [(name.encode("latin-1"), value.encode("utf-8")) for name, value in pairs if name.lower() not in _OWN]
    whole = url if not query else f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    try:
        parts = urlsplit(url)
        is_secure, is_near = parts.scheme == "https", parts.hostname in _LOOPBACK
        verify: SSLContext | bool = await asyncio.to_thread(_authorities) if is_secure else False
        async with httpx.AsyncClient(verify=verify, trust_env=not is_near, timeout=None) as client:
            client.headers.clear()
            async with client.stream(method, whole, headers=given, content=body or None) as answer:
                content = bytearray()
                async for part in answer.aiter_raw():
                    content += part
                    if len(content) > _MOST_BYTES:
                        raise Unreachable(f"{url} answers with more than {_MOST_BYTES} bytes")
                fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers.raw]
                kept = tuple(each for each in fields if each[0].lower() not in _OWN)
                return HttpResponse(answer.status_code, kept, bytes(content))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unreachable(f"{url}: {error}") from None


@lru_cache(maxsize=1)
def _authorities() -> SSLContext:
    """Whose certificates are believed; reading them takes its time."""
    import httpx

    return httpx.create_ssl_context()
