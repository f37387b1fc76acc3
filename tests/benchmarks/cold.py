"""Cold starts of a trivial function: environment created, code loaded, first result."""

from __future__ import annotations

import time
from pathlib import Path

import jlambda

from .measure import Figure, bare_fork_s, median

COUNT = 200


def run(folder: Path) -> list[Figure]:
    """200 in a row without and with blank environments ready, against a bare fork and its first byte."""
    fork = bare_fork_s()
    figures = [Figure("bare fork to first byte, median", fork * 1e3, "ms")]
    for blanks, extra_ms in ((0, 10), (1, 4)):
        with jlambda.Session(folder / f"cold{blanks}") as session:
            session.engine.blanks = blanks
            took = cold_starts(session, pause_s=0.02)
        name = f"cold start, median, {'a blank' if blanks else 'no blank'} ready"
        over = (median(took) - fork) * 1e3
        figures.append(
            Figure(
                name, median(took) * 1e3, "ms", median(took) / fork, "fork", f"fork + {extra_ms} ms; it is fork + {over:.1f}"
            )
        )
    return figures


def cold_starts(session: jlambda.Session, pause_s: float) -> list[float]:
    """Seconds of each of `COUNT` cold starts; the environment of one is ended before the next begins."""
    function = session.deploy("def handler(event, context): return event", "cold", memory=1769)
    function({})
    took = []
    for _ in range(COUNT):
        session.engine.retire(session.control.version("cold").key)
        time.sleep(pause_s)  # the blank that was taken is replaced meanwhile
        began = time.perf_counter()
        function({})
        took.append(time.perf_counter() - began)
    return took
