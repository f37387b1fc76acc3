"""Batches: when they are full, when their window ends, what a function's answer says of their records."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.sources.batching import BatchLimits, ready
from jlambda.sources.responses import failed_items
from jlambda.sources.scaling import Scaling


@pytest.mark.parametrize(
    ("sizes", "age", "limits", "count"),
    [
        ([], 9, BatchLimits(10), 0),
        ([5], 0, BatchLimits(10), 1),
        ([5] * 3, 0, BatchLimits(2), 2),
        ([5] * 3, 0, BatchLimits(10, window_s=1), 0),
        ([5] * 3, 1, BatchLimits(10, window_s=1), 3),
        ([5] * 10, 0, BatchLimits(10, window_s=1), 10),
        ([500, 400, 101], 0, BatchLimits(10, window_s=300, bytes=1_000), 2),
        ([5_000, 5], 0, BatchLimits(10, window_s=300, bytes=1_000), 1),
    ],
)
def test_a_batch_is_full_or_its_window_ends(sizes: list[int], age: float, limits: BatchLimits, count: int) -> None:
    """By records, by bytes, by time; one that is too large goes alone."""
    assert ready(sizes, 100.0, 100.0 + age, limits) == count


@given(st.lists(st.integers(1, 2_000), max_size=40), st.integers(1, 20), st.floats(0, 10), st.floats(0, 20))
def test_no_batch_is_larger_than_it_may_be(sizes: list[int], records: int, window_s: float, age: float) -> None:
    """Whatever came; and after the window there always is one."""
    limits = BatchLimits(records, window_s, 5_000)
    count = ready(sizes, 0.0, age, limits)
    assert count <= min(records, len(sizes))
    body = json.dumps({"Records": ["x" * (size - 2) for size in sizes[:count]]})
    assert count <= 1 or len(body) <= limits.bytes
    assert count or not sizes or age < window_s


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", set()),
        ("{}", set()),
        ("[]", set()),
        ('""', set()),
        ('{"batchItemFailures": []}', set()),
        ('{"batchItemFailures": null}', set()),
        ('{"other": 1}', set()),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}', {"a", "b"}),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', None),
        ('{"batchItemFailures": [{"foo": "a"}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "unknown"}]}', None),
        ('{"batchItemFailures": ["a"]}', None),
        ('{"batchItemFailures": "a"}', None),
        ('"all went well"', None),
        ("{", None),
    ],
)
def test_an_answer_names_the_records_that_failed(answer: str, failed: set[str] | None) -> None:
    """None, some, or the whole batch, as recorded on AWS."""
    assert failed_items(answer.encode(), {"a", "b", "c"}) == failed


def test_concurrency_grows_while_it_is_short_and_shrinks_without_room() -> None:
    """From 5 on by 300 a minute, up to the maximum; halved by a throttle, never below one."""
    scaling = Scaling()
    assert scaling.limit == 5
    scaling.is_short(0)
    scaling.is_short(60)
    assert scaling.limit == 305
    scaling.is_short(600)
    assert scaling.limit == 1_250
    for _ in range(20):
        scaling.found_no_room()
    assert scaling.limit == 1
    scaling.start_over()
    assert scaling.limit == 5
    scaling.is_short(0)
    scaling.is_enough()
    scaling.is_short(1_000)
    assert scaling.limit == 5
    assert Scaling(2).limit == 2
