"""boto3 clients for what works in the background of an open session, and must not open it again once it is closed.

And what they raise where a service refuses, as an error of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from jlambda.errors import InvalidParameter


class Clients:
    """A client for each service, made when it is first asked for; each is used by many threads.

    `make` makes one, and raises `EngineError` once the session is about to be closed.
    """

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        """The client of a service, by boto3's name."""
        with self._lock:
            if service not in self._made:
                self._made[service] = self._make(service)
            return self._made[service]


@contextmanager
def told(what: str) -> Iterator[None]:
    """Turn what a service refuses within it, of `what`, into `InvalidParameter`."""
    try:
        yield
    except Exception as error:
        response = getattr(error, "response", None)
        if response is None:
            raise
        said = response.get("Error", {}).get("Message", str(error))
    else:
        return
    raise InvalidParameter(f"{what}: {said}")  # here, so that it does not hold on to a client's connection
