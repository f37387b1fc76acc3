"""botocore's model of the API as the judge of our answers: nothing in them that it does not know, all of the right type."""

from __future__ import annotations

import json
from typing import Any

#: values that were recorded on AWS, and that its model does not know
_RECORDED = {("LastUpdateStatusReasonCode", "Creating")}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "timestamp": (int, float),
}
#: the operations that have answered
SEEN: set[str] = set()


def watch(client: Any) -> None:
    """Have every answer that this client gets held to the model."""
    client.meta.events.register("before-parse.lambda", judge)


def judge(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    """Raise `AssertionError` for an answer that the operation cannot give."""
    name, shape, status = operation_model.name, operation_model.output_shape, response_dict["status_code"]
    if status >= 300:
        return
    SEEN.add(name)
    body = response_dict["body"]
    if shape is None:
        assert body in (b"", b"{}"), f"{name} answers {body!r}, and has no members"
        return
    members = {key: member for key, member in shape.members.items() if not member.serialization.get("location")}
    if shape.serialization.get("payload") or any(getattr(each, "is_eventstream", False) for each in members.values()):
        return
    document = json.loads(body) if body else {}
    _structure(shape, document, name, set(members))


def _structure(shape: Any, value: Any, path: str, names: set[str]) -> None:
    assert isinstance(value, dict), f"{path} is {value!r}"
    known = {shape.members[name].serialization.get("name", name): shape.members[name] for name in names}
    assert value.keys() <= known.keys(), f"{path} has {value.keys() - known.keys()}"
    missing = [name for name in shape.required_members if name in names and name not in value]
    assert not missing, f"{path} lacks {missing}"
    for name, each in value.items():
        _value(known[name], each, f"{path}.{name}")


def _value(shape: Any, value: Any, path: str) -> None:
    kind = shape.type_name
    if kind == "structure":
        _structure(shape, value, path, set(shape.members))
    elif kind == "list":
        assert isinstance(value, list), f"{path} is {value!r}"
        for number, each in enumerate(value):
            _value(shape.member, each, f"{path}[{number}]")
    elif kind == "map":
        assert isinstance(value, dict), f"{path} is {value!r}"
        for key, each in value.items():
            _value(shape.value, each, f"{path}.{key}")
    else:
        is_right = isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
        assert is_right, f"{path} is {value!r}, not of type {kind}"
        if kind == "string" and shape.enum:
            assert value in shape.enum or (shape.name, value) in _RECORDED, f"{path} is {value!r}"
