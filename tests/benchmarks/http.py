"""A warm request to a function URL."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jlambda
from jlambda.model.http.address import URL, Fronts

from .gateway import served
from .measure import Figure, alternate, percentile

SOURCE = 'def handler(event, context): return {"statusCode": 200, "body": "hello"}\n'

# A trivial route on the same server, with the same settings; starlette's where it is installed, which adds to it.
TRIVIAL = """
import asyncio, socket, uvicorn
try:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    async def route(request): return PlainTextResponse("hello")
    app = Starlette(routes=[Route("/", route)])
except ImportError:
    async def app(scope, receive, send):
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"hello"})
listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
listener.bind(("127.0.0.1", 0)); listener.listen(128)
print(listener.getsockname()[1], flush=True)
config = uvicorn.Config(app, http="httptools", loop="asyncio", ws="none", lifespan="off", log_config=None, access_log=False)
asyncio.run(uvicorn.Server(config).serve([listener]))
"""


def run(folder: Path) -> list[Figure]:
    """One keep-alive connection to each, in turns; the gateway is `jlambda serve`, in a process of its own as the other is."""
    state = folder / "state"
    with jlambda.Session(state) as session:
        identity = session.deploy(SOURCE, "f", memory=1769, triggers=["url"]).triggers[0].id
    with trivial() as port, served(state) as live, jlambda.Session(folder / "here") as session:
        gateway = int(live.url.rpartition(":")[2])
        host = Fronts("us-east-1", gateway).domain_name(URL, identity)
        function = session.deploy(SOURCE, "f", memory=1769)
        with asking(port, f"127.0.0.1:{port}") as bare, asking(gateway, host) as url:
            calls: dict[str, Callable[[], object]] = {"bare": bare, "url": url, "call": lambda: function({"a": 1})}
            times = {name: percentile(seconds) for name, seconds in alternate(calls, rounds=20, each=100).items()}
    both = times["bare"] + times["call"]
    return [
        Figure("a trivial route, same uvicorn, p50", times["bare"] * 1e6, "us"),
        Figure("fn(event), p50", times["call"] * 1e6, "us"),
        Figure("function URL, warm, p50", times["url"] * 1e6, "us", times["url"] / both, "route + fn(event)", "under 2"),
    ]


@contextmanager
def asking(port: int, host: str) -> Iterator[Callable[[], bytes]]:
    """One request on a connection that stays open; the answer, to its last byte."""
    request = f"GET / HTTP/1.1\r\nHost: {host}\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def ask() -> bytes:
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"hello"):
                part = connection.recv(65_536)
                assert part, "the server has hung up"
                answer += part
            return answer

        yield ask


@contextmanager
def trivial() -> Iterator[int]:
    """The server of the trivial route, in a process of its own: its port."""
    child = subprocess.Popen([sys.executable, "-c", TRIVIAL], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield int(child.stdout.readline())
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()
