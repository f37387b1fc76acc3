"""Whether a resource-based policy lets somebody do something. Pure: statements and a question in, a verdict out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html. An operator of conditions that
is not known here never lets anyone in, and keeps nobody from being denied.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jlambda.model.policy import Statement

#: whoever has not said who they are
ANYONE = "*"

_Test = Callable[[str, str], bool]


@dataclass(frozen=True, slots=True)
class Question:
    """May `principal` do `action` with `resource`? `keys` are the condition keys that are known, in lower case.

    `principal` is an ARN, the name of a service, or `ANYONE`.
    """

    principal: str
    action: str
    resource: str
    keys: Mapping[str, str] = field(default_factory=dict)


def verdict(statements: Iterable[Statement], question: Question) -> bool | None:
    """True where a statement allows it and none denies it, False where one denies it, None where none speaks of it."""
    found: bool | None = None
    for statement in statements:
        denies = statement.get("Effect") == "Deny"
        if _applies(statement, question, denies):
            if denies:
                return False
            found = True
    return found


def _applies(statement: Statement, question: Question, denies: bool) -> bool:
    return (
        _names(statement.get("Principal"), question.principal)
        and _one_of(statement.get("Action"), question.action, ignores_case=True)
        and _one_of(statement.get("Resource", "*"), question.resource)
        and _holds(statement.get("Condition"), question.keys, denies)
    )


def _names(principal: object, who: str) -> bool:
    if principal == "*":
        return True
    if not isinstance(principal, Mapping):
        return False
    account = who.split(":")[4] if who.startswith("arn:") and who.count(":") >= 5 else None
    for kind, given in principal.items():
        for each in _listed(given):
            if each == "*" and kind == "AWS":
                return True
            if who != ANYONE and each == who:
                return True
            if kind == "AWS" and account is not None and (each == account or each.endswith(f":iam::{account}:root")):
                return True
    return False


def _one_of(patterns: object, value: str, *, ignores_case: bool = False) -> bool:
    if ignores_case:
        return any(_like(value.lower(), each.lower()) for each in _listed(patterns))
    return any(_like(value, each) for each in _listed(patterns))


def _holds(condition: object, keys: Mapping[str, str], denies: bool) -> bool:
    if condition is None:
        return True
    if not isinstance(condition, Mapping):
        return denies
    for operator, wanted in condition.items():
        if not isinstance(wanted, Mapping):
            return denies
        for key, values in wanted.items():
            if not _compare(operator, keys.get(key.lower()), _listed(values), denies):
                return False
    return True


def _compare(operator: str, value: str | None, wanted: list[str], denies: bool) -> bool:
    name = operator.removesuffix("IfExists")
    if name == "Null":
        return all((value is None) == (each.lower() == "true") for each in wanted)
    if value is None:
        return name != operator or "Not" in name
    if name not in _OPERATORS:
        return denies
    test = _OPERATORS[name]
    if "Not" in name:
        return all(test(value, each) for each in wanted)
    return any(test(value, each) for each in wanted)


def _like(value: str, pattern: str) -> bool:
    return value == pattern or bool(_compiled(pattern).fullmatch(value))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern), re.DOTALL)


def _same(value: str, wanted: str) -> bool:
    return value.lower() == wanted.lower()


_OPERATORS: dict[str, _Test] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringNotEquals": lambda value, wanted: value != wanted,
    "StringEqualsIgnoreCase": _same,
    "StringNotEqualsIgnoreCase": lambda value, wanted: not _same(value, wanted),
    "StringLike": _like,
    "StringNotLike": lambda value, wanted: not _like(value, wanted),
    "ArnEquals": _like,
    "ArnLike": _like,
    "ArnNotEquals": lambda value, wanted: not _like(value, wanted),
    "ArnNotLike": lambda value, wanted: not _like(value, wanted),
    "Bool": _same,
}


def _listed(value: Any) -> list[str]:
    found = value if isinstance(value, (list, tuple)) else [value]
    return [str(each).lower() if isinstance(each, bool) else str(each) for each in found if each is not None]
