"""The HTTP server of a gateway: uvicorn in a thread of its own, listening on 127.0.0.1 and nowhere else."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

from jlambda.api import auth
from jlambda.api.application import Application
from jlambda.errors import StateError

if TYPE_CHECKING:
    import uvicorn

    from jlambda.session import Session

#: how long an idle connection is kept, in seconds
_KEEP_ALIVE_S = 300
#: how long requests may take to end when the gateway is closed, in seconds
_PATIENCE_S = 3


class Gateway:
    """A server in a thread of its own; ready to be asked once it is made.

    `port` 0 takes a free one. Raises `StateError` where it cannot listen.
    """

    def __init__(self, session: Session, key: auth.Key, port: int = 0) -> None:
        self.key = key
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self.application = Application(session, {key.id: key}, self.port)
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

    def _run(self) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(self._is_up.set)
            try:
                await self._server.serve(sockets=[self._listener])
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
        self._listener.close()


def _listen(port: int) -> socket.socket:
    # Named with its protocol: asyncio switches Nagle's algorithm off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise StateError(f"the gateway cannot listen on 127.0.0.1:{port} ({error.strerror}): choose another port") from None
    return listener


def _make_server(application: Application) -> tuple[uvicorn.Server, asyncio.Event]:
    import uvicorn

    from jlambda.api.protocol import Protocol

    stop = asyncio.Event()

    class Server(uvicorn.Server):
        """uvicorn without its ticks: it sleeps until it is told to stop."""

        async def main_loop(self) -> None:
            await stop.wait()

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
