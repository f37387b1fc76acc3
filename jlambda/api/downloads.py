"""Deployment packages and layers to download: presigned URLs of the gateway itself, good for ten minutes as on AWS."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jlambda.api import auth, wire
from jlambda.errors import ResourceNotFound

if TYPE_CHECKING:
    from jlambda.session import Session

PATH = "/packages/"
# https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html
_EXPIRES_S = 600


def code_location(session: Session, sha256: str) -> str:
    """The URL from which the package with this digest can be had."""
    gateway = session.gateway()
    path = f"{PATH}{base64.b64decode(sha256).hex()}.zip"
    host = gateway.url.removeprefix("http://")
    query = auth.presigned_query(gateway.key, "GET", host, path, session.account.region, datetime.now(UTC), _EXPIRES_S)
    return f"{gateway.url}{path}?{query}"


def download(session: Session, parts: auth.Parts) -> wire.Answer:
    """The package that a verified request asks for."""
    key = parts.path.removeprefix(PATH).removesuffix(".zip")
    try:
        digest = base64.b64encode(bytes.fromhex(key)).decode()
    except ValueError:
        digest = ""
    package = session.service.package(digest) if parts.method == "GET" and digest else None
    if package is None:
        raise ResourceNotFound("There is no such package.")
    return wire.Answer(200, package, content_type="application/zip")
