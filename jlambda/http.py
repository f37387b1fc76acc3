"""A small HTTP client that shows what becomes of a request: `jlambda.http.get(fn, "/items")`, `post`, `request` …

It asks function URLs, APIs and load balancers of the current session, over HTTP as any client would, and keeps what happened on
the way: the event that the request became, the result, the response, and the invocation's record. Asks nothing else.
"""

from __future__ import annotations

import http.client
import json as json_format
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from jlambda.errors import InvalidParameter, ResourceNotFound
from jlambda.handle import Function
from jlambda.invocation import Invocation
from jlambda.model.http.address import API, Fronts
from jlambda.service.invoke import Finished
from jlambda.session import Session, current

#: how long an answer may take: as long as a function may run, and a little
_PATIENCE_S = 910


@dataclass(frozen=True)
class Exchange:
    """One request and all that became of it. `event` and `invocation` are None where no function was reached.

    Names of headers are in lower case; the last of several counts, `header_pairs` has them all.
    """

    method: str
    url: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    header_pairs: tuple[tuple[str, str], ...]
    body: bytes
    seconds: float
    event: Any = None
    invocation: Invocation | None = field(default=None)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response."""
        return dict(self.header_pairs)

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.status < 400

    @property
    def text(self) -> str:
        """The body of the response as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body of the response as JSON."""
        return json_format.loads(self.body)

    def __repr__(self) -> str:
        return f"<{self.method} {self.url}: {self.status}, {len(self.body)} bytes>"


def request(
    method: str,
    to: Function | str,
    path: str = "",
    *,
    params: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    json: object = None,
    data: bytes | str = b"",
    sign: bool = False,
) -> Exchange:
    """Ask a front of the current session: a function (its URL), an address of one, or ``/path`` of the HTTP API of `--trigger`.

    `params` are added to the query, `json` or `data` is the body, `sign` signs with the session's key, for auth type AWS_IAM.
    Raises `InvalidParameter` for an address that is not the session's, `ResourceNotFound` where there is nothing to ask.
    """
    session = current()
    url = _address(session, to) if path == "" else _address(session, to).rstrip("/") + "/" + path.removeprefix("/")
    if params:
        url += ("&" if urlsplit(url).query else "?") + urlencode(params, doseq=True)
    parts = urlsplit(url)
    body = data.encode() if isinstance(data, str) else data
    given = {name.lower(): value for name, value in (headers or {}).items()}
    if json is not None:
        body = json_format.dumps(json).encode()
        given.setdefault("content-type", "application/json")
    fronts = Fronts(session.account.region, session.gateway().port)
    front = fronts.find(parts.netloc, parts.path or "/")
    if front is None:
        raise InvalidParameter(f"{url} is no function URL, API or load balancer of this session: see fn.url and fn.triggers")
    if sign:
        given = session.address.signed(method, url, body, given, "execute-api" if front.kind == API else "lambda")
    return _exchange(session, method.upper(), url, given, body)


def get(to: Function | str, path: str = "", **options: Any) -> Exchange:
    """GET; see `request`."""
    return request("GET", to, path, **options)


def post(to: Function | str, path: str = "", **options: Any) -> Exchange:
    """POST; see `request`."""
    return request("POST", to, path, **options)


def put(to: Function | str, path: str = "", **options: Any) -> Exchange:
    """PUT; see `request`."""
    return request("PUT", to, path, **options)


def patch(to: Function | str, path: str = "", **options: Any) -> Exchange:
    """PATCH; see `request`."""
    return request("PATCH", to, path, **options)


def delete(to: Function | str, path: str = "", **options: Any) -> Exchange:
    """DELETE; see `request`."""
    return request("DELETE", to, path, **options)


def _address(session: Session, to: Function | str) -> str:
    if isinstance(to, Function):
        if to.url is None:
            raise ResourceNotFound(f'{to.reference} has no function URL: {to.name}.triggers.add("url") gives it one')
        return to.url
    if not to.startswith("/"):
        return to
    for attached in session.triggers.list():
        if attached.trigger.kind == "http" and attached.trigger.get("api") is None:
            return session.front_url(API, attached.id.partition("/")[0]).rstrip("/") + to
    raise ResourceNotFound(f'there is no HTTP API yet: --trigger "GET {to}" makes one')


def _exchange(session: Session, method: str, url: str, headers: dict[str, str], body: bytes) -> Exchange:
    seen: list[tuple[bytes, Finished]] = []
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    gateway = session.gateway()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=_PATIENCE_S)
    headers = {"user-agent": "jlambda", "accept-encoding": "identity", **headers}
    began = time.perf_counter()
    try:
        with gateway.watched(lambda event, finished: seen.append((event, finished))) as naming:
            connection.request(method, target, body or None, {"host": parts.netloc, **headers, **naming})
            answer = connection.getresponse()
            content = answer.read()
    finally:
        connection.close()
    pairs = tuple((name.lower(), value) for name, value in answer.getheaders())
    event, invocation = None, None
    if seen:
        event = json_format.loads(seen[-1][0])
        finished = seen[-1][1]
        record = finished.record
        configuration = session.control.get(f"{record.function}:{record.version}")
        invocation = Invocation(session, finished, configuration)
    return Exchange(method, url, headers, body, answer.status, pairs, content, time.perf_counter() - began, event, invocation)
