"""Requests that come whole are answered without a task; those that do not are answered as well."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.server import ServerState

import jlambda
from jlambda.api import server
from jlambda.api.fronts import function_urls
from jlambda.api.protocol import Protocol
from jlambda.model.http.address import URL
from tests.api.fronts.browser import Browser
from tests.conftest import eventually

SOURCE = """
import time

def handler(event, context):
    if "statusCode" in event:
        return event
    asked = event.get("rawPath", "")
    if asked.startswith("/status/"):
        return {"statusCode": int(asked[8:]), "body": "hello"}
    if asked in ("/slow", "/long"):
        time.sleep(0.7 if asked == "/slow" else 25)
    return {"path": asked, "size": len(event.get("body") or event.get("text", ""))}
"""


class Asked:
    """A function URL of one session, asked by plain bytes."""

    def __init__(self, session: jlambda.Session) -> None:
        self.session, self.browser = session, Browser(session)
        self.function = session.deploy(SOURCE, "f", memory=1769, timeout=30, triggers=["url"])
        self.id = self.function.triggers[0].id
        self.host = self.browser.fronts.domain_name(URL, self.id)
        self.client = session.client("lambda")
        assert self.browser.ask(URL, self.id).status == 200  # nothing is ready before the first

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """One connection."""
        with socket.create_connection(("127.0.0.1", self.browser.port), timeout=30) as made:
            yield made

    def request(self, path: str, *fields: str, method: str = "GET", body: bytes = b"") -> bytes:
        """The bytes of a request; Content-Length is written where there is a body."""
        length = [f"Content-Length: {len(body)}"] if body else []
        return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {self.host}", *fields, *length, "", ""]).encode() + body


@pytest.fixture(scope="module")
def asked(shared: jlambda.Session) -> Asked:
    """The module's function."""
    return Asked(shared)


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that have been given a task."""
    begun, begin = list[str](), Protocol._begin_task

    def note(self: Protocol, cycle: Any) -> None:
        begun.append(cycle.scope["path"])
        begin(self, cycle)

    monkeypatch.setattr(Protocol, "_begin_task", note)
    return begun


def read(connection: socket.socket, is_head: bool = False) -> tuple[int, dict[str, str], bytes]:
    """One answer: its status, its headers by name in lower case, its body; of what follows nothing is read."""
    with connection.makefile("rb", buffering=0) as came:
        status = int(came.readline().split()[1])
        headers = dict[str, str]()
        while (line := came.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        while len(body) < int(headers.get("content-length", 0)) and not is_head:
            body += came.read(1)
    return status, headers, body


def test_what_comes_whole_needs_no_task(asked: Asked, tasks: list[str]) -> None:
    """An Invoke and a request to a function URL; what the threads of the pool do needs one."""
    assert json.load(asked.client.invoke(FunctionName="f", Payload=b'{"text": "abc"}')["Payload"])["size"] == 3
    assert asked.browser.ask(URL, asked.id, "POST", "/a", b"abc", {"content-type": "text/plain"}).json()["size"] == 3
    with pytest.raises(asked.client.exceptions.ResourceNotFoundException):
        asked.client.invoke(FunctionName="nobody")
    assert asked.browser.ask(URL, "nobody").status == 403
    assert tasks == []
    asked.client.get_function(FunctionName="f")
    assert tasks == ["/2015-03-31/functions/f"]


def test_nothing_waits_for_the_garbage_collector(asked: Asked) -> None:
    """What a request leaves behind is gone with its answer."""

    def cycles() -> int:
        return sum(isinstance(each, RequestResponseCycle) for each in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = cycles()
        with asked.socket() as connection:
            for _ in range(20):
                connection.sendall(asked.request("/a"))
                assert read(connection)[0] == 200
            assert cycles() - before <= 1  # the connection's last
    finally:
        gc.enable()


@pytest.mark.parametrize("size", [10, 60_000, 70_000, 1_000_000])
def test_bodies_of_every_size(asked: Asked, size: int) -> None:
    """Short ones, long ones, and those in between, which are whole before anybody has to be asked for them."""
    payload = json.dumps({"text": "x" * size}).encode()
    assert json.load(asked.client.invoke(FunctionName="f", Payload=payload)["Payload"])["size"] == size
    seen = asked.browser.ask(URL, asked.id, "POST", "/a", b"x" * size, {"content-type": "text/plain"})
    assert seen.json() == {"path": "/a", "size": size}


def test_a_request_in_many_pieces(asked: Asked) -> None:
    """Head and body byte by byte, and a body in chunks."""
    text = "Content-Type: text/plain"
    with asked.socket() as connection:
        for byte in asked.request("/pieces", text, method="POST", body=b"abc"):
            connection.sendall(bytes((byte,)))
        assert json.loads(read(connection)[2]) == {"path": "/pieces", "size": 3}
        connection.sendall(asked.request("/chunks", text, "Transfer-Encoding: chunked", method="POST"))
        for part in (b"2\r\nab\r\n", b"1\r\nc\r\n", b"0\r\n\r\n"):
            connection.sendall(part)
        assert json.loads(read(connection)[2]) == {"path": "/chunks", "size": 3}


def test_a_client_that_waits_to_be_told_to_go_on(asked: Asked) -> None:
    """It is told, and then its body is read."""
    with asked.socket() as connection:
        head = asked.request("/e", "Content-Type: text/plain", "Expect: 100-continue", "Content-Length: 3", method="POST")
        connection.sendall(head)
        assert read(connection)[0] == 100
        connection.sendall(b"abc")
        assert json.loads(read(connection)[2]) == {"path": "/e", "size": 3}


def test_requests_behind_one_another(asked: Asked) -> None:
    """Are answered in their order, though the first takes longest."""
    paths = ["/slow", "/status/404", "/b", "/c"]
    with asked.socket() as connection:
        connection.sendall(b"".join(map(asked.request, paths)))
        answers = [read(connection) for _ in paths]
    assert [status for status, _, _ in answers] == [200, 404, 200, 200]
    assert [json.loads(answers[each][2])["path"] for each in (0, 2, 3)] == ["/slow", "/b", "/c"]


@pytest.mark.parametrize(("status", "length"), [(200, "5"), (204, None), (299, "5"), (304, None), (599, "5")])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_every_status_with_the_body_that_it_may_have(asked: Asked, method: str, status: int, length: str | None) -> None:
    """None with 204 and 304, and none for HEAD, which is told its length; the connection goes on in any case."""
    with asked.socket() as connection:
        connection.sendall(asked.request(f"/status/{status}", method=method))
        seen, headers, body = read(connection, method == "HEAD")
        assert (seen, headers.get("content-length")) == (status, length)
        assert body == (b"hello" if length and method == "GET" else b"")
        connection.sendall(asked.request("/next"))
        assert json.loads(read(connection)[2])["path"] == "/next"


def test_an_answer_that_cannot_be_made(asked: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Is a 500, and a line in the log; the next one is answered."""
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR, "jlambda.api"):
        broken.setattr(function_urls, "_response", lambda _: 1 / 0)
        assert asked.browser.ask(URL, asked.id).status == 500
    assert "ZeroDivisionError" in caplog.text
    assert asked.browser.ask(URL, asked.id).status == 200


def test_a_connection_that_is_not_used_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while without a request; not while one is being answered, however long that takes."""
    monkeypatch.setattr(server, "_KEEP_ALIVE_S", 0.3)
    with jlambda.Session(tmp_path / "state") as session:
        asked = Asked(session)
        with asked.socket() as connection:
            connection.sendall(asked.request("/a") + asked.request("/slow"))
            assert [json.loads(read(connection)[2])["path"] for _ in range(2)] == ["/a", "/slow"]
            assert connection.recv(1) == b""


class Clock:
    """The loop's clock and its timers, set by hand."""

    def __init__(self) -> None:
        self.now, self.timers = 0.0, list[tuple[float, Callable[[], None]]]()

    def time(self) -> float:
        """What time it is."""
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> object:
        """Keep a timer."""
        self.timers.append((at, call))
        return call

    def reach(self, at: float) -> None:
        """Let time go by, to `at`."""
        self.now = at
        due, self.timers = [each for each in self.timers if each[0] <= at], [each for each in self.timers if each[0] > at]
        for _, call in due:
            call()


class Wire(asyncio.Transport):
    """A transport that nothing leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.is_closed = b"", False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += data

    def close(self) -> None:
        """Note it."""
        self.is_closed = True

    def is_closing(self) -> bool:
        """Whether it was closed."""
        return self.is_closed

    def resume_reading(self) -> None:
        """Nothing to resume."""

    def pause_reading(self) -> None:
        """Nothing to pause."""


class At:
    """An application that answers at once, or keeps the request."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def answer_whole(self, scope: Any, _: bytes) -> bool:
        """Answer, but for /later."""
        if scope["path"] == "/later":
            self.kept.append(scope)
        else:
            scope["jlambda.answer"](200, [], b"ok")
        return True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Not asked."""


def test_one_timer_looks_after_a_connection() -> None:
    """Each answer gives the connection its time anew, and while one is being made it is left alone; then it is closed."""

    async def live() -> None:
        application, wire, clock = At(), Wire(), Clock()
        config = uvicorn.Config(application, ws="none", log_config=None, timeout_keep_alive=300)
        made = Protocol(config, ServerState(), {})
        made.connection_made(wire)
        made.loop = clock  # type: ignore[assignment]
        made.data_received(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
        clock.reach(200)
        made.data_received(b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        assert len(clock.timers) == 1
        clock.reach(300)
        assert (len(clock.timers), wire.is_closed) == (1, False)  # it was asked at 200
        clock.reach(400)
        made.data_received(b"GET /later HTTP/1.1\r\nHost: a\r\n\r\n")
        clock.reach(10_000)
        assert (clock.timers, wire.is_closed) == ([], False)
        application.kept[0]["jlambda.answer"](200, [], b"late")
        clock.reach(10_299)
        assert not wire.is_closed
        clock.reach(10_300)
        assert wire.is_closed
        assert wire.written.count(b"200 OK") == 3

    asyncio.run(live())


def test_a_gateway_that_cannot_wait_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever still waits when the gateway's patience has come to its end is told; the invocation goes on."""
    monkeypatch.setattr(server, "_PATIENCE_S", 0.1)
    with jlambda.Session(tmp_path / "state") as session:
        asked, scheduler = Asked(session), session.engine.scheduler
        with asked.socket() as connection:
            connection.sendall(asked.request("/long"))
            assert eventually(lambda: any(not scheduler.is_resting(each) for each in list(scheduler.environments)))
            closing = threading.Thread(target=session.gateway().close)
            closing.start()
            assert read(connection)[0] == 500
            assert connection.recv(1) == b""
            closing.join()
        assert any(not scheduler.is_resting(each) for each in list(scheduler.environments))
