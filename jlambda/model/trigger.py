"""Trigger specifications: what `--trigger` takes, as a value and back to text. Pure; attaches nothing.

A specification names a source (``sqs:jobs``, ``s3://uploads/*.csv``, ``rate(5 minutes)``, ``GET /items/{id}``), and may
have options behind a question mark: ``sqs:jobs?batch_size=5&report_failures``. In targets and values what would be
mistaken for syntax is written as in a URL (``%3F`` for ``?``, ``%26`` for ``&``); JSON stands as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote

from jlambda.errors import InvalidParameter
from jlambda.model.spelling import closest
from jlambda.model.trigger_options import OPTIONS, Value, parse_option, write_option

#: what a specification looks like, by kind; shown where one is not understood
EXAMPLES = {
    "s3": "s3://BUCKET/PREFIX*SUFFIX",
    "sqs": "sqs:QUEUE",
    "dynamodb": "dynamodb:TABLE",
    "kinesis": "kinesis:STREAM",
    "sns": "sns:TOPIC",
    "rate": "rate(5 minutes)",
    "cron": "cron(0 12 * * ? *)",
    "at": "at(2027-01-01T09:00:00)",
    "events": 'events:{"source": ["my.app"]}',
    "http": "GET /items/{id}",
    "url": "url",
    "logs": "logs:/aws/lambda/other",
}
KINDS = tuple(EXAMPLES)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_HTTP = re.compile(rf"({'|'.join(_METHODS)})\s+(/[^\s?]*)(?:\?(.*))?", re.IGNORECASE | re.DOTALL)
_SCHEDULE = re.compile(r"(rate|cron|at)\(([^()]*)\)(?:\?(.*))?", re.DOTALL)
_NAMED = re.compile(r"(sqs|dynamodb|kinesis|sns|logs):([^?]*)(?:\?(.*))?", re.DOTALL)
_RATE = re.compile(r"(\d+) (minute|minutes|hour|hours|day|days)")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: names by AWS's own rules, and these in words
_NAMES = {
    "sqs": (re.compile(r"[\w-]{1,75}\.fifo|[\w-]{1,80}", re.ASCII), "letters, digits, - and _, and .fifo at the end"),
    "dynamodb": (re.compile(r"[\w.-]{3,255}", re.ASCII), "3 to 255 letters, digits, -, _ and ."),
    "kinesis": (re.compile(r"[\w.-]{1,128}", re.ASCII), "letters, digits, -, _ and ."),
    "sns": (re.compile(r"[\w-]{1,251}\.fifo|[\w-]{1,256}", re.ASCII), "letters, digits, - and _"),
    "logs": (re.compile(r"[\w./#-]{1,512}", re.ASCII), "letters, digits, -, _, /, # and ."),
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One specification: `target` is what stands in it besides kind and options; options are in the order of their names.

    Two of one kind and target are the same trigger, with other options: a function has one of them.
    """

    kind: str
    target: str
    options: tuple[tuple[str, Value], ...] = ()

    @property
    def key(self) -> str:
        """The specification without options: what tells a trigger from others of its function."""
        return _subject(self.kind, self.target)

    def get(self, name: str) -> Value | None:
        """The value of an option, None where it was not given."""
        return next((value for key, value in self.options if key == name), None)

    def all(self, name: str) -> tuple[Value, ...]:
        """The values of an option that may be given several times."""
        return tuple(value for key, value in self.options if key == name)

    def __str__(self) -> str:
        """The specification as `parse_trigger` takes it."""
        options = "&".join(write_option(name, value) for name, value in self.options)
        return f"{self.key}?{options}" if options else self.key


def parse_trigger(text: str) -> Trigger:
    """The trigger that a specification stands for. Raises `InvalidParameter`, which says what to write instead."""
    if not isinstance(text, str) or not text.strip():
        _refuse(text, f"write what starts the function: {', '.join(EXAMPLES.values())}")
    kind, target, options = _split(text.strip())
    known = OPTIONS[kind]
    given = [parse_option(text, kind, each) for each in _parts(options)]
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1 and not known[name].is_repeatable:
            _refuse(text, f"{name} is given twice: give it once")
    return Trigger(kind, target, tuple(sorted(given, key=lambda each: each[0])))


def parse_triggers(texts: Sequence[str | Trigger]) -> list[Trigger]:
    """The triggers of one function, in their order. Raises `InvalidParameter`, also where one is given twice."""
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise InvalidParameter(f"triggers is {type(texts).__name__}: use a list of specifications, such as ['sqs:jobs']")
    found = [each if isinstance(each, Trigger) else parse_trigger(each) for each in texts]
    keys = [each.key for each in found]
    for key in keys:
        if keys.count(key) > 1:
            raise InvalidParameter(f"trigger {key!r} is given twice: write it once, with all its options")
    return found


def bucket_and_keys(trigger: Trigger) -> tuple[str, str, str]:
    """Bucket, prefix and suffix of an s3 trigger."""
    bucket, _, pattern = trigger.target.partition("/")
    prefix, _, suffix = pattern.partition("*")
    return bucket, prefix, suffix


def notified_of(trigger: Trigger) -> tuple[list[str], list[dict[str, str]]]:
    """Events and FilterRules of the notification that an s3 trigger is: ``s3:ObjectCreated:*`` unless it says otherwise."""
    _, prefix, suffix = bucket_and_keys(trigger)
    events = str(trigger.get("events") or "ObjectCreated:*").split(",")
    rules = [{"Name": name, "Value": end} for name, end in (("prefix", prefix), ("suffix", suffix)) if end]
    return [f"s3:{event}" for event in events], rules


def method_and_path(trigger: Trigger) -> tuple[str, str]:
    """Method (upper case) and path of an HTTP route."""
    method, _, path = trigger.target.partition(" ")
    return method, path


def _split(text: str) -> tuple[str, str, str]:
    """Kind, target and options of a specification that is none of the wrong ones."""
    if text.startswith("s3:"):
        return _bucket(text)
    if text.startswith("events:"):
        return _pattern(text)
    if text == "url" or text.startswith("url?"):
        return "url", "", text[4:]
    if match := _HTTP.fullmatch(text):
        return "http", f"{match[1].upper()} {match[2]}", match[3] or ""
    if match := _SCHEDULE.fullmatch(text):
        return match[1], _schedule(text, match[1], match[2].strip()), match[3] or ""
    if match := _NAMED.fullmatch(text):
        return match[1], _name(text, match[1], unquote(match[2])), match[3] or ""
    return _refuse_unknown(text)


def _bucket(text: str) -> tuple[str, str, str]:
    place, _, options = text.removeprefix("s3:").partition("?")
    bucket, _, pattern = place.removeprefix("//").partition("/")
    pattern = unquote(pattern)
    if not place.startswith("//"):
        _refuse(text, f"write s3://{place.lstrip('/') or 'BUCKET'}")
    if not _BUCKET.fullmatch(bucket):
        _refuse(text, f"{bucket!r} is no name of a bucket: use 3 to 63 lower-case letters, digits, - and .")
    if pattern.count("*") > 1:
        _refuse(text, f"S3 tells keys by how they begin and end: write one *, as in {EXAMPLES['s3']}")
    if "*" not in pattern:
        if pattern and not pattern.endswith("/"):
            _refuse(
                text, f"write s3://{bucket}/{pattern}* for keys that begin so, or s3://{bucket}/*{pattern} for keys that end so"
            )
        pattern += "*"
    return "s3", f"{bucket}/{pattern}", options


def _pattern(text: str) -> tuple[str, str, str]:
    body = text.removeprefix("events:").lstrip()
    try:
        pattern, end = json.JSONDecoder().raw_decode(body)
    except (ValueError, RecursionError) as error:
        _refuse(text, f"the pattern is not JSON ({error}): write {EXAMPLES['events']}")
    rest = body[end:]
    if not isinstance(pattern, dict) or (rest and not rest.startswith("?")):
        _refuse(text, f"write {EXAMPLES['events']}, options after a question mark")
    return "events", json.dumps(pattern), rest[1:]


def _schedule(text: str, kind: str, expression: str) -> str:
    if kind == "rate":
        match = _RATE.fullmatch(expression)
        if not match or not int(match[1]):
            _refuse(text, "write rate(NUMBER UNIT) with minutes, hours or days: rate(5 minutes), rate(1 hour)")
        if (match[1] == "1") == match[2].endswith("s"):
            unit = match[2].removesuffix("s")
            _refuse(text, f"write rate({match[1]} {unit if match[1] == '1' else unit + 's'})")
    elif kind == "cron" and len(expression.split()) != 6:
        _refuse(text, "write six fields, minutes hours day-of-month month day-of-week year: cron(0 12 * * ? *)")
    elif kind == "at" and not _AT.fullmatch(expression):
        _refuse(text, f"write date and time: {EXAMPLES['at']}")
    return " ".join(expression.split())


def _name(text: str, kind: str, name: str) -> str:
    if name.startswith("//"):
        _refuse(text, f"write {kind}:{name.strip('/')}")
    rule, words = _NAMES[kind]
    if name.startswith("arn:"):
        _refuse(text, f"write the name only: {kind}:{re.split('[:/]', name)[-1]}")
    if not rule.fullmatch(name):
        _refuse(text, f"{name!r} is no name: use {words}, as in {EXAMPLES[kind]}")
    return name


def _refuse_unknown(text: str) -> NoReturn:
    word = re.split(r"[:( /?]", text)[0]
    if text.startswith("$default") or re.match(r"/|https?:", text):
        _refuse(text, f"write method and path for a route ({EXAMPLES['http']}, ANY /{{proxy+}}), or url for a function URL")
    if word.upper() in _METHODS:
        _refuse(text, f"write method and path: {EXAMPLES['http']}")
    if word in KINDS:
        _refuse(text, f"write {EXAMPLES[word]}")
    near = closest(word.lower(), KINDS)
    _refuse(text, f"did you mean {EXAMPLES[near]}?" if near else f"use {', '.join(EXAMPLES.values())}")


def _parts(options: str) -> list[str]:
    """The options of a specification, each ``name=value``; a value that is JSON may have any characters."""
    found, rest = [], options
    while rest:
        name, equals, value = rest.partition("=")
        end = rest.find("&")
        if equals and "&" not in name and value[:1] in ("{", "["):
            try:
                end = rest.find("&", len(name) + 1 + json.JSONDecoder().raw_decode(value)[1])
            except (ValueError, RecursionError):
                end = -1  # said of the whole value
        part, rest = (rest, "") if end < 0 else (rest[:end], rest[end + 1 :])
        found.append(part)
    return found


def _subject(kind: str, target: str) -> str:
    if kind in ("url", "http"):
        return target or kind
    if kind in ("rate", "cron", "at"):
        return f"{kind}({target})"
    if kind == "s3":
        bucket, _, pattern = target.partition("/")
        pattern = _escaped(pattern)
        return f"s3://{bucket}/{pattern}"
    return f"{kind}:{target}"


def _escaped(pattern: str) -> str:
    return pattern.replace("%", "%25").replace("?", "%3F")


def _refuse(text: object, what: str) -> NoReturn:
    raise InvalidParameter(f"trigger {text!r}: {what}")
