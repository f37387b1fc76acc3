"""Responses that reach their caller while the function still runs, through InvokeWithResponseStream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.runtimes.languages import language_of
from tests.api.conftest import Functions
from tests.api.packages import zipped
from tests.api.streams import BOOTSTRAP, NODE, Gate
from tests.conftest import eventually, need


def ask(client: Any, name: str, event: object, **options: Any) -> Any:
    """The answer of a streaming invocation, its stream not yet read."""
    return client.invoke_with_response_stream(FunctionName=name, Payload=json.dumps(event).encode(), **options)


def whole(answer: Any) -> bytes:
    """All that is streamed."""
    return b"".join(each["PayloadChunk"]["Payload"] for each in answer["EventStream"] if "PayloadChunk" in each)


def passes_the_gate(client: Any, name: str, gate: Gate) -> None:
    """The first part is here while the function waits for us to have it."""
    answer = ask(client, name, {"before": ["first"], "gate": gate.port, "after": ["last"]}, LogType="Tail")
    events = iter(answer["EventStream"])
    assert next(events) == {"PayloadChunk": {"Payload": b"first"}}
    gate.open()
    assert next(events) == {"PayloadChunk": {"Payload": b"last"}}
    complete = next(events)["InvokeComplete"]
    assert "ErrorCode" not in complete and complete["LogResult"]
    assert next(events, None) is None


def test_the_first_part_comes_before_the_end(client: Any, streaming: str, gate: Gate) -> None:
    """Of any runtime that streams; cold and warm."""
    passes_the_gate(client, streaming, gate)
    passes_the_gate(client, streaming, gate)


def test_node_streams(client: Any, create: Functions, gate: Gate) -> None:
    """`awslambda.streamifyResponse`, with the content type that it set."""
    need(bool(language_of("nodejs").tools()), "Node.js")
    create("n", Code={"ZipFile": zipped({"index.js": NODE})}, Runtime="nodejs20.x", Handler="index.handler", Timeout=10)
    passes_the_gate(client, "n", gate)


def test_invoke_gets_it_whole(client: Any, streaming: str, shared: jlambda.Session) -> None:
    """Who does not ask for a stream gets one payload."""
    payload = json.dumps({"before": ["a", "b"], "after": ["c"]}).encode()
    assert client.invoke(FunctionName=streaming, Payload=payload)["Payload"].read() == b"abc"


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("error", {"errorType": "Broken", "errorMessage": "midway"}),
        ("exit", "Runtime exited with error: exit status 3"),
        ("sleep", "Task timed out after 1.00 seconds"),
    ],
)
def test_an_error_midway_is_told_at_the_end(client: Any, streaming: str, end: str, error: Any) -> None:
    """What came before has been sent; trailers, an exit and too much time reach InvokeComplete."""
    client.update_function_configuration(FunctionName=streaming, Timeout=1)
    events = list(ask(client, streaming, {"before": ["part"], "end": end})["EventStream"])
    assert events[0] == {"PayloadChunk": {"Payload": b"part"}}
    complete = events[-1]["InvokeComplete"]
    assert complete["ErrorCode"] == "Unhandled"
    details = json.loads(complete["ErrorDetails"])
    assert details == error if isinstance(error, dict) else error in details["errorMessage"]
    assert whole(ask(client, streaming, {"before": ["again"]})) == b"again"


def test_much_of_it_is_counted(client: Any, streaming: str, shared: jlambda.Session) -> None:
    """20 MB, more than an ordinary response may have; the record has their size."""
    answer = ask(client, streaming, {"before": [], "blocks": 320})
    size = len(whole(answer))
    assert size == 320 * 65_536
    rows = shared.invocations(streaming).set_index("request_id")
    assert rows.loc[answer["ResponseMetadata"]["RequestId"], "response_bytes"] == size


def test_a_slow_reader_holds_the_function_up(client: Any, streaming: str, gate: Gate) -> None:
    """It cannot get far ahead of its caller; when that reads on, it comes to its end."""
    answer = ask(client, streaming, {"before": [], "blocks": 400, "end": "well"})
    events = iter(answer["EventStream"])
    assert len(next(events)["PayloadChunk"]["Payload"]) <= 65_536
    assert sum(len(each["PayloadChunk"]["Payload"]) for each in events if "PayloadChunk" in each) > 25_000_000


def test_a_reader_who_leaves_does_not_end_the_function(
    client: Any, streaming: str, gate: Gate, shared: jlambda.Session
) -> None:
    """The invocation goes on and is recorded as if nothing had happened."""
    before = len(shared.invocations(streaming))
    answer = ask(client, streaming, {"before": ["first"], "gate": gate.port, "blocks": 200})
    next(iter(answer["EventStream"]))
    answer["EventStream"].close()
    gate.open()
    assert eventually(lambda: len(shared.invocations(streaming)) == before + 1)
    assert shared.invocations(streaming).iloc[-1]["status"] == "success"


def test_a_reader_who_reads_nothing_is_bound_by_the_timeout(client: Any, streaming: str, shared: jlambda.Session) -> None:
    """The function is held up, not the session: its time runs out, and the next invocation has what it needs."""
    client.update_function_configuration(FunctionName=streaming, Timeout=1)
    answer = ask(client, streaming, {"before": ["first"], "blocks": 1000})
    assert eventually(lambda: "timeout" in set(shared.invocations(streaming)["status"]))
    answer["EventStream"].close()
    assert whole(ask(client, streaming, {"before": ["again"]})) == b"again"


def test_secrets_are_redacted_across_parts(shared: jlambda.Session, client: Any, tmp_path: Path) -> None:
    """A value that is cut by two parts is found all the same; what only looks like its beginning is not kept for ever."""
    (tmp_path / "bootstrap").write_text(BOOTSTRAP)
    (tmp_path / "bootstrap").chmod(0o755)
    shared.deploy(tmp_path, "r", runtime="provided.al2023", handler="none", timeout=5, secrets={"KEY": "swordfish-1"})
    answer = ask(client, "r", {"before": ["a sword", "fish-1 b", "c swordf"]})
    assert whole(answer) == b"a *** bc swordf"
    shared.delete("r")
