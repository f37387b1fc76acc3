"""A request becomes the members of an operation's input: read from path, query, headers and JSON, and held to the model."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from jlambda.api import constraints, jackson, shapes
from jlambda.api.shapes import Form, Member, Shape
from jlambda.errors import InvalidRequestContent, LambdaError

Values = dict[str, Any]
_WORDS = {str: "STRING_VALUE", bool: "BOOLEAN_VALUE", int: "NUMBER_VALUE", float: "NUMBER_VALUE"}
_JAVA_NAMES = {"string": "String", "integer": "Integer", "long": "Long", "double": "Double", "boolean": "Boolean"}
# What Java's types hold
_BITS = {"integer": 31, "long": 63}


class SerializationFailed(LambdaError):
    """A member of a request is of another type than the operation takes."""

    code, status = "SerializationException", 400


def read(
    form: Form, labels: Mapping[str, str], query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> Values:
    """The members of a request, by the names that botocore gives them; what was not given is not there.

    `labels` are the members in the path, decoded. Raises `SerializationFailed`, `InvalidRequestContent` and
    `ValidationFailed`.
    """
    if form.is_beside_body:
        assert form.payload is not None
        said = tuple(headers.get(name) for name in form.headers)
        return {**_beside_body(form.operation, tuple(labels.items()), tuple(query), said), form.payload: body}
    return _checked(form, labels, query, headers, body)


@lru_cache(maxsize=256)
def _beside_body(
    operation: str, labels: tuple[tuple[str, str], ...], query: tuple[tuple[str, str], ...], said: tuple[str | None, ...]
) -> Values:
    """All but the body of a request of an operation whose body is bytes; it is the same for many, as those of Invoke."""
    form = shapes.form(operation)
    assert form is not None
    headers = {name: text for name, text in zip(form.headers, said, strict=True) if text is not None}
    return _checked(form, dict(labels), query, headers, b"")


def _checked(
    form: Form, labels: Mapping[str, str], query: Sequence[tuple[str, str]], headers: Mapping[str, str], body: bytes
) -> Values:
    document = _document(body) if form.has_body and form.payload is None else {}
    values: Values = {}
    for member in form.members.values():
        value = _located(member, labels, query, headers, body if member.name == form.payload else None, document)
        if value is not None:
            values[member.name] = value
    constraints.check(form.members, values)
    return values


def _document(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        return {}
    try:
        document = jackson.parse(body)
    except jackson.NotJSON as error:
        raise InvalidRequestContent(f"Could not parse request body into json: {error}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SerializationFailed(_unexpected(document))
    return document


def _located(
    member: Member,
    labels: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes | None,
    document: Mapping[str, Any],
) -> Any:
    if member.location == "uri":
        return _from_text(member.shape, labels[member.wire_name])
    if member.location == "querystring":
        found = [value for name, value in query if name == member.wire_name]
        if not found:
            return None
        if member.shape.kind == "list":
            assert member.shape.element is not None
            return [_from_text(member.shape.element, each) for each in found]
        return _from_text(member.shape, found[0])
    if member.location == "header":
        text = headers.get(member.wire_name.lower())
        return None if text is None else _from_text(member.shape, text)
    if body is not None:
        return body if member.shape.kind == "blob" else _from_json(member.shape, _document(body))
    given = document.get(member.wire_name)
    return None if given is None else _from_json(member.shape, given)


def _from_text(shape: Shape, text: str) -> Any:
    """A value from a path, a query or a header."""
    if shape.kind == "string":
        return text
    if shape.kind in ("integer", "long"):
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
            raise SerializationFailed(f"STRING_VALUE can not be converted to {_article(shape)}")
        return _whole(shape, int(text))
    if shape.kind == "boolean":
        if text.lower() not in ("true", "false"):
            raise SerializationFailed(f"STRING_VALUE can not be converted to {_article(shape)}")
        return text.lower() == "true"
    if shape.kind == "timestamp":
        return _time(text)
    raise SerializationFailed(f"STRING_VALUE can not be converted to {_article(shape)}")


def _from_json(shape: Shape, value: Any) -> Any:
    """A value from JSON. What is null is as if it were not there, except within lists and maps."""
    match shape.kind:
        case "structure":
            if not isinstance(value, dict):
                raise SerializationFailed(_unexpected(value))
            return {
                member.name: _from_json(member.shape, value[member.wire_name])
                for member in shape.members.values()
                if value.get(member.wire_name) is not None
            }
        case "list":
            assert shape.element is not None
            if not isinstance(value, list):
                raise SerializationFailed(_unexpected(value))
            return [_element(shape.element, each) for each in value]
        case "map":
            assert shape.element is not None
            if not isinstance(value, dict):
                raise SerializationFailed(_unexpected(value))
            return {key: _element(shape.element, each) for key, each in value.items()}
    if isinstance(value, (dict, list)):
        raise SerializationFailed(_unexpected(value))
    return _scalar(shape, value)


def _element(shape: Shape, value: Any) -> Any:
    if value is None and shape.kind in ("structure", "list", "map"):
        raise SerializationFailed("Unexpected null found where a value was expected.")
    return None if value is None else _from_json(shape, value)


def _scalar(shape: Shape, value: Any) -> Any:
    match shape.kind:
        case "string" if isinstance(value, str):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "integer" | "long" if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value // 1:
            return _whole(shape, int(value))
        case "double" | "float" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return _double(value)
        case "blob" if isinstance(value, str):
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                raise SerializationFailed("Blob value is not valid base64.") from None
        case "timestamp" if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            return _time(value)
    raise SerializationFailed(f"{_WORDS[type(value)]} can not be converted to {_article(shape)}")


def _whole(shape: Shape, value: int) -> int:
    bits = _BITS[shape.kind]
    if not -(1 << bits) <= value < 1 << bits:
        raise SerializationFailed(f"Numeric value ({value}) out of range of {'int' if bits == 31 else 'long'}")
    return value


def _double(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise SerializationFailed("Numeric value out of range of double") from None


def _time(value: str | float) -> float:
    """A moment in seconds since the epoch, from these or ISO 8601."""
    try:
        if isinstance(value, str) and not value.replace(".", "", 1).replace("-", "", 1).isdigit():
            found = datetime.fromisoformat(value)
            return (found.replace(tzinfo=UTC) if found.tzinfo is None else found).timestamp()
        return datetime.fromtimestamp(float(value), UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        raise SerializationFailed("Unparseable timestamp: use seconds since 1970-01-01T00:00:00Z") from None


def _unexpected(value: object) -> str:
    """What AWS says of a structure in a scalar's place, and the other way round."""
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    return "Unexpected value type in payload"


def _article(shape: Shape) -> str:
    name = _JAVA_NAMES.get(shape.kind, "Blob" if shape.kind == "blob" else "Timestamp")
    return f"an {name}" if name[0] in "AEIO" else f"a {name}"
