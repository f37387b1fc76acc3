"""The AWS endpoint, through real boto3 clients."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jlambda
from jlambda.api import address

from .measure import Figure, alternate, percentile

EVENT = b'{"a": 1}'
ROLE = "arn:aws:iam::123456789012:role/lambda"
#: how long each round with eight threads takes, in seconds; of so many rounds in turns the best counts: where clients,
#: server and function share two processors, who runs where makes one round twice as fast as the next
ROUND_S, ROUNDS = 0.5, 6

# Answers every request with the same bytes: what boto3 itself costs.
STATIC = """
import asyncio, socket
class Static(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.got = transport, b""
    def data_received(self, data):
        self.got += data
        head, end, body = self.got.partition(b"\\r\\n\\r\\n")
        length = next((int(line[15:]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length:")), 0)
        if end and len(body) >= length:
            self.got = b""
            self.transport.write(b'HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\nx-amzn-requestid: 1\\r\\n'
                                 b'x-amz-executed-version: $LATEST\\r\\ncontent-length: 8\\r\\n\\r\\n{"x": 1}')
async def main():
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0)); listener.listen(128)
    server = await asyncio.get_running_loop().create_server(Static, sock=listener)
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def run(folder: Path) -> list[Figure]:
    """Invoke against a static HTTP server, one client and eight threads; CreateFunction against GetFunction."""
    with static() as still, served(folder / "state") as live, jlambda.Session(folder / "here") as session:
        clients = {"static": still.client("lambda"), "gateway": live.client("lambda"), "here": session.client("lambda")}
        for name in ("gateway", "here"):
            create(clients[name], "f")
        calls = {name: invoker(client) for name, client in clients.items()}
        times = {name: percentile(seconds) for name, seconds in alternate(calls, rounds=12, each=40).items()}
        rates = dict.fromkeys(calls, 0.0)
        for _ in range(ROUNDS):
            rates = {name: max(rates[name], rate(call)) for name, call in calls.items()}
        create_s, get_s = control_plane(clients["gateway"])
    still_s, live_s, here_s = times.values()
    still_rate, live_rate, here_rate = rates.values()
    return [
        Figure("boto3 invoke, static server, p50", still_s * 1e3, "ms"),
        Figure("boto3 invoke, jlambda serve, p50", live_s * 1e3, "ms", live_s / still_s, "static", "at most 1.5"),
        Figure("boto3 invoke, a notebook's own gateway, p50", here_s * 1e3, "ms", here_s / still_s, "static"),
        Figure("eight threads, static server", still_rate, "/s"),
        Figure("eight threads, jlambda serve", live_rate, "/s", live_rate / still_rate, "static", "1,000 /s, or 1"),
        Figure("eight threads, a notebook's own gateway", here_rate, "/s", here_rate / still_rate, "static"),
        Figure("boto3 GetFunction, p50", get_s * 1e3, "ms"),
        Figure("boto3 CreateFunction of 1 KB, p50", create_s * 1e3, "ms", create_s / get_s, "GetFunction", "under 5"),
    ]


def create(client: Any, name: str) -> None:
    """A function that gives its event back."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", f"# {name}\ndef handler(event, context): return event\n")
    code = {"ZipFile": buffer.getvalue()}
    client.create_function(FunctionName=name, Runtime=PYTHON, Role=ROLE, Handler="app.handler", Code=code, MemorySize=1769)


PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def invoker(client: Any) -> Callable[[], object]:
    """A call that invokes the function and reads its answer."""
    return lambda: client.invoke(FunctionName="f", Payload=EVENT)["Payload"].read()


def rate(call: Callable[[], object], threads: int = 8) -> float:
    """Calls a second, from several threads."""
    done, end = [0] * threads, time.perf_counter() + ROUND_S

    def work(number: int) -> None:
        while time.perf_counter() < end:
            call()
            done[number] += 1

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) / (time.perf_counter() - began)


def control_plane(client: Any) -> tuple[float, float]:
    """Seconds of a CreateFunction and of a GetFunction."""
    numbers = iter(range(1_000))
    calls = {"create": lambda: create(client, f"g{next(numbers)}"), "get": lambda: client.get_function(FunctionName="f")}
    times = alternate(calls, rounds=6, each=10)
    return percentile(times["create"]), percentile(times["get"])


@contextmanager
def static() -> Iterator[address.Address]:
    """A static HTTP server in a process of its own."""
    child = subprocess.Popen([sys.executable, "-c", STATIC], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    port = child.stdout.readline().strip()
    try:
        yield address.Address(f"http://127.0.0.1:{port}", "123456789012", "us-east-1", "AKIDEXAMPLE", "secret")
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()


@contextmanager
def served(state: Path) -> Iterator[address.Address]:
    """`jlambda serve` in a process of its own."""
    command = [sys.executable, "-m", "jlambda", "serve", "--port", "0", "--state", str(state)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    found = address.read(state)
    assert found is not None
    try:
        yield found
    finally:
        child.terminate()
        child.wait()
        child.stdout.close()
