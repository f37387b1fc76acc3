"""`fn.map` over many small events."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jlambda

from .measure import Figure, median, resident_mb
from .warm import echo

EVENTS = [{"name": "Ada", "count": number} for number in range(10_000)]


def run(folder: Path) -> list[Figure]:
    """10,000 events, against a process pool's map one event at a time."""
    mapped, pooled = [], []
    with jlambda.Session(folder / "map") as session, ProcessPoolExecutor(2) as pool:
        function = session.deploy("def handler(event, context): return event", "map", memory=1769)
        function.map(EVENTS[:500])
        list(pool.map(echo, EVENTS[:500]))
        before = 0.0
        for number in range(6):
            began = time.perf_counter()
            assert function.map(EVENTS) == EVENTS
            mapped.append(time.perf_counter() - began)
            began = time.perf_counter()
            assert list(pool.map(echo, EVENTS, chunksize=1)) == EVENTS
            pooled.append(time.perf_counter() - began)
            if number == 0:
                before = resident_mb()
        grown = resident_mb() - before
    rate, other = len(EVENTS) / median(mapped), len(EVENTS) / median(pooled)
    return [
        Figure("ProcessPoolExecutor(2).map, chunksize 1", other, "/s"),
        Figure("fn.map", rate, "/s", rate / other, "the pool", "at least 4"),
        Figure("memory grown over 50,000 more events", grown, "MB", target="flat"),
    ]
