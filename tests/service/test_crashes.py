"""Nothing that was accepted is lost, whenever the process is killed; and what keeps it so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.crashing import Crashes

PLACES = (
    "before commit",
    "after commit",
    "before delivery",
    "after delivery",
    "before acknowledgement",
    "after acknowledgement",
)
#: lines after which a place must have been reached
_PATIENCE = 20_000


@pytest.fixture
def crashes(tmp_path: Path) -> Iterator[Crashes]:
    """A folder whose sessions are killed."""
    crashes = Crashes(tmp_path / "state")
    yield crashes
    crashes.close()


def test_twenty_kills_lose_nothing(crashes: Crashes, record_property: Callable[[str, object], None]) -> None:
    """At seeded times, while eight threads send: all that was accepted runs, nothing is stuck, nothing refused runs."""
    for seed in range(20):
        crashes.run_seeded(seed)
    assert crashes.drain() == {}
    record_property("duplicates", crashes.duplicates)
    assert (crashes.lost, crashes.ran_though_refused) == (set(), set())
    assert crashes.refused
    assert len(crashes.ran) >= len(crashes.accepted) > 1_000
    assert crashes.duplicates < len(crashes.ran), "what had ended was acknowledged"


def test_a_kill_inside_commit_delivery_and_acknowledgement_loses_nothing(crashes: Crashes) -> None:
    """The process stops just before and just after each of them, and is killed there."""
    for place in PLACES:
        crashes.run(_PATIENCE, stop_at=place)
    assert crashes.drain() == {}
    assert crashes.lost == set()


@pytest.mark.parametrize(
    ("protection", "place"),
    [
        ("commit before the answer", "before commit"),
        ("events kept until they have run", "after delivery"),
        ("recovery", "after delivery"),
    ],
)
def test_each_protection_matters(crashes: Crashes, protection: str, place: str) -> None:
    """Without it, the same kill loses events, or leaves them stuck."""
    crashes.run(_PATIENCE, 0.2, stop_at=place, without=protection)
    left = crashes.drain("recovery" if protection == "recovery" else "")
    assert crashes.lost
    assert bool(left) == (protection == "recovery")
