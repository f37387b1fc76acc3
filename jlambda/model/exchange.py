"""One request to an AWS service and what came back, whoever answers it. Values only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Protocol
from urllib.parse import unquote_to_bytes

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request: the session's user, or a function with its execution role."""

    role_arn: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A request whose signature has been verified; path and query are as they came, names of headers in lower case.

    `seed` and `at` are what the embedded services take random names and the time from, 0 for their own. `service` and `region`
    are those of the signature's scope. `body` can be read again and again: it is on the disk, or in
    memory where it is small.
    """

    service: str
    region: str
    method: str
    path: str
    query: str
    headers: Headers
    body: IO[bytes]
    length: int
    caller: Caller = Caller()
    seed: int = 0
    at: float = 0.0

    def header(self, name: str) -> str:
        """The value of a header, empty where there is none."""
        return next((value for given, value in self.headers if given == name), "")

    def whole_body(self) -> bytes:
        """All of the body."""
        self.body.seek(0)
        return self.body.read()


class Pieces(Protocol):
    """The rest of a body, piece by piece."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None:
        """Leave what has not been read."""


@dataclass(frozen=True, slots=True)
class Push:
    """An event that a service starts a function with: `source` is the service's name, `event` is JSON.

    Those of one `group` are to be run one after the other, each once the one before has succeeded.
    """

    arn: str
    source: str
    event: str
    group: str = ""


@dataclass(slots=True)
class Reply:
    """What a service answered: the `first` bytes of the body, all of it where it is small, and the `rest`."""

    status: int
    headers: Headers
    length: int | None
    first: bytes
    rest: Pieces | None = None
    pushes: tuple[Push, ...] = ()

    @property
    def is_success(self) -> bool:
        """Whether what was asked has been done."""
        return self.status < 300


@dataclass(frozen=True, slots=True)
class Write:
    """A change that a service has made: `service` as signatures name it (``s3``, ``dynamodb``, ``states``), the operation's
    name, and its parameters by AWS's names (of an S3 request: Bucket, Key and those of the query)."""

    service: str
    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""
    caller: Caller = Caller()


class Backend(Protocol):
    """Whatever answers requests for AWS services: the embedded ones, or another endpoint."""

    async def ask(self, request: ServiceRequest) -> Reply:
        """The reply to one request. Whoever asks reads the whole of it, or closes its `rest`."""

    def close(self) -> None:
        """Let go of everything."""


def decoded(text: str) -> str:
    """A part of a path or query as it was meant."""
    return unquote_to_bytes(text).decode(errors="replace")
