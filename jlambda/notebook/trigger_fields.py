"""The fields that a form has for each kind of trigger, and a trigger to and from what stands in them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jlambda.errors import InvalidParameter
from jlambda.model.trigger import Trigger, bucket_and_keys, method_and_path, parse_trigger
from jlambda.model.trigger_options import OPTIONS, Option, Value

#: what stands in the fields of a form, by their names
Values = Mapping[str, str | bool]

#: kinds of triggers, in the words of a menu
TITLES = {
    "s3": "S3 bucket",
    "sqs": "SQS queue",
    "dynamodb": "DynamoDB table",
    "kinesis": "Kinesis stream",
    "sns": "SNS topic",
    "rate": "schedule: every …",
    "cron": "schedule: cron",
    "at": "schedule: once",
    "events": "EventBridge pattern",
    "http": "HTTP route",
    "url": "function URL",
    "logs": "log group",
}


class Field(NamedTuple):
    """One field; a `place` is the kind of thing (bucket, queue) whose names can be chosen from.

    Of `choices` one has to be taken, `suggestions` are only offered; `is_json` has room for several lines.
    """

    name: str
    label: str
    hint: str = ""
    place: str = ""
    choices: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    is_flag: bool = False
    is_json: bool = False


_UNITS = ("minutes", "hours", "days")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_TARGETS: dict[str, tuple[Field, ...]] = {
    "s3": (
        Field("bucket", "bucket", place="bucket"),
        Field("prefix", "keys begin", "in/"),
        Field("suffix", "keys end", ".csv"),
    ),
    "sqs": (Field("queue", "queue", place="queue"),),
    "dynamodb": (Field("table", "table", place="table"),),
    "kinesis": (Field("stream", "stream", place="stream"),),
    "sns": (Field("topic", "topic", place="topic"),),
    "logs": (Field("group", "log group", place="log group"),),
    "rate": (Field("every", "every", "5"), Field("unit", "unit", choices=_UNITS)),
    "cron": (Field("fields", "cron", "0 12 * * ? *", suggestions=("0 12 * * ? *", "0 9 ? * MON-FRI *", "0/15 * * * ? *")),),
    "at": (Field("moment", "at", "2027-01-01T09:00:00"),),
    "events": (Field("pattern", "pattern", '{"source": ["my.app"]}', is_json=True),),
    "http": (Field("method", "method", choices=_METHODS), Field("path", "path", "/items/{id}")),
    "url": (),
}
_LABELS = {
    "window": "window (s)",
    "max_age": "max age (s)",
    "flexible": "window (min)",
    "report_failures": "report failures",
    "timezone": "time zone",
}
_SUGGESTIONS = {
    "events": ("ObjectCreated:*", "ObjectCreated:Put", "ObjectRemoved:*", "ObjectCreated:*,ObjectRemoved:*"),
    "start": ("LATEST", "TRIM_HORIZON"),
    "timezone": ("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo"),
}
#: whether one is on is not asked in its form
_ELSEWHERE = ("disabled",)


def fields(kind: str) -> list[Field]:
    """The fields of a kind of trigger: what it is of, then its options."""
    return [*_TARGETS[kind], *(_field(name, it) for name, it in OPTIONS[kind].items() if name not in _ELSEWHERE)]


def _field(name: str, option: Option) -> Field:
    is_json = "JSON" in option.words or "pattern, such as {" in option.words
    return Field(
        name,
        _LABELS.get(name, name.replace("_", " ")),
        option.words.removeprefix("JSON: "),
        place="event bus" if name == "bus" else "",
        choices=("", *option.choices) if option.choices else (),
        suggestions=_SUGGESTIONS.get(name, ()),
        is_flag=option.is_flag,
        is_json=is_json,
    )


def written(kind: str, values: Values) -> str:
    """The specification that fields stand for. Raises `InvalidParameter`, which names the field."""
    for field in _TARGETS[kind]:
        if not _text(values, field.name) and field.name not in ("prefix", "suffix"):
            raise InvalidParameter(f"{field.label}: write one{f', such as {field.hint}' if field.hint else ''}")
    options: list[tuple[str, Value]] = []
    for name, option in OPTIONS[kind].items():
        if name in _ELSEWHERE or not (given := values.get(name)):
            continue
        texts = [""] if option.is_flag else _documents(str(given)) if option.is_repeatable else [str(given).strip()]
        for text in filter(lambda each: option.is_flag or each, texts):
            try:
                options.append((name, option.parse(text)))
            except (ValueError, RecursionError):
                raise InvalidParameter(f"{_LABELS.get(name, name.replace('_', ' '))}: use {option.words}") from None
    return str(parse_trigger(str(Trigger(kind, _target(kind, values), tuple(sorted(options, key=lambda each: each[0]))))))


def read(trigger: Trigger) -> dict[str, str | bool]:
    """What stands in the fields of a trigger's form."""
    found: dict[str, str | bool] = dict(_taken_apart(trigger))
    for name, option in OPTIONS[trigger.kind].items():
        if name in _ELSEWHERE:
            continue
        given = trigger.all(name)
        found[name] = given == (True,) if option.is_flag else "\n".join(map(str, given))
    return found


def _text(values: Values, name: str) -> str:
    return str(values.get(name) or "").strip()


def _target(kind: str, values: Values) -> str:
    text = {field.name: _text(values, field.name) for field in _TARGETS[kind]}
    if kind == "s3":
        return f"{text['bucket']}/{text['prefix']}*{text['suffix']}"
    if kind == "rate":
        return f"{text['every']} {text['unit'].removesuffix('s') if text['every'] == '1' else text['unit']}"
    return " ".join(text.values())


def _taken_apart(trigger: Trigger) -> Iterator[tuple[str, str]]:
    names = [field.name for field in _TARGETS[trigger.kind]]
    parts: tuple[str, ...] = (trigger.target,)
    if trigger.kind == "s3":
        parts = bucket_and_keys(trigger)
    elif trigger.kind == "http":
        parts = method_and_path(trigger)
    elif trigger.kind == "rate":
        count, _, unit = trigger.target.partition(" ")
        parts = (count, unit if unit.endswith("s") else f"{unit}s")
    return zip(names, parts if names else (), strict=True)


def _documents(text: str) -> list[str]:
    """JSON documents that stand one after the other; where one is broken, all of the rest as it is."""
    found, rest = [], text.strip()
    while rest:
        try:
            end = json.JSONDecoder().raw_decode(rest)[1]
        except (ValueError, RecursionError):
            end = len(rest)
        found.append(rest[:end])
        rest = rest[end:].strip()
    return found
