"""Events against patterns: AWS's documented cases, and a slow evaluator that says the same."""

from __future__ import annotations

import ipaddress
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from jlambda.model.event_pattern import problem
from jlambda.model.matching import matches

EC2: dict[str, Any] = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "EC2 Instance State-change Notification",
    "source": "aws.ec2",
    "account": "111122223333",
    "time": "2017-12-22T18:43:48Z",
    "region": "us-west-1",
    "resources": ["arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0", "arn:aws:s3:::other"],
    "detail": {
        "instance-id": "i-1234567890abcdef0",
        "state": "running",
        "c-count": 5,
        "d-count": 3,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "service-name": "Simple Queue Service",
        "file": "dir/report.final.PNG",
        "approved": True,
        "eventVersion": "",
        "responseElements": None,
        "tags": [],
        "path": "c:\\logs\\a*b",
        "location": {"city": "Zürich", "floors": [1, [2, 3]]},
        "employees": [{"first": "Anna", "last": "Smith"}, {"first": "Peter", "last": "Jones", "age": 40}],
    },
}


def detail(**members: object) -> dict[str, object]:
    return {"detail": {name.replace("_", "-"): value for name, value in members.items()}}


MATCHING: list[dict[str, Any]] = [
    {"source": ["aws.ec2"]},
    {"source": ["aws.s3", "aws.ec2"]},
    {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]},
    {"source": ["aws.ec2"], "detail": {"state": ["terminated", "running"]}},
    {"resources": ["arn:aws:s3:::other"]},
    {"resources": ["nowhere", "arn:aws:ec2:us-west-1:123456789012:instance/i-1234567890abcdef0"]},
    {"resources": [{"prefix": "arn:aws:ec2"}]},
    {"account": ["111122223333"]},
    {},
    detail(c_count=[5]),
    detail(c_count=[5.0]),
    detail(x_limit=[301.8]),
    detail(x_limit=[3.018e2]),
    detail(approved=[True]),
    detail(eventVersion=[""]),
    detail(responseElements=[None]),
    detail(responseElements=["x", None]),
    # prefix and suffix
    {"time": [{"prefix": "2017-12-22"}]},
    {"time": [{"prefix": ""}]},
    {"source": [{"prefix": {"equals-ignore-case": "AWS."}}]},
    {"region": [{"prefix": "eu"}, {"prefix": "us"}]},
    {"source": [{"suffix": "ec2"}]},
    detail(file=[{"suffix": {"equals-ignore-case": ".png"}}]),
    detail(file=[{"suffix": ".PNG"}]),
    detail(eventVersion=[{"prefix": ""}, {"suffix": ""}]),
    # ignoring case
    {"source": [{"equals-ignore-case": "AWS.EC2"}]},
    detail(location={"city": [{"equals-ignore-case": "ZÜRICH"}]}),
    # anything but
    detail(state=[{"anything-but": "initializing"}]),
    detail(c_count=[{"anything-but": 123}]),
    detail(state=[{"anything-but": ["stopped", "overloaded"]}]),
    detail(x_limit=[{"anything-but": [100, 200, 300]}]),
    detail(state=[{"anything-but": {"prefix": "init"}}]),
    detail(state=[{"anything-but": {"prefix": ["init", "stop"]}}]),
    detail(file=[{"anything-but": {"suffix": ".txt"}}]),
    detail(file=[{"anything-but": {"suffix": [".txt", ".rtf"]}}]),
    detail(state=[{"anything-but": {"equals-ignore-case": "INITIALIZING"}}]),
    detail(state=[{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]),
    detail(file=[{"anything-but": {"wildcard": "*/lib/*"}}]),
    detail(file=[{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]),
    detail(c_count=[{"anything-but": "5"}]),
    detail(approved=[{"anything-but": "x"}]),
    detail(responseElements=[{"anything-but": "x"}]),
    detail(c_count=[{"anything-but": {"prefix": "5"}}]),
    {"resources": [{"anything-but": "arn:aws:s3:::other"}]},
    # numbers
    detail(c_count=[{"numeric": [">", 0, "<=", 5]}]),
    detail(d_count=[{"numeric": ["<", 10]}]),
    detail(x_limit=[{"numeric": ["=", 3.018e2]}]),
    detail(c_count=[{"numeric": [">=", 5]}]),
    detail(c_count=[{"numeric": ["=", 5.0]}]),
    detail(c_count=[{"numeric": [">", 100]}, {"numeric": ["<", 6]}]),
    detail(c_count=[{"numeric": [">=", -5e9, "<", 5e9]}]),
    detail(employees={"age": [{"numeric": [">", 39]}]}),
    # addresses
    detail(source_ip=[{"cidr": "10.0.0.0/24"}]),
    detail(source_ip=[{"cidr": "10.0.0.33/32"}]),
    detail(source_ip=[{"cidr": "10.0.0.200/24"}]),
    detail(source_ip=[{"cidr": "0.0.0.0/0"}]),
    # exists
    detail(state=[{"exists": True}]),
    detail(nothing=[{"exists": False}]),
    detail(responseElements=[{"exists": True}]),
    detail(eventVersion=[{"exists": True}]),
    {"detail": {"nothing": {"deeper": [{"exists": False}]}}},
    detail(location=[{"exists": False}]),
    detail(tags=[{"exists": False}]),
    detail(state={"deeper": [{"exists": False}]}),
    detail(employees={"age": [{"exists": True}]}),
    detail(state=["stopped", {"exists": True}]),
    detail(nothing=[{"exists": False}, "x"]),
    # wildcards
    detail(service_name=[{"wildcard": "Simple*Service"}]),
    detail(service_name=[{"wildcard": "*"}]),
    detail(service_name=[{"wildcard": "Simple Queue Service"}]),
    detail(service_name=[{"wildcard": "*Queue*"}]),
    detail(service_name=[{"wildcard": "S*e*e*e"}]),
    detail(file=[{"wildcard": "dir/*.PNG"}]),
    detail(file=[{"wildcard": "dir/*.final.*"}]),
    detail(path=[{"wildcard": "c:\\\\logs\\\\a\\*b"}]),
    detail(path=[{"wildcard": "c:*\\*b"}]),
    detail(eventVersion=[{"wildcard": "*"}]),
    # or
    {"$or": [{"source": ["aws.s3"]}, {"region": ["us-west-1"]}]},
    {"source": ["aws.ec2"], "$or": [{"detail": {"c-count": [{"numeric": [">", 4]}]}}, {"detail": {"d-count": [9]}}]},
    {"detail": {"$or": [{"c-count": [{"numeric": [">", 9]}]}, {"d-count": [{"numeric": ["<", 10]}]}, {"x-limit": [0]}]}},
    {"$or": [{"source": ["x"]}, {"account": ["x"]}, {"$or": [{"region": ["x"]}, {"version": ["0"]}]}]},
    {"$or": [{"source": ["x"]}, {"version": ["0"]}], "detail": {"$or": [{"state": ["running"]}, {"c-count": [0]}]}},
    {"$or": [{"detail": {"state": ["stopped"]}}, {"detail": {"state": ["running"], "c-count": [5]}}]},
    # arrays and objects
    detail(employees={"first": ["Anna"], "last": ["Smith"]}),
    detail(employees={"first": ["Peter"], "age": [40]}),
    detail(location={"floors": [3]}),
    detail(location={"city": ["Zürich"], "floors": [{"numeric": ["<", 2]}]}),
    {"detail": {"employees": {"last": [{"prefix": "J"}]}, "location": {"floors": [1]}}},
    # several at once
    {
        "time": [{"prefix": "2017-12-22"}],
        "detail": {
            "state": [{"anything-but": "initializing"}],
            "c-count": [{"numeric": [">", 0, "<=", 5]}],
            "d-count": [{"numeric": ["<", 10]}],
            "x-limit": [{"anything-but": [100, 200, 300]}],
            "source-ip": [{"cidr": "10.0.0.0/8"}],
        },
    },
]

OTHERS: list[dict[str, Any]] = [
    {"source": ["aws.s3"]},
    {"source": ["AWS.EC2"]},
    {"source": ["aws.ec2"], "detail": {"state": ["terminated"]}},
    {"nothing": ["x"]},
    {"nothing": [None]},
    {"resources": ["arn:aws:s3:::nowhere"]},
    {"account": [111122223333]},
    {"source": {"deeper": ["x"]}},
    {"detail": ["running"]},
    {"detail": [{"exists": True}]},
    detail(c_count=["5"]),
    detail(approved=["true"]),
    detail(approved=[1]),
    detail(approved=[False]),
    detail(eventVersion=[None]),
    detail(responseElements=["", False, 0]),
    {"time": [{"prefix": "2018"}]},
    {"source": [{"prefix": "AWS"}]},
    detail(c_count=[{"prefix": "5"}]),
    {"source": [{"suffix": "EC2"}]},
    detail(file=[{"suffix": ".png"}]),
    detail(responseElements=[{"suffix": ""}]),
    {"source": [{"equals-ignore-case": "ec2"}]},
    detail(approved=[{"equals-ignore-case": "true"}]),
    detail(state=[{"anything-but": "running"}]),
    detail(state=[{"anything-but": ["running", "stopped"]}]),
    detail(c_count=[{"anything-but": [5, 6]}]),
    detail(c_count=[{"anything-but": 5.0}]),
    detail(state=[{"anything-but": {"prefix": "run"}}]),
    detail(state=[{"anything-but": {"suffix": ["ing", "ed"]}}]),
    detail(state=[{"anything-but": {"equals-ignore-case": "RUNNING"}}]),
    detail(file=[{"anything-but": {"wildcard": "*final*"}}]),
    detail(nothing=[{"anything-but": "x"}]),
    detail(tags=[{"anything-but": "x"}]),
    detail(c_count=[{"numeric": [">", 5]}]),
    detail(c_count=[{"numeric": [">", 0, "<", 5]}]),
    detail(account=[{"numeric": [">", 0]}]),
    detail(approved=[{"numeric": ["=", 1]}]),
    detail(source_ip=[{"cidr": "10.0.1.0/24"}]),
    detail(source_ip=[{"cidr": "2001:db8::/32"}]),
    detail(state=[{"cidr": "0.0.0.0/0"}]),
    detail(state=[{"exists": False}]),
    detail(nothing=[{"exists": True}]),
    detail(location=[{"exists": True}]),
    detail(tags=[{"exists": True}]),
    detail(employees={"age": [{"exists": False}]}),
    detail(service_name=[{"wildcard": "Simple*service"}]),
    detail(service_name=[{"wildcard": "Queue*"}]),
    detail(service_name=[{"wildcard": "Simple Queue Service*Service"}]),
    detail(service_name=[{"wildcard": "Simple Queue Servic"}]),
    detail(path=[{"wildcard": "c:\\\\logs\\\\a\\*"}]),
    detail(c_count=[{"wildcard": "*"}]),
    {"$or": [{"source": ["aws.s3"]}, {"region": ["us-west-2"]}]},
    {"source": ["aws.s3"], "$or": [{"version": ["0"]}, {"account": ["x"]}]},
    {"$or": [{"source": ["aws.ec2"]}, {"account": ["x"]}], "detail": {"$or": [{"state": ["x"]}, {"c-count": [0]}]}},
    detail(employees={"first": ["Anna"], "last": ["Jones"]}),
    detail(employees={"first": ["Anna"], "age": [40]}),
    detail(employees=["Anna"]),
    detail(location={"floors": [4]}),
]


def test_at_least_a_hundred_cases_are_held() -> None:
    """The table is as long as it should be, and all in it are patterns."""
    assert len(MATCHING) + len(OTHERS) >= 100
    assert [(each, found) for each in MATCHING + OTHERS if (found := problem(each)) is not None] == []


@pytest.mark.parametrize("pattern", MATCHING, ids=json.dumps)
def test_an_event_that_matches(pattern: dict[str, Any]) -> None:
    """AWS's own examples and what follows from them."""
    assert matches(pattern, EC2)
    assert evaluate(pattern, EC2)


@pytest.mark.parametrize("pattern", OTHERS, ids=json.dumps)
def test_an_event_that_does_not(pattern: dict[str, Any]) -> None:
    """The same, a little off."""
    assert not matches(pattern, EC2)
    assert not evaluate(pattern, EC2)


@pytest.mark.parametrize("address", ["2001:db8::1", "2001:0DB8:0::ffff"])
def test_addresses_of_version_6(address: str) -> None:
    """A mask holds for both kinds of addresses, in whatever way they are written."""
    assert matches({"ip": [{"cidr": "2001:db8::/32"}]}, {"ip": address})
    assert not matches({"ip": [{"cidr": "2001:db9::/32"}]}, {"ip": address})


def test_a_wildcard_takes_no_time_to_speak_of() -> None:
    """Twenty asterisks on a long text are looked at once, not in every combination."""
    assert not matches({"a": [{"wildcard": "*a" * 20 + "*b"}]}, {"a": "a" * 100_000})


# -- a slow, obvious evaluator: each array is replaced by each of its elements in turn -----------------------------------------


def evaluate(pattern: dict[str, Any], event: object) -> bool:
    """Whether some choice of one element an array makes an event that has all that some choice of `$or` asks for."""
    there = {path for choice in plain(event) for path, _ in leaves(choice)}
    return any(
        all(any(holds(each, dict(leaves(choice)), path, there) for each in one_of) for path, one_of in asked)
        for asked in conjunctions(pattern, ())
        for choice in plain(event)
    )


MISSING = object()


def plain(value: object) -> list[object]:
    """`value` with each array replaced by one element, in every way; without members whose arrays are empty."""
    if isinstance(value, list):
        return [each for element in value for each in plain(element) if each is not MISSING] or [MISSING]
    if isinstance(value, dict):
        choices = [[(name, each) for each in plain(member)] for name, member in value.items()]
        return [{name: each for name, each in choice if each is not MISSING} for choice in itertools.product(*choices)]
    return [value]


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    else:
        yield path, value


Asked = list[tuple[tuple[str, ...], list[Any]]]


def conjunctions(pattern: dict[str, Any], path: tuple[str, ...]) -> Iterator[Asked]:
    """The pattern without `$or`, once for each way to choose from them."""
    parts: list[list[Asked]] = []
    for name, value in pattern.items():
        if name == "$or":
            parts.append([each for alternative in value for each in conjunctions(alternative, path)])
        elif isinstance(value, dict):
            parts.append([*conjunctions(value, (*path, name))])
        else:
            parts.append([[((*path, name), value)]])
    for choice in itertools.product(*parts):
        yield [each for asked in choice for each in asked]


def holds(condition: Any, event: dict[tuple[str, ...], object], path: tuple[str, ...], there: set[tuple[str, ...]]) -> bool:
    if condition == {"exists": False}:
        return path not in there
    if path not in event:
        return False
    value = event[path]
    if not isinstance(condition, dict):
        return json.dumps(condition) == json.dumps(value) or (is_number(condition) and is_number(value) and condition == value)
    ((operator, given_),) = condition.items()
    if operator == "exists":
        return True
    if operator == "anything-but":
        if isinstance(given_, dict):
            ((inner, texts),) = given_.items()
            several = [{inner: each} for each in (texts if isinstance(texts, list) else [texts])]
        else:
            several = given_ if isinstance(given_, list) else [given_]
        return not any(holds(each, event, path, there) for each in several)
    if operator == "numeric":
        pairs = zip(given_[::2], given_[1::2], strict=True)
        return is_number(value) and all(eval(f"{value!r} {'==' if name == '=' else name} {number!r}") for name, number in pairs)
    if not isinstance(value, str):
        return False
    if isinstance(given_, dict):
        given_, value = given_["equals-ignore-case"].casefold(), value.casefold()
    if operator == "cidr":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(given_, strict=False)
        except ValueError:
            return False
    if operator == "equals-ignore-case":
        return bool(value.casefold() == given_.casefold())
    if operator == "wildcard":
        tokens = re.findall(r"\\.|.", given_, re.DOTALL)
        expression = "".join(".*" if token == "*" else re.escape(token[-1]) for token in tokens)
        return re.fullmatch(expression, value, re.DOTALL) is not None
    part = value[: len(given_)] if operator == "prefix" else value[max(len(value) - len(given_), 0) :]
    return bool(part == given_)


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


names = st.sampled_from("abc")
texts = st.text(alphabet="xyXY.", max_size=3)
addresses = st.sampled_from(["10.0.0.1", "10.0.1.7", "x"])
numbers = st.integers(-3, 3) | st.sampled_from([0.5, 1.0, 2.5])
scalars = texts | numbers | addresses | st.booleans() | st.none()
events = st.dictionaries(
    names,
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8),
    max_size=3,
)
wildcards = st.lists(st.sampled_from(["x", "y", "*"]), max_size=5).map("".join).filter(lambda text: "**" not in text)
ranges = st.lists(numbers, min_size=2, max_size=2, unique=True).map(sorted)
either_text = texts | st.builds(lambda text: {"equals-ignore-case": text}, texts)


def one(operator: str, argument: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return argument.map(lambda value: {operator: value})


def one_or_more(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(values, min_size=1, max_size=2)


text_operators = (
    one("prefix", one_or_more(texts))
    | one("suffix", one_or_more(texts))
    | one("equals-ignore-case", one_or_more(texts))
    | one("wildcard", one_or_more(wildcards))
)
conditions = (
    scalars
    | one("prefix", either_text)
    | one("suffix", either_text)
    | one("equals-ignore-case", texts)
    | one("wildcard", wildcards)
    | one("exists", st.booleans())
    | one("cidr", st.sampled_from(["10.0.0.0/24", "10.0.0.0/8"]))
    | one("numeric", st.builds(lambda name, number: [name, number], st.sampled_from(["=", "<", "<=", ">", ">="]), numbers))
    | one("numeric", ranges.map(lambda ends: [">", ends[0], "<=", ends[1]]))
    | one("anything-but", one_or_more(texts) | one_or_more(numbers) | text_operators)
)
patterns = st.recursive(
    st.dictionaries(names, st.lists(conditions, min_size=1, max_size=2), min_size=1, max_size=3),
    lambda inner: (
        st.dictionaries(names, inner, min_size=1, max_size=2)
        | st.builds(lambda both, alternatives: {**both, "$or": alternatives}, inner, st.lists(inner, min_size=2, max_size=3))
    ),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(patterns, events)
@example({"a": {"b": [1]}, "$or": [{"a": {"c": [2]}}, {"a": ["x"]}]}, {"a": [{"b": 1}, {"c": 2}]})
@example({"a": {"b": [{"exists": False}], "c": [1]}}, {"a": [{"c": 1}, {"b": 2}]})
def test_says_what_the_slow_evaluator_says(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    """For any pattern and any event."""
    assert problem(pattern) is None
    assert matches(pattern, event) == evaluate(pattern, event)
