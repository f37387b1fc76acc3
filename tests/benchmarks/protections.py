"""What each protection costs: a warm call, a call after a pause and a cold start with one of them switched off at a time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest import mock

import jlambda
from jlambda.engine.control import wanted_sandbox
from jlambda.engine.sandbox import Sandbox

from .measure import Call, Figure, alternate, bare_fork_s, median, on_one_processor, ping_pong

#: options of a session, and what its sandbox is made without
OFF: Mapping[str, tuple[Mapping[str, bool], Mapping[str, bool]]] = {
    "everything on": ({}, {}),
    "no CPU share": ({"cpu_limit": False}, {}),
    "no freezer": ({"freezer": False}, {}),
    "no Landlock": ({}, {"landlock": False}),
    "no private root and namespaces": ({}, {"private_root": False}),
    "nothing": ({"cpu_limit": False, "freezer": False}, {"private_root": False, "landlock": False}),
}
PAUSED, COLD = 40, 60
PAUSE_S = 0.05
EVENT = {"name": "Ada", "count": 7}


def run(folder: Path) -> list[Figure]:
    """Sessions that differ in one protection, called in turn so that noise hits all alike; ratios against all of them on."""
    with on_one_processor(), ExitStack() as opened:
        fork = bare_fork_s()
        ping = opened.enter_context(ping_pong(b'{"name": "Ada", "count": 7}'))
        sessions = {name: _session(opened, folder / str(n), name) for n, name in enumerate(OFF)}
        calls = {name: partial(session.get("f"), EVENT) for name, session in sessions.items()}
        warm = {name: median(took) for name, took in alternate({"ping": ping, **calls}, rounds=20, each=200).items()}
        bare = warm.pop("ping")
        paused = {name: median(took) for name, took in _after_pauses(calls).items()}
        cold = {name: median(took) for name, took in _cold(sessions, calls).items()}
    return [
        Figure("socketpair ping-pong", bare * 1e6, "us"),
        *_figures("warm", warm, "us", 1e6),
        *_figures("warm after 50 ms", paused, "us", 1e6),
        Figure("bare fork to first byte", fork * 1e3, "ms"),
        *_figures("cold", cold, "ms", 1e3),
    ]


def _session(opened: ExitStack, folder: Path, name: str) -> jlambda.Session:
    options, without = OFF[name]

    def weaker(state: str, code_root: str, tools: Sequence[str] = ()) -> Sandbox:
        return wanted_sandbox(state, code_root, tools, **without)

    with mock.patch("jlambda.parts.wanted_sandbox", weaker):
        session = opened.enter_context(jlambda.Session(folder, **options))  # type: ignore[arg-type]
        session.deploy("def handler(event, context): return event", "f", memory=1769)(EVENT)
    session.engine.processes.blanks = 0  # a cold start is then all of one
    return session


def _after_pauses(calls: Mapping[str, Call]) -> dict[str, list[float]]:
    """Seconds of calls, each after time enough to be frozen."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(PAUSED):
        time.sleep(PAUSE_S)
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            found[name].append(time.perf_counter() - began)
    return found


def _cold(sessions: Mapping[str, jlambda.Session], calls: Mapping[str, Call]) -> dict[str, list[float]]:
    """Seconds of cold starts; the environment of one is ended before the next begins."""
    found: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(COLD):
        for name, session in sessions.items():
            session.engine.retire(session.control.version("f").key)
            time.sleep(0.01)
            began = time.perf_counter()
            calls[name]()
            found[name].append(time.perf_counter() - began)
    return found


def _figures(kind: str, took: Mapping[str, float], unit: str, times: float) -> list[Figure]:
    whole = took["everything on"]
    return [Figure(f"{kind}, {name}", s * times, unit, s / whole, "everything on") for name, s in took.items()]
