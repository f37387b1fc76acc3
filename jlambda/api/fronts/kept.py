"""What a front reads of a service's configuration, kept until that service is written to. Knows nothing of what it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Generic, TypeVar

from jlambda.model.exchange import Write

if TYPE_CHECKING:
    from jlambda.session import Session

T = TypeVar("T")


class Kept(Generic[T]):
    """What `read` finds, by key; all of it but the reading, which `pool` does, happens in the server's loop.

    `service` is its name in signatures.
    """

    def __init__(self, session: Session, pool: Executor, service: str, read: Callable[[str], T]) -> None:
        self._session, self._pool, self._service, self._read = session, pool, service, read
        self._found: dict[str, asyncio.Future[T]] = {}
        self._is_observing = False
        #: grows with each change
        self.generation = 0

    async def get(self, key: str = "") -> T:
        """What there is under a key; whoever asks at the same time waits for the same reading."""
        if not self._is_observing:
            self._session.services.observe(self._saw)
            self._is_observing = True
        found = self._found.get(key)
        if found is None:
            reading = asyncio.get_running_loop().run_in_executor(self._pool, self._read, key)
            found = self._found[key] = asyncio.ensure_future(reading)
        try:
            return await asyncio.shield(found)
        except Exception:
            self._found.pop(key, None)
            raise

    def _saw(self, write: Write) -> None:
        if write.service == self._service:
            self.generation += 1
            self._found.clear()
