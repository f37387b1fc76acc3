"""Values of mapping templates: the methods that Java's text, lists and maps have, and how Java shows them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

#: how long a text may get
MOST_CHARACTERS = 10 << 20


class TooLong(ValueError):
    """A template makes a text that is longer than any response."""

    def __init__(self) -> None:
        super().__init__(f"a mapping template makes {MOST_CHARACTERS} characters at most")


def method_of(value: object, name: str) -> Callable[..., Any] | None:
    """A value's method, None where it has none of that name."""
    for kind, methods in _METHODS:
        if isinstance(value, kind):
            method = methods.get(name, _OF_ALL.get(name))
            return None if method is None else MethodType(method, value)
    return None


def shown(value: object) -> str:
    """A value as text, as Java would have it: maps as ``{a=1}``, lists as JSON."""
    if isinstance(value, str):
        return value
    found: list[str] = []
    _show(value, found, [MOST_CHARACTERS], is_json=False)
    return "".join(found)


def _show(value: object, into: list[str], room: list[int], *, is_json: bool) -> None:
    def add(text: str) -> None:
        room[0] -= len(text) + 1
        if room[0] < 0:
            raise TooLong
        into.append(text)

    if isinstance(value, Mapping):
        add("{")
        for index, (name, each) in enumerate(value.items()):
            before = ", " if index and not is_json else "," if index else ""
            add(f"{before}{json.dumps(name)}:" if is_json else f"{before}{name}=")
            _show(each, into, room, is_json=is_json)
        add("}")
    elif isinstance(value, list):
        add("[")
        for index, each in enumerate(value):
            add("," if index else "")
            _show(each, into, room, is_json=True)
        add("]")
    elif isinstance(value, str):
        add(json.dumps(value, ensure_ascii=False) if is_json else value)
    elif isinstance(value, (bool, int, float)) or value is None:
        add(json.dumps(value))
    else:
        add("")


def _replaced(self: str, old: str, new: str) -> str:
    if self.count(old) * len(new) > MOST_CHARACTERS:
        raise TooLong
    return self.replace(old, new)


def _replaced_all(self: str, pattern: str, new: str) -> str:
    if len(self) * (len(new) + 1) > MOST_CHARACTERS * 10:
        raise TooLong
    # groups are $1 in Java
    return re.sub(pattern, re.sub(r"\$(\d)", r"\\\1", new.replace("\\", r"\\")), self)


def _put(self: dict[Any, Any], key: Any, value: Any) -> Any:
    before = self.get(key)
    self[key] = value
    return before


def _put_all(self: dict[Any, Any], others: Mapping[Any, Any]) -> None:
    self.update(others)


def _add(self: list[Any], value: Any) -> bool:
    self.append(value)
    return True


def _set(self: list[Any], index: int, value: Any) -> Any:
    before, self[index] = self[index], value
    return before


_OF_ALL: Mapping[str, Callable[..., Any]] = {
    "toString": shown,
    "equals": lambda self, other: self == other,
    "isEmpty": lambda self: len(self) == 0,
    "size": len,
    "contains": lambda self, value: value in self,
}
_OF_TEXT: Mapping[str, Callable[..., Any]] = {
    "length": len,
    "charAt": lambda self, index: self[index],
    "concat": lambda self, other: self + other,
    "endsWith": str.endswith,
    "equalsIgnoreCase": lambda self, other: self.lower() == other.lower(),
    "indexOf": lambda self, part: self.find(part),
    "lastIndexOf": lambda self, part: self.rfind(part),
    "matches": lambda self, pattern: re.fullmatch(pattern, self) is not None,
    "replace": _replaced,
    "replaceAll": _replaced_all,
    "replaceFirst": lambda self, pattern, new: re.sub(pattern, new.replace("\\", r"\\"), self, count=1),
    "split": lambda self, pattern: re.split(pattern, self),
    "startsWith": str.startswith,
    "substring": lambda self, start, end=None: self[start:end],
    "toLowerCase": str.lower,
    "toUpperCase": str.upper,
    "trim": str.strip,
}
_OF_LISTS: Mapping[str, Callable[..., Any]] = {
    "add": _add,
    "addAll": lambda self, others: self.extend(others) or True,
    "get": lambda self, index: self[index],
    "indexOf": lambda self, value: self.index(value) if value in self else -1,
    "set": _set,
}
_OF_MAPS: Mapping[str, Callable[..., Any]] = {
    "containsKey": lambda self, key: key in self,
    "entrySet": lambda self: [{"key": key, "value": value} for key, value in self.items()],
    "get": lambda self, key: self.get(key),
    "keySet": list,
    "put": _put,
    "putAll": _put_all,
    "remove": lambda self, key: self.pop(key, None),
    "values": lambda self: list(self.values()),
}
_METHODS: tuple[tuple[type | tuple[type, ...], Mapping[str, Callable[..., Any]]], ...] = (
    (str, _OF_TEXT),
    (list, _OF_LISTS),
    (dict, _OF_MAPS),
    ((int, float), {}),
)
