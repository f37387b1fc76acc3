"""API keys and usage plans."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jlambda.model.http.throttle import Limits
from jlambda.model.http.usage_plan import Quota, api_keys, day_of

KEYS = [{"id": "k1", "value": "one", "enabled": True}, {"id": "k2", "value": "two", "enabled": False}]
PLANS: list[dict[str, Any]] = [
    {
        "id": "p",
        "apiStages": [{"apiId": "a", "stage": "prod", "throttle": {"/items/GET": {"rateLimit": 1.0, "burstLimit": 2}}}],
        "throttle": {"rateLimit": 10, "burstLimit": 20},
        "quota": {"limit": "5", "period": "DAY", "offset": 1},
    },
    {"id": "q", "apiStages": [{"apiId": "b", "stage": "prod"}]},
]


def test_a_key_opens_the_stages_of_its_plans() -> None:
    """And no others; one that is disabled opens nothing."""
    keys = api_keys(KEYS, PLANS, {"p": [{"id": "k1"}, {"id": "k2"}]})
    plan = keys["one"].plan_of(("a", "prod"))
    assert plan is not None and plan.quota == Quota(5, "DAY", 1)
    assert keys["one"].plan_of(("b", "prod")) is None and keys["two"].plan_of(("a", "prod")) is None


def test_a_method_may_have_limits_of_its_own() -> None:
    """The plan's are for all others; one without has none."""
    keys = api_keys(KEYS, PLANS, {"p": [{"id": "k1"}], "q": [{"id": "k1"}]})
    plan, other = keys["one"].plans
    assert plan.limits_of(("a", "prod"), "GET /items") == Limits(1.0, 2)
    assert plan.limits_of(("a", "prod"), "POST /items") == Limits(10.0, 20)
    assert other.limits_of(("b", "prod"), "GET /") is None


@pytest.mark.parametrize(("period", "begin"), [("DAY", "2026-11-28"), ("WEEK", "2026-11-23"), ("MONTH", "2026-11-01")])
def test_a_quota_is_of_a_period(period: str, begin: str) -> None:
    """Of UTC; a week begins on Monday."""
    assert str(Quota(1, period).begin(day_of(1_795_824_000.0 + 86_399))) == begin


def test_what_is_left_of_a_quota() -> None:
    """What was used in the period of a day, up to that day; the offset counts in the first period alone."""
    quota, used = Quota(10, "MONTH", 2), {"2026-10-31": 9, "2026-11-01": 3, "2026-11-28": 2, "2026-11-29": 1}
    october, november = date(2026, 10, 1), date(2026, 11, 1)
    assert quota.left(date(2026, 11, 28), used, november) == 3
    assert quota.left(date(2026, 11, 28), used, october) == 5
    assert quota.left(date(2026, 11, 29), used, october) == 4
    assert quota.left(date(2026, 10, 31), used, october) == -1
