"""Logs while they are written: what is shown when, that nothing is shown twice, and that no secret is."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

import jlambda
from jlambda.errors import Throttled
from jlambda.service.log_tail import LogTail, Tailed
from tests.conftest import eventually

#: prints, waits until the test lets it go on, prints again
GATED = """
import os, socket
print("init")

def handler(event, context):
    print("before", os.environ.get("API_KEY"))
    with socket.create_connection(("127.0.0.1", event)) as gate:
        gate.recv(1)
    print("after")
    return "done"
"""


@pytest.fixture
def gate() -> Iterator[socket.socket]:
    """What functions wait at."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def messages(events: list[Tailed]) -> list[str]:
    """The first word of each, and all of what the function wrote."""
    return [it.event.message if it.event.message.islower() else it.event.message.split(" ")[0] for it in events]


def until(tail: LogTail, seen: list[Tailed], wanted: Callable[[list[str]], bool]) -> bool:
    """Whether what a tail gives comes to be like this."""

    def look() -> bool:
        seen.extend(tail.poll())
        return wanted(messages(seen))

    return eventually(look)


def test_what_is_written_shows_before_the_end(session: jlambda.Session, gate: socket.socket) -> None:
    """All log events of an invocation in their order, each once, those before the wait while it waits."""
    function = session.deploy(GATED.replace(', os.environ.get("API_KEY")', ""), "gated", timeout=60)
    for starts in (["INIT_START", "init", "START"], ["START"]):
        seen: list[Tailed] = []
        with session.tail("gated") as tail:
            future = function.submit(gate.getsockname()[1])
            assert until(tail, seen, lambda told: "before" in told)
            assert messages(seen) == [*starts, "before"]
            gate.accept()[0].close()
            future.result()
            assert until(tail, seen, lambda told: "REPORT" in told)
        assert messages(seen) == [*starts, "before", "after", "END", "REPORT"]
        (request_id,) = {it.request_id for it in seen}
        kept = session.logs("gated")
        assert [it.event.message for it in seen] == kept[kept["request_id"] == request_id]["message"].tolist()


@pytest.mark.parametrize("secret", ["sesame open", "two\nlines of it"])
def test_secrets_are_cut_out(session: jlambda.Session, gate: socket.socket, secret: str) -> None:
    """Also while it runs; one of several lines keeps what the function writes back until the end."""
    function = session.deploy(GATED, "gated", timeout=60, secrets={"API_KEY": secret})
    seen: list[Tailed] = []
    with session.tail() as tail:
        future = function.submit(gate.getsockname()[1])
        connection, _ = gate.accept()
        if "\n" not in secret:
            assert until(tail, seen, lambda told: "before ***" in told)
        connection.close()
        future.result()
        assert until(tail, seen, lambda told: "REPORT" in told)
    assert messages(seen) == ["INIT_START", "init", "START", "before ***", "after", "END", "REPORT"]


def test_many_short_invocations_are_shown_once(session: jlambda.Session) -> None:
    """Sent ahead or not; of other functions nothing is shown."""
    function = session.deploy("def handler(event, context): print('n', event)", "many")
    other = session.deploy("def handler(event, context): print('other')", "other")
    seen: list[Tailed] = []
    with session.tail("many") as tail:
        future = other.submit()
        function.map(range(300), max_concurrency=3)
        future.result()
        assert until(tail, seen, lambda told: told.count("REPORT") == 300)
    assert sorted(told for told in messages(seen) if told.startswith("n ")) == sorted(f"n {number}" for number in range(300))


def test_an_invocation_tells_what_it_writes(session: jlambda.Session, gate: socket.socket) -> None:
    """`written` is called in the thread that waits, with this invocation's events only."""
    session.deploy(GATED, "gated", timeout=60)
    other = session.deploy("def handler(event, context): print('other')", "other")
    told: list[str] = []

    def written(events: list[Tailed]) -> None:
        told.extend(messages(events))
        if told[-1] == "before none" or told[-1].startswith("before"):
            other()
            gate.accept()[0].close()

    done = session.invoke("gated", gate.getsockname()[1], written)  # type: ignore[arg-type]
    assert done.result == "done"
    assert told[-3:] == ["after", "END", "REPORT"]
    assert "other" not in told
    assert not session.invoker._listeners
    session.get("other").reserve(0)
    with pytest.raises(Throttled):
        session.invoke("other", {}, written)  # type: ignore[arg-type]


def test_a_tail_that_is_closed_keeps_nothing(session: jlambda.Session) -> None:
    """Nor does it hear of anything."""
    function = session.deploy("def handler(event, context): print('x')", "hello")
    tail = session.tail()
    tail.close()
    function()
    assert tail.poll() == []
