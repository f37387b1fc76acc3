"""Cold starts of a trivial function: environment created, code loaded, first result; and SnapStart for a slow init."""

from __future__ import annotations

import time
from pathlib import Path

import jlambda

from .measure import Figure, bare_fork_s, median

COUNT = 200
#: a function whose init phase takes long, and how many cold starts of it are timed
_SLOW, _SLOW_COUNT = "import pandas\ndef handler(event, context): return pandas.__version__", 20


def run(folder: Path) -> list[Figure]:
    """200 in a row without and with blank environments ready, against a bare fork and its first byte."""
    fork = bare_fork_s()
    figures = [Figure("bare fork to first byte, median", fork * 1e3, "ms")]
    for blanks, extra_ms in ((0, 10), (1, 4)):
        with jlambda.Session(folder / f"cold{blanks}") as session:
            session.engine.processes.blanks = blanks
            took = cold_starts(session, pause_s=0.02)
        name = f"cold start, median, {'a blank' if blanks else 'no blank'} ready"
        over = (median(took) - fork) * 1e3
        figures.append(
            Figure(
                name, median(took) * 1e3, "ms", median(took) / fork, "fork", f"fork + {extra_ms} ms; it is fork + {over:.1f}"
            )
        )
    return [*figures, *_snap_start(folder)]


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


def _snap_start(folder: Path) -> list[Figure]:
    """An init phase that imports pandas, against the restore of a snapshot taken after it."""
    with jlambda.Session(folder / "snap_start", keep_alive_s=0.0) as session:
        function = session.deploy(_SLOW, "slow", memory=1769, timeout=30, snap_start=True)
        init, restore = (median(_each_cold(session, it)) for it in (function, function.publish()))
    return [
        Figure("cold start that imports pandas, median", init * 1e3, "ms"),
        Figure("the same, restored from a snapshot", restore * 1e3, "ms", restore / init, "its init", "under 0.2"),
    ]


def _each_cold(session: jlambda.Session, function: jlambda.Function) -> list[float]:
    """Seconds of cold starts in a session that keeps no environment."""
    took = []
    for _ in range(_SLOW_COUNT):
        began = time.perf_counter()
        assert function.invoke().record.cold_start
        took.append(time.perf_counter() - began)
        while session.engine.scheduler.environments:
            time.sleep(0.005)
    return took
