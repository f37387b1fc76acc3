"""The verbs of `%lambda` in a terminal: on a folder that nobody has open, and on one that a live session has."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import jlambda
from jlambda import cli

SOURCE = "def handler(event, context):\n    print('seen')\n    return 1 / event['n']"


@pytest.fixture
def state(tmp_path: Path) -> str:
    """The folder of a session that has a function, and is closed."""
    with jlambda.Session(tmp_path / "state"):
        jlambda.deploy(SOURCE, name="divide", memory=256)
    return str(tmp_path / "state")


def test_a_verb_works_on_a_folder(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a notebook would show, as text; a function that fails is exit status 1."""
    assert cli.main(["invoke", "divide", '{"n": 4}', "--state", state]) == 0
    assert "result   0.25" in capsys.readouterr().out
    assert cli.main(["invoke", "divide", '{"n": 0}', "--state", state]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().out
    assert cli.main(["logs", "divide", "--state", state]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("seen") == 2
    assert cli.main(["list", "--state", state]) == 0
    assert "256 MB" in capsys.readouterr().out
    assert cli.main(["invoke", "divid", "--state", state]) == 1
    assert "did you mean divide?" in capsys.readouterr().err


def test_a_live_session_is_asked(state: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Through its gateway; what that cannot do is to be done there."""
    with jlambda.Session(state) as session:
        session.gateway()
        assert cli.main(["invoke", "divide", '{"n": 4}', "--state", state]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "0.25"
        assert cli.main(["logs", "divide", "--state", state]) == 0
        assert "seen" in capsys.readouterr().out.splitlines()
        assert cli.main(["invoke", "divide", "--tail", "--state", state]) == 1
        assert "leave it out" in capsys.readouterr().err
        assert cli.main(["list", "--state", state]) == 0
        assert "divide" in capsys.readouterr().out
        assert cli.main(["cost", "--state", state]) == 1
        assert "run %lambda cost there" in capsys.readouterr().err
        assert len(session.invocations("divide")) == 1


def test_a_live_sessions_log_is_followed(state: str) -> None:
    """Each line once, from now on, until Ctrl-C."""
    with jlambda.Session(state) as session:
        session.gateway()
        session.invoke("divide", {"n": 1})
        time.sleep(0.002)  # AWS's times, and so those asked for, are in ms
        command = [sys.executable, "-m", "jlambda", "logs", "divide", "-f", "--state", state]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as following:
            assert following.stdout is not None
            calls = 0
            with ThreadPoolExecutor(1) as thread:
                first = thread.submit(following.stdout.readline)
                while not first.done():  # it says nothing before there is something
                    session.invoke("divide", {"n": 2})
                    calls += 1
                    time.sleep(0.05)
            following.send_signal(signal.SIGINT)
            rest, told = following.communicate(timeout=20)
        assert following.returncode == 0, told
        lines = [first.result(), *rest.splitlines()]
        starts = [line for line in lines if line.startswith("START")]
        assert 1 <= len(starts) == len(set(starts)) <= calls


def test_help_is_that_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it that only a notebook can do."""
    assert cli.main(["invoke", "--help"]) == 0
    text = capsys.readouterr().out
    assert "  jlambda invoke hello" in text
    assert "%lambda" not in text
    assert "--output" not in text
