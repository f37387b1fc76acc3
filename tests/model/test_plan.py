"""When schedules are due, and what is missed of them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.plan import COUNTED, Occurrence, Plan, parsed, with_context

T0 = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
DAY_S = 86_400.0


def plan(expression: str, *, is_rule: bool = False, since: float = T0, **members: Any) -> Plan:
    return Plan("arn:s", is_rule, {"ScheduleExpression": expression, **members}, T0, since)


def seen_to(given: Plan, occurrence: Occurrence) -> Plan:
    return dataclasses.replace(given, since=occurrence.at)


def test_what_is_due_is_sent_once_each_time() -> None:
    """Looked at each minute, a schedule is due at its times and at no other."""
    current, sent = plan("rate(5 minutes)"), []
    for minute in range(31):
        if (found := current.due(T0 + 60 * minute)) is not None:
            assert found.missed == 0
            sent.append((found.at - T0) / 60)
            current = seen_to(current, found)
    assert sent == [5, 10, 15, 20, 25, 30]


def test_what_was_missed_is_sent_once() -> None:
    """The latest of the times that have come, and how many there were before it."""
    current = plan("cron(0 12 * * ? *)")
    found = current.due(T0 + 3 * DAY_S)
    assert found == Occurrence(T0 + 2.5 * DAY_S, missed=2)
    assert seen_to(current, found).due(T0 + 3 * DAY_S) is None


@pytest.mark.parametrize("expression", ["rate(1 minute)", "cron(* * * * ? *)"])
def test_a_year_of_minutes_is_missed_at_once(expression: str) -> None:
    """Not each of half a million is looked at, and yet the latest is found."""
    found = plan(expression).due(T0 + 365 * DAY_S + 30)
    assert found == Occurrence(T0 + 365 * DAY_S, missed=COUNTED)


@settings(deadline=None)
@given(st.sampled_from(["rate(7 minutes)", "cron(0/20 8-9 ? * MON-FRI *)", "cron(30 1 L * ? *)"]), st.floats(0, 400 * DAY_S))
def test_the_latest_is_the_latest(expression: str, later: float) -> None:
    """Whatever the time, nothing is due between what is sent and now."""
    current, now = plan(expression), T0 + later
    found = current.due(now)
    if found is None:
        following = current.next_due()
        assert following is not None and following > now
    else:
        assert T0 < found.at <= now
        following = seen_to(current, found).next_due()
        assert following is not None and following > now


def test_flexible_windows() -> None:
    """Sent somewhere in the window, at the same place each time it is looked at, and once."""
    current = plan("cron(0 12 * * ? *)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60})
    due = current.next_due()
    noon = T0 + DAY_S / 2
    assert due is not None and noon <= due < noon + 3_600
    assert current.next_due() == due
    assert current.due(due - 1) is None
    assert current.due(due) == Occurrence(noon)
    following = seen_to(current, Occurrence(noon)).next_due()
    assert following is not None and noon + DAY_S <= following < noon + DAY_S + 3_600


def test_start_and_end() -> None:
    """Not before the one, not after the other; a rate begins at its start."""
    members: dict[str, Any] = {"StartDate": T0 + 600, "EndDate": T0 + 1_200}
    current, sent = plan("rate(5 minutes)", **members), []
    while (due := current.next_due()) is not None:
        sent.append(due - T0)
        current = seen_to(current, Occurrence(due))
    assert sent == [600, 900, 1_200]
    assert plan("cron(0 * * * ? *)", StartDate=T0 + 3_600).next_due() == T0 + 3_600
    assert plan("cron(0 * * * ? *)", StartDate=T0 + 3_601).next_due() == T0 + 7_200
    assert plan("cron(0 * * * ? *)", EndDate=T0 + 3_599).next_due() is None


def test_what_is_over_and_what_is_disabled() -> None:
    """One-time schedules are deleted once they are sent, if that was asked for; disabled ones are not due."""
    once = plan("at(2026-01-01T01:00:00)", ActionAfterCompletion="DELETE")
    assert not once.is_over
    assert seen_to(once, Occurrence(T0 + 3_600)).is_over
    assert not seen_to(plan("at(2026-01-01T01:00:00)"), Occurrence(T0 + 3_600)).is_over
    assert plan("rate(1 minute)", State="DISABLED").next_due() is None
    assert plan("rate(1 minute)", State="DISABLED").due(T0 + DAY_S) is None


def test_time_zones() -> None:
    """Those of the schedule; one that there is not is refused, and never due."""
    assert plan("cron(0 12 * * ? *)", ScheduleExpressionTimezone="America/New_York").next_due() == T0 + 17 * 3_600
    with pytest.raises(InvalidParameter, match="Nowhere/Land"):
        parsed(plan("rate(1 minute)", ScheduleExpressionTimezone="Nowhere/Land"))
    assert plan("rate(1 minute)", ScheduleExpressionTimezone="Nowhere/Land").next_due() is None


def test_rules_are_held_to_their_own_words() -> None:
    """What a rule does not take is not due, should a service have taken it."""
    assert plan("rate(1 minutes)").next_due() == T0 + 60
    assert plan("rate(1 minutes)", is_rule=True).next_due() is None


def test_context_attributes() -> None:
    """What an Input may say of its schedule."""
    text = '{"t": "<aws.scheduler.scheduled-time>", "a": "<aws.scheduler.schedule-arn>", "e": "<aws.scheduler.execution-id>"}'
    assert with_context(text, plan("rate(1 day)"), T0, "e1") == '{"t": "2026-01-01T00:00:00Z", "a": "arn:s", "e": "e1"}'
