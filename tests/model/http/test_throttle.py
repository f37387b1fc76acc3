"""Token buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.http.throttle import Limits, TokenBucket


def test_a_burst_then_the_rate() -> None:
    """Two at once, then one each half second."""
    bucket = TokenBucket(Limits(2.0, 2), 0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(0.5), bucket.take(0.6), bucket.take(1.0)] == [True, False, True]


@given(st.floats(0, 50), st.integers(0, 20), st.lists(st.floats(0, 2), max_size=60))
def test_never_more_than_rate_and_burst(rate: float, burst: int, gaps: list[float]) -> None:
    """Over any span of time."""
    bucket, now, taken = TokenBucket(Limits(rate, burst), 0.0), 0.0, 0
    for gap in gaps:
        now += gap
        taken += bucket.take(now)
        assert taken <= burst + rate * now + 1e-6
