"""The verbs of `%lambda` in a terminal: on a folder that nobody has open, and on one that a live session has."""

from __future__ import annotations

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
        assert cli.main(["list", "--state", state]) == 0
        assert "divide" in capsys.readouterr().out
        assert cli.main(["cost", "--state", state]) == 1
        assert "run %lambda cost there" in capsys.readouterr().err
        assert len(session.invocations("divide")) == 1


def test_help_is_that_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing in it that only a notebook can do."""
    assert cli.main(["invoke", "--help"]) == 0
    text = capsys.readouterr().out
    assert "  jlambda invoke hello" in text
    assert "%lambda" not in text
    assert "--output" not in text
