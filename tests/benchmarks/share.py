"""CPU share: what functions get of a CPU against memory / 1,769 MB, alone, in pairs and beside a busy notebook cell."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jlambda

from .measure import Figure

MEMORY_MB = (128, 256, 512, 1024)
CPU_MS = (3, 30, 300, 3000)
BURN = """
import time
def handler(event, context):
    end = time.process_time() + event
    while time.process_time() < end: pass
"""
#: how long each point is measured, at least
WALL_S = 2.0


def run(folder: Path) -> Iterator[Figure]:
    """Each size of function with each need of CPU; then pairs, a busy cell, and what the governor itself uses."""
    with jlambda.Session(folder / "share") as session:
        for memory in MEMORY_MB:
            function = session.deploy(BURN, f"burn-{memory}", memory=memory, timeout=900)
            for cpu_ms in CPU_MS:
                yield _figure(f"share at {memory} MB, {cpu_ms} ms of CPU", memory, share(function, cpu_ms / 1e3, WALL_S))
        pair = [session.deploy(BURN, f"pair-{memory}", memory=memory, timeout=900) for memory in (256, 512)]
        for function, got in zip(pair, shares(pair, 0.1, 2 * WALL_S), strict=True):
            memory = function.configuration.memory_mb
            yield _figure(f"share at {memory} MB, two functions at once", memory, got)
        with busy_cell():
            yield _figure("share at 256 MB beside a busy cell", 256, share(pair[0], 0.1, 2 * WALL_S))
        before, began = supervisor_cpu_s(session), time.perf_counter()
        share(pair[0], 0.1, 2 * WALL_S)
        used = (supervisor_cpu_s(session) - before) / (time.perf_counter() - began)
        yield Figure("governing one function that uses CPU", used * 100, "%", target="under 2 % of a core")
        waiting = session.deploy("import time\ndef handler(event, context): time.sleep(event)", "waiting", timeout=900)
        waiting(0)
        before = supervisor_cpu_s(session)
        waiting(2 * WALL_S)
        used = (supervisor_cpu_s(session) - before) / (2 * WALL_S)
        yield Figure("governing one that waits", used * 100, "%", target="nothing")


def share(function: jlambda.Function, cpu_s: float, wall_s: float) -> float:
    """The part of a CPU that invocations of `cpu_s` each get, one after the other, for `wall_s` or a little more."""
    function(0)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < wall_s:
        function(cpu_s)
        count += 1
    return count * cpu_s / (time.perf_counter() - began)


def shares(functions: list[jlambda.Function], cpu_s: float, wall_s: float) -> list[float]:
    """The same of functions that run at one time."""
    got = [0.0] * len(functions)

    def measure(number: int) -> None:
        got[number] = share(functions[number], cpu_s, wall_s)

    threads = [threading.Thread(target=measure, args=(number,)) for number in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got


@contextmanager
def busy_cell() -> Iterator[None]:
    """A thread of this process that holds the interpreter's lock as much as it can."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(1000))

    busy = threading.Thread(target=spin)
    busy.start()
    try:
        yield
    finally:
        stop.set()
        busy.join()


def supervisor_cpu_s(session: jlambda.Session) -> float:
    """CPU seconds that the session's supervisor has used."""
    pid = session.engine.processes.supervisor_pid
    return time.clock_gettime((~pid << 3) | 2) if pid else 0.0


def _figure(name: str, memory_mb: int, got: float) -> Figure:
    wanted = memory_mb / 1769
    most = os.cpu_count() or 1
    return Figure(name, got * 100, "%", got / min(wanted, most), f"{wanted:.1%}", "within 15 %")
