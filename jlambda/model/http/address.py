"""Which HTTP front of functions a request is for, by its Host header or by its path. Pure.

AWS gives each of them a host name of its own. Here it ends in ``.localhost``, which browsers and curl resolve by
themselves, and which nobody else can own; clients that cannot resolve it use the same words as the beginning of the path.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: function URLs, APIs of API Gateway, load balancers: the words that AWS has in the host name
URL, API, BALANCER = "lambda-url", "execute-api", "elb"

_NAMED = rf"([A-Za-z0-9][A-Za-z0-9_-]*)\.({URL}|{API}|{BALANCER})\.([a-z0-9-]+)\.localhost:([0-9]+)"
_HOST = re.compile(_NAMED, re.ASCII | re.IGNORECASE)
_PATH = re.compile(rf"/_({URL}|{API}|{BALANCER})/([A-Za-z0-9_-]+)(/.*)?", re.ASCII | re.DOTALL)


class Front(NamedTuple):
    """One front: its kind, its id, and the path within it, percent-encoded; `prefix` is what the path had before that."""

    kind: str
    id: str
    path: str
    prefix: str = ""


class Fronts:
    """The fronts of one gateway: those of its region and its port; it may be asked at `others` too."""

    def __init__(self, region: str, port: int, *others: int) -> None:
        self.region, self.port = region, port
        #: the names that the gateway itself goes by
        self.own_hosts = frozenset(f"{name}:{each}" for name in ("127.0.0.1", "localhost") for each in (port, *others))

    def find(self, host: str, path: str) -> Front | None:
        """The front that a request is for; None for a request to the gateway itself, and for host names of others.

        Of a host name's letters the case does not matter, and browsers write them all small: those of a function's name in
        front of a load balancer are left as they came.
        """
        if self.is_own(host):
            if path.startswith("/_") and (found := _PATH.fullmatch(path)):
                kind, identity, rest = found.groups()
                return Front(kind, identity, rest or "/", f"/_{kind}/{identity}")
            return None
        named = _HOST.fullmatch(host)
        if named is None or named[3].lower() != self.region or named[4] != str(self.port):
            return None
        kind = named[2].lower()
        return Front(kind, named[1] if kind == BALANCER else named[1].lower(), path)

    def is_own(self, host: str) -> bool:
        """Whether a host name is the gateway's own."""
        return host in self.own_hosts or host.lower() in self.own_hosts

    def domain_name(self, kind: str, identity: str) -> str:
        """The host name of a front, with its port."""
        return f"{identity}.{kind}.{self.region}.localhost:{self.port}"

    def url(self, kind: str, identity: str) -> str:
        """The address of a front, for whoever can resolve it."""
        return f"http://{self.domain_name(kind, identity)}/"

    def path_url(self, kind: str, identity: str) -> str:
        """The address of a front, for everybody."""
        return f"http://127.0.0.1:{self.port}/_{kind}/{identity}/"
