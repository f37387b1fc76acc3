"""Asynchronous events: accepting them, how soon they run, and how fast a backlog is drained."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import jlambda
from jlambda.service.invoke import new_request_id

from .measure import Figure, alternate, median, percentile

EVENT = b'{"name": "Ada", "count": 7}'
THREADS, SECONDS, ROUNDS = 8, 0.4, 12
BACKLOG, SAMPLE = 100_000, 500
INSERT = "insert into events values (?, ?, ?, ?, ?)"


def run(folder: Path) -> Iterator[Figure]:
    """Against a bare commit of the same row in the same run, and against `fn.map`."""
    with jlambda.Session(folder / "queue") as session, bare_commits(folder / "bare.db") as bare:
        function = session.deploy("def handler(event, context): return event", "f", memory=1769)
        function.map([1] * 500)
        yield from _soon(session)
        with held(session):
            yield from _accepting(session, bare)
            with jlambda.Session(folder / "empty") as empty, held(empty):
                empty.deploy("def handler(event, context): return event", "f")
                yield from _backlog(session, empty)
                empty.queue.clear()
        yield from _drained(session, function)


@contextmanager
def bare_commits(path: Path) -> Iterator[Callable[[], object]]:
    """A call that commits one row of an event, synchronised in full, and does nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (
        "pragma journal_mode = wal",
        "pragma synchronous = full",
        "create table events (id text primary key, function text, due real, state text, event blob) without rowid",
        "create index due on events (state, due)",
    ):
        connection.execute(statement)

    def commit() -> None:
        connection.execute("begin immediate")
        connection.execute(INSERT, (new_request_id(), "f", time.time(), "waiting", EVENT))
        connection.execute("commit")

    yield commit
    connection.close()


@contextmanager
def held(session: jlambda.Session) -> Iterator[None]:
    """Nothing runs within the block, and all that came runs after it."""
    with patch.object(session.queue, "_arrived"):
        yield
    session.queue.run_due(0)


def _soon(session: jlambda.Session) -> list[Figure]:
    """From the accepted event to its handler's start."""
    seconds = []
    for _ in range(SAMPLE):
        began = time.time()
        handle = session.queue.submit("f", EVENT)
        seconds.append(handle.result(10).started_at - began)
    return [
        Figure("acceptance to the handler's start, p50", median(seconds) * 1e3, "ms", target="under 5"),
        Figure("acceptance to the handler's start, p99", percentile(seconds, 0.99) * 1e3, "ms"),
    ]


def _accepting(session: jlambda.Session, bare: Callable[[], object]) -> list[Figure]:
    accept = session.queue.accept
    times = alternate({"bare": bare, "accept": lambda: accept("f", EVENT)}, rounds=40, each=25)
    one, own = median(times["bare"]), median(times["accept"])
    rates, commits = [], []
    for _ in range(ROUNDS):  # turn by turn, so that noise hits both
        commits.append(median(alternate({"bare": bare}, rounds=1, each=300)["bare"]))
        rates.append(_rate(lambda: accept("f", EVENT)))
    rate, single = median(rates), 1 / median(commits)
    return [
        Figure("one bare commit, p50", one * 1e6, "us"),
        Figure("accept, one thread, p50", own * 1e6, "us", own / one, "a bare commit", "under 1.6"),
        Figure("bare commits, one thread", single, "/s"),
        Figure("accept, 8 threads", rate, "/s", rate / single, "bare commits", "at least 1.3"),
    ]


def _rate(call: Callable[[], object]) -> float:
    """How often eight threads get to call something, a second."""
    done = [0] * THREADS
    together = threading.Barrier(THREADS)

    def go_on(thread: int) -> float:
        together.wait()
        began = time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            call()
            done[thread] += 1
        return time.perf_counter() - began

    with ThreadPoolExecutor(THREADS) as pool:
        seconds = median(list(pool.map(go_on, range(THREADS))))
    return sum(done) / seconds


def _backlog(session: jlambda.Session, empty: jlambda.Session) -> list[Figure]:
    """What it costs to accept one event where many wait."""
    accept = session.queue.accept
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: accept("f", EVENT), range(BACKLOG - session.queue.counts()["waiting"])))
    calls = {"few": lambda: empty.queue.accept("f", EVENT), "many": lambda: accept("f", EVENT)}
    times = alternate(calls, rounds=40, each=25)
    few, many = median(times["few"]), median(times["many"])
    return [
        Figure("accept, at most 1,000 queued, p50", few * 1e6, "us"),
        Figure("accept, 100,000 queued, p50", many * 1e6, "us", many / few, "at most 1,000", "flat"),
    ]


def _drained(session: jlambda.Session, function: jlambda.Function) -> list[Figure]:
    """The backlog runs; then as many events of the same size by `map`."""
    waiting = sum(session.queue.counts().values())
    began = time.perf_counter()
    assert session.queue.wait(600)
    drained = waiting / (time.perf_counter() - began)
    events = [{"name": "Ada", "count": 7}] * 20_000
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        function.map(events)
        seconds.append(time.perf_counter() - began)
    mapped = len(events) / median(seconds)
    return [
        Figure("fn.map", mapped, "/s"),
        Figure("queued events drained", drained, "/s", drained / mapped, "fn.map", "at least 0.5"),
    ]
