"""Lists in pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.errors import InvalidParameter
from jlambda.model.page import falling_key, number_key, page

names = st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), max_size=30)


@given(names, st.integers(1, 9))
def test_pages_together_are_the_list(given: set[str], size: int) -> None:
    """Following the markers shows each item once, in order, no page longer than asked for and only the last one shorter."""
    items, shown, marker = sorted(given), [], None
    while True:
        part, marker = page(items, str, marker, size)
        shown += part
        if marker is None:
            break
        assert len(part) == size
    assert shown == items


@given(names, names, st.integers(1, 9), st.integers(1, 9))
def test_what_comes_or_goes_moves_nothing(before: set[str], after: set[str], first: int, size: int) -> None:
    """Whatever is added and deleted between two pages, an item that stays is shown once."""
    part, marker = page(sorted(before), str, None, first)
    shown = list(part)
    while marker is not None:
        part, marker = page(sorted(after), str, marker, size)
        shown += part
    stayed = before & after
    assert shown == sorted(shown)
    if len(before) > first:  # else the list was at its end, and nobody asks for what came later
        assert stayed <= set(shown)
    assert len(shown) == len(set(shown))


def test_a_page_has_its_largest_size() -> None:
    """50 where nothing else is said, and never more than the list's own largest."""
    items = [f"{number:03}" for number in range(200)]
    assert [len(page(items, str, None, size).items) for size in (None, 10, 50, 10_000)] == [50, 10, 50, 50]
    assert len(page(items, str, None, 150, largest=100).items) == 100
    assert page(items, str, None, None, largest=1_000).next_marker is None


@given(st.lists(st.integers(0, 2**62), unique=True))
def test_keys_order_numbers(numbers: list[int]) -> None:
    """Rising or falling."""
    assert sorted(numbers, key=number_key) == sorted(numbers)
    assert sorted(numbers, key=falling_key) == sorted(numbers, reverse=True)


@pytest.mark.parametrize("marker", ["ü", "*", "a", "//8=", "gICA"])
def test_a_marker_that_is_none(marker: str) -> None:
    """Anything else than what a page gave is refused."""
    with pytest.raises(InvalidParameter, match="is not one that this list gave"):
        page(["a"], str, marker, 1)
