"""Ten thousand requests made up from the API's own shapes, right and wrong: no error of ours, and nothing broken afterwards."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

import jlambda
from jlambda.api import shapes
from jlambda.api.operations import Later
from jlambda.api.shapes import Shape
from jlambda.api.table import OPERATIONS
from tests.api.packages import ROLE, RUNTIME, zipped
from tests.api.test_server import Door

ROUNDS, REQUESTS = 10, 1_000
ARN = "arn:aws:lambda:us-east-1:123456789012"
CODE = base64.b64encode(zipped({"app.py": "def handler(event, context): return event\n"})).decode()

TEXTS = (
    *("f", "f", "f", "g", "g", "live", "1", "app.handler", "tools", f"{ARN}:function:f", "LATEST", "lambda:GetLayerVersion"),
    *("", " ", "f:1", "f:live", "live", "1", "2", "$LATEST", "app.handler", RUNTIME, ROLE, "x" * 300, "x" * 20_000),
    *(f"{ARN}:function:f", f"{ARN}:function:f:1", f"{ARN}:layer:tools:1", "arn:aws:sqs:us-east-1:123456789012:jobs", "tools"),
    *("../../etc/passwd", "a/b", "%2e%2e", "é☃\U0001f600", "\x00", "\ud800", "\n", "'; drop table functions; --", "{}", "null"),
    *("arn:aws:kinesis:us-east-1:123456789012:stream/s", "s3.amazonaws.com", "*", "lambda:InvokeFunction", "00000000"),
)
NUMBERS = (0, 1, -1, 2, 5, 100, 128, 10_240, 2**31 - 1, 2**31, -(2**31) - 1, 2**63, 10**30, 0.5, -1.5, 1e308)
WRONG: tuple[Any, ...] = (None, True, 7, 1.5, "text", [], {}, [None], {"a": None}, [[]])

THERE = [operation for operation in OPERATIONS.values() if not isinstance(operation.handle, Later)]


class Maker:
    """Makes requests; the same from the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def request(self) -> tuple[str, str, bytes, dict[str, str]]:
        """Method, path with query, body and headers."""
        pick = self._random
        operation = pick.choice(THERE if pick.random() < 0.97 else [*OPERATIONS.values()])
        form = shapes.form(operation.name)
        assert form is not None
        path, _, query = operation.uri.partition("?")
        parameters, document, headers = [query] if query else [], {}, {}
        body = b""
        for member in form.members.values():
            if member.location != "uri" and not member.is_required and pick.random() < 0.75:
                continue
            value = self.value(member.shape)
            if member.location == "uri":
                path = path.replace(f"{{{member.wire_name}}}", self.encoded(value) or "f")
            elif member.location == "querystring":
                parameters += [
                    f"{member.wire_name}={self.encoded(each)}" for each in (value if isinstance(value, list) else [value])
                ]
            elif member.location == "header":
                headers[member.wire_name] = "".join(letter for letter in str(value)[:2_000] if " " <= letter <= "~")
            elif form.payload == member.name:
                body = str(value).encode(errors="replace")
            else:
                document[member.wire_name] = value
        if form.has_body and form.payload is None:
            body = json.dumps(document).encode()
        return self.spoilt(operation.method, path + ("?" + "&".join(parameters) if parameters else ""), body, headers)

    def spoilt(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[str, str, bytes, dict[str, str]]:
        """The request, now and then with something in it that no client would send."""
        pick = self._random
        chance = pick.random()
        if chance < 0.03:
            body = pick.randbytes(pick.randrange(64))
        elif chance < 0.06 and body:
            body = body[: pick.randrange(len(body))]
        elif chance < 0.08:
            path = "/" + quote(pick.randbytes(pick.randrange(24)), safe="/")
        elif chance < 0.10:
            method = pick.choice(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD"])
        elif chance < 0.12:
            path += ("&" if "?" in path else "?") + quote(pick.randbytes(8)) + "=" + quote(pick.randbytes(8))
        return method, path, body, headers

    def value(self, shape: Shape, depth: int = 0) -> Any:
        """A value for a shape: mostly one that it could be, sometimes one of another type."""
        pick = self._random
        if pick.random() < 0.005:
            return pick.choice(WRONG)
        if shape.kind == "structure":
            return {
                member.wire_name: self.value(member.shape, depth + 1)
                for member in shape.members.values()
                if (member.is_required or pick.random() < 0.3) and depth < 6
            }
        if shape.kind == "list":
            assert shape.element is not None
            return [self.value(shape.element, depth + 1) for _ in range(pick.choice((0, 1, 1, 2, 6)))]
        if shape.kind == "map":
            assert shape.element is not None
            return {pick.choice(TEXTS): self.value(shape.element, depth + 1) for _ in range(pick.choice((0, 1, 2)))}
        if shape.kind == "boolean":
            return pick.random() < 0.5
        if shape.kind == "blob":
            return pick.choice((CODE, CODE, "AAAA", "not base64", ""))
        if shape.kind == "string":
            fitting = shape.enum or [text for text in TEXTS if shape.pattern is None or shape.pattern.fullmatch(text)]
            return pick.choice(fitting) if fitting and pick.random() < 0.95 else pick.choice(TEXTS)
        bounds = [int(bound) for bound in (shape.least, shape.most) if bound is not None]
        if pick.random() < 0.05:
            return pick.choice(NUMBERS)
        if bounds:
            return pick.choice(bounds) + pick.choice((-1, 0, 0, 0, 0, 0, 0, 0, 0, 1))
        return pick.choice((1, 1, 2, 5))

    def encoded(self, value: Any) -> str:
        """A value as part of a URL."""
        return quote(str(value)[:400].encode(errors="replace"), safe="")


@pytest.fixture(scope="module")
def door(shared: jlambda.Session) -> Door:
    """A session, asked by plain HTTP; its embedded services run already, as a request may have them start for all tests."""
    shared.client("s3").list_buckets()
    return Door(shared)


def populate(door: Door) -> None:
    """See to it that there is something to ask for; what is there already stays."""
    function = {"Runtime": RUNTIME, "Role": ROLE, "Handler": "app.handler", "Code": {"ZipFile": CODE}, "Publish": True}
    for name in ("f", "g"):
        door.ask("POST", "/2015-03-31/functions", json.dumps({**function, "FunctionName": name}).encode())
    alias = json.dumps({"Name": "live", "FunctionVersion": "1"}).encode()
    door.ask("POST", "/2015-03-31/functions/f/aliases", alias)
    layer = json.dumps({"Content": {"ZipFile": CODE}}).encode()
    door.ask("POST", "/2018-10-31/layers/tools/versions", layer)


@pytest.fixture
def connection(door: Door) -> Iterator[http.client.HTTPConnection]:
    """One that stays open."""
    made = http.client.HTTPConnection("127.0.0.1", door.port)
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_made_up_requests(
    door: Door, connection: http.client.HTTPConnection, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has an answer that is AWS's or says what is not there yet; nothing is logged as our fault."""
    caplog.set_level(logging.WARNING)
    maker = Maker(seed)
    statuses: dict[int, int] = {}
    for number in range(REQUESTS):
        if number % 50 == 0:
            populate(door)
        method, path, body, headers = maker.request()
        connection.request(method, path, body, {**headers, **door.signed(method, path, body)})
        answer = connection.getresponse()
        data = answer.read()
        where = f"seed {seed}, request {number}: {method} {path} {body[:500]!r} {headers} -> {answer.status} {data[:500]!r}"
        assert answer.status < 500 or answer.status == 501, where
        assert answer.getheader("x-amzn-requestid"), where
        assert answer.status < 300 or method == "HEAD" or "message" in {key.lower() for key in json.loads(data)}, where
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    assert not caplog.records, caplog.text
    assert statuses.keys() >= {200, 201, 204, 400, 404}, f"the requests were too dull: {statuses}"
    assert door.ask("GET", "/2015-03-31/functions")[0] == 200
