"""Trigger specifications: every kind, its options, what is wrong with one, and back to text."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.trigger import EXAMPLES, KINDS, Trigger, bucket_and_keys, method_and_path, parse_trigger, parse_triggers
from jlambda.model.trigger_options import OPTIONS, Value


@pytest.mark.parametrize(
    ("text", "kind", "target"),
    [
        ("s3://uploads/*.csv", "s3", "uploads/*.csv"),
        ("s3://uploads", "s3", "uploads/*"),
        ("s3://uploads/in/", "s3", "uploads/in/*"),
        ("s3://b-1.x/in/%3F*%25", "s3", "b-1.x/in/?*%"),
        ("sqs:jobs", "sqs", "jobs"),
        ("sqs:orders.fifo", "sqs", "orders.fifo"),
        ("dynamodb:my.table-1", "dynamodb", "my.table-1"),
        ("kinesis:clicks", "kinesis", "clicks"),
        ("sns:news", "sns", "news"),
        ("rate(5 minutes)", "rate", "5 minutes"),
        ("rate(1 hour)", "rate", "1 hour"),
        ("cron(0 12 * * ? *)", "cron", "0 12 * * ? *"),
        ("cron(0  12 * * ? *)?timezone=Europe/Berlin", "cron", "0 12 * * ? *"),
        ("at(2027-01-01T09:00:00)", "at", "2027-01-01T09:00:00"),
        ('events:{"source": ["my.app"]}', "events", '{"source": ["my.app"]}'),
        ('events:{"a":[{"wildcard":"x?y&z"}]}?bus=orders', "events", '{"a": [{"wildcard": "x?y&z"}]}'),
        ("GET /items/{id}", "http", "GET /items/{id}"),
        ("any  /{proxy+}", "http", "ANY /{proxy+}"),
        ("url", "url", ""),
        ("url?auth=aws_iam", "url", ""),
        ("logs:/aws/lambda/other", "logs", "/aws/lambda/other"),
    ],
)
def test_each_kind_has_its_form(text: str, kind: str, target: str) -> None:
    """A specification is taken apart, and what is written of it means the same."""
    trigger = parse_trigger(text)
    assert (trigger.kind, trigger.target) == (kind, target)
    assert parse_trigger(str(trigger)) == trigger
    assert parse_trigger(trigger.key).key == trigger.key


def test_the_examples_are_specifications() -> None:
    """What an error tells to write can be written, but for names that stand for the user's own."""
    for kind, text in EXAMPLES.items():
        assert parse_trigger(text.replace("BUCKET", "bucket")).kind == kind


def test_options_are_values() -> None:
    """Numbers, flags, words and JSON, in the order of their names; those that may be repeated stay all."""
    text = 'sqs:jobs?window=2&batch_size=5&report-failures&filter={"body":["a&b=?"]}&filter={"body":[1]}&disabled=false'
    trigger = parse_trigger(text)
    assert (trigger.get("batch_size"), trigger.get("window"), trigger.get("report_failures")) == (5, 2, True)
    assert trigger.all("filter") == ('{"body": ["a&b=?"]}', '{"body": [1]}')
    assert trigger.get("disabled") is False
    assert trigger.get("max_concurrency") is None
    assert [name for name, _ in trigger.options] == sorted(name for name, _ in trigger.options)
    stream = parse_trigger("kinesis:s?start=2027-01-01T09:00:00Z&retries=-1&max_age=60&parallel=10")
    assert stream.options == (("max_age", 60), ("parallel", 10), ("retries", -1), ("start", "2027-01-01T09:00:00Z"))
    assert parse_trigger("dynamodb:table?view=keys_only&start=latest").get("view") == "KEYS_ONLY"
    assert parse_trigger("s3://b-b/*?events=ObjectRemoved:*").get("events") == "ObjectRemoved:*"
    assert parse_trigger("rate(1 day)?input=[1, 2]").get("input") == "[1, 2]"
    assert parse_trigger("logs:group?filter=%7B $.level = %22ERROR%22 }").get("filter") == '{ $.level = "ERROR" }'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write what starts the function: s3://BUCKET/PREFIX*SUFFIX, sqs:QUEUE"),
        ("sqs", "write sqs:QUEUE"),
        ("sqs://jobs", "write sqs:jobs"),
        ("sqs:", "'' is no name: use letters, digits, - and _, and .fifo at the end, as in sqs:QUEUE"),
        ("sqs:arn:aws:sqs:us-east-1:123456789012:jobs", "write the name only: sqs:jobs"),
        ("dynamodb:ab", "'ab' is no name: use 3 to 255"),
        ("sq:jobs", "did you mean sqs:QUEUE?"),
        ("cake", "use s3://BUCKET/PREFIX*SUFFIX, sqs:QUEUE"),
        ("s3:uploads/*.csv", "write s3://uploads/*.csv"),
        ("s3://Uploads/*", "'Uploads' is no name of a bucket"),
        ("s3://uploads/*/in/*", "write one *"),
        ("s3://uploads/x.csv", "write s3://uploads/x.csv* for keys that begin so, or s3://uploads/*x.csv for keys that end so"),
        ("rate(5)", "write rate(NUMBER UNIT)"),
        ("rate(0 minutes)", "write rate(NUMBER UNIT)"),
        ("rate(1 minutes)", "write rate(1 minute)"),
        ("rate(5 minute)", "write rate(5 minutes)"),
        ("rate 5 minutes", "write rate(5 minutes)"),
        ("cron(0 12 * * ?)", "write six fields"),
        ("at(tomorrow)", "write date and time: at(2027-01-01T09:00:00)"),
        ("events:my.app", "the pattern is not JSON"),
        ("events:[1]", 'write events:{"source": ["my.app"]}'),
        ('events:{"a": [1]}bus=x', 'write events:{"source": ["my.app"]}, options after a question mark'),
        ("GET", "write method and path: GET /items/{id}"),
        ("/items", "write method and path for a route (GET /items/{id}, ANY /{proxy+}), or url for a function URL"),
        ("sqs:jobs?batchsize=5", "sqs has no option 'batchsize'; did you mean batch_size? (there are batch_size, window"),
        ("sqs:jobs?batch_size=0", "batch_size is '0'; use a whole number from 1 to 10000"),
        ("sqs:jobs?batch_size", "batch_size has no value; use a whole number from 1 to 10000"),
        ("sqs:jobs?batch_size=5&batch_size=6", "batch_size is given twice: give it once"),
        ("sqs:jobs?report_failures=perhaps", "use nothing (which is true), true or false"),
        ('sqs:jobs?filter={"body": "x"}', "use a pattern"),
        ('sqs:jobs?filter={"body"', "use a pattern"),
        ("kinesis:s?retries=-2", "use a whole number from 0 to 10000, or -1"),
        ("kinesis:s?start=monday", "use TRIM_HORIZON, LATEST or a time"),
        ("kinesis:s?on_failure=dead", "use sqs:QUEUE, sns:TOPIC or s3:BUCKET, or the ARN of one"),
        ("dynamodb:table?view=ALL", "use NEW_AND_OLD_IMAGES, NEW_IMAGE, OLD_IMAGE or KEYS_ONLY"),
        ("sns:t?filter=[1]", "use a JSON object"),
    ],
)
def test_a_wrong_one_is_told_what_to_write(text: str, told: str) -> None:
    """One line, with the specification in it."""
    with pytest.raises(InvalidParameter) as caught:
        parse_trigger(text)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"trigger {text!r}: ") and "\n" not in str(caught.value)


def test_a_function_has_a_trigger_once() -> None:
    """Options apart; and what is no list of specifications is refused."""
    assert [each.kind for each in parse_triggers(["url", parse_trigger("sqs:jobs"), "rate(1 day)"])] == ["url", "sqs", "rate"]
    with pytest.raises(InvalidParameter, match="'sqs:jobs' is given twice: write it once, with all its options"):
        parse_triggers(["sqs:jobs", "sqs:jobs?window=2"])
    with pytest.raises(InvalidParameter, match=r"triggers is str: use a list of specifications, such as \['sqs:jobs'\]"):
        parse_triggers("sqs:jobs")


def test_targets_are_taken_apart() -> None:
    """Buckets and keys, methods and paths."""
    assert bucket_and_keys(parse_trigger("s3://uploads/in/*.csv")) == ("uploads", "in/", ".csv")
    assert bucket_and_keys(parse_trigger("s3://uploads")) == ("uploads", "", "")
    assert method_and_path(parse_trigger("get /items/{id}")) == ("GET", "/items/{id}")


_names = st.text("abcXYZ019_-", min_size=3, max_size=40)
_keys = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), max_size=12)
_json = st.recursive(st.integers() | st.text(max_size=8), lambda inner: st.dictionaries(st.text(max_size=4), inner, max_size=3))
_targets = {
    "s3": st.builds(lambda a, b: f"bucket/{a}*{b}", _keys, _keys).filter(lambda text: text == text.strip()),
    **dict.fromkeys(("sqs", "dynamodb", "kinesis", "sns", "logs"), _names),
    "rate": st.integers(2, 999).map(lambda count: f"{count} minutes"),
    "cron": st.just("0 12 * * ? *"),
    "at": st.datetimes().map(lambda time: time.replace(microsecond=0).isoformat()),
    "events": st.dictionaries(st.text(max_size=4), _json, max_size=3).map(json.dumps),
    "http": st.text("az{}+/", max_size=20).map("GET /".__add__),
    "url": st.just(""),
}
_VALUES: dict[str, st.SearchStrategy[Value]] = {
    "batch_size": st.integers(1, 10_000),
    "window": st.integers(0, 300),
    "report_failures": st.booleans(),
    "disabled": st.booleans(),
    "input": _json.map(json.dumps),
    "events": st.sampled_from(["ObjectCreated:*", "ObjectCreated:Put,ObjectRemoved:*"]),
    "auth": st.sampled_from(["NONE", "AWS_IAM"]),
    "api": st.text(st.characters(exclude_categories=["Cs", "Z", "C"]), min_size=1),
    "start": st.datetimes().map(str),
    "timezone": st.sampled_from(["Europe/Berlin", "Etc/GMT+5"]),
}


@st.composite
def triggers(draw: st.DrawFn) -> Trigger:
    """Any trigger, with some of the options that its kind has."""
    kind = draw(st.sampled_from(KINDS))
    names = draw(st.lists(st.sampled_from(sorted(OPTIONS[kind])), unique=True))
    options = tuple((name, draw(_VALUES[name])) for name in sorted(names) if name in _VALUES)
    return Trigger(kind, draw(_targets[kind]), options)


@given(triggers())
def test_what_is_written_is_read_back(trigger: Trigger) -> None:
    """Whatever characters a target or a value has."""
    assert parse_trigger(str(trigger)) == trigger


@given(
    st.text(max_size=40)
    | st.sampled_from(sorted(EXAMPLES.values())).flatmap(lambda text: st.text(max_size=9).map(text.__add__))
)
def test_any_text_is_a_trigger_or_refused_in_one_line(text: str) -> None:
    """Nothing else is ever raised, and what is taken is written as what means the same."""
    try:
        trigger = parse_trigger(text)
    except InvalidParameter as error:
        assert "\n" not in str(error)
    else:
        assert parse_trigger(str(trigger)) == trigger
