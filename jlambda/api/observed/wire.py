"""The protocols in which CloudWatch and CloudWatch Logs are asked: requests out of JSON, CBOR and forms, answers into them.

Values are plain: dicts, lists, text, numbers; moments that go out are `Moment`s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from jlambda.api.observed.cbor import Moment, NotCBOR, decoded, encoded
from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.exchange import Reply, ServiceRequest
from jlambda.service.invoke import new_request_id

CBOR = "application/cbor"
_FORM = "application/x-www-form-urlencoded"
#: what a parameter that cannot be is called, by service
_INVALID = {"logs": "InvalidParameterException", "monitoring": "InvalidParameterValue"}
_XMLNS = "http://monitoring.amazonaws.com/doc/2010-08-01/"


class Asked(NamedTuple):
    """An operation with its parameters, and the type of content that it was asked for in."""

    operation: str
    parameters: Mapping[str, Any]
    content_type: str


def operation_of(request: ServiceRequest) -> str:
    """The name of the operation that a request asks for, empty where it cannot be told."""
    if target := request.header("x-amz-target"):
        return target.rpartition(".")[2]
    if request.path.startswith("/service/"):
        return request.path.rpartition("/")[2]
    return str(dict(parse_qsl(request.whole_body().decode(errors="replace"))).get("Action", ""))


def read(request: ServiceRequest) -> Asked:
    """The operation that a request asks for. Raises `InvalidParameter` for a body that cannot be read."""
    body, content_type = request.whole_body(), request.header("content-type")
    try:
        if content_type.startswith(CBOR):
            parameters = decoded(body) if body else {}
        elif content_type.startswith(_FORM):
            parameters = _nested(dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)))
        else:
            parameters = json.loads(body or b"{}")
    except (NotCBOR, ValueError, RecursionError) as error:
        raise InvalidParameter(f"the body cannot be read: {error}") from None
    if not isinstance(parameters, dict):
        raise InvalidParameter("the body must hold the members of the operation")
    return Asked(operation_of(request), parameters, content_type)


def answer(asked: Asked, members: Mapping[str, Any]) -> Reply:
    """What an operation gives, in the protocol that it was asked for in."""
    if asked.content_type.startswith(_FORM):
        name = asked.operation
        body = f"<{name}Response xmlns={_XMLNS!r}><{name}Result>{_xml(members)}</{name}Result>"
        return _reply(200, "text/xml", f"{body}<ResponseMetadata><RequestId>{new_request_id()}</RequestId></ResponseMetadata>"
                      f"</{name}Response>".encode())  # fmt: skip
    return _reply(200, asked.content_type, _body(asked.content_type, members))


def refusal(service: str, content_type: str, fault: LambdaError) -> Reply:
    """What tells of an error, in the service's words and the protocol that was spoken."""
    said = _INVALID[service] if fault.code == InvalidParameter.code else fault.code
    if content_type.startswith(_FORM):
        side = "Sender" if fault.status < 500 else "Receiver"
        body = f"<Error><Type>{side}</Type><Code>{escape(said)}</Code><Message>{escape(fault.aws_message)}</Message></Error>"
        text = f"<ErrorResponse xmlns={_XMLNS!r}>{body}<RequestId>{new_request_id()}</RequestId></ErrorResponse>"
        return _reply(fault.status, "text/xml", text.encode())
    members = {"__type": said, "message": fault.aws_message}
    return _reply(fault.status, content_type, _body(content_type, members), ("x-amzn-errortype", said))


def seconds(value: object) -> float:
    """A moment of a request in seconds since the epoch. Raises `InvalidParameter` for what is none."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return float(value)
        text = str(value)
        if text.replace(".", "", 1).isdigit():
            return float(text)
        found = datetime.fromisoformat(text)
        return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp()
    except (ValueError, OverflowError):
        raise InvalidParameter(f"{value!r} is no moment in time") from None


def whole(value: object, name: str) -> int:
    """A whole number of a request. Raises `InvalidParameter` for what is none."""
    try:
        return int(str(value))
    except ValueError:
        raise InvalidParameter(f"{name} is {value!r}; it must be a whole number") from None


def _body(content_type: str, members: Mapping[str, Any]) -> bytes:
    return encoded(members) if content_type.startswith(CBOR) else json.dumps(members).encode()


def _reply(status: int, content_type: str, body: bytes, *headers: tuple[str, str]) -> Reply:
    head = [
        ("content-type", content_type),
        ("content-length", str(len(body))),
        ("x-amzn-requestid", new_request_id()),
        *headers,
    ]
    if content_type.startswith(CBOR):
        head.append(("smithy-protocol", "rpc-v2-cbor"))
    return Reply(status, head, len(body), body)


def _nested(form: Mapping[str, str]) -> dict[str, Any]:
    """The members that a form holds: ``Dimensions.member.1.Name``."""
    root: dict[str, Any] = {}
    for name, value in form.items():
        place, parts = root, name.split(".")
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ValueError(f"{name} has two meanings")
            place = inner
        place[parts[-1]] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    members = inner.get("member")
    if len(inner) == 1 and isinstance(members, dict) and all(name.isdigit() for name in members):
        return [members[number] for number in sorted(members, key=int)]
    return inner


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{name}>{_xml(each)}</{name}>" for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return "".join(f"<member>{_xml(each)}</member>" for each in value)
    if isinstance(value, Moment):
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    return escape(str(value).lower() if isinstance(value, bool) else str(value))
