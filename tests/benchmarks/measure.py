"""Timing that holds on a noisy machine: short alternating rounds, medians, ratios against a measure of the same run."""

from __future__ import annotations

import gc
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

Call = Callable[[], object]


class Figure(NamedTuple):
    """One line of a benchmark: `value` in `unit`, and what it is measured against."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    against: str = ""
    target: str = ""

    def __str__(self) -> str:
        ratio = f"{self.ratio:8.2f} x {self.against}" if self.ratio is not None else ""
        target = f"  (target: {self.target})" if self.target else ""
        return f"  {self.name:44} {self.value:10.1f} {self.unit:4}{ratio}{target}"


def percentile(seconds: list[float], at: float = 0.5) -> float:
    """The value below which a part `at` of them lies."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * at))]


def alternate(calls: Mapping[str, Call], rounds: int, each: int) -> dict[str, list[float]]:
    """Time the calls in short alternating rounds, so that noise hits all alike: name -> seconds of each call."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        for _ in range(each):
            call()
    gc.collect()
    clock = time.perf_counter
    for _ in range(rounds):
        for name, call in calls.items():
            seconds = found[name]
            for _ in range(each):
                began = clock()
                call()
                seconds.append(clock() - began)
    return found


@contextmanager
def on_one_processor() -> Iterator[None]:
    """Have this process, and what it starts meanwhile, run on one processor.

    Whether the kernel puts two processes that talk to each other on one processor or on two changes a ping-pong between
    them from 10 to 50 us, and from one run to the next. On one, figures can be compared.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def ping_pong(message: bytes) -> Iterator[Call]:
    """A call that sends `message` over a bare socketpair to a process that sends it back."""
    ours, theirs = socket.socketpair()
    echo = "import socket, sys\ns = socket.socket(fileno=int(sys.argv[1]))\nwhile m := s.recv(65536): s.send(m)"
    child = subprocess.Popen([sys.executable, "-c", echo, str(theirs.fileno())], pass_fds=[theirs.fileno()])
    theirs.close()
    send, receive = ours.send, ours.recv

    def call() -> None:
        send(message)
        receive(65536)

    call()
    try:
        yield call
    finally:
        ours.close()
        child.wait()


FORK = """
import os, time
seconds = []
for _ in range(220):
    read, write = os.pipe()
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.write(write, b"x")
        os._exit(0)
    os.read(read, 1)
    seconds.append(time.perf_counter() - began)
    os.close(read); os.close(write); os.waitpid(pid, 0)
print(sorted(seconds[20:])[100])
"""


def bare_fork_s() -> float:
    """Seconds from a fork to the child's first byte, in a fresh interpreter; median of 200."""
    out = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True).stdout
    return float(out)


def resident_mb() -> float:
    """This process's resident memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def median(seconds: list[float]) -> float:
    """The middle one."""
    return statistics.median(seconds)
