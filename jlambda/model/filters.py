"""Which records a function is given: Lambda's filter criteria, SNS's filter policies, S3's filter rules. Pure.

All but S3's are patterns of events, on what is made of a record first: text that is JSON counts as what it stands for.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jlambda.errors import InvalidParameter
from jlambda.model.event_pattern import problem
from jlambda.model.matching import matches

Pattern = Mapping[str, Any]


def parsed(pattern: str | Mapping[str, Any]) -> dict[str, Any]:
    """A pattern of events, given as JSON or as what that stands for. Raises `InvalidParameter` with what is wrong and where."""
    found = problem(pattern)
    if found is not None:
        raise InvalidParameter(f"Event pattern is not valid. Reason: {found}")
    return json.loads(pattern) if isinstance(pattern, str) else dict(pattern)


def patterns_of(criteria: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The patterns of a FilterCriteria of an event source mapping, as they were checked when it was made."""
    return [json.loads(each["Pattern"]) for each in (criteria or {}).get("Filters") or [] if each.get("Pattern")]


def wanted(record: Mapping[str, Any], patterns: Sequence[Pattern]) -> bool:
    """Whether a record of SQS, Kinesis or DynamoDB streams, as the function would see it, matches one of `patterns`.

    No patterns want every record. What a producer wrote (`body` of SQS, `data` of Kinesis) is compared as JSON with a
    pattern that is an object, and as text with one that is not; where the two differ in kind, nothing matches.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
    """
    if not patterns:
        return True
    source = record.get("eventSource")
    if source == "aws:kinesis":
        kinesis = record["kinesis"]
        view, name, text = {**record, **kinesis}, "data", _decoded(kinesis["data"])
    elif source == "aws:sqs":
        view, name, text = dict(record), "body", record["body"]
    else:
        return any(matches(pattern, record) for pattern in patterns)
    value = _as_json(text)
    view[name] = text if value is None else value
    # an object that is asked for with a list of texts, or text with an object, finds nothing there, so both fall out
    return any((name not in pattern or _is_of_a_kind(pattern[name], value)) and matches(pattern, view) for pattern in patterns)


def _is_of_a_kind(asked: object, value: object) -> bool:
    """Whether an object is compared with an object, and text with text: not even that a member is missing is said else."""
    return isinstance(asked, Mapping) == (value is not None)


def _as_json(text: str | None) -> dict[str, Any] | list[Any] | None:
    """The object or array that `text` stands for; None for any other text."""
    try:
        value = json.loads(text or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _decoded(data: str) -> str | None:
    try:
        return base64.b64decode(data).decode()
    except ValueError:
        return None


def subscribed(policy: Pattern | None, scope: str, message: str, attributes: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a subscription with this FilterPolicy gets a message of SNS.

    `scope` is its FilterPolicyScope, ``"MessageAttributes"`` or ``"MessageBody"``; `attributes` have members Type (or
    DataType) and Value (or StringValue). https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html
    """
    if not policy:
        return True
    if scope == "MessageBody":
        body = _as_json(message)
        return isinstance(body, dict) and matches(policy, body)
    return matches(policy, {name: value for name, given in attributes.items() if (value := _attribute(given)) is not None})


def _attribute(given: Mapping[str, Any]) -> object:
    """What an attribute counts as: text, a number or an array; None for what no policy sees."""
    kind = given.get("Type") or given.get("DataType") or "String"
    value = given.get("Value", given.get("StringValue"))
    if not isinstance(value, str) or kind.startswith("Binary"):
        return None
    if kind == "String":
        return value
    try:
        found: object = json.loads(value)
    except ValueError:
        return None if kind.startswith("Number") else value
    if kind == "String.Array" and isinstance(found, list):
        return found
    return found if kind.startswith("Number") and isinstance(found, int | float) else value


def notified(event_name: str, key: str, events: Iterable[str], rules: Iterable[Mapping[str, str]] = ()) -> bool:
    """Whether a notification of S3 for `events` and with these FilterRules tells of `event_name` at `key`.

    `event_name` is as in the record, ``"ObjectCreated:Put"``; `events` are ``"s3:ObjectCreated:*"`` and the like; `key` is
    as it was given to S3, not URL-encoded.
    """
    name = f"s3:{event_name}"
    if not any(each == name or (each.endswith(":*") and name.startswith(each[:-1])) for each in events):
        return False
    checks: dict[str, Callable[[str], bool]] = {"prefix": key.startswith, "suffix": key.endswith}
    return all(checks[rule["Name"].lower()](rule["Value"]) for rule in rules)
