"""A session killed 200 times while eight threads send it asynchronous events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .crashing import Crashes
from .measure import Figure

KILLS = 200


def run(folder: Path) -> Iterator[Figure]:
    """What was accepted, what was lost, what ran twice."""
    crashes = Crashes(folder / "state")
    try:
        for seed in range(KILLS):
            crashes.run_seeded(seed)
        left = crashes.drain()
        accepted = len(crashes.accepted)
        yield Figure("kills", crashes.kills, "")
        yield Figure("events accepted", accepted, "")
        yield Figure("events refused, the disk being full", len(crashes.refused), "")
        yield Figure("accepted and never run", len(crashes.lost), "", target="0")
        yield Figure("still in the queue", sum(left.values()), "", target="0")
        yield Figure("refused and run", len(crashes.ran_though_refused), "", target="0")
        yield Figure("run once more than needed", crashes.duplicates, "", crashes.duplicates / accepted, "accepted")
    finally:
        crashes.close()
