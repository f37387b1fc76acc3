"""One warm synchronous invocation."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import jlambda

from .measure import Figure, alternate, percentile, ping_pong

EVENT = {"name": "Ada", "count": 7}


def echo(event: object) -> object:
    """What the process pool runs."""
    return event


def run(folder: Path) -> list[Figure]:
    """`fn(event)` on a two-key event, against a socketpair ping-pong and a process pool."""
    with jlambda.Session(folder / "warm") as session, ping_pong(b'{"name": "Ada", "count": 7}') as ping:
        function = session.deploy("def handler(event, context): return event", "warm", memory=1769)
        with ProcessPoolExecutor(1) as pool:
            calls = {
                "ping": ping,
                "call": lambda: function(EVENT),
                "invoke": lambda: function.invoke(EVENT),
                "pool": lambda: pool.submit(echo, EVENT).result(),
            }
            times = alternate(calls, rounds=40, each=200)
    bare, call, pooled = (percentile(times[name]) for name in ("ping", "call", "pool"))
    return [
        Figure("socketpair ping-pong, p50", bare * 1e6, "us"),
        Figure("fn(event), p50", call * 1e6, "us", call / bare, "ping-pong", "at most 3"),
        Figure("fn(event), p99", percentile(times["call"], 0.99) * 1e6, "us"),
        Figure("fn.invoke(event), p50", percentile(times["invoke"]) * 1e6, "us"),
        Figure("ProcessPoolExecutor.submit().result(), p50", pooled * 1e6, "us", pooled / call, "fn(event)", "at least 3"),
    ]
