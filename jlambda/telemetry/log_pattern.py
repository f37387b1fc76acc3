"""Filter patterns of CloudWatch Logs: which log events a pattern means. Pure.

Terms, phrases, optional and excluded terms, regular expressions, and conditions on JSON, after
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html; not the patterns in square brackets, of
events whose words are columns.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from jlambda.errors import InvalidParameter

Matches = Callable[[str], bool]
_Condition = Callable[[Any], bool]

_TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]+)%|([^\s"]+))')
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<both>&&) | (?P<either>\|\|) | (?P<open>\() | (?P<close>\)) |
        (?P<selector>\$(?:\.[\w-]+|\[\d+\]|\.?\['[^']+'\])*) |
        (?P<compare>!=|<=|>=|=|<|>) |
        (?P<text>"(?:[^"\\]|\\.)*") | (?P<regex>%[^%]+%) | (?P<word>[^\s()&|=<>!]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.?\['([^']+)'\]|\.([\w-]+)|\[(\d+)\]")
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_MISSING = object()


@lru_cache(maxsize=64)
def compiled(pattern: str) -> Matches:
    """What tells whether the text of a log event matches `pattern`. Raises `InvalidParameter` for one that is none."""
    text = pattern.strip()
    if text.startswith("{"):
        if not text.endswith("}"):
            raise _wrong(pattern, "a condition on JSON ends with }")
        return _on_json(_Conditions(pattern, text[1:-1]).whole())
    if text.startswith("["):
        raise _wrong(pattern, "patterns of columns in square brackets are not there: use terms, or { $.name = value } for JSON")
    return _terms(pattern)


def _terms(pattern: str) -> Matches:
    wanted, optional, excluded = list[Matches](), list[Matches](), list[Matches]()
    kinds = {"": wanted, "?": optional, "-": excluded}
    at = 0
    while at < len(pattern.rstrip()):
        found = _TERM.match(pattern, at)
        if not found:
            raise _wrong(pattern, "a quotation mark has no second one")
        at = found.end()
        mark, phrase, regex, word = found.groups()
        text = word if phrase is None else re.sub(r"\\(.)", r"\1", phrase)
        kinds[mark].append(_has(text) if regex is None else _regex(pattern, regex))

    def matches(text: str) -> bool:
        return (
            all(each(text) for each in wanted)
            and not any(each(text) for each in excluded)
            and (not optional or bool(wanted) or any(each(text) for each in optional))
        )

    return matches


def _has(term: str) -> Matches:
    return lambda text: term in text


def _regex(pattern: str, source: str) -> Matches:
    try:
        found = re.compile(source)
    except re.error as error:
        raise _wrong(pattern, f"the regular expression is none: {error}") from None
    return lambda text: found.search(text) is not None


def _on_json(condition: _Condition) -> Matches:
    def matches(text: str) -> bool:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(document, (dict, list)) and condition(document)

    return matches


class _Conditions:
    """A condition on JSON, read from left to right."""

    def __init__(self, pattern: str, text: str) -> None:
        self._pattern, self._text, self._at = pattern, text, 0

    def whole(self) -> _Condition:
        """The condition that the text is, to its end."""
        found = self._either()
        if self._text[self._at :].strip():
            raise _wrong(self._pattern, f"what means {self._text[self._at :].strip()!r} there?")
        return found

    def _either(self) -> _Condition:
        parts = [self._both()]
        while self._take("either"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def _both(self) -> _Condition:
        parts = [self._one()]
        while self._take("both"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def _one(self) -> _Condition:
        if self._take("open"):
            inner = self._either()
            if not self._take("close"):
                raise _wrong(self._pattern, "a bracket is not closed")
            return inner
        selector = self._take("selector")
        if not selector:
            raise _wrong(self._pattern, "a condition begins with a selector such as $.level")
        steps = [name or key or int(number) for key, name, number in _STEP.findall(selector)]
        holds = self._test()
        return lambda document: holds(_selected(document, steps))

    def _test(self) -> _Condition:
        compare = self._take("compare")
        if compare in ("=", "!="):
            same = self._same()
            return same if compare == "=" else lambda value: value is not _MISSING and not same(value)
        if compare:
            order, number = _ORDERS[compare], self._number()
            return lambda value: _is_number(value) and bool(order(value, number))
        words = " ".join(filter(None, (self._take("word"), self._take("word")))).upper()
        tests: dict[str, _Condition] = {
            "IS NULL": lambda value: value is None,
            "IS TRUE": lambda value: value is True,
            "IS FALSE": lambda value: value is False,
            "NOT EXISTS": lambda value: value is _MISSING,
        }
        if words not in tests:
            raise _wrong(self._pattern, "after a selector comes =, !=, <, >, <=, >=, IS NULL, IS TRUE, IS FALSE or NOT EXISTS")
        return tests[words]

    def _same(self) -> _Condition:
        regex = self._take("regex")
        if regex:
            search = _regex(self._pattern, regex[1:-1])
            return lambda value: value is not _MISSING and search(_text(value))
        quoted = self._take("text")
        given = re.sub(r"\\(.)", r"\1", quoted[1:-1]) if quoted else self._take("word")
        if not given and not quoted:
            raise _wrong(self._pattern, "a comparison needs a value")
        number = None if quoted else _as_number(given)
        if number is not None:
            return lambda value: _is_number(value) and value == number
        like = re.compile(".*".join(map(re.escape, given.split("*"))), re.DOTALL)
        return lambda value: isinstance(value, str) and like.fullmatch(value) is not None

    def _number(self) -> float:
        given = _as_number(self._take("word"))
        if given is None:
            raise _wrong(self._pattern, "<, >, <= and >= compare with a number")
        return given

    def _take(self, kind: str) -> str:
        """The next token if it is of this kind, else nothing."""
        found = _TOKEN.match(self._text, self._at)
        if not found or found.lastgroup != kind:
            return ""
        self._at = found.end()
        return found[kind]


def _selected(document: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(step, int):
            document = document[step] if isinstance(document, list) and step < len(document) else _MISSING
        else:
            document = document.get(step, _MISSING) if isinstance(document, dict) else _MISSING
    return document


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _wrong(pattern: str, why: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid filter pattern {pattern!r}: {why}")
