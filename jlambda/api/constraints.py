"""Whether the members of a request are what the model allows; if not, in AWS's words.

Collects all that is wrong before it says so, as AWS does. Knows values and shapes, nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jlambda.api.shapes import Member, Shape
from jlambda.errors import InvalidParameter, ValidationFailed

# Lists whose elements are one enumeration, of which AWS says so without brackets, and shows only what can be created.
RUNTIMES_SHOWN = (
    "[nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, python3.10, "
    "python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, dotnet8, "
    "java11, dotnet6, nodejs18.x, provided.al2, java8.al2]"
)
_COMPATIBLE_RUNTIMES_SHOWN = (
    "[ruby3.5, ruby2.6, dotnetcore1.0, python3.7, nodejs8.10, nasa, ruby2.7, python2.7-greengrass, dotnetcore2.0, "
    "python3.8, java21, dotnet6, dotnetcore2.1, python3.9, java11, nodejs6.10, provided, dotnetcore3.1, dotnet8, "
    "java25, java17, nodejs, nodejs4.3, java8.al2, go1.x, dotnet10, nodejs20.x, go1.9, byol, nodejs10.x, "
    "provided.al2023, nodejs22.x, python3.10, java8, nodejs12.x, python3.11, nodejs24.x, nodejs8.x, python3.12, "
    "nodejs14.x, nodejs8.9, nodejs26.x, python3.13, python3.14, nodejs16.x, python3.15, provided.al2, "
    "nodejs4.3-edge, nodejs18.x, ruby3.2, python3.4, ruby3.3, ruby3.4, ruby2.5, python3.6, python2.7]"
)
# Elements of which AWS does not add that they must not be null.
_MAY_BE_NULL = frozenset({"SubnetId", "SecurityGroupId"})
#: the member that AWS finds fault with first (recorded)
_FIRST = "CompatibleRuntimes"
#: characters of a value that a message shows
_SHOWN = 2_000


def check(members: Mapping[str, Member], values: Mapping[str, Any]) -> None:
    """Hold the values of a request to its members. Raises `ValidationFailed`, which names all that fail.

    A runtime that there is not is an `InvalidParameter`, as on AWS.
    """
    ordered = sorted(members.values(), key=lambda member: member.name != _FIRST)
    faults = [fault for member in ordered for fault in _member(member, values.get(member.name), "")]
    runtime = values.get("Runtime")
    if len(faults) == 1 and faults[0].startswith(f"Value '{runtime}' at 'runtime'"):
        raise InvalidParameter(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"{RUNTIMES_SHOWN} or be a valid ARN"
        )
    if faults:
        raise ValidationFailed(_said(faults))


def _said(faults: list[str]) -> str:
    count = "1 validation error" if len(faults) == 1 else f"{len(faults)} validation errors"
    return f"{count} detected: {'; '.join(faults)}"


def _member(member: Member, value: Any, path: str) -> Iterator[str]:
    path = f"{path}.{member.said}" if path else member.said
    if value is None:
        if member.is_required:
            yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
        return
    yield from _value(member.shape, value, path)


def _value(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if shape.kind == "structure":
        for inner in shape.members.values():
            yield from _member(inner, value.get(inner.name), path)
        return
    for wish in _broken(shape, value):
        yield f"{_fault(shape, value, path)} {wish}"
    if shape.kind == "list":
        yield from _list(shape, value, path)
    elif shape.kind == "map":
        yield from _map(shape, value, path)


def _list(shape: Shape, value: list[Any], path: str) -> Iterator[str]:
    element = shape.element
    assert element is not None
    if element.kind in ("structure", "list", "map"):
        for number, each in enumerate(value, 1):
            yield from _value(element, each, f"{path}.{number}.member")
    elif any(each is None or next(_broken(element, each), None) for each in value):
        wish = (
            _element_wishes(element) if element.name != "Runtime" else f"Member must satisfy enum value set: {RUNTIMES_SHOWN}"
        )
        yield f"{_fault(shape, value, path)} {wish}"


def _map(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    key, element = shape.key, shape.element
    assert key is not None
    assert element is not None
    said = _fault(shape, value, path)
    if any(next(_broken(key, each), None) for each in value):
        yield f"{said} Map keys must satisfy constraint: [{', '.join(_wishes(key))}]"
    if element.kind in ("structure", "list", "map"):
        for name, each in value.items():
            yield from _value(element, each, f"{path}.{name}.member")
    elif any(each is None or next(_broken(element, each), None) for each in value.values()):
        yield f"{said} Map value must satisfy constraint: [{', '.join([*_wishes(element), 'Member must not be null'])}]"


def _element_wishes(element: Shape) -> str:
    wishes = list(_wishes(element))
    if element.name not in _MAY_BE_NULL:
        wishes.append("Member must not be null")
    return f"Member must satisfy constraint: [{', '.join(wishes)}]"


def _wishes(shape: Shape) -> Iterator[str]:
    """All constraints of a shape, in AWS's order."""
    for wish in (_most(shape), _least(shape), _pattern(shape), _enum(shape)):
        if wish:
            yield wish


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints that `value` does not satisfy; those of elements apart."""
    size = value if shape.kind in ("integer", "long", "double", "float") else None
    if size is None and shape.kind in ("string", "list", "map", "blob"):
        size = len(value)
    if size is not None:
        if shape.most is not None and size > shape.most:
            yield _most(shape)
        if shape.least is not None and not size >= shape.least:
            yield _least(shape)
    if shape.pattern is not None and not shape.pattern.fullmatch(value):
        yield _pattern(shape)
    if shape.enum and value not in shape.enum:
        yield _enum(shape)


def _most(shape: Shape) -> str:
    return "" if shape.most is None else f"Member must have {_measure(shape)} less than or equal to {shape.most}"


def _least(shape: Shape) -> str:
    return "" if shape.least is None else f"Member must have {_measure(shape)} greater than or equal to {shape.least}"


def _measure(shape: Shape) -> str:
    return "length" if shape.kind in ("string", "list", "map", "blob") else "value"


def _pattern(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern_text}" if shape.pattern_text else ""


def _enum(shape: Shape) -> str:
    if not shape.enum:
        return ""
    shown = _COMPATIBLE_RUNTIMES_SHOWN if shape.name == "Runtime" else f"[{', '.join(shape.enum)}]"
    return f"Member must satisfy enum value set: {shown}"


def _fault(shape: Shape, value: Any, path: str) -> str:
    """What is wrong, up to how it should be: a value as Java prints it, unless it is sensitive."""
    is_sensitive = shape.is_sensitive or (shape.kind == "map" and shape.element is not None and shape.element.is_sensitive)
    shown = "" if is_sensitive else f" '{_java(value)[:_SHOWN]}'"
    return f"Value{shown} at '{path}' failed to satisfy constraint:"


def _java(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_java(key)}={_java(each)}" for key, each in value.items()) + "}"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
