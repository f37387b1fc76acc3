"""The gateway's door: who gets in, what everybody else is told, and what is left when it closes."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.api import address, auth
from jlambda.errors import InvalidParameter, StateError
from jlambda.model.limits import REQUEST_BYTES
from tests.api.conftest import Functions
from tests.api.packages import ROLE, RUNTIME, zipped
from tests.conftest import eventually


class Door:
    """Plain HTTP to a gateway, signed by ourselves or not at all."""

    def __init__(self, session: jlambda.Session) -> None:
        self.key, self.port = session.gateway().key, session.gateway().port

    def signed(
        self, method: str, path: str, body: bytes = b"", service: str = "lambda", host: str | None = None
    ) -> dict[str, str]:
        """The headers of a request that is signed with the gateway's key."""
        path, _, query = path.partition("?")
        time = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        headers = {"host": host or f"127.0.0.1:{self.port}", "x-amz-date": time}
        claim = auth.Claim(self.key.id, time[:8], "us-east-1", service, ("host", "x-amz-date"), "", time, None, None)
        signature = auth.sign(self.key, claim, auth.Parts(method, path, query, headers), sha256(body).hexdigest())
        scope = f"{self.key.id}/{time[:8]}/us-east-1/{service}/aws4_request"
        headers["authorization"] = f"{auth.ALGORITHM} Credential={scope}, SignedHeaders=host;x-amz-date, Signature={signature}"
        return headers

    def ask(
        self, method: str, path: str, body: Any = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers and document of an answer; signed where no headers are given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        try:
            connection.request(method, path, body, self.signed(method, path, body) if headers is None else headers)
            answer = connection.getresponse()
            data = answer.read()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, json.loads(data) if data else None
        finally:
            connection.close()


@pytest.fixture
def door(shared: jlambda.Session) -> Door:
    """Plain HTTP to the module's session."""
    return Door(shared)


def test_what_is_signed_is_answered_and_says_little_of_the_server(door: Door) -> None:
    """A request id and a date, but neither a Server header nor leave for web pages to read it."""
    status, headers, document = door.ask("GET", "/2015-03-31/functions/")
    assert (status, document) == (200, {"Functions": []})
    assert {"x-amzn-requestid", "date", "content-length"} <= headers.keys()
    assert headers["content-type"] == "application/json"
    assert not [name for name in headers if name in ("server", "x-powered-by") or name.startswith("access-control")]


def test_a_request_without_a_signature_reaches_nothing(door: Door) -> None:
    """Whatever it asks for, a browser's preflight too."""
    for method, path in (
        ("GET", "/2015-03-31/functions"),
        ("OPTIONS", "/2015-03-31/functions"),
        ("GET", "/"),
        ("POST", "/x?a=b"),
    ):
        status, headers, document = door.ask(method, path, b"{}", {"origin": "https://example.com"})
        assert (status, headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")
        assert document == {"message": "Missing Authentication Token"}
        assert not [name for name in headers if name.startswith("access-control")]


def test_a_wrong_signature_reaches_nothing(door: Door) -> None:
    """A key that is not ours, a body that was changed, a presigned URL for something else."""
    headers = door.signed("GET", "/2015-03-31/functions")
    other = {**headers, "authorization": headers["authorization"].replace(door.key.id, "AKIAOTHER")}
    status, found, document = door.ask("GET", "/2015-03-31/functions", b"", other)
    assert (status, found["x-amzn-errortype"]) == (403, "UnrecognizedClientException")
    assert document == {"message": "The security token included in the request is invalid."}
    status, found, document = door.ask("GET", "/2015-03-31/functions", b"changed", headers)
    assert (status, found["x-amzn-errortype"]) == (403, "InvalidSignatureException")
    assert document["message"].startswith("The request signature we calculated does not match")


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1", "127.0.0.1:1", "localhost.evil.com:80", ""])
def test_another_host_name_reaches_nothing(door: Door, host: str) -> None:
    """A web page can have its own name point to 127.0.0.1; it cannot have ours."""
    status, headers, _ = door.ask(
        "GET", "/2015-03-31/functions", b"", door.signed("GET", "/2015-03-31/functions", host=host or " ")
    )
    assert status in (400, 403)
    assert headers.get("x-amzn-errortype", "AccessDeniedException") == "AccessDeniedException"


def test_localhost_is_a_name_of_ours(door: Door) -> None:
    """Whoever prefers it."""
    headers = door.signed("GET", "/2015-03-31/functions", host=f"localhost:{door.port}")
    assert door.ask("GET", "/2015-03-31/functions", b"", headers)[0] == 200


def test_an_unknown_operation(door: Door) -> None:
    """As AWS answers it."""
    status, headers, document = door.ask("GET", "/2015-03-31/nothing")
    assert (status, headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert document == {"Message": "Unable to determine service/operation name to be authorized"}


@pytest.mark.parametrize("path", ["/2025-11-30/capacity-providers", "/2025-12-01/durable-executions/x"])
def test_what_is_not_there_yet_is_named(door: Door, path: str) -> None:
    """Capacity providers and durable executions."""
    status, headers, document = door.ask("GET", path)
    assert (status, headers["x-amzn-errortype"]) == (501, "NotImplementedException")
    assert "are not there yet in jlambda" in document["message"]


@pytest.mark.parametrize("body", [b"{", b"[1, 2", b"{'a': 1}", b"\xff\xfe", b"nonsense"])
def test_a_body_that_is_no_json(door: Door, body: bytes) -> None:
    """Is refused in Jackson's words."""
    status, headers, document = door.ask("POST", "/2015-03-31/functions", body)
    assert (status, headers["x-amzn-errortype"], document["Type"]) == (400, "InvalidRequestContentException", "User")
    assert document["message"].startswith("Could not parse request body into json: ")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"FunctionName": 1}, "NUMBER_VALUE can not be converted to a String"),
        ({"FunctionName": {}}, "Start of structure or map found where not expected."),
        ({"Timeout": "3"}, "STRING_VALUE can not be converted to an Integer"),
        ({"Timeout": 2**31}, "out of range of int"),
        ({"Code": "zip"}, "Unexpected value type in payload"),
        ({"Code": {"ZipFile": "not base64!"}}, "not valid base64"),
        ({"Layers": {}}, "Start of structure or map found where not expected."),
        ([], "Start of list found where not expected"),
    ],
)
def test_members_of_another_type(door: Door, body: Any, said: str) -> None:
    """Are a SerializationException."""
    status, headers, document = door.ask("POST", "/2015-03-31/functions", json.dumps(body).encode())
    assert (status, headers["x-amzn-errortype"]) == (400, "SerializationException")
    assert said in document["message"]


def test_a_request_that_is_too_large(door: Door, client: Any) -> None:
    """Its signature is looked at, its body is not kept, and the operation is named."""
    body = b"x" * (REQUEST_BYTES + 1)
    status, headers, document = door.ask("POST", "/2015-03-31/functions", body)
    assert (status, headers["x-amzn-errortype"]) == (413, "RequestEntityTooLargeException")
    assert document == {"message": "Request must be smaller than 70167211 bytes for the CreateFunction operation"}
    assert door.ask("POST", "/2015-03-31/functions", body, {"x": "y"})[0] == 403


def test_a_zip_that_is_too_large(client: Any, create: Functions) -> None:
    """50 MB may come with a request."""
    with pytest.raises(client.exceptions.ClientError) as caught:
        create("f", Code={"ZipFile": b"x" * 52_428_801})
    error = caught.value.response
    assert error["Error"]["Code"] == "RequestEntityTooLargeException"
    assert error["Error"]["Message"] == "Zipped size must be smaller than 52428800 bytes"


def test_a_client_that_goes_away_hurts_nobody(door: Door) -> None:
    """In the middle of a request, of its headers, or after garbage."""
    head = b"POST /2015-03-31/functions HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    for data in (b"", head, head + b"content-length: 100\r\n\r\nabc", b"\x16\x03\x01garbage\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", door.port)) as connection:
            connection.sendall(data)
    assert door.ask("GET", "/2015-03-31/functions")[0] == 200


@pytest.fixture
def fresh(tmp_path: Path, no_descriptor_left_behind: None) -> Iterator[jlambda.Session]:
    """A session that a test may close."""
    with jlambda.Session(tmp_path / "state") as made:
        yield made


def test_the_address_is_the_owners_alone_and_goes_with_the_gateway(fresh: jlambda.Session) -> None:
    """gateway.json has mode 0600, names URL and key, and is taken away; the port is free again."""
    assert not (fresh.folder / address.FILE).exists()
    where = fresh.address
    file = fresh.folder / address.FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert address.read(fresh.folder) == where
    assert where.secret_access_key not in repr(where)
    assert fresh.endpoint == where.url == f"http://127.0.0.1:{fresh.gateway().port}"
    fresh.close()
    assert not file.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(where.url.rpartition(":")[2])))


def test_a_session_that_is_opened_again_has_a_new_gateway(fresh: jlambda.Session) -> None:
    """With a key of its own."""
    first = fresh.address
    fresh.close()
    second = fresh.address
    assert first.secret_access_key != second.secret_access_key
    assert second.client("lambda").list_functions()["Functions"] == []


def test_port_and_key_can_be_chosen(fresh: jlambda.Session, tmp_path: Path) -> None:
    """A port that is taken, and half a key, are one line."""
    gateway = fresh.gateway(0, "AKIDEXAMPLE", "a-secret-of-mine")
    assert (gateway.key.id, gateway.key.secret) == ("AKIDEXAMPLE", "a-secret-of-mine")
    with jlambda.Session(tmp_path / "other") as other:
        with pytest.raises(StateError, match=rf"cannot listen on 127.0.0.1:{gateway.port} \(Address already in use\)"):
            other.gateway(gateway.port)
        with pytest.raises(InvalidParameter, match="give access_key_id and secret_access_key"):
            other.gateway(0, "AKIDEXAMPLE")
        with pytest.raises(InvalidParameter, match="8 characters"):
            other.gateway(0, "AKIDEXAMPLE", "short")


def test_it_listens_on_this_machine_only(shared: jlambda.Session) -> None:
    """Nothing but 127.0.0.1."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    local = [line[1] for line in lines if line[3] == "0A" and int(line[1].rpartition(":")[2], 16) == shared.gateway().port]
    assert local == [f"0100007F:{shared.gateway().port:04X}"]


def test_closing_waits_for_what_is_under_way(fresh: jlambda.Session) -> None:
    """A request that has come in is answered before the door closes."""
    source = "import time\ndef handler(event, context):\n    time.sleep(0.5)\n    return 'done'\n"
    client = fresh.client("lambda")
    code = {"ZipFile": zipped({"app.py": source})}
    client.create_function(FunctionName="f", Runtime=RUNTIME, Role=ROLE, Handler="app.handler", Code=code)
    answers: list[bytes] = []
    caller = threading.Thread(target=lambda: answers.append(client.invoke(FunctionName="f")["Payload"].read()))
    client.invoke(FunctionName="f")
    scheduler = fresh.engine.scheduler
    caller.start()
    assert eventually(lambda: any(not scheduler.is_resting(each) for each in list(scheduler.environments)))
    fresh.close()
    caller.join()
    assert answers == [b'"done"']


def test_jlambda_has_an_endpoint_and_clients(fresh: jlambda.Session) -> None:
    """Of whatever session is current."""
    assert jlambda.endpoint == fresh.endpoint
    assert jlambda.client("lambda").meta.endpoint_url == fresh.endpoint


def test_requests_that_come_before_their_answers(door: Door) -> None:
    """Many behind one another on one connection, the last with Connection: close: answered in order, then it is closed."""

    def request(method: str, path: str, *more: str) -> bytes:
        headers = [f"{name}: {value}" for name, value in door.signed(method, path).items()]
        return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, *more, "", ""]).encode()

    paths = [f"/2015-03-31/functions?MaxItems={number}" for number in range(1, 4)]
    asked = [request("GET", path) for path in paths]
    asked += [
        request("HEAD", "/2015-03-31/functions"),
        request("GET", "/2015-03-31/functions/doesnotexist", "Connection: close"),
    ]
    with socket.create_connection(("127.0.0.1", door.port), timeout=30) as connection, connection.makefile("rb") as came:
        connection.sendall(b"".join(asked))
        answers = []
        for _ in asked:
            status = int(came.readline().split()[1])
            headers = http.client.parse_headers(came)
            answers.append((status, bool(came.read(int(headers["content-length"]))), headers["connection"]))
        assert came.read() == b""
    assert answers == [(200, True, None)] * 3 + [(403, False, None), (404, True, "close")]
