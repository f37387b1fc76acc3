"""Which events are meant: drawn, and yet always the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.chaos import Chaos

parts = st.floats(0, 1)


@given(parts, parts, parts, parts, st.integers())
def test_more_of_it_keeps_those_that_were_meant(one: float, other: float, kills: float, more: float, seed: int) -> None:
    """The same seed means the same events; a greater part adds to them; duplicates and kills do not hang together."""
    few, many = sorted((one, other))
    for number in range(50):
        fate = Chaos(few, kills, seed).fate(number)
        assert fate == Chaos(few, kills, seed).fate(number)
        assert fate.is_duplicated <= Chaos(many, kills, seed).fate(number).is_duplicated
        assert fate.is_duplicated == Chaos(few, more, seed).fate(number).is_duplicated


@given(st.integers(), st.sampled_from([0.0, 0.1, 0.5, 1.0]))
def test_the_part_is_about_what_was_asked_for(seed: int, part: float) -> None:
    """None of none, all of all, and in between within five standard deviations."""
    chaos = Chaos(part, 1 - part, seed)
    fates = [chaos.fate(number) for number in range(1_000)]
    spread = 5 * (1_000 * part * (1 - part)) ** 0.5
    assert abs(sum(fate.is_duplicated for fate in fates) - 1_000 * part) <= spread
    assert abs(sum(fate.is_killed for fate in fates) - 1_000 * (1 - part)) <= spread


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (Chaos(), "nothing is to be done"),
        (Chaos(1.5), "duplicates is 1.5"),
        (Chaos(0.1, -0.1), "kills is -0.1"),
        (Chaos(0.1, float("nan")), "kills is nan"),
        (Chaos(True), "duplicates is True"),
        (Chaos(0.1, 0.1, "x"), "seed is 'x'"),  # type: ignore[arg-type]
    ],
)
def test_what_makes_no_sense_is_refused(given: Chaos, told: str) -> None:
    """In one line that says what is allowed."""
    with pytest.raises(InvalidParameter, match=told):
        given.checked()
