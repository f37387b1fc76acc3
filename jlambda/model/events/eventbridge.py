"""Events of EventBridge: those that are put on a bus, and those of schedules.

https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jlambda.model.arn import Account
from jlambda.model.events.moments import iso_s


def event(
    *,
    source: str,
    detail_type: str,
    detail: object,
    event_id: str,
    at: float,
    account: Account,
    resources: Sequence[str] = (),
) -> dict[str, Any]:
    """One event, as rules match it and functions get it."""
    return {
        "version": "0",
        "id": event_id,
        "detail-type": detail_type,
        "source": source,
        "account": account.id,
        "time": iso_s(at),
        "region": account.region,
        "resources": list(resources),
        "detail": detail,
    }


def scheduled(rule_arn: str, event_id: str, at: float, account: Account) -> dict[str, Any]:
    """What a rule with a schedule sends."""
    return event(
        source="aws.events",
        detail_type="Scheduled Event",
        detail={},
        event_id=event_id,
        at=at,
        account=account,
        resources=[rule_arn],
    )


def scheduler(schedule_arn: str, event_id: str, at: float, account: Account) -> dict[str, Any]:
    """What EventBridge Scheduler sends for a schedule whose target has no Input; its detail is text."""
    return event(
        source="aws.scheduler",
        detail_type="Scheduled Event",
        detail="{}",
        event_id=event_id,
        at=at,
        account=account,
        resources=[schedule_arn],
    )
