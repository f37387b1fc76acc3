"""Child processes: started with nothing of the user's, ended for certain."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from jlambda import process
from jlambda.errors import EngineError
from tests.conftest import children, eventually

#: a module that waits for signals, and one that tells what it was started with
SLEEPER = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n"
TELLER = (
    "import json, os, sys\n"
    "told = {'arguments': sys.argv[1:], 'variables': dict(os.environ), 'path': sys.path}\n"
    "told['initial'] = open('/proc/self/environ').read().split('\\0')\n"
    "told['package'] = sys.modules['jlambda'].__file__\n"
    "told['open'] = sorted(int(fd) for fd in os.listdir('/proc/self/fd'))\n"
    "os.write(int(sys.argv[1]), json.dumps(told).encode())\n"
    "sys.exit(7)\n"
)


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Variables with which a child finds the two modules."""
    (tmp_path / "sleeper.py").write_text(SLEEPER)
    (tmp_path / "teller.py").write_text(TELLER)
    return {"PYTHONPATH": str(tmp_path)}


def test_a_child_has_the_variables_and_descriptors_it_was_given(
    modules: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no others: not even in what the system says it was started with."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "kernel-secret")
    received, send = os.pipe()
    inherited = os.open("/", os.O_RDONLY)
    os.set_inheritable(inherited, True)
    child = process.start_python("teller", [str(send), "a b"], [send], {**modules, "STAGE": "dev"})
    os.close(send)
    with os.fdopen(received) as told_by:
        told = json.loads(told_by.read())
    os.close(inherited)
    assert told["arguments"] == [str(send), "a b"]
    assert set(told["variables"]) - {"LC_CTYPE"} == {"PYTHONPATH", "STAGE"}
    assert "kernel-secret" not in "".join(told["initial"])
    assert inherited not in told["open"]
    assert Path(told["package"]).parent == Path(process.__file__).parent, "the same package as here"
    assert "" not in told["path"]
    assert child.wait(30)
    assert child.exit_code == 7
    assert child.pid not in children()


def test_only_harmless_variables_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an interpreter needs to start and to find its packages."""
    for name in ("AWS_SECRET_ACCESS_KEY", "HOME", "JUPYTER_TOKEN", "PYTHONSTARTUP"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PATH", "/bin")
    variables = process.clean_environment()
    assert variables["PATH"] == "/bin"
    assert set(variables) <= {
        *("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONUSERBASE", "VIRTUAL_ENV", "TZ")
    }


def test_a_child_that_does_not_end_is_killed(modules: dict[str, str]) -> None:
    """After the grace that it was given, and it is reaped."""
    child = process.start_python("sleeper", [], [], modules)
    assert not child.has_ended()
    assert not child.wait(0.01)
    began = time.monotonic()
    child.end(grace_s=0.1)
    assert 0.1 <= time.monotonic() - began < 3
    assert child.exit_code == -signal.SIGKILL
    assert child.pid not in children()
    child.end()


def test_a_child_that_somebody_else_reaped(modules: dict[str, str]) -> None:
    """It has ended; how is not known."""
    child = process.start_python("sleeper", [], [], modules)
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    assert child.has_ended()
    assert child.exit_code == -1


def test_a_program_is_heard_while_it_runs() -> None:
    """By line, the last one too, and its silence; all of it is in the end's output."""
    said: list[str] = []
    code = "import sys; print('one', flush=True); print('two\\nthr', end='', flush=True); sys.stdin.read(); print('ee', end='')"
    done = process.run([sys.executable, "-c", code], timeout_s=60, heard=said.append)
    assert (done.exit_code, done.output) == (0, "one\ntwo\nthree")
    assert [line for line in said if line] == ["one", "two", "three"]


def test_a_program_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    """With what it has started, whether it goes on writing or only goes on; and it is told of its silence before."""
    said: list[str] = []
    done = process.run(["/bin/sh", "-c", "echo begun; sleep 600 & wait"], timeout_s=0.5, heard=said.append)
    assert (done.exit_code, done.output, said[0], "" in said) == (None, "begun\n", "begun", True)
    done = process.run(["/bin/sh", "-c", "exec >&- 2>&-; sleep 600"], timeout_s=0.5)
    assert (done.exit_code, done.output) == (None, "")
    assert eventually(lambda: not children())


def test_a_program_ends_with_whoever_waits_for_it() -> None:
    """Ctrl-C while it runs is not the end of the wait alone."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.run(["/bin/sh", "-c", "echo begun; sleep 600"], timeout_s=60, heard=interrupt)
    assert eventually(lambda: not children())


def test_a_program_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child ends at once, with the status that says so."""
    monkeypatch.setattr(process, "_ENV", "/nowhere/env")
    child = process.start_python("sleeper", [], [], {})
    assert eventually(child.has_ended)
    assert child.exit_code == 255


def test_a_machine_that_has_no_room_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says what to do."""

    def refuse(*_: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocess.util.spawnv_passfds", refuse)
    with pytest.raises(EngineError, match=r"sleeper could not be started: .*; free some memory or processes") as caught:
        process.start_python("sleeper", [], [], {})
    assert "\n" not in str(caught.value)
