"""Does an event match a pattern? The rules of EventBridge, which Lambda's filters and SNS's policies share. Pure.

An array in an event stands for any one of its elements, the same one for everything that a pattern asks within it. An event
is what its JSON stands for; a pattern is one that `jlambda.model.event_pattern.problem` finds nothing wrong with.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Path = tuple[str, ...]
#: what an empty array, or a member that is not there, has in place of an element
_NOTHING = object()


def matches(pattern: Mapping[str, Any], event: object) -> bool:
    """Whether `event` is what `pattern` asks for."""
    return _match([pattern], event, (), _Leaves(event))


class _Leaves:
    """Where an event has values; looked through when it is first asked, since few patterns ask what is not there."""

    __slots__ = ("_event", "_found")

    def __init__(self, event: object) -> None:
        self._event = event
        self._found: set[Path] | None = None

    def __contains__(self, path: Path) -> bool:
        if self._found is None:
            self._found = set(_leaves(self._event, ()))
        return path in self._found


def _leaves(value: object, path: Path) -> Iterator[Path]:
    """Where the event has a value that is neither object nor array."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, (*path, name))
    elif isinstance(value, list):
        for element in value:
            yield from _leaves(element, path)
    else:
        yield path


def _elements(value: object) -> Iterator[object]:
    """What an array stands for, at any depth; anything else stands for itself."""
    if isinstance(value, list):
        for element in value:
            yield from _elements(element)
    else:
        yield value


def _match(patterns: Sequence[Mapping[str, Any]], value: object, path: Path, leaves: _Leaves) -> bool:
    """Whether `value`, which stands at `path` and is no array, is all that `patterns` ask for."""
    for index, pattern in enumerate(patterns):
        if "$or" in pattern:
            rest = {name: member for name, member in pattern.items() if name != "$or"}
            others = [*patterns[:index], rest, *patterns[index + 1 :]]
            return any(_match([*others, alternative], value, path, leaves) for alternative in pattern["$or"])
    asked: dict[str, list[Any]] = {}
    for pattern in patterns:
        for name, member in pattern.items():
            asked.setdefault(name, []).append(member)
    has = value if isinstance(value, dict) else {}
    return all(_match_member(members, has.get(name, _NOTHING), (*path, name), leaves) for name, members in asked.items())


def _match_member(asked: Sequence[Any], value: object, path: Path, leaves: _Leaves) -> bool:
    """Whether one of the elements that `value` stands for is all that is asked."""
    within = [each for each in asked if isinstance(each, Mapping)]
    conditions = [each for each in asked if not isinstance(each, Mapping)]
    return any(
        all(any(_holds(each, element, path, leaves) for each in one_of) for one_of in conditions)
        and (not within or _match(within, element, path, leaves))
        for element in [*_elements(value)] or [_NOTHING]
    )


def _holds(condition: object, value: object, path: Path, leaves: _Leaves) -> bool:
    if isinstance(condition, Mapping):
        ((operator, argument),) = condition.items()
        if operator == "exists" and not argument:
            return path not in leaves
        return value is not _NOTHING and not isinstance(value, dict) and _OPERATORS[operator](argument, value)
    return value is not _NOTHING and _is_same(condition, value)


def _is_same(wanted: object, value: object) -> bool:
    """Equal as JSON is: true is not 1, but 300 is 300.0."""
    if isinstance(wanted, bool) or isinstance(value, bool) or wanted is None:
        return wanted is value
    return wanted == value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text_operator(holds: Callable[[str, str], bool]) -> Callable[[Any, object], bool]:
    """An operator on text, which may ignore case."""

    def operator(argument: Any, value: object) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(argument, Mapping):
            return holds(argument["equals-ignore-case"].casefold(), value.casefold())
        return holds(argument, value)

    return operator


def _wildcard(argument: str, value: str) -> bool:
    """Whether the pieces between asterisks follow each other in `value`; takes time in proportion to its length."""
    pieces, piece, escaped = [], "", False
    for char in argument:
        if char == "*" and not escaped:
            pieces.append(piece)
            piece = ""
        elif char == "\\" and not escaped:
            escaped = True
            continue
        else:
            piece += char
        escaped = False
    if not pieces:
        return value == piece
    first, *middle = pieces
    if not value.startswith(first):
        return False
    at = len(first)
    for each in middle:
        found = value.find(each, at)
        if found < 0:
            return False
        at = found + len(each)
    return len(value) - at >= len(piece) and value.endswith(piece)


def _cidr(argument: str, value: str) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, other: bool(value == other),
    "<": lambda value, other: bool(value < other),
    "<=": lambda value, other: bool(value <= other),
    ">": lambda value, other: bool(value > other),
    ">=": lambda value, other: bool(value >= other),
}


def _numeric(argument: list[Any], value: object) -> bool:
    return _is_number(value) and all(
        _COMPARISONS[name](value, number) for name, number in zip(argument[::2], argument[1::2], strict=True)
    )


def _anything_but(argument: Any, value: object) -> bool:
    if isinstance(argument, Mapping):
        ((operator, texts),) = argument.items()
        several = texts if isinstance(texts, list) else [texts]
        return not any(_OPERATORS[operator](each, value) for each in several)
    return not any(_is_same(each, value) for each in (argument if isinstance(argument, list) else [argument]))


_OPERATORS: dict[str, Callable[[Any, object], bool]] = {
    "exists": lambda _argument, _value: True,
    "prefix": _text_operator(lambda argument, value: value.startswith(argument)),
    "suffix": _text_operator(lambda argument, value: value.endswith(argument)),
    "equals-ignore-case": _text_operator(lambda argument, value: value.casefold() == argument.casefold()),
    "wildcard": _text_operator(_wildcard),
    "cidr": _text_operator(_cidr),
    "numeric": _numeric,
    "anything-but": _anything_but,
}
