"""The boto3 clients that the service itself uses, one for each AWS service, closed with the session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from jlambda.errors import EngineError


class Endpoint(Protocol):
    """What makes clients: a gateway's address."""

    def client(self, service: str, attempts: int | None = None) -> Any:
        """A boto3 client of a service."""


class Clients:
    """Clients by service. `address` is asked once, by the first who needs a client: it may start the gateway."""

    def __init__(self, address: Callable[[], Endpoint]) -> None:
        self._address = address
        self._endpoint: Endpoint | None = None
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def __call__(self, service: str) -> Any:
        """The client of a service. It does not try again: whoever uses it knows better when."""
        found = self._made.get(service)
        if found is not None:
            return found
        if self._endpoint is None and not self._is_closed:
            self._endpoint = self._address()  # outside of the lock: it takes the session's
        with self._lock:
            if self._is_closed or self._endpoint is None:
                raise EngineError("the session is closed")
            if service not in self._made:
                self._made[service] = self._endpoint.client(service, attempts=1)
            return self._made[service]

    def close(self) -> None:
        """Close them; there are no more."""
        with self._lock:
            self._is_closed = True
            for client in self._made.values():
                client.close()
