"""The HTTP server of a gateway: uvicorn in a thread of its own, listening on 127.0.0.1 and nowhere else."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from jlambda.api import auth
from jlambda.api.application import Application
from jlambda.api.fronts.asked import WATCH_HEADER, Watch
from jlambda.api.keys import Keys
from jlambda.api.listening import listen

if TYPE_CHECKING:
    import uvicorn

    from jlambda.session import Session

#: how long an idle connection is kept, in seconds
_KEEP_ALIVE_S = 300
#: how long requests may take to end when the gateway is closed, in seconds
_PATIENCE_S = 3


class Gateway:
    """A server in a thread of its own; ready to be asked once it is made.

    `port` 0 takes a free one, or that of `reserved`: a socket that functions know already, on which it listens in any case.
    Raises `StateError` where it cannot listen.
    """

    def __init__(self, session: Session, key: auth.Key, port: int = 0, reserved: socket.socket | None = None) -> None:
        self.key = key
        is_reserved = reserved is not None and port in (0, reserved.getsockname()[1])
        listener = reserved if reserved is not None and is_reserved else listen(port)
        self._listeners = [listener] if reserved is None or is_reserved else [listener, reserved]
        ports = [each.getsockname()[1] for each in self._listeners]
        self.port: int = ports[0]
        self.application = Application(session, Keys(key, session.roles), ports)
        self._server, self._stop = _make_server(self.application)
        self._is_up = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="jlambda-gateway", daemon=True)
        self._thread.start()
        self._is_up.wait()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def watched(self, watch: Watch) -> Iterator[dict[str, str]]:
        """Have `watch` called with the events and ends of invocations for requests that carry these headers."""
        token = secrets.token_hex(16)
        self.application.doors.watchers[token] = watch
        try:
            yield {WATCH_HEADER: token}
        finally:
            del self.application.doors.watchers[token]

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._is_up.set)
            try:
                await self._server.serve(sockets=self._listeners)
            finally:
                self.application.leave()

        try:
            asyncio.run(serve())
        finally:
            self._is_up.set()

    def close(self) -> None:
        """Take no more requests, finish those that are there, and let go of the port."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self.application.end_waits)
            self._loop.call_soon_threadsafe(self._stop.set)
            if threading.current_thread() is not self._thread:
                self._thread.join()
        self.application.close()
        for listener in self._listeners:
            listener.close()


def _make_server(application: Application) -> tuple[uvicorn.Server, asyncio.Event]:
    import uvicorn

    from jlambda.api.protocol import Protocol

    stop = asyncio.Event()

    class Server(uvicorn.Server):
        """uvicorn without its ticks: it sleeps until it is told to stop."""

        async def main_loop(self) -> None:
            await stop.wait()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await super().shutdown(sockets)
            for connection in list(self.server_state.connections):
                if isinstance(connection, Protocol):
                    connection.give_up()

    config = uvicorn.Config(
        application,
        http=Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    return Server(config), stop
