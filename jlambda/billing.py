"""What invocations would have cost on AWS, at AWS's list prices.

Pure: records go in, amounts come out. Knows nothing of AWS accounts, discounts or savings plans, and never looks
prices up: `PRICES` says which region and day they are from.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from jlambda.model.invocation import PROVISIONED, InvocationRecord

MB_MS_PER_GB_SECOND = 1_024 * 1_000
# https://aws.amazon.com/lambda/pricing/: 512 MB of ephemeral storage cost nothing
FREE_STORAGE_MB = 512


class Tier(NamedTuple):
    """A price that holds up to an amount of GB-seconds in a calendar month."""

    up_to_gb_seconds: float
    usd_per_gb_second: float


@dataclass(frozen=True, slots=True, eq=False)
class PriceList:
    """One region's prices, in `currency`: a request, a GB-second of memory by architecture and tier, one of storage, and a
    GB of memory restored from a snapshot. (AWS also bills the time for which it keeps the snapshot of a version.)

    `provisioned_gb_second` is the price of a GB-second in a provisioned environment, which has no tiers; `free_requests`
    and `free_gb_seconds` are what AWS's free tier covers a month, both architectures together.
    """

    region: str
    date: str
    sources: tuple[str, ...]
    currency: str
    request: float
    tiers: Mapping[str, tuple[Tier, ...]]
    storage_gb_second: float
    provisioned_gb_second: Mapping[str, float]
    restored_gb: float
    free_requests: int
    free_gb_seconds: float


PRICES = PriceList(
    region="us-east-1",
    date="2026-08-21",
    sources=(
        "https://aws.amazon.com/lambda/pricing/",
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AWSLambda/current/us-east-1/index.csv",
    ),
    currency="USD",
    request=0.000_000_2,
    tiers={
        "x86_64": (Tier(6e9, 0.0000166667), Tier(15e9, 0.000015), Tier(math.inf, 0.0000133334)),
        "arm64": (Tier(7.5e9, 0.0000133334), Tier(18.75e9, 0.0000120001), Tier(math.inf, 0.0000106667)),
    },
    storage_gb_second=0.0000000309,
    provisioned_gb_second={"x86_64": 0.0000097222, "arm64": 0.0000077778},
    restored_gb=0.0001397998,
    free_requests=1_000_000,
    free_gb_seconds=400_000.0,
)


class Cost(NamedTuple):
    """What one invocation, or several, cost before the free tier; `gb_seconds` are those of memory.

    `restore_usd` is for the restores of snapshots, but for their duration, which is in `compute_usd`.
    """

    request_usd: float = 0.0
    compute_usd: float = 0.0
    storage_usd: float = 0.0
    total_usd: float = 0.0
    gb_seconds: float = 0.0
    restore_usd: float = 0.0


class Usage(NamedTuple):
    """What is billed: requests, memory over time, ephemeral storage above 512 MB over time, memory restored.

    In MB, and MB times billed ms, which are whole numbers: sums are exact, in any order. What ran in provisioned
    environments is counted in the two named so, its memory there alone.
    """

    requests: int = 0
    memory_mb_ms: int = 0
    storage_mb_ms: int = 0
    provisioned_requests: int = 0
    provisioned_mb_ms: int = 0
    restored_mb: int = 0

    @property
    def gb_seconds(self) -> float:
        """GB-seconds of memory that have tiers and a free tier: those of on-demand environments."""
        return self.memory_mb_ms / MB_MS_PER_GB_SECOND

    @property
    def provisioned_gb_seconds(self) -> float:
        """GB-seconds of memory in provisioned environments."""
        return self.provisioned_mb_ms / MB_MS_PER_GB_SECOND


class FreeTier(NamedTuple):
    """The part of a month's usage that AWS's free tier would cover, and its worth at first-tier prices."""

    requests: int
    gb_seconds: float
    usd: float


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """One function's share of a month."""

    function: str
    invocations: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class MonthlyBill:
    """A calendar month (UTC, ``"2026-11"``) of one account and region, before the free tier."""

    month: str
    functions: tuple[FunctionCost, ...]
    total_usd: float
    free_tier: FreeTier

    @property
    def payable_usd(self) -> float:
        """What is left to pay where nothing else uses the free tier."""
        return max(0.0, self.total_usd - self.free_tier.usd)


def billed_ms(duration_ms: float, init_ms: float | None, billed_restore_ms: int = 0) -> int:
    """Milliseconds that are billed: init or restore and duration together, rounded up, at least 1.

    Init is billed since 2025-08-01 (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/).
    REPORT shows 10 us and no more, so what is finer is not rounded up: 3.000001 ms are 3 ms.
    """
    return max(1, math.ceil(round((init_ms or 0.0) + duration_ms, 2))) + billed_restore_ms


def billed_restore_ms(runtime_ms: float) -> int:
    """Milliseconds of a restore that are billed: what the runtime took, with its hooks, rounded up.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-monitoring.html
    """
    return math.ceil(round(runtime_ms, 2))


def usage(record: InvocationRecord) -> Usage:
    """What one invocation is billed for: nothing if it was throttled."""
    if record.status == "throttled":
        return Usage()
    memory = record.memory_mb * record.billed_ms
    storage = max(0, record.ephemeral_storage_mb - FREE_STORAGE_MB) * record.billed_ms
    restored_mb = 0 if record.restore_ms is None else record.memory_mb
    if record.initialization == PROVISIONED:
        return Usage(1, 0, storage, 1, memory)
    return Usage(1, memory, storage, restored_mb=restored_mb)


def cost(record: InvocationRecord, prices: PriceList = PRICES) -> Cost:
    """What one invocation costs at first-tier prices, in US dollars."""
    return _priced(usage(record), prices.tiers[record.architecture][0].usd_per_gb_second, record.architecture, prices)


class Totals:
    """What invocations cost, one by one: many cost the same, and each of those is worked out once."""

    def __init__(self, prices: PriceList = PRICES) -> None:
        self._prices = prices
        self._known: dict[tuple[object, ...], float] = {}

    def of(self, record: InvocationRecord) -> float:
        """The total of one invocation at first-tier prices, in US dollars."""
        key = (
            record.billed_ms,
            record.memory_mb,
            record.ephemeral_storage_mb,
            record.architecture,
            record.status,
            record.initialization,
            record.restore_ms is not None,
        )
        total = self._known.get(key)
        if total is None:
            total = self._known[key] = cost(record, self._prices).total_usd
        return total


def compute_usd(gb_seconds: float, tiers: tuple[Tier, ...]) -> float:
    """The price of a month's GB-seconds on one architecture: each tier's price holds for what falls into it."""
    usd = floor = 0.0
    for ceiling, price in tiers:
        usd += max(0.0, min(gb_seconds, ceiling) - floor) * price
        floor = ceiling
    return usd


def bill(month: str, used: Mapping[tuple[str, str], Usage], prices: PriceList = PRICES) -> MonthlyBill:
    """The bill for what each (function, architecture) used in one month.

    Tiers hold for an architecture's functions together; each function pays its share of the GB-seconds.
    """
    by_architecture: dict[str, Usage] = defaultdict(Usage)
    for (_, architecture), part in used.items():
        by_architecture[architecture] = _both(by_architecture[architecture], part)
    functions: dict[str, FunctionCost] = {}
    for (name, architecture), part in sorted(used.items()):
        before = functions.get(name, FunctionCost(name, 0, Cost()))
        total = by_architecture[architecture].gb_seconds
        rate = compute_usd(total, prices.tiers[architecture]) / total if total else 0.0
        summed = Cost(*map(float.__add__, before.cost, _priced(part, rate, architecture, prices)))
        functions[name] = FunctionCost(name, before.invocations + part.requests, summed)
    total_usd = math.fsum(each.cost.total_usd for each in functions.values())
    return MonthlyBill(month, tuple(functions.values()), total_usd, _free_tier(by_architecture, prices))


def monthly(records: Iterable[InvocationRecord], prices: PriceList = PRICES) -> list[MonthlyBill]:
    """One bill for each calendar month (UTC) in which an invocation started, oldest first."""
    months: dict[int, str] = {}  # by day: a date is dear to make for each of 100,000 records
    used: dict[str, dict[tuple[str, str], Usage]] = defaultdict(lambda: defaultdict(Usage))
    for record in records:
        day = int(record.started_at // 86_400)
        if day not in months:
            months[day] = f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m}"
        in_month = used[months[day]]
        key = record.function, record.architecture
        in_month[key] = _both(in_month[key], usage(record))
    return [bill(month, used[month], prices) for month in sorted(used)]


def note(bills: Iterable[MonthlyBill], prices: PriceList = PRICES) -> str:
    """One line under an amount: whose prices these are, of when, and what the free tier would have covered."""
    free = math.fsum(each.free_tier.usd for each in bills)
    return (
        f"AWS's list prices for what ran here ({prices.region}, {prices.date}, {prices.sources[0]}); "
        f"nothing was charged. AWS's free tier would have covered ${free:.8f} of it."
    )


def _priced(used: Usage, usd_per_gb_second: float, architecture: str, prices: PriceList) -> Cost:
    request = used.requests * prices.request
    ahead = used.provisioned_gb_seconds
    compute = used.gb_seconds * usd_per_gb_second + ahead * prices.provisioned_gb_second[architecture]
    storage = used.storage_mb_ms / MB_MS_PER_GB_SECOND * prices.storage_gb_second
    restore = used.restored_mb / 1_024 * prices.restored_gb
    return Cost(request, compute, storage, request + compute + storage + restore, used.gb_seconds + ahead, restore)


def _both(a: Usage, b: Usage) -> Usage:
    return Usage(*map(int.__add__, a, b))


def _free_tier(by_architecture: Mapping[str, Usage], prices: PriceList) -> FreeTier:
    """AWS does not say which architecture the free GB-seconds go to first: here each gets its share of them."""
    on_demand = sum(part.requests - part.provisioned_requests for part in by_architecture.values())
    requests = min(prices.free_requests, on_demand)
    total = math.fsum(part.gb_seconds for part in by_architecture.values())
    free = min(prices.free_gb_seconds, total)
    worth = math.fsum(
        free * part.gb_seconds / total * prices.tiers[architecture][0].usd_per_gb_second
        for architecture, part in by_architecture.items()
        if total
    )
    return FreeTier(requests, free, requests * prices.request + worth)
