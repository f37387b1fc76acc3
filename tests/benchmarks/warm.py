"""One warm synchronous invocation."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jlambda

from .measure import Figure, alternate, on_one_processor, percentile, ping_pong

EVENT = {"name": "Ada", "count": 7}


def echo(event: object) -> object:
    """What the process pool runs."""
    return event


def run(folder: Path) -> list[Figure]:
    """`fn(event)` on a two-key event, against a socketpair ping-pong and a process pool; then wherever the kernel likes."""
    with on_one_processor():
        bare, call, call_99, invoke, pooled = _measure(folder / "one", rounds=40)
    figures = [
        Figure("socketpair ping-pong, p50, on one processor", bare * 1e6, "us"),
        Figure("fn(event), p50", call * 1e6, "us", call / bare, "ping-pong", "at most 3"),
        Figure("fn(event), p99", call_99 * 1e6, "us"),
        Figure("fn.invoke(event), p50", invoke * 1e6, "us"),
        Figure("ProcessPoolExecutor.submit().result(), p50", pooled * 1e6, "us", pooled / call, "fn(event)", "at least 3"),
    ]
    bare, call, _, _, pooled = _measure(folder / "any", rounds=20)
    return [
        *figures,
        Figure("socketpair ping-pong, p50, on any processor", bare * 1e6, "us"),
        Figure("fn(event), p50", call * 1e6, "us", call / bare, "ping-pong"),
        Figure("ProcessPoolExecutor.submit().result(), p50", pooled * 1e6, "us", pooled / call, "fn(event)"),
    ]


def _measure(folder: Path, rounds: int) -> tuple[float, float, float, float, float]:
    with jlambda.Session(folder) as session, ping_pong(b'{"name": "Ada", "count": 7}') as ping:
        function = session.deploy("def handler(event, context): return event", "warm", memory=1769)
        with ProcessPoolExecutor(1) as pool:
            calls = {
                "ping": ping,
                "call": lambda: function(EVENT),
                "invoke": lambda: function.invoke(EVENT),
                "pool": lambda: pool.submit(echo, EVENT).result(),
            }
            times = alternate(calls, rounds, each=200)
    middles = {name: percentile(seconds) for name, seconds in times.items()}
    return middles["ping"], middles["call"], percentile(times["call"], 0.99), middles["invoke"], middles["pool"]
