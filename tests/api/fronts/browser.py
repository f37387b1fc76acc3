"""A client that asks a gateway's fronts, by host name or by path, in plain HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jlambda
from jlambda.model.http.address import Fronts


@dataclass(frozen=True)
class Seen:
    """An answer: names of headers are in lower case, the last of several counts; `pairs` has them all."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    pairs: list[tuple[str, str]]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Browser:
    """Asks the fronts of one session."""

    def __init__(self, session: jlambda.Session) -> None:
        self.port = session.gateway().port
        self.fronts = Fronts(session.account.region, self.port)

    def ask(
        self,
        kind: str,
        identity: str,
        method: str = "GET",
        path: str = "/",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        by_path: bool = False,
    ) -> Seen:
        """One request, by host name unless `by_path`."""
        host = f"127.0.0.1:{self.port}" if by_path else self.fronts.domain_name(kind, identity)
        target = f"/_{kind}/{identity}{path}" if by_path else path
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, body or None, {"host": host, **(headers or {})})
            answer = connection.getresponse()
            data = answer.read()
            pairs = [(name.lower(), value) for name, value in answer.getheaders()]
            return Seen(answer.status, dict(pairs), data, pairs)
        finally:
            connection.close()
