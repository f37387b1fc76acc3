"""Records, messages and objects against the filters of Lambda, SNS and S3."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from jlambda.errors import InvalidParameter
from jlambda.model.filters import notified, parsed, patterns_of, subscribed, wanted


def sqs(body: object) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return {"eventSource": "aws:sqs", "body": text, "attributes": {"ApproximateReceiveCount": "1"}}


def kinesis(data: bytes) -> dict[str, Any]:
    content = {"partitionKey": "1", "data": base64.b64encode(data).decode()}
    return {"eventSource": "aws:kinesis", "eventName": "aws:kinesis:record", "kinesis": content}


@pytest.mark.parametrize(
    ("pattern", "record", "is_wanted"),
    [
        ({"body": {"item": ["test24"]}}, sqs({"item": "test24"}), True),
        ({"body": {"item": ["test24"]}}, sqs({"item": "test25"}), False),
        ({"body": {"item": ["test24", "test45"], "test2": ["go"]}}, sqs({"item": "test45", "test2": "go"}), True),
        ({"body": {"test2": [{"exists": True}]}}, sqs({"test2": "7411"}), True),
        ({"body": {"test2": [{"exists": False}]}}, sqs({"test5": "x"}), True),
        ({"body": {"test2": [{"numeric": [">", 100]}]}}, sqs({"test2": 105}), True),
        ({"body": {"test2": [{"numeric": [">", 100]}]}}, sqs("this is a text"), False),
        ({"body": {"test2": [{"numeric": [">=", 100, "<", 200]}]}}, sqs({"test2": 200}), False),
        ({"body": {"test2": [{"prefix": "us-1"}]}}, sqs({"test2": "us-1-48454"}), True),
        ({"body": {"test2": [{"exists": False}]}}, sqs("a text has no members, and is not JSON"), False),
        ({"body": ["a text"]}, sqs("a text"), True),
        ({"body": [{"prefix": "a"}]}, sqs("a text"), True),
        ({"body": ["a text"]}, sqs({"a": "text"}), False),
        ({"body": [{"anything-but": "a text"}]}, sqs({"a": "text"}), False),
        ({"attributes": {"ApproximateReceiveCount": ["1"]}}, sqs("whatever"), True),
        ({"data": {"kind": ["order"]}}, kinesis(b'{"kind": "order"}'), True),
        ({"data": {"kind": ["order"]}}, kinesis(b'{"kind": "other"}'), False),
        ({"data": {"kind": ["order"]}}, kinesis(b"\xff\xfe"), False),
        ({"data": ["text"]}, kinesis(b"text"), True),
        ({"partitionKey": ["1"]}, kinesis(b"\xff"), True),
        ({"partitionKey": ["1"], "data": {"a": [1]}}, kinesis(b'{"a": 2}'), False),
        ({"eventName": ["INSERT"]}, {"eventSource": "aws:dynamodb", "eventName": "INSERT", "dynamodb": {}}, True),
        (
            {"dynamodb": {"NewImage": {"age": {"N": ["41"]}}}},
            {"eventSource": "aws:dynamodb", "dynamodb": {"NewImage": {"age": {"N": "41"}}}},
            True,
        ),
        (
            {"dynamodb": {"NewImage": {"age": {"N": [{"numeric": [">", 40]}]}}}},
            {"eventSource": "aws:dynamodb", "dynamodb": {"NewImage": {"age": {"N": "41"}}}},
            False,
        ),
    ],
)
def test_records_of_event_source_mappings(pattern: dict[str, Any], record: dict[str, Any], is_wanted: bool) -> None:
    """What a producer wrote is compared as JSON with an object and as text with a list; numbers of DynamoDB are text."""
    assert wanted(record, [pattern]) is is_wanted


def test_one_filter_that_matches_is_enough_and_none_wants_all() -> None:
    """Filters are alternatives; no filters at all let every record through."""
    assert wanted(sqs({"a": 1}), [{"body": {"a": [2]}}, {"body": {"a": [1]}}])
    assert wanted(sqs({"a": 1}), [])
    assert patterns_of({"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}) == [{"body": {"a": [1]}}]
    assert patterns_of(None) == patterns_of({}) == []


ATTRIBUTES = {
    "store": {"Type": "String", "Value": "example_corp"},
    "price": {"Type": "Number", "Value": "210.75"},
    "sports": {"Type": "String.Array", "Value": '["rugby", "football", true, null, 7]'},
    "photo": {"Type": "Binary", "Value": "AAAA"},
    "bad": {"Type": "Number", "Value": "many"},
}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"store": ["example_corp"]}, True),
        ({"store": [{"anything-but": "example_corp"}]}, False),
        ({"store": ["x"], "price": [{"numeric": [">", 1]}]}, False),
        ({"price": [{"numeric": ["=", 210.75]}]}, True),
        ({"price": [{"numeric": [">=", 200, "<", 210]}]}, False),
        ({"sports": ["baseball", "rugby"]}, True),
        ({"sports": [7]}, True),
        ({"sports": [None]}, True),
        ({"sports": ["chess"]}, False),
        ({"encrypted": [{"exists": False}]}, True),
        ({"store": [{"exists": True}]}, True),
        ({"photo": [{"exists": True}]}, False),
        ({"bad": [{"numeric": [">", 0]}]}, False),
        ({"$or": [{"store": ["x"]}, {"price": [{"numeric": ["<", 300]}]}]}, True),
        ({"store": [{"suffix": "_corp"}]}, True),
        ({}, True),
        (None, True),
    ],
)
def test_message_attributes(policy: dict[str, Any] | None, expected: bool) -> None:
    """Text, numbers and arrays in attributes; those of binary data are not looked at."""
    assert subscribed(policy, "MessageAttributes", "not looked at", ATTRIBUTES) is expected


def test_attributes_of_sqs_and_of_publish_have_other_names() -> None:
    """DataType and StringValue, as Publish is given them, count the same."""
    given = {"store": {"DataType": "String", "StringValue": "here"}}
    assert subscribed({"store": ["here"]}, "MessageAttributes", "", given)


@pytest.mark.parametrize(
    ("message", "expected"),
    [('{"store": {"name": "a"}}', True), ('{"store": {"name": "b"}}', False), ("text", False), ("[1]", False)],
)
def test_the_body_of_messages(message: str, expected: bool) -> None:
    """A policy on the body is for JSON objects; attributes do not count."""
    assert (
        subscribed({"store": {"name": ["a"]}}, "MessageBody", message, {"store": {"Type": "String", "Value": "a"}}) is expected
    )


PREFIX, SUFFIX = {"Name": "Prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".csv"}


@pytest.mark.parametrize(
    ("name", "key", "events", "rules", "expected"),
    [
        ("ObjectCreated:Put", "in/a.csv", ["s3:ObjectCreated:*"], [PREFIX, SUFFIX], True),
        ("ObjectCreated:Put", "in/a.txt", ["s3:ObjectCreated:*"], [PREFIX, SUFFIX], False),
        ("ObjectCreated:Put", "out/a.csv", ["s3:ObjectCreated:*"], [PREFIX], False),
        ("ObjectCreated:Copy", "a", ["s3:ObjectCreated:Put", "s3:ObjectCreated:Copy"], [], True),
        ("ObjectCreated:Put", "a", ["s3:ObjectRemoved:*"], [], False),
        ("ObjectRemoved:DeleteMarkerCreated", "a", ["s3:ObjectRemoved:Delete"], [], False),
        ("ObjectRemoved:DeleteMarkerCreated", "a", ["s3:ObjectRemoved:*"], [], True),
        ("ObjectCreated:Put", "a", [], [], False),
    ],
)
def test_notifications_of_buckets(name: str, key: str, events: list[str], rules: list[dict[str, str]], expected: bool) -> None:
    """Kinds of events, with an asterisk or without; what a key begins and ends with."""
    assert notified(name, key, events, rules) is expected


def test_what_is_no_pattern_says_why() -> None:
    """The first thing that is wrong, and where it stands."""
    assert parsed('{"a": [1]}') == parsed({"a": [1]}) == {"a": [1]}
    for given, said in [
        ("{", "Event pattern is not valid. Reason: it is not JSON"),
        ({"detail": {"state": "running"}}, 'detail.state must be an array or an object: use ["running"]'),
        ({"a": [{"prefx": "x"}]}, "a: there is no operator 'prefx'; did you mean prefix?"),
        ({"a": [{"numeric": [5]}]}, 'a: numeric takes ["<", 5]'),
        ({"a": []}, "a is an empty array"),
        ({"$or": [{"a": [1]}]}, "$or must be an array of two objects or more"),
        ({"$or": [{"a": [1]}, {"b": [2]}] * 600}, "more than 1,000 combinations"),
    ]:
        with pytest.raises(InvalidParameter) as caught:
            parsed(given)  # type: ignore[arg-type]  # mistakes of all kinds
        assert said in str(caught.value)
