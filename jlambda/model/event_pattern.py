"""Patterns of events, as event source mappings and rules have them: is a text one? Pure.

Matching events against them is another matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
FILTERS = 5
PATTERN_CHARS = 4_096

_COMPARISONS = {"=", "<", "<=", ">", ">="}


def is_pattern(text: object) -> bool:
    """Whether `text` is JSON that says what an event has to look like."""
    if not isinstance(text, str) or len(text) > PATTERN_CHARS:
        return False
    try:
        pattern = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(pattern, dict) and _is_object(pattern)


def _is_object(pattern: dict[str, Any]) -> bool:
    """Each member is what the event's member has to be: one of a list, or an object of its own kind."""
    for name, value in pattern.items():
        if name == "$or":
            if not (
                isinstance(value, list)
                and len(value) > 1
                and all(isinstance(each, dict) and _is_object(each) for each in value)
            ):
                return False
        elif isinstance(value, dict):
            if not value or not _is_object(value):
                return False
        elif not (isinstance(value, list) and value and all(map(_is_condition, value))):
            return False
    return True


def _is_condition(value: object) -> bool:
    if not isinstance(value, dict):
        return not isinstance(value, list)
    if len(value) != 1:
        return False
    ((name, argument),) = value.items()
    check = _OPERATORS.get(name)
    return check is not None and check(argument)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_folded(value: object) -> bool:
    return _is_text(value) or (isinstance(value, dict) and value.keys() == {"equals-ignore-case"} and _is_text(*value.values()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_numeric(value: object) -> bool:
    """One comparison, or two that are the ends of a range."""
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    names, numbers = value[::2], value[1::2]
    return all(isinstance(name, str) and name in _COMPARISONS for name in names) and all(map(_is_number, numbers))


def _is_anything_but(value: object) -> bool:
    if isinstance(value, dict):
        names = {"prefix", "suffix", "equals-ignore-case", "wildcard"}
        return len(value) == 1 and value.keys() <= names and all(_is_text(each) or _is_texts(each) for each in value.values())
    if isinstance(value, list):
        return bool(value) and all(_is_text(each) or _is_number(each) for each in value)
    return _is_text(value) or _is_number(value)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


_OPERATORS: dict[str, Callable[[object], bool]] = {
    "exists": lambda value: isinstance(value, bool),
    "prefix": _is_text_or_folded,
    "suffix": _is_text_or_folded,
    "equals-ignore-case": _is_text,
    "wildcard": _is_text,
    "cidr": _is_text,
    "numeric": _is_numeric,
    "anything-but": _is_anything_but,
}
