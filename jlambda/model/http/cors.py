"""Cross-origin resource sharing, as function URLs and HTTP APIs do it for the function. Pure.

https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jlambda.model.http.message import HttpRequest, HttpResponse

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cors:
    """Who may call from a web page of another origin, and how. Names of headers are in lower case."""

    origins: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_s: int | None = None
    credentials: bool = False

    @classmethod
    def of(cls, members: Mapping[str, Any]) -> Cors:
        """From AWS's members, which Lambda writes ``AllowOrigins`` and API Gateway ``allowOrigins``."""
        given = {name[0].lower() + name[1:]: value for name, value in members.items()}
        return cls(
            tuple(given.get("allowOrigins") or ()),
            tuple(each.upper() for each in given.get("allowMethods") or ()),
            tuple(each.lower() for each in given.get("allowHeaders") or ()),
            tuple(each.lower() for each in given.get("exposeHeaders") or ()),
            given.get("maxAge"),
            bool(given.get("allowCredentials")),
        )

    def preflight(self, request: HttpRequest, status: int) -> HttpResponse | None:
        """The answer to a browser that asks whether it may ask; None where the request is not that."""
        if request.method != "OPTIONS" or not request.header("origin"):
            return None
        method = request.header("access-control-request-method")
        if method is None:
            return None
        fields = self._origin(request)
        if fields and ("*" in self.methods or method.upper() in self.methods):
            asked = request.header("access-control-request-headers") or ""
            fields += (("access-control-allow-methods", ",".join(self.methods)),)
            if self.headers:
                echoes = "*" in self.headers and self.credentials
                fields += (("access-control-allow-headers", asked if echoes else ",".join(self.headers)),)
            if self.max_age_s is not None:
                fields += (("access-control-max-age", str(self.max_age_s)),)
        return HttpResponse(status, fields)

    def applied(self, request: HttpRequest, headers: Pairs) -> Pairs:
        """The headers of a response with those of this configuration in place of the function's own."""
        own = tuple(each for each in headers if not each[0].lower().startswith("access-control-"))
        added = self._origin(request)
        if added and self.exposed:
            added += (("access-control-expose-headers", ",".join(self.exposed)),)
        return own + added

    def _origin(self, request: HttpRequest) -> Pairs:
        origin = request.header("origin")
        if origin is None or not any(_matches(origin, each) for each in self.origins):
            return ()
        is_open = "*" in self.origins and not self.credentials
        fields: Pairs = (("access-control-allow-origin", "*" if is_open else origin),)
        if not is_open:
            fields += (("vary", "Origin"),)
        if self.credentials:
            fields += (("access-control-allow-credentials", "true"),)
        return fields


def _matches(origin: str, allowed: str) -> bool:
    if allowed in ("*", origin):
        return True
    before, star, after = allowed.partition("*")
    is_long = len(origin) >= len(before) + len(after)
    return bool(star) and is_long and origin.startswith(before) and origin.endswith(after)
