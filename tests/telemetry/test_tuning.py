"""What tuning concludes from records: means, and which size to take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.billing import cost
from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry.tuning import Tuning, figures
from tests.samples import a_record


def runs(memory_mb: int, *durations_ms: float, **changes: object) -> list[InvocationRecord]:
    """Records of warm calls at one size, billed for what they took."""
    return [
        a_record(i, memory_mb=memory_mb, duration_ms=ms, billed_ms=max(1, round(ms)), **changes)
        for i, ms in enumerate(durations_ms)
    ]


def test_a_mean_leaves_out_the_fastest_and_the_slowest_fifth() -> None:
    """One call that the machine held up does not decide."""
    found = figures(128, runs(128, 1.0, 10.0, 11.0, 12.0, 900.0))
    assert found.duration_ms == 11.0
    assert found.cost_usd == pytest.approx(cost(runs(128, 11.0)[0]).total_usd)


def test_cold_starts_count_for_init_only() -> None:
    """A warm call's duration is what memory is chosen by; where all were cold, theirs has to do."""
    cold = runs(128, 50.0, cold_start=True, init_ms=200.0)
    assert figures(128, cold + runs(128, 10.0)).duration_ms == 10.0
    assert figures(128, cold + runs(128, 10.0)).init_ms == 200.0
    assert figures(128, cold).duration_ms == 50.0


def test_the_sizes_to_take() -> None:
    """Half the time for twice the memory costs the same, less than half saves; the last step buys time dearly."""
    found = Tuning("f", {128: runs(128, 800.0), 256: runs(256, 380.0), 512: runs(512, 200.0), 3_008: runs(3_008, 190.0)})
    assert (found.cheapest, found.fastest, found.balanced) == (256, 3_008, 512)
    assert found.choices(256) == ["cheapest"]
    assert found.choices(128) == []


def test_a_size_at_which_calls_fail_is_never_taken() -> None:
    """However fast it failed."""
    failed = runs(128, 1.0, status="out_of_memory", error_type="Runtime.ExitError")
    found = Tuning("f", {128: failed, 512: runs(512, 100.0)})
    assert (found.cheapest, found.fastest, found.balanced) == (512, 512, 512)
    assert found.sizes[0].failures == 1
    assert found.sizes[0].failure == "out of memory"
    nothing = Tuning("f", {128: failed})
    assert nothing.cheapest is nothing.fastest is nothing.balanced is None


def test_the_frame_has_a_row_for_each_size() -> None:
    """With numbers where there are some, whatever failed."""
    frame = Tuning("f", {256: runs(256, 10.0), 128: runs(128, 1.0, status="error", error_type="E")}).frame
    assert list(frame["memory_mb"]) == [128, 256]
    assert frame["duration_ms"].isna().tolist() == [True, False]
    assert frame["usd_per_million"][1] == pytest.approx(frame["cost_usd"][1] * 1e6)
    assert "milliseconds do not" in frame.attrs["note"]


def test_without_a_cpu_share_the_note_says_that_nothing_can_be_learned() -> None:
    """Durations that do not depend on memory would lead to the smallest size every time."""
    assert "cpu_limit" in Tuning("f", {128: runs(128, 1.0)}, has_cpu_limit=False).note


@given(st.dictionaries(st.integers(128, 10_240), st.lists(st.floats(0.1, 1e5), min_size=1, max_size=8), min_size=1, max_size=6))
def test_choices_are_the_least(durations: dict[int, list[float]]) -> None:
    """No size is cheaper than the cheapest, none faster than the fastest, and none beats the balanced one in both."""
    found = Tuning("f", {size: runs(size, *given) for size, given in durations.items()})
    by_size = {it.memory_mb: it for it in found.sizes}
    assert found.cheapest is not None and found.fastest is not None and found.balanced is not None
    figure = {size: (it.duration_ms or 0.0, it.cost_usd or 0.0) for size, it in by_size.items()}
    assert figure[found.cheapest][1] == min(price for _, price in figure.values())
    assert figure[found.fastest][0] == min(ms for ms, _ in figure.values())
    ms, price = figure[found.balanced]
    assert not any(other_ms < ms and other_price < price for other_ms, other_price in figure.values())
