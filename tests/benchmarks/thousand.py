"""Environments at one time: 1,000 of one function, which is what an account may have, and 2,000 with a raised limit.

The 2,000 are of two functions: Lambda's scaling rate gives one of them 1,000 in ten seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import jlambda
from jlambda.engine.board import INVOKE, PHASE, SLOT_BYTES
from jlambda.engine.engine import Engine
from jlambda.engine.environment import Version
from jlambda.errors import Throttled
from jlambda.model.invocation import Outcome, Request
from jlambda.service.invoke import new_request_id

from .measure import Figure, bare_fork_s

SOURCE = "import time\ndef handler(event, context): time.sleep(event)"
#: longer than it takes until the last one is at work
_LONG = b"90"


class Burst:
    """Invocations that were all asked for at once."""

    def __init__(self, engine: Engine, count: int) -> None:
        self.engine, self.count, self.throttled = engine, count, 0

    def ask(self, version: Version, count: int) -> None:
        """Ask for `count` invocations that take a minute and a half."""
        for _ in range(count):
            self.engine.submit(version, Request(new_request_id(), _LONG), self.done)

    def done(self, came: Outcome | Exception) -> None:
        """What came of one."""
        self.throttled += isinstance(came, Throttled)

    def busy(self) -> int:
        """How many environments have their event now."""
        board = self.engine.processes._board
        assert board is not None
        return board.bytes[PHASE::SLOT_BYTES].count(INVOKE)

    def wait_until_busy(self, patience_s: float) -> bool:
        """Whether all of them are at work by then."""
        return self._wait(lambda: self.busy() >= self.count, patience_s)

    def wait_until_throttled(self, patience_s: float) -> bool:
        """Whether all of them were refused by then."""
        return self._wait(lambda: self.throttled >= self.count, patience_s)

    @staticmethod
    def _wait(is_so: Callable[[], bool], patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        while not is_so():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def begin(engine: Engine, *versions: Version, count: int) -> Burst:
    """Ask for `count` long invocations of each of these versions."""
    burst = Burst(engine, count * len(versions))
    for version in versions:
        burst.ask(version, count)
    return burst


def family(pid: int) -> list[int]:
    """All descendants of a process."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        children = Path(f"/proc/{pid}/task/{task}/children").read_text().split()
        found += [int(child) for child in children]
    return found + [below for child in list(found) for below in family(child)]


def private_mb(pids: list[int]) -> float:
    """Memory that these processes share with nobody."""
    total = 0
    for pid in pids:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += sum(int(row.split()[1]) for row in rows if row.startswith("Private_"))
    return total / 1024


def run(folder: Path) -> list[Figure]:
    """From the first call to the moment at which all have their event, and until nothing is left of them."""
    fork = bare_fork_s()
    figures = []
    for names, target in (("f", "10,000 ms"), ("fg", "")):
        count = 1_000 * len(names)
        with jlambda.Session(folder / f"s{count}", concurrency=count) as session:
            for name in names:
                session.deploy(SOURCE, name, timeout=100)(0)
            versions = [session.control.version(name) for name in names]
            engine = session.engine
            began = time.perf_counter()
            burst = begin(engine, *versions, count=1_000)
            assert burst.wait_until_busy(120), f"{burst.busy()} of {count} after two minutes"
            took = time.perf_counter() - began
            control = engine.processes.control
            assert control is not None
            private = private_mb(family(control.pid)) / count
            began = time.perf_counter()
        closed = time.perf_counter() - began
        figures += [
            Figure(f"{count} environments, all at work", took * 1e3, "ms", took / (count * fork), "as many bare forks", target),
            Figure("  private memory of each", private, "MB", None, "", "8 MB"),
            Figure("  all ended", closed * 1e3, "ms"),
        ]
    return figures
