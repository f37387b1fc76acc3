"""Function URLs that stream."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

import pytest

import jlambda
from jlambda.model.http.address import URL
from tests.api.conftest import Functions
from tests.api.fronts.browser import Browser
from tests.api.streams import Gate
from tests.conftest import eventually

PRELUDE = json.dumps({"statusCode": 201, "headers": {"content-type": "text/plain", "x-a": "1"}, "cookies": ["c=1"]})
HTTP_TYPE = "application/vnd.awslambda.http-integration-response"


@pytest.fixture
def identity(streaming: str, shared: jlambda.Session) -> str:
    """The id of the URL of a function that streams."""
    return shared.service.url_gate.open(streaming, None, invoke_mode="RESPONSE_STREAM").id


class Asking:
    """A request to the URL, answered while it is."""

    def __init__(self, browser: Browser, identity: str, event: object) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", browser.port, timeout=60)
        headers = {"host": browser.fronts.domain_name(URL, identity), "content-type": "application/json"}
        self.connection.request("POST", "/", json.dumps(event), headers)
        self.answer = self.connection.getresponse()

    def __enter__(self) -> http.client.HTTPResponse:
        return self.answer

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def test_the_first_part_comes_before_the_end(browser: Browser, identity: str, gate: Gate) -> None:
    """With the content type that the runtime set."""
    event = {"before": ["first"], "gate": gate.port, "after": ["last"], "type": "text/plain"}
    with Asking(browser, identity, event) as answer:
        assert (answer.status, answer.headers["content-type"]) == (200, "text/plain")
        assert answer.headers["x-amzn-requestid"]
        assert answer.read1() == b"first"
        gate.open()
        assert answer.read() == b"last"


def test_the_first_part_does_not_wait_for_what_takes_long(browser: Browser, identity: str) -> None:
    """Of a function that takes two seconds it is there long before the end."""
    with Asking(browser, identity, {"before": ["warm"]}) as answer:
        assert answer.read() == b"warm"
    began = time.monotonic()
    with Asking(browser, identity, {"before": ["first"], "pause": 2, "after": ["last"]}) as answer:
        assert answer.read1() == b"first"
        first = time.monotonic()
        assert answer.read() == b"last"
        last = time.monotonic()
    assert first - began < last - first


@pytest.mark.parametrize("begin", [[PRELUDE + "\0" * 8 + "fi", "rst"], [PRELUDE[:9], PRELUDE[9:], "\0" * 5, "\0" * 3, "first"]])
def test_status_and_headers_come_first(browser: Browser, identity: str, gate: Gate, begin: list[str]) -> None:
    """In a prelude, however it is cut."""
    event = {"before": begin, "gate": gate.port, "after": ["last"], "type": HTTP_TYPE}
    with Asking(browser, identity, event) as answer:
        assert (answer.status, answer.headers["content-type"], answer.headers["x-a"]) == (201, "text/plain", "1")
        assert answer.headers["set-cookie"] == "c=1"
        assert answer.read(5) == b"first"
        gate.open()
        assert answer.read() == b"last"


def test_a_buffered_url_waits_for_all_of_it(client: Any, browser: Browser, identity: str) -> None:
    """The response is the same."""
    client.update_function_url_config(FunctionName="s", InvokeMode="BUFFERED")
    with Asking(browser, identity, {"before": [PRELUDE, "\0" * 8, "a", "b"], "type": HTTP_TYPE}) as answer:
        assert (answer.status, answer.headers["x-a"], answer.headers["content-length"]) == (201, "1", "2")
        assert answer.read() == b"ab"


@pytest.mark.parametrize("end", ["error", "exit", "sleep"])
def test_what_breaks_off_is_not_taken_for_whole(browser: Browser, identity: str, end: str) -> None:
    """The connection is cut; before the first byte it would be a 502."""
    with Asking(browser, identity, {"before": ["first"], "end": end}) as answer:
        assert answer.status == 200
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            answer.read()
    with Asking(browser, identity, {"before": [], "end": "exit", "type": HTTP_TYPE}) as answer:
        assert answer.status == 502
    with Asking(browser, identity, {"before": ["no prelude"], "type": HTTP_TYPE}) as answer:
        assert answer.status == 502


def test_who_leaves_leaves_the_function_to_its_work(
    browser: Browser, identity: str, gate: Gate, shared: jlambda.Session
) -> None:
    """It comes to its end and is recorded, though nobody takes its megabytes."""
    before = len(shared.invocations("s"))
    with Asking(browser, identity, {"before": ["first"], "gate": gate.port, "blocks": 100}) as answer:
        assert answer.read1() == b"first"
    gate.open()
    assert eventually(lambda: len(shared.invocations("s")) == before + 1)
    row = shared.invocations("s").iloc[-1]
    assert (row["status"], row["response_bytes"]) == ("success", 5 + 100 * 65_536)


def test_a_function_that_does_not_stream(create: Functions, browser: Browser, shared: jlambda.Session) -> None:
    """What it returns is the body, as it is."""
    create("p", "def handler(event, context): return {'statusCode': 418}")
    identity = shared.service.url_gate.open("p", None, invoke_mode="RESPONSE_STREAM").id
    seen = browser.ask(URL, identity)
    assert (seen.status, seen.json()) == (200, {"statusCode": 418})
