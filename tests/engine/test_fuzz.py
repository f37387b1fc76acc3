"""The real engine under random histories: deploy, invoke, redeploy, kill, throttle, freeze, provision, in any order."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import tempfile
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

import jlambda
from jlambda.engine.board import FROZEN, SLOT_BYTES
from jlambda.engine.environment import Environment
from jlambda.errors import FunctionError, Throttled
from tests.conftest import eventually

#: tells who ran it and when, so that what overlaps within one process can be seen; ends as it is told to
SOURCE = """
import os, time
# revision {revision}
def handler(event, context):
    began = time.monotonic()
    how = event["how"]
    time.sleep(event["seconds"])
    if how == "raise":
        raise ValueError(event["token"])
    if how == "exit":
        os._exit(7)
    if how == "kill":
        os.kill(os.getpid(), 9)
    return [event["token"], os.environ["AWS_LAMBDA_LOG_STREAM_NAME"], began, time.monotonic()]
"""
FUNCTIONS = ("f", "g")
HOW = ("return", "return", "return", "raise", "exit", "kill")
#: what an invocation may come to, by how it was told to end; one that is killed from outside may fail in other ways
EXPECTED = {"raise": {"ValueError"}, "exit": {"Runtime.ExitError"}, "kill": {"Runtime.ExitError"}, "return": set[str]()}
FROM_OUTSIDE = {"Runtime.ExitError", "Sandbox.Failure"}


def _is_frozen_or_gone(environment: Environment) -> bool:
    board = environment.board
    return bool(board[environment.slot * SLOT_BYTES + FROZEN]) or not os.path.exists(f"/proc/{environment.pid}")


class RealEngine(RuleBasedStateMachine):
    """A session of two functions, its callers, and somebody who kills processes."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="jlambda-fuzz-")
        self.session = jlambda.Session(self.folder.name, concurrency=110)
        self.revision = 0
        self.calls: list[tuple[int, str, str, Future[Any]]] = []
        self.asked = 0
        self.throttled = 0
        self.killed = 0
        for name in FUNCTIONS:
            self.deploy(name)

    @rule(name=st.sampled_from(FUNCTIONS))
    def deploy(self, name: str) -> None:
        """A function is deployed anew: its environments are drained."""
        self.revision += 1
        self.session.deploy(SOURCE.format(revision=self.revision), name, timeout=20)

    @rule(name=st.sampled_from(FUNCTIONS), how=st.sampled_from(HOW))
    def invoke(self, name: str, how: str) -> None:
        """A caller waits for the answer."""
        self.asked += 1
        call = self.session.get(name).submit({"token": self.asked, "how": how, "seconds": 0})
        self.calls.append((self.asked, name, how, call))
        with contextlib.suppress(FunctionError, Throttled):
            call.result(30)

    @rule(name=st.sampled_from(FUNCTIONS), how=st.sampled_from(HOW), count=st.integers(1, 4))
    def submit(self, name: str, how: str, count: int) -> None:
        """Several callers do not wait; the answers come when they come."""
        for _ in range(count):
            self.asked += 1
            event = {"token": self.asked, "how": how, "seconds": 0.01}
            self.calls.append((self.asked, name, how, self.session.get(name).submit(event)))

    @rule(name=st.sampled_from(FUNCTIONS), count=st.integers(1, 20))
    def fan_out(self, name: str, count: int) -> None:
        """A map of events that all succeed, whatever else runs."""
        tokens = [self.asked + 1 + i for i in range(count)]
        self.asked += count
        events = [{"token": token, "how": "return", "seconds": 0} for token in tokens]
        try:
            answers = self.session.get(name).map(events, max_concurrency=3, return_errors=True)
        except Throttled:  # not one environment could be had: one event was refused, the others never begun
            self.asked -= count - 1
            self.throttled += 1
            return
        for token, answer in zip(tokens, answers, strict=True):
            if isinstance(answer, FunctionError):
                assert self.killed
                assert answer.error_type in FROM_OUTSIDE
            else:
                assert answer[0] == token

    @rule(name=st.sampled_from(FUNCTIONS), concurrency=st.sampled_from([None, 0, 1, 2]))
    def reserve(self, name: str, concurrency: int | None) -> None:
        """A function is throttled to what is its own, or no longer."""
        with contextlib.suppress(jlambda.InvalidParameter):  # less than what is provisioned
            self.session.get(name).reserve(concurrency)

    @rule(name=st.sampled_from(FUNCTIONS), concurrency=st.sampled_from([None, 1, 2]))
    def provision(self, name: str, concurrency: int | None) -> None:
        """Environments of the newest version are to be initialised ahead, or no longer."""
        with contextlib.suppress(jlambda.InvalidParameter):  # more than what is reserved, or left
            self.session.get(name).publish().provision(concurrency)

    @rule(name=st.sampled_from(FUNCTIONS), how=st.sampled_from(HOW))
    def invoke_version(self, name: str, how: str) -> None:
        """A published version is called, in provisioned environments if it has any."""
        versions = self.session.get(name).versions()
        if versions:
            self.asked += 1
            call = versions[-1].submit({"token": self.asked, "how": how, "seconds": 0.005})
            self.calls.append((self.asked, name, how, call))

    @rule(seed=st.integers(0, 2**16))
    def kill(self, seed: int) -> None:
        """Somebody kills the process of an environment, at work or not."""
        pids = [environment.pid for environment in list(self.session.engine.processes.environments.values()) if environment.pid]
        if pids:
            self.killed += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(random.Random(seed).choice(sorted(pids)), signal.SIGKILL)

    @rule()
    def freeze(self) -> None:
        """Nothing happens until all environments that rest are frozen."""
        self.settle()
        engine = self.session.engine
        resting = [it for it in list(engine.processes.environments.values()) if engine.scheduler.is_resting(it.id) and it.pid]
        for it in resting:
            eventually(partial(_is_frozen_or_gone, it))

    def settle(self) -> None:
        """Wait for all answers, and hold each of them to what was asked."""
        spans: dict[str, list[tuple[float, float]]] = {}
        for token, name, how, call in self.calls:
            try:
                told, environment, began, ended = call.result(60)
            except Throttled:
                self.throttled += 1
            except FunctionError as error:
                allowed = EXPECTED[how] | (FROM_OUTSIDE if self.killed else set())
                assert error.error_type in allowed, (token, name, how, error)
            else:
                assert (told, how) == (token, "return")
                spans.setdefault(environment, []).append((began, ended))
        self.calls.clear()
        for of_one in spans.values():
            of_one.sort()
            for (_, ended), (began, _) in itertools.pairwise(of_one):
                assert ended <= began, "one environment ran two invocations at one time"

    @invariant()
    def books_add_up(self) -> None:
        """The scheduler's books are in order while everything runs."""
        engine = self.session.engine
        with engine._lock:
            engine.scheduler.validate()

    def teardown(self) -> None:
        """Every request that was ever made has one record, and the session leaves nothing."""
        try:
            self.settle()
            engine = self.session.engine
            assert eventually(lambda: not engine.scheduler.running), engine.scheduler
            records = self.session._open().records.rows()
            assert len(records) == len({record.request_id for record in records}) == self.asked
            assert sum(record.status == "throttled" for record in records) == self.throttled
        finally:
            self.session.close()
            self.folder.cleanup()


TestRealEngine = RealEngine.TestCase
pytestmark = pytest.mark.timeout(600)
TestRealEngine.settings = settings(
    max_examples=12,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
