"""The options of trigger specifications: which each kind has, what they may be, and back to text. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

from jlambda.errors import InvalidParameter
from jlambda.model.destination import STREAM_DESTINATION
from jlambda.model.event_pattern import is_pattern
from jlambda.model.spelling import nearest

Value = str | int | bool


class Option(NamedTuple):
    """One option: how its text becomes a value (ValueError if it cannot), and what may be written, in words.

    `choices` are all the values of one that has no others; of a flag, which may stand without a value, there are none.
    """

    parse: Callable[[str], Value]
    words: str
    is_repeatable: bool = False
    choices: tuple[str, ...] = ()
    is_flag: bool = False


def _whole(low: int, high: int, *others: int) -> Option:
    def parse(text: str) -> int:
        if not re.fullmatch(r"-?[0-9]+", text) or not (low <= int(text) <= high or int(text) in others):
            raise ValueError(text)
        return int(text)

    also = "".join(f", or {other}" for other in others)
    return Option(parse, f"a whole number from {low} to {high}{also}")


def _flag() -> Option:
    def parse(text: str) -> bool:
        if text.lower() not in ("", "true", "false"):
            raise ValueError(text)
        return text.lower() != "false"

    return Option(parse, "nothing (which is true), true or false", is_flag=True)


def _one_of(*allowed: str) -> Option:
    by_folded = {each.lower(): each for each in allowed}

    def parse(text: str) -> str:
        if text.lower() not in by_folded:
            raise ValueError(text)
        return by_folded[text.lower()]

    return Option(parse, f"{', '.join(allowed[:-1])} or {allowed[-1]}", choices=allowed)


def _text(words: str, rule: str = r"\S(.*\S)?") -> Option:
    def parse(text: str) -> str:
        if not re.fullmatch(rule, text, re.DOTALL):
            raise ValueError(text)
        return text

    return Option(parse, words)


def _json(words: str, is_allowed: Callable[[str], bool] = lambda _: True, *, is_repeatable: bool = False) -> Option:
    def parse(text: str) -> str:
        made = json.dumps(json.loads(text))
        if not is_allowed(made):
            raise ValueError(text)
        return made

    return Option(parse, words, is_repeatable)


def _start() -> Option:
    words = {each.lower(): each for each in ("TRIM_HORIZON", "LATEST")}

    def parse(text: str) -> str:
        if text.lower() in words:
            return words[text.lower()]
        datetime.fromisoformat(text)
        return text

    return Option(parse, "TRIM_HORIZON, LATEST or a time such as 2027-01-01T09:00:00Z")


_FILTER = _json('a pattern, such as {"body": {"kind": ["order"]}}', is_pattern, is_repeatable=True)
_OBJECT = _json("a JSON object", lambda text: text.startswith("{"))
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
_MAPPING = {
    "batch_size": _whole(1, 10_000),
    "window": _whole(0, 300),
    "report_failures": _flag(),
    "filter": _FILTER,
    "disabled": _flag(),
}
_STREAM = {
    **_MAPPING,
    "start": _start(),
    "parallel": _whole(1, 10),
    "tumbling_window": _whole(0, 900),
    "bisect": _flag(),
    "retries": _whole(0, 10_000, -1),
    "max_age": _whole(60, 604_800, -1),
    "on_failure": _text("sqs:QUEUE, sns:TOPIC or s3:BUCKET, or the ARN of one", STREAM_DESTINATION),
}
_SCHEDULE = {
    "input": _json("JSON: the event that the function gets"),
    "timezone": _text("a time zone such as Europe/Berlin", r"[A-Za-z0-9_+/-]+"),
    "flexible": _whole(1, 1_440),
    "disabled": _flag(),
}
#: by kind of trigger, the options that it has
OPTIONS: dict[str, dict[str, Option]] = {
    "sqs": {**_MAPPING, "max_concurrency": _whole(2, 1_000)},
    "dynamodb": {
        **_STREAM,
        "view": _one_of("NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"),
        "key": _text("the name of the key of a table that is created", r"[\w.-]{1,255}"),
    },
    "kinesis": {**_STREAM, "shards": _whole(1, 50)},
    "s3": {"events": _text("events such as ObjectCreated:*,ObjectRemoved:*", r"[A-Za-z]+:[A-Za-z*]+(,[A-Za-z]+:[A-Za-z*]+)*")},
    "sns": {"filter": _OBJECT, "scope": _one_of("MessageAttributes", "MessageBody")},
    "logs": {"filter": Option(str, "a filter pattern such as ERROR")},
    "events": {"bus": _text("the name of an event bus", r"[\w./-]{1,256}"), "input": _json("JSON"), "disabled": _flag()},
    "rate": _SCHEDULE,
    "cron": _SCHEDULE,
    "at": _SCHEDULE,
    "http": {"api": _text("the name of an HTTP API")},
    "url": {"auth": _one_of("NONE", "AWS_IAM"), "mode": _one_of("BUFFERED", "RESPONSE_STREAM")},
}


def parse_option(text: str, kind: str, part: str) -> tuple[str, Value]:
    """Name and value of one option of specification `text`. Raises `InvalidParameter`, which says what is allowed."""
    name, equals, raw = part.partition("=")
    name = name.strip().replace("-", "_")
    known = OPTIONS[kind]
    option = known.get(name)
    if option is None:
        there_are = ", ".join(known)
        raise InvalidParameter(f"trigger {text!r}: {kind} has no option {name!r}{nearest(name, known)} (there are {there_are})")
    value = raw if raw[:1] in ("{", "[") else unquote(raw)
    try:
        return name, option.parse(value)
    except (ValueError, RecursionError):
        what = f"is {value!r}" if equals else "has no value"
        raise InvalidParameter(f"trigger {text!r}: {name} {what}; use {option.words}") from None


def write_option(name: str, value: Value) -> str:
    """An option as `parse_option` takes it."""
    if value is True:
        return name
    if value is False:
        return f"{name}=false"
    text = str(value)
    if text[:1] in ("{", "[") and _is_json(text):
        return f"{name}={text}"
    return f"{name}={''.join(f'%{ord(each):02X}' if each in '%&{[' else each for each in text)}"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
