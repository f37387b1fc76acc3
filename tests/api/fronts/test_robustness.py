"""Clients that are wrong, slow, many or gone: each gets its status, and the others are served."""

from __future__ import annotations

import http.client
import random
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

import jlambda
from jlambda.model.http.address import URL
from tests.api.fronts.browser import Browser
from tests.conftest import eventually

SOURCE = """
def handler(event, context):
    if event["rawPath"] == "/large":
        return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "x" * 5_000_000}
    return event["rawPath"]
"""


class Target:
    """A function URL, and plain sockets to it."""

    def __init__(self, session: jlambda.Session, browser: Browser) -> None:
        self.session, self.browser = session, browser
        self.id = session.deploy(SOURCE, "f", memory=512, timeout=30, triggers=["url"]).triggers[0].id
        self.host = browser.fronts.domain_name(URL, self.id)

    @contextmanager
    def socket(self) -> Iterator[socket.socket]:
        """One connection."""
        with socket.create_connection(("127.0.0.1", self.browser.port), timeout=30) as made:
            yield made

    def is_alone(self) -> bool:
        """Whether the gateway has no connection left: nobody else asks it here."""
        return not self.session.gateway()._server.server_state.connections

    def answers(self) -> bool:
        """Whether an ordinary request is answered as ever."""
        return self.browser.ask(URL, self.id, path="/ok").body == b"/ok"


@pytest.fixture(scope="module")
def target(shared: jlambda.Session, browser: Browser) -> Target:
    """The function that all of them ask."""
    made = Target(shared, browser)
    assert made.answers()
    return made


def first_line(connection: socket.socket) -> bytes:
    """The status line of an answer; empty where the connection was closed without one."""
    found = b""
    while b"\r\n" not in found:
        try:
            part = connection.recv(4096)
        except ConnectionError:
            break
        if not part:
            break
        found += part
    return found.partition(b"\r\n")[0]


def spoiled(whole: bytes, chance: random.Random) -> bytes:
    """A request with something wrong with it, or nothing: bytes changed, left out, doubled or cut off."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data)) if data else 0
        match chance.randrange(5):
            case 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del data[at : at + chance.randint(1, 9)]
            case 2:
                data[at:at] = chance.randbytes(chance.randint(1, 9))
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 30)]
            case _:
                data[at:at] = chance.choice([b"\r\n", b"\0", b": ", b"%", b"%zz", b"\xff", b"//../", b"?&=&", b"\r\n\r\n"])
    return bytes(data)


def test_a_thousand_malformed_requests(target: Target) -> None:
    """Each gets a status or the end of the connection, none of them a 500, and nothing is left of them."""
    threads = threading.active_count()
    chance, statuses = random.Random(8), set[bytes]()
    whole = (
        f"POST /a/%C3%BC?q=1&r=%20 HTTP/1.1\r\nHost: {target.host}\r\nContent-Type: application/json\r\n"
        f"Cookie: a=1; b=2\r\nContent-Length: 8\r\nConnection: close\r\n\r\n".encode()
        + b'{"a": 1}'
    )
    for _ in range(1_000):
        with target.socket() as connection:
            try:
                connection.sendall(spoiled(whole, chance))
                if not select.select([connection], [], [], 0.02)[0]:  # it may lack its end: then this is it
                    connection.shutdown(socket.SHUT_WR)
            except ConnectionError:
                continue
            line = first_line(connection)
        if line:
            assert line.startswith(b"HTTP/1.1 "), line
            statuses.add(line.split()[1])
    assert statuses >= {b"200", b"400"} and not statuses & {b"500", b"501"}, statuses
    assert target.answers()
    assert eventually(target.is_alone) and threading.active_count() <= threads


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX-A: b\r\n c\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX A: b\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nContent-Length: many\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.0\r\n\r\n", b"403"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nHost: evil.example.com\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: HOST\r\nX-A: " + b"x" * 400_000, b"431"),
        (b"GET /" + b"x" * 400_000, b"431"),
    ],
)
def test_what_is_refused_at_the_door(target: Target, request_: bytes, status: bytes) -> None:
    """Lines that are folded, lengths that contradict each other, names of others, heads without an end."""
    with target.socket() as connection:
        connection.sendall(request_.replace(b"HOST", target.host.encode()))
        assert first_line(connection).split()[1] == status
    assert target.answers()


def test_a_hundred_connections_that_stay(target: Target) -> None:
    """All open at once, each asked again and again."""
    with ExitStack() as stack:
        connections = []
        for _ in range(100):
            made = http.client.HTTPConnection("127.0.0.1", target.browser.port, timeout=30)
            stack.callback(made.close)
            connections.append(made)
        for turn in range(3):
            for at, each in enumerate(connections):
                each.request("GET", f"/{turn}/{at}", headers={"host": target.host})
                if at % 10 == 9:  # ten at a time are under way
                    for number in range(at - 9, at + 1):
                        assert connections[number].getresponse().read() == f"/{turn}/{number}".encode()


def test_the_slow_hold_up_nobody(target: Target) -> None:
    """Those who send half a request, and those who do not read what they asked for."""
    with ExitStack() as stack:
        for _ in range(50):
            connection = stack.enter_context(target.socket())
            connection.sendall(f"POST / HTTP/1.1\r\nHost: {target.host}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        lazy = [stack.enter_context(target.socket()) for _ in range(3)]
        for connection in lazy:
            connection.sendall(f"GET /large HTTP/1.1\r\nHost: {target.host}\r\nConnection: close\r\n\r\n".encode())
        assert all(first_line(connection) == b"HTTP/1.1 200 OK" for connection in lazy)
        assert target.answers()
    assert target.answers()


def test_who_has_said_all_is_answered(target: Target) -> None:
    """As `nc` does it: the client ends its side, and reads until the server has ended the other."""
    request = f"GET /ok HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()
    with target.socket() as connection:
        connection.sendall(request * 2)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 200 OK") == 2 and answer.endswith(b"/ok")


def test_who_leaves_is_forgotten(target: Target) -> None:
    """In the middle of a request, and before the answer: nothing is left open, what was begun is recorded."""
    ran = len(target.session.invocations("f"))
    for _ in range(20):
        with target.socket() as connection:
            connection.sendall(f"POST / HTTP/1.1\r\nHost: {target.host}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        with target.socket() as connection:
            connection.sendall(f"GET /large HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode())
    assert eventually(lambda: len(target.session.invocations("f")) == ran + 20)
    assert eventually(target.is_alone)
    assert target.answers()
