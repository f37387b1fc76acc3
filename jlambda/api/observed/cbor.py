"""CBOR as Smithy's RPC protocol uses it (RFC 8949, definite lengths): values into bytes, and back. Knows no shapes."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

_TIME = 1
_SPECIAL = {20: False, 21: True, 22: None, 23: None}


class Moment(float):
    """A moment in seconds since the epoch, which has a tag of its own."""


class NotCBOR(ValueError):
    """The bytes are no CBOR, or use what AWS's clients do not."""


def encoded(value: Any) -> bytes:
    """A value as CBOR."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case Moment():
            return _head(6, _TIME) + _double(value)
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return _double(value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case Mapping():
            return _head(5, len(value)) + b"".join(encoded(part) for item in value.items() for part in item)
    return _head(4, len(value)) + b"".join(map(encoded, value))


def decoded(data: bytes) -> Any:
    """The value that `data` holds. Raises `NotCBOR`."""
    try:
        value, end = _read(data, 0)
    except (IndexError, struct.error, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise NotCBOR(str(error)) from None
    if end != len(data):
        raise NotCBOR("there is more than one value")
    return value


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes((major << 5 | argument,))
    for detail, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if argument < 1 << 8 * struct.calcsize(form):
            return bytes((major << 5 | detail,)) + struct.pack(form, argument)
    raise ValueError(f"{argument} has no place in CBOR")


def _double(value: float) -> bytes:
    return b"\xfb" + struct.pack(">d", value)


def _read(data: bytes, at: int) -> tuple[Any, int]:
    major, detail = data[at] >> 5, data[at] & 31
    at += 1
    if major == 7:
        return _read_special(data, at, detail)
    if detail == 31:
        return _read_open(data, at, major)
    argument, at = _argument(data, at, detail)
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major in (2, 3):
        if at + argument > len(data):
            raise NotCBOR("it ends too early")
        part = data[at : at + argument]
        return (part if major == 2 else part.decode()), at + argument
    if major == 6:
        return _read(data, at)
    found = []
    for _ in range(argument * (major - 3)):
        value, at = _read(data, at)
        found.append(value)
    return (found if major == 4 else dict(zip(found[::2], found[1::2], strict=True))), at


def _read_open(data: bytes, at: int, major: int) -> tuple[Any, int]:
    """What ends with a break: a list, a map, or a text in pieces."""
    found = []
    while data[at] != 0xFF:
        value, at = _read(data, at)
        found.append(value)
    if major in (2, 3):
        return (b"" if major == 2 else "").join(found), at + 1
    if major not in (4, 5):
        raise NotCBOR(f"nothing of kind {major} is open")
    return (found if major == 4 else dict(zip(found[::2], found[1::2], strict=True))), at + 1


def _read_special(data: bytes, at: int, detail: int) -> tuple[Any, int]:
    if detail in _SPECIAL:
        return _SPECIAL[detail], at
    for kind, form in ((25, ">e"), (26, ">f"), (27, ">d")):
        if detail == kind:
            end = at + struct.calcsize(form)
            return struct.unpack(form, data[at:end])[0], end
    raise NotCBOR(f"there is no value {detail}")


def _argument(data: bytes, at: int, detail: int) -> tuple[int, int]:
    if detail < 24:
        return detail, at
    for kind, form in ((24, ">B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if detail == kind:
            end = at + struct.calcsize(form)
            return int(struct.unpack(form, data[at:end])[0]), end
    raise NotCBOR(f"there is no length {detail}")
