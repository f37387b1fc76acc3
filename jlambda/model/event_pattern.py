"""Patterns of events, as event source mappings, rules and subscriptions have them: is this one, and if not, why. Pure.

Whether an event matches a pattern is said by `jlambda.model.matching`.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterator, Mapping
from math import isfinite

from jlambda.model.spelling import nearest

# https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
FILTERS = 5
PATTERN_CHARS = 4_096
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-content-based-filtering.html
COMBINATIONS = 1_000
_LARGEST = 5.0e9

_LOWER, _UPPER = (">", ">="), ("<", "<=")


def is_pattern(text: object) -> bool:
    """Whether `text` is JSON that says what an event has to look like."""
    return isinstance(text, str) and len(text) <= PATTERN_CHARS and problem(text) is None


def problem(pattern: object) -> str | None:
    """What is wrong with `pattern`, JSON or what that stands for, and where; None if nothing is."""
    if isinstance(pattern, str):
        try:
            pattern = json.loads(pattern)
        except (ValueError, RecursionError) as error:
            return f"it is not JSON: {error}"
    if not isinstance(pattern, dict):
        return "it is not an object"
    found = next(_problems(pattern, ""), None)
    if found is None and _combinations(pattern) > COMBINATIONS:
        return f"$or makes more than {COMBINATIONS:,} combinations of fields"
    return found


def _problems(pattern: Mapping[str, object], place: str) -> Iterator[str]:
    """Each member is what the event's member has to be: one of a list, or an object of its own kind."""
    for name, value in pattern.items():
        here = f"{place}.{name}" if place else str(name)
        if name == "$or":
            yield from _problems_of_or(value, here, place)
        elif isinstance(value, dict):
            if not value:
                yield f"{here} is an empty object"
            yield from _problems(value, here)
        elif not isinstance(value, list):
            yield f"{here} must be an array or an object: use [{json.dumps(value, default=str)}]"
        elif not value:
            yield f"{here} is an empty array"
        else:
            for each in value:
                if (found := _problem_of_condition(each)) is not None:
                    yield f"{here}: {found}"


def _problems_of_or(value: object, here: str, place: str) -> Iterator[str]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, dict) and each for each in value):
        yield f"{here} must be an array of two objects or more"
        return
    for each in value:
        yield from _problems(each, place)


def _combinations(pattern: Mapping[str, object]) -> int:
    """How many patterns without $or say the same."""
    count = 1
    for name, value in pattern.items():
        if name == "$or" and isinstance(value, list):
            count *= sum(map(_combinations, value))
        elif isinstance(value, dict):
            count *= _combinations(value)
    return count


def _problem_of_condition(value: object) -> str | None:
    if isinstance(value, list):
        return "an array in an array"
    if not isinstance(value, dict):
        return None
    if len(value) != 1:
        return "an operator is an object with one member"
    ((name, argument),) = value.items()
    if name not in _OPERATORS:
        hint = nearest(str(name), _OPERATORS) or f" (there are {', '.join(_OPERATORS)})"
        return f"there is no operator {name!r}{hint}"
    check, allowed = _OPERATORS[name]
    return None if check(argument) else f"{name} takes {allowed}"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_text_or_folded(value: object) -> bool:
    return _is_text(value) or (isinstance(value, dict) and value.keys() == {"equals-ignore-case"} and _is_text(*value.values()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _is_numeric(value: object) -> bool:
    """One comparison, or two that are the ends of a range."""
    if not isinstance(value, list) or len(value) not in (2, 4):
        return False
    names, numbers = value[::2], value[1::2]
    if not all(_is_number(number) and abs(number) <= _LARGEST for number in numbers):
        return False
    if len(value) == 2:
        return names[0] in ("=", *_LOWER, *_UPPER)
    return names[0] in _LOWER and names[1] in _UPPER and numbers[0] < numbers[1]


def _is_wildcard(value: object) -> bool:
    """Text with asterisks, never two in a row; a backslash stands before an asterisk or another backslash only."""
    if not isinstance(value, str):
        return False
    bare = value.replace("\\\\", "").replace("\\*", "")
    return "\\" not in bare and "**" not in value.replace("\\\\", "_").replace("\\*", "_")


def _is_cidr(value: object) -> bool:
    if not isinstance(value, str) or "/" not in value:
        return False
    try:
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return True


def _is_anything_but(value: object) -> bool:
    if isinstance(value, dict):
        if len(value) != 1:
            return False
        ((name, argument),) = value.items()
        check = {"prefix": _is_text, "suffix": _is_text, "equals-ignore-case": _is_text, "wildcard": _is_wildcard}.get(name)
        several = argument if isinstance(argument, list) and argument else [argument]
        return check is not None and all(map(check, several))
    if isinstance(value, list):
        return bool(value) and all(_is_text(each) or _is_number(each) for each in value)
    return _is_text(value) or _is_number(value)


_OPERATORS: dict[str, tuple[Callable[[object], bool], str]] = {
    "exists": (lambda value: isinstance(value, bool), "true or false"),
    "prefix": (_is_text_or_folded, 'text, or {"equals-ignore-case": text}'),
    "suffix": (_is_text_or_folded, 'text, or {"equals-ignore-case": text}'),
    "equals-ignore-case": (_is_text, "text"),
    "wildcard": (_is_wildcard, "text without ** and with \\ before * or \\ only"),
    "cidr": (_is_cidr, 'an address and its mask, such as "10.0.0.0/24"'),
    "numeric": (_is_numeric, '["<", 5], or a range such as [">", 0, "<=", 5], within 5.0e9 of zero'),
    "anything-but": (
        _is_anything_but,
        "text, a number, an array of these, or one of prefix, suffix, equals-ignore-case, wildcard",
    ),
}
