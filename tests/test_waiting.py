"""`jlambda.wait`: until nothing is pending."""

from __future__ import annotations

import re
import signal
import threading

import pytest

import jlambda
from jlambda import progress
from tests.conftest import eventually

FAIL = "def handler(event, context): raise ValueError\n"


def test_wait_returns_when_nothing_is_pending(session: jlambda.Session) -> None:
    """At once where there was nothing."""
    f = jlambda.deploy("import time\ndef handler(event, context): time.sleep(event)", name="f", timeout=10)
    assert jlambda.wait()
    handles = [f.submit(0.3, type="Event") for _ in range(3)]
    assert jlambda.wait("20 seconds")
    assert all(handle.done() for handle in handles)
    assert session.queue.pending == 0


def test_wait_says_what_it_waits_for(session: jlambda.Session, capsys: pytest.CaptureFixture[str]) -> None:
    """A retry that is due in a minute, and how to get there."""
    f = jlambda.deploy(FAIL, name="f")
    f.submit(type="Event")
    assert session.queue.settle(30)
    assert not jlambda.wait(0.5)
    found = re.fullmatch(
        r"waiting for 1 event to be tried again, the next in (\d+ seconds|1 minute): "
        r"jlambda.clock.advance\((\d+)\) gets there at once\n",
        capsys.readouterr().out,
    )
    assert found
    jlambda.clock.advance(int(found[2]))
    assert f.queued()["attempts"].tolist() == [2]


def test_wait_ends_when_the_clock_is_moved(session: jlambda.Session) -> None:
    """By another thread, over all retries."""
    f = jlambda.deploy(FAIL, name="f")
    handle = f.submit(type="Event")
    assert session.queue.settle(30)
    mover = threading.Thread(target=session.clock.advance, args=("5 minutes",))
    mover.start()
    assert jlambda.wait("20 seconds")
    mover.join()
    assert handle.result(0).attempt == 3


def test_a_long_wait_has_a_progress_bar(
    session: jlambda.Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `map` has one; it ends full."""
    monkeypatch.setattr(progress, "_SHOWN_AFTER_S", 0.0)
    f = jlambda.deploy("import time\ndef handler(event, context): time.sleep(0.5)", name="f", timeout=10)
    f.reserve(1)
    for _ in range(3):
        f.submit(type="Event")
    assert jlambda.wait("20 seconds")
    assert "3/3" in capsys.readouterr().err


def test_ctrl_c_ends_the_wait_only(session: jlambda.Session) -> None:
    """The events go on."""
    f = jlambda.deploy("import time\ndef handler(event, context): time.sleep(1)", name="f", timeout=10)
    handle = f.submit(type="Event")
    assert eventually(lambda: bool(session.engine.scheduler.running))
    interrupt = threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,))
    interrupt.start()
    with pytest.raises(KeyboardInterrupt):
        jlambda.wait()
    interrupt.join()
    assert handle.result(30).status == "success"
