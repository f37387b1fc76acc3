"""A long session: 100,000 invocations, and all of them as a DataFrame."""

from __future__ import annotations

import time
from pathlib import Path

import jlambda

from .measure import Figure, on_one_processor, percentile, ping_pong, resident_mb

COUNT = 100_000
SAMPLE = 1_000
EVENT = {"name": "Ada", "count": 7}


def run(folder: Path) -> list[Figure]:
    """The last 1,000 warm calls against the first 1,000, a ping-pong beside each; memory; the DataFrame."""
    clock = time.perf_counter
    with (
        on_one_processor(),
        jlambda.Session(folder / "endurance") as session,
        ping_pong(b'{"name": "Ada", "count": 7}') as ping,
    ):
        function = session.deploy("def handler(event, context): return event", "endurance", memory=1769)
        for _ in range(SAMPLE):
            function(EVENT)
            ping()

        def sample() -> tuple[float, float]:
            calls, pings = [], []
            for _ in range(SAMPLE):
                began = clock()
                function(EVENT)
                between = clock()
                ping()
                calls.append(between - began)
                pings.append(clock() - between)
            return percentile(calls), percentile(pings)

        first, first_ping = sample()
        before = resident_mb()
        for _ in range(COUNT):
            function(EVENT)
        grown = resident_mb() - before
        last, last_ping = sample()
        session.invocations("endurance").head()
        began = clock()
        frame = session.invocations()
        took = clock() - began
    drift = (last / last_ping) / (first / first_ping)
    return [
        Figure("fn(event), p50 of the first 1,000", first * 1e6, "us"),
        Figure("fn(event), p50 after 100,000", last * 1e6, "us", drift, "the first (by ping-pong)", "within 10 %"),
        Figure("memory grown meanwhile", grown, "MB"),
        Figure(f"jlambda.invocations() of {len(frame):,} rows", took * 1e3, "ms", target="under 1,000"),
    ]
