"""Billing: AWS's worked examples, what AWS printed, and the rules that hold for any records."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda import billing
from jlambda.billing import PRICES, Cost, Usage
from jlambda.model.invocation import InvocationRecord
from tests.samples import NOON, a_record

MILLION = 1_000_000

records = st.builds(
    a_record,
    number=st.integers(0, 90 * 86_400),
    function=st.sampled_from(["a", "b", "c"]),
    billed_ms=st.integers(1, 900_000),
    memory_mb=st.integers(128, 10_240),
    ephemeral_storage_mb=st.integers(512, 10_240),
    architecture=st.sampled_from(["x86_64", "arm64"]),
    status=st.sampled_from(["success", "error", "timeout", "out_of_memory", "throttled"]),
)


@pytest.mark.parametrize(
    ("duration_ms", "init_ms", "billed"),
    [
        (3.01, None, 4),
        (2.90, None, 3),
        (3.86, None, 4),
        (3.0, None, 3),
        (92_394.25, None, 92_395),
        (2.46, 413.61, 417),
        (2.37, 423.98, 427),
        (344_356.22, 399.33, 344_756),
        (600_000.0, 516.31, 600_517),
    ],
)
def test_billed_is_what_aws_printed(duration_ms: float, init_ms: float | None, billed: int) -> None:
    """Billed Duration is init and duration together, rounded up: figures of REPORT lines from real accounts, 2025 and 2026."""
    assert billing.billed_ms(duration_ms, init_ms) == billed


@given(st.floats(0, 900_000), st.none() | st.floats(0, 10_000))
def test_billed_is_rounded_up_by_less_than_a_millisecond(duration_ms: float, init_ms: float | None) -> None:
    """A whole number, never less than 1 nor less than what ran (to 10 us), and less than 1 ms above it."""
    billed = billing.billed_ms(duration_ms, init_ms)
    total = duration_ms + (init_ms or 0.0)
    assert isinstance(billed, int)
    assert billed >= 1
    assert total - 0.005001 <= billed < max(total + 1.005001, 1.000001)


@pytest.mark.parametrize(
    ("used", "compute_usd", "request_usd"),
    [
        pytest.param({("app", "x86_64"): Usage(3 * MILLION, 3 * MILLION * 1_536 * 120)}, 2.33, 0.40, id="mobile back end"),
        pytest.param({("f", "x86_64"): Usage(3 * MILLION, 3 * MILLION * 512 * 1_000)}, 18.33, 0.40, id="512 MB, 1 s"),
        pytest.param({("f", "x86_64"): Usage(30 * MILLION, 30 * MILLION * 128 * 200)}, 5.83, 5.80, id="128 MB, 200 ms"),
        pytest.param(
            {
                ("a", "x86_64"): Usage(25 * MILLION, 25 * MILLION * 128 * 200),
                ("b", "x86_64"): Usage(5 * MILLION, 5 * MILLION * 448 * 500),
                ("c", "x86_64"): Usage(2_500_000, 2_500_000 * 1_024 * 1_000),
            },
            63.65,
            6.30,
            id="three functions",
        ),
    ],
)
def test_worked_examples(used: dict[tuple[str, str], Usage], compute_usd: float, request_usd: float) -> None:
    """The monthly charges of the examples on https://aws.amazon.com/lambda/pricing/, after the free tier."""
    bill = billing.bill("2026-11", used)
    free = bill.free_tier
    assert (free.requests, free.gb_seconds) == (MILLION, 400_000)
    requests = sum(each.invocations for each in bill.functions)
    assert (requests - free.requests) * PRICES.request == pytest.approx(request_usd, abs=0.005)
    assert bill.payable_usd == pytest.approx(compute_usd + request_usd, abs=0.01)


def test_storage_over_512_mb_is_charged() -> None:
    """10,240 MB for 3 million times 120 ms are 3,420,000 GB-seconds of storage."""
    bill = billing.bill("2026-11", {("app", "x86_64"): Usage(3 * MILLION, 0, 3 * MILLION * (10_240 - 512) * 120)})
    assert bill.functions[0].cost.storage_usd == pytest.approx(0.1057, abs=0.0001)


def test_one_invocation() -> None:
    """1 GB for 1 s on x86_64: the price of a request and of a GB-second, nothing for 512 MB of storage."""
    cost = billing.cost(a_record(memory_mb=1_024, billed_ms=1_000))
    assert cost == Cost(0.0000002, 0.0000166667, 0.0, 0.0000002 + 0.0000166667, 1.0)


def test_provisioned_environments_have_a_price_of_their_own() -> None:
    """Without tiers and without the free tier: https://aws.amazon.com/lambda/pricing/, provisioned concurrency."""
    ahead = a_record(memory_mb=1_024, billed_ms=1_000, initialization="provisioned-concurrency")
    assert billing.cost(ahead) == Cost(0.0000002, 0.0000097222, 0.0, 0.0000002 + 0.0000097222, 1.0)
    (bill,) = billing.monthly([ahead, a_record(memory_mb=1_024, billed_ms=1_000)])
    assert bill.functions[0].cost.compute_usd == pytest.approx(0.0000097222 + 0.0000166667)
    assert (bill.free_tier.requests, bill.free_tier.gb_seconds) == (1, 1.0)


def test_arm_is_cheaper() -> None:
    """The same on arm64 costs a fifth less."""
    arm, intel = (billing.cost(a_record(architecture=name, billed_ms=1_000)).compute_usd for name in ("arm64", "x86_64"))
    assert arm / intel == pytest.approx(0.8, abs=0.0001)


@pytest.mark.parametrize(
    ("architecture", "gb_seconds", "usd"),
    [
        ("x86_64", 6e9, 100_000.2),
        ("x86_64", 15e9, 100_000.2 + 135_000),
        ("x86_64", 16e9, 100_000.2 + 135_000 + 13_333.4),
        ("arm64", 7.5e9, 100_000.5),
        ("arm64", 18.75e9, 100_000.5 + 135_001.125),
        ("arm64", 19.75e9, 100_000.5 + 135_001.125 + 10_666.7),
    ],
)
def test_each_tier_has_its_price(architecture: str, gb_seconds: float, usd: float) -> None:
    """A tier's price holds for the part of the month's GB-seconds that falls into it."""
    assert billing.compute_usd(gb_seconds, PRICES.tiers[architecture]) == pytest.approx(usd)


def test_functions_share_an_architectures_tiers() -> None:
    """Two functions of 6 billion GB-seconds reach the second tier together and pay the same; arm64 has its own tiers."""
    six = int(6e9) * billing.MB_MS_PER_GB_SECOND
    bill = billing.bill(
        "2026-11", {("a", "x86_64"): Usage(0, six), ("b", "x86_64"): Usage(0, six), ("c", "arm64"): Usage(0, six)}
    )
    a, b, c = (each.cost.compute_usd for each in bill.functions)
    assert a == b == pytest.approx((100_000.2 + 90_000) / 2)
    assert c == pytest.approx(6e9 * 0.0000133334)


def test_throttles_cost_nothing() -> None:
    """What did not run is neither a request nor time."""
    throttled = a_record(status="throttled", billed_ms=0)
    assert billing.cost(throttled) == Cost()
    (bill,) = billing.monthly([throttled])
    assert (bill.total_usd, bill.functions[0].invocations) == (0.0, 0)


def test_months_are_billed_apart() -> None:
    """An invocation belongs to the calendar month, in UTC, in which it started."""
    last, first = 1_796_083_199.9, 1_796_083_200.0  # around midnight, 2026-12-01
    bills = billing.monthly([a_record(started_at=first), a_record(started_at=last), a_record(started_at=NOON)])
    assert [(bill.month, bill.functions[0].invocations) for bill in bills] == [("2026-11", 2), ("2026-12", 1)]


def test_no_records_no_bill() -> None:
    """Without invocations there is nothing to add up."""
    assert billing.monthly([]) == []


@given(st.lists(records), st.randoms(use_true_random=False))
def test_monthly_adds_up(some: list[InvocationRecord], random: object) -> None:
    """In the first tier the bills are the sum of what each invocation costs, in whatever order they come."""
    bills = billing.monthly(some)
    assert math.fsum(bill.total_usd for bill in bills) == pytest.approx(math.fsum(billing.cost(r).total_usd for r in some))
    shuffled = list(some)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert billing.monthly(shuffled) == bills


@given(st.lists(records, min_size=1))
def test_the_free_tier_covers_no_more_than_was_used(some: list[InvocationRecord]) -> None:
    """Its worth is at most the bill, and what is left to pay is never below nothing."""
    for bill in billing.monthly(some):
        assert 0.0 <= bill.payable_usd <= bill.total_usd
        assert bill.free_tier.usd <= bill.total_usd * (1 + 1e-9)
        assert bill.free_tier.requests == sum(each.invocations for each in bill.functions)


@given(records, st.integers(1, 1_000))
def test_more_time_never_costs_less(record: InvocationRecord, more_ms: int) -> None:
    """Cost grows with billed time unless the invocation was throttled."""
    before, after = billing.cost(record), billing.cost(record._replace(billed_ms=record.billed_ms + more_ms))
    assert after.total_usd == before.total_usd == 0 if record.status == "throttled" else after.total_usd > before.total_usd
    assert before.total_usd == pytest.approx(before.request_usd + before.compute_usd + before.storage_usd)


def test_note_names_region_date_and_source() -> None:
    """Whoever sees an amount can see whose prices it is made of."""
    text = billing.note(billing.monthly([a_record()]))
    assert "us-east-1" in text
    assert PRICES.date in text
    assert "https://aws.amazon.com/lambda/pricing/" in text
    assert "\n" not in text
