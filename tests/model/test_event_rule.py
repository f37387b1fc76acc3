"""Rules, and what they send to their targets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.model.event_rule import RetryPolicy, Rule, Target, retry_at, rule_of, target_input, transformed

EVENT: dict[str, Any] = {
    "id": "1",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "detail": {"name": 'Ada "the first"', "n": 5, "items": [{"sku": "a"}, {"sku": "b"}], "none": None, "deep": {"x": [1]}},
}
RULE = Rule("r", "default", "arn:aws:events:us-east-1:123456789012:rule/r", {"source": ["shop"]}, None, True)


def sent(**members: object) -> Any:
    target = Target("arn:aws:lambda:us-east-1:123456789012:function:f", members)
    return json.loads(target_input(target, EVENT, RULE, "2026-01-01T00:00:01Z"))


def test_the_event_itself() -> None:
    """Nothing said: all of it."""
    assert sent() == EVENT


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.detail", EVENT["detail"]),
        ("$.detail.n", 5),
        ("$.detail.items[1].sku", "b"),
        ("$.detail.items[*].sku", ["a", "b"]),
        ("$.detail['deep'].x", [1]),
        ("$.detail.missing", None),
        ("$.detail.items[7]", None),
        ("$", EVENT),
    ],
)
def test_a_part_of_the_event(path: str, expected: object) -> None:
    """InputPath names it."""
    assert sent(InputPath=path) == expected


def test_something_else() -> None:
    """Input is sent as it is."""
    assert sent(Input='{"always": "this"}') == {"always": "this"}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            '{"who": <name>, "n": <n>, "all": <items>}',
            {"who": EVENT["detail"]["name"], "n": 5, "all": EVENT["detail"]["items"]},
        ),
        ('{"text": "<name> has <n>"}', {"text": 'Ada "the first" has 5'}),
        ('"<name> has <n>"', 'Ada "the first" has 5'),
        ('"first: <n>"\n"second: <items>"', 'first: 5\nsecond: [{"sku": "a"}, {"sku": "b"}]'),
        ('{"a": <missing>, "b": "x<missing>y", "c": <none>}', {"a": None, "b": "xy", "c": None}),
        ('{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>}', {"rule": "r", "arn": RULE.arn}),
        ('{"at": <aws.events.event.ingestion-time>}', {"at": "2026-01-01T00:00:01Z"}),
        ('{"event": <aws.events.event.json>}', {"event": EVENT}),
        ('{"event": <aws.events.event>}', {"event": {name: EVENT[name] for name in ("id", "source", "time")}}),
        ('{"plain": "a < b > c", "other": "<unknown>"}', {"plain": "a < b > c", "other": "<unknown>"}),
    ],
)
def test_a_template(template: str, expected: object) -> None:
    """Values without quotes are JSON, within quotes text; lines of text are put together."""
    paths = {"name": "$.detail.name", "n": "$.detail.n", "items": "$.detail.items", "none": "$.detail.none"}
    transformer = {"InputPathsMap": {**paths, "missing": "$.detail.missing"}, "InputTemplate": template}
    assert sent(InputTransformer=transformer) == expected


@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_fits_into_a_template(value: Any) -> None:
    """Whatever stands in the event, what is sent is JSON, and the value is in it."""
    made = json.loads(transformed('{"json": <v>, "text": "[<v>]"}', {"v": value}))
    assert made["json"] == value
    assert made["text"] == f"[{value if isinstance(value, str) else json.dumps(value)}]"


def test_a_rule_of_the_api() -> None:
    """As ListRules and ListTargetsByRule tell it."""
    members = {"Name": "r", "Arn": "arn:r", "EventPattern": '{"source": ["shop"]}', "State": "ENABLED", "EventBusName": "b"}
    targets = [{"Id": "1", "Arn": "arn:q", "SqsParameters": {"MessageGroupId": "g"}, "DeadLetterConfig": {"Arn": "arn:dlq"}}]
    rule = rule_of(members, targets)
    assert rule.wants(EVENT) and rule.bus == "b"
    assert not rule_of({**members, "State": "DISABLED"}, []).wants(EVENT)
    assert not rule_of({**members, "EventPattern": None, "ScheduleExpression": "rate(1 day)"}, []).wants(EVENT)
    assert (rule.targets[0].message_group, rule.targets[0].dead_letter_arn) == ("g", "arn:dlq")


@given(st.integers(0, 185), st.integers(60, 86_400))
def test_a_retry_policy_ends(retries: int, age_s: int) -> None:
    """After so many retries at the latest, none of them later than the age allows, each after a longer time than the last."""
    now, times = 1_000.0, list[float]()
    while isinstance(at := retry_at(RetryPolicy(retries, age_s), 1_000.0, len(times), now), float):
        times.append(now := at)
    assert at == ("MaximumRetryAttempts" if len(times) == retries else "MaximumEventAgeInSeconds")
    assert len(times) <= retries and all(each <= 1_000.0 + age_s for each in times)
    waits = [later - earlier for earlier, later in zip([1_000.0, *times], times, strict=False)]
    assert waits == sorted(waits)


def test_a_target_says_how_often_it_is_tried_again() -> None:
    """Otherwise 185 times within a day."""
    assert Target("arn", {}).retry_policy == RetryPolicy(185, 86_400)
    given = {"RetryPolicy": {"MaximumRetryAttempts": 0}}
    assert Target("arn", given).retry_policy == RetryPolicy(0, 86_400)
