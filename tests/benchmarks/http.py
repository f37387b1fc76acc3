"""A warm request to a function URL, and the first byte of one that streams."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import jlambda
from jlambda.model.http.address import URL, Fronts
from jlambda.model.trigger import parse_trigger

from .gateway import served
from .measure import Figure, alternate, percentile

SOURCE = 'def handler(event, context): return {"statusCode": 200, "body": "hello"}\n'

# Streams, through the Runtime API: a part at once, and another after two seconds.
STREAMS = f"""#!{sys.executable} -I
import http.client, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    answer.read()
    api.putrequest("POST", "/2018-06-01/runtime/invocation/" + answer.getheader("Lambda-Runtime-Aws-Request-Id") + "/response")
    api.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
    api.putheader("Transfer-Encoding", "chunked")
    api.endheaders()
    api.send(b"5\\r\\nfirst\\r\\n")
    time.sleep(2)
    api.send(b"4\\r\\nlast\\r\\n0\\r\\n\\r\\n")
    api.getresponse().read()
"""

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
        first_s, whole_s = streamed(session, folder / "streams")
    both = times["bare"] + times["call"]
    return [
        Figure("a trivial route, same uvicorn, p50", times["bare"] * 1e6, "us"),
        Figure("fn(event), p50", times["call"] * 1e6, "us"),
        Figure("function URL, warm, p50", times["url"] * 1e6, "us", times["url"] / both, "route + fn(event)", "under 2"),
        Figure(
            "first byte of a streamed URL, p50", first_s * 1e3, "ms", first_s / whole_s, "its end, after 2 s", "under 50 ms"
        ),
    ]


def streamed(session: jlambda.Session, code: Path) -> tuple[float, float]:
    """Seconds to the first byte of the body, and to the last, of a function that streams for two seconds; medians of five."""
    code.mkdir()
    (code / "bootstrap").write_text(STREAMS)
    (code / "bootstrap").chmod(0o755)
    function = session.deploy(code, "streams", runtime="provided.al2023", memory=1769, timeout=10)
    session.triggers.add("streams", parse_trigger("url?mode=RESPONSE_STREAM"))
    port = session.gateway().port
    host = Fronts("us-east-1", port).domain_name(URL, function.triggers[0].id)
    firsts, wholes = list[float](), list[float]()
    for _ in range(6):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            began, answer = time.perf_counter(), b""
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            while b"first" not in answer:
                answer += connection.recv(65_536)
            firsts.append(time.perf_counter() - began)
            while connection.recv(65_536):
                pass
            wholes.append(time.perf_counter() - began)
    return percentile(firsts[1:]), percentile(wholes[1:])  # the first one was cold


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
