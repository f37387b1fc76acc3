"""Invoke, InvokeAsync and InvokeWithResponseStream through boto3."""

from __future__ import annotations

import base64
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.api.conftest import Functions
from tests.api.test_server import Door
from tests.conftest import eventually

CONTEXT = (
    "def handler(event, context):\n"
    "    print('seen', event)\n"
    "    client = context.client_context\n"
    "    return [context.aws_request_id, context.invoked_function_arn, client and client.custom, event]\n"
)


def payload(answer: dict[str, Any]) -> Any:
    """The document that came back."""
    return json.loads(answer["Payload"].read())


def test_request_response(client: Any, create: Functions) -> None:
    """Payload, version and request id, the same everywhere; the tail of the log where it is asked for."""
    create("f", CONTEXT)
    answer = client.invoke(FunctionName="f", Payload=b'{"a": 1}', LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)
    request_id, arn, context, event = payload(answer)
    assert request_id == answer["ResponseMetadata"]["RequestId"]
    assert arn == "arn:aws:lambda:us-east-1:123456789012:function:f"
    assert (context, event) == (None, {"a": 1})
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[1:-1] == ["seen {'a': 1}", f"END RequestId: {request_id}"]
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "LogResult" not in client.invoke(FunctionName="f")


@pytest.mark.parametrize(
    ("reference", "arn"),
    [
        ("f", "f"),
        ("f:$LATEST", "f:$LATEST"),
        ("123456789012:function:f", "f"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "f"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", "f:$LATEST"),
    ],
)
def test_a_function_has_many_names(client: Any, create: Functions, reference: str, arn: str) -> None:
    """A name, partial and full ARNs, with or without a qualifier, which the function sees."""
    create("f", CONTEXT)
    assert payload(client.invoke(FunctionName=reference))[1] == f"arn:aws:lambda:us-east-1:123456789012:function:{arn}"


def test_no_payload_is_an_empty_object(client: Any, create: Functions) -> None:
    """And nothing returned is null."""
    create("f", CONTEXT)
    assert payload(client.invoke(FunctionName="f"))[3] == {}
    create("g", "def handler(event, context): pass\n")
    assert client.invoke(FunctionName="g")["Payload"].read() == b"null"


def test_client_context(client: Any, create: Functions) -> None:
    """Reaches the function; what is none is refused."""
    create("f", CONTEXT)
    context = base64.b64encode(json.dumps({"custom": {"key": "value"}}).encode()).decode()
    assert payload(client.invoke(FunctionName="f", ClientContext=context))[2] == {"key": "value"}
    for wrong in ("not base64", base64.b64encode(b"[1]").decode(), base64.b64encode(b"{" * 2_000).decode(), "YQ==" * 1_000):
        with pytest.raises(client.exceptions.InvalidRequestContentException, match="Client context must be a valid"):
            client.invoke(FunctionName="f", ClientContext=wrong)


def test_a_function_that_fails(client: Any, create: Functions) -> None:
    """Is a 200 that says Unhandled, for an exception, a timeout and an end of the process alike."""
    source = (
        "import os, time\n"
        "def handler(event, context):\n"
        "    if event == 'raise': raise ValueError('boom')\n"
        "    if event == 'exit': os._exit(3)\n"
        "    time.sleep(10)\n"
    )
    create("f", source, Timeout=1)
    for event, kind in (("raise", "ValueError"), ("exit", "Runtime.ExitError"), ("sleep", "Sandbox.Timedout")):
        answer = client.invoke(FunctionName="f", Payload=json.dumps(event).encode())
        assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
        assert payload(answer)["errorType"] == kind


def test_dry_run_and_event(shared: jlambda.Session, client: Any, create: Functions) -> None:
    """204 without running anything; 202 and it runs, under the request id that was answered."""
    create("events", CONTEXT)
    answer = client.invoke(FunctionName="events", InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"].read(), "ExecutedVersion" in answer) == (204, b"", False)
    answer = client.invoke(FunctionName="events", InvocationType="Event", Payload=b"1")
    assert (answer["StatusCode"], answer["Payload"].read(), "ExecutedVersion" in answer) == (202, b"", False)
    request_id = answer["ResponseMetadata"]["RequestId"]
    old = client.invoke_async(FunctionName="events", InvokeArgs=b"2")
    assert old["Status"] == 202

    def ran() -> list[str]:
        return list(shared.invocations("events")["request_id"])

    assert eventually(lambda: set(ran()) == {request_id, old["ResponseMetadata"]["RequestId"]})


def test_a_response_stream(client: Any, create: Functions) -> None:
    """Chunks and their end; an error of the function is told at the end, with the log where it is asked for."""
    create("f", "def handler(event, context):\n    if event == 'fail': raise ValueError('boom')\n    return 'x' * event\n")
    answer = client.invoke_with_response_stream(FunctionName="f", Payload=b"200000", LogType="Tail")
    events = list(answer["EventStream"])
    data = b"".join(event["PayloadChunk"]["Payload"] for event in events[:-1])
    assert (answer["StatusCode"], answer["ExecutedVersion"], len(events)) == (200, "$LATEST", 5)
    assert data == b'"' + b"x" * 200_000 + b'"'
    assert b"START RequestId" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])
    events = list(client.invoke_with_response_stream(FunctionName="f", Payload=b'"fail"')["EventStream"])
    assert events[0]["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(events[0]["InvokeComplete"]["ErrorDetails"])["errorType"] == "ValueError"
    answer = client.invoke_with_response_stream(FunctionName="f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204


def test_payloads_have_limits(client: Any, create: Functions) -> None:
    """6 MB for an answer that is waited for, 1 MB for an event, 256 KB for InvokeAsync."""
    create("f", "def handler(event, context): return len(event)\n", Timeout=30, MemorySize=1024)

    def text(size: int) -> bytes:
        return b'"' + b"x" * (size - 2) + b'"'

    assert payload(client.invoke(FunctionName="f", Payload=text(6_291_456))) == 6_291_454
    for options, size in (
        ({}, 6_291_457),
        ({"InvocationType": "Event"}, 1_048_577),
    ):
        with pytest.raises(client.exceptions.ClientError, match=f"{size} byte payload is too large for the ") as caught:
            client.invoke(FunctionName="f", Payload=text(size), **options)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    with pytest.raises(client.exceptions.ClientError, match="262145 byte payload is too large"):
        client.invoke_async(FunctionName="f", InvokeArgs=text(262_145))


def test_what_is_throttled(shared: jlambda.Session, create: Functions) -> None:
    """Says why, with a header that says when to come back, and is no invocation."""
    create("f")
    door = Door(shared)
    path = "/2017-10-31/functions/f/concurrency"
    assert door.ask("PUT", path, b'{"ReservedConcurrentExecutions": 0}')[2] == {"ReservedConcurrentExecutions": 0}
    status, headers, document = door.ask("POST", "/2015-03-31/functions/f/invocations", b"{}")
    assert (status, headers["x-amzn-errortype"]) == (429, "TooManyRequestsException")
    assert document == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }
    assert headers["retry-after"]
    assert door.ask("DELETE", path)[0] == 204
    assert door.ask("POST", "/2015-03-31/functions/f/invocations", b"{}")[0] == 200


def test_no_thread_waits_for_an_invocation(shared: jlambda.Session, client: Any, create: Functions) -> None:
    """Forty of them at one time take not one thread more."""
    create("f", "import time\ndef handler(event, context):\n    time.sleep(0.3)\n    return event\n", Timeout=60)
    client.invoke(FunctionName="f", Payload=b"0")
    before = {thread.name for thread in threading.enumerate() if thread.name.startswith("jlambda")}
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda n: payload(client.invoke(FunctionName="f", Payload=b"%d" % n)), range(40)))
        assert {thread.name for thread in threading.enumerate() if thread.name.startswith("jlambda")} <= before
    assert answers == list(range(40))


def test_an_event_that_cannot_be_stored_is_not_accepted(session: jlambda.Session) -> None:
    """A full disk is an error to the caller, not a 202, and the event never runs."""
    session.deploy("def handler(event, context): return event", "f")
    client = session.client("lambda")
    with session.queue._queue._accepted.alone():
        connection = session.queue._queue._file.connection
        pages = connection.execute("pragma page_count").fetchone()[0]
        connection.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(ClientError, match=r"ServiceException.*make room on the disk") as raised:
        client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps("x" * 50_000))
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert session.queue.settle(30)
    assert session.queue.counts() == {}
    assert len(session.invocations()) == 0
