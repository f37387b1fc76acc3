"""`%lambda doctor` and `jlambda doctor`: what is shown, and that it is true."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

import jlambda
from jlambda import cli
from jlambda.engine import governor
from jlambda.engine.control import wanted_sandbox
from jlambda.model.machine import Machine
from jlambda.notebook import load_ipython_extension, unload_ipython_extension
from jlambda.notebook.doctor import Diagnosis
from tests.conftest import need
from tests.notebook.conftest import Run
from tests.notebook.machines import STRICT, machines
from tests.notebook.reading import Reader

TIERS = {
    "all there is": {},
    "a private root alone": {"landlock": False},
    "Landlock alone": {"private_root": False},
    "nothing": {"private_root": False, "landlock": False},
}

#: tries what the test asks for; an attempt that succeeds is true
TRIES = """
import os, resource, socket, tempfile
def write(path): open(path, "a").close(); return True
def connect(port): socket.create_connection(("127.0.0.1", port)).close(); return True
def room(path): return os.statvfs(path).f_blocks * os.statvfs(path).f_frsize >> 20
def capabilities(): return int(open("/proc/self/status").read().split("CapEff:")[1].split()[0], 16)
def handler(attempt, context):
    try:
        return bool(eval(attempt))
    except OSError:
        return False
"""


# -- what is shown ---------------------------------------------------------------------------------------------------


@given(machines(), st.integers(60, 200))
def test_text_fits_and_says_everything(machine: Machine, columns: int) -> None:
    """No word is lost, and no line of a table is longer than was asked for, as long as 90 columns were."""
    diagnosis = Diagnosis(machine)
    text = diagnosis.text(columns)
    words = set(text.split())
    for row in (*diagnosis.findings, *diagnosis.advice):
        assert set(" ".join(row).split()) <= words
    tables = [line for part in text.split("\n\n")[1:] for line in part.splitlines()]
    assert all(len(line) <= max(columns, 90) for line in tables)


@given(machines())
def test_html_and_text_say_the_same(machine: Machine) -> None:
    """One list of rows for both; in HTML each is the text of a cell, not a tag."""
    diagnosis = Diagnosis(machine)
    reader = Reader(diagnosis._repr_html_())
    assert reader.tags <= {"div", "b", "span", "table", "thead", "tbody", "tr", "th", "td"}
    words = " ".join(reader.texts).split()
    assert sorted(words) == sorted(repr(diagnosis).split())


def test_the_card_sums_up() -> None:
    """Versions, the state folder with its file system, the sandbox; and in the title what comes of it."""
    lines = Diagnosis(STRICT).text().splitlines()
    assert lines[:5] == [
        "λ doctor  functions run, each environment in a root of its own",
        f"  jlambda  0.1.0 · Python 3.11.7 (/home/ada/venv/bin/python) · functions run on {jlambda_python()}",
        "  machine  Linux 6.18.4-generic x86_64 · 2 CPUs, 8.0 GB of memory",
        "  state    /home/ada/work/.jlambda/lesson · ext4 · SQLite with a write-ahead log",
        "  sandbox  a private root · Landlock 7",
    ]
    shared = Diagnosis(replace(STRICT, is_on_network=True, file_system="nfs4")).text()
    assert "nfs4 · SQLite without a write-ahead log" in shared
    landlock = replace(STRICT, has_private_root=False)
    assert "functions run, held by Landlock alone\n" in Diagnosis(landlock).text()
    bare = replace(landlock, landlock_version=0)
    assert "nothing keeps them from your files and processes\n" in Diagnosis(bare).text()


def jlambda_python() -> str:
    """The runtime that this interpreter serves."""
    from jlambda.model.runtime import THIS_PYTHON

    return THIS_PYTHON


def test_where_functions_cannot_run_there_is_a_reason_and_no_table() -> None:
    """Nothing is claimed of what could not be tried."""
    diagnosis = Diagnosis(replace(STRICT, system="Darwin", failure="functions need Linux; this is Darwin"))
    assert "functions cannot run here" in diagnosis.text()
    assert diagnosis.text().endswith("  reason   functions need Linux; this is Darwin")
    assert diagnosis.findings == []
    assert "<td" in diagnosis._repr_html_()


# -- that it is true -------------------------------------------------------------------------------------------------


@pytest.fixture(params=TIERS)
def tier(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_descriptor_left_behind: None
) -> Iterator[jlambda.Session]:
    """A session in each tier of the sandbox that this machine has."""
    asked: dict[str, Any] = TIERS[request.param]
    monkeypatch.setattr("jlambda.parts.wanted_sandbox", partial(wanted_sandbox, **asked))
    with jlambda.Session(tmp_path / "state") as session:
        machine = session.machine()
        need(machine.has_private_root == asked.get("private_root", True), f"a private root ({machine.refusal})")
        need(bool(machine.landlock_version) == asked.get("landlock", True), "Landlock")
        yield session


def test_what_is_said_to_hold_holds_and_nothing_else(tier: jlambda.Session, tmp_path: Path) -> None:
    """From inside a function: what is held resists every attempt, and of what is not, one succeeds."""
    yours = tmp_path / "yours"
    yours.write_text("private")
    try_it = tier.deploy(TRIES, "try-it", timeout=20)
    with socket.create_server(("127.0.0.1", 0)) as server:
        attempts = {
            "/tmp of its own": ["room(tempfile.gettempdir()) > 512"],
            "1,024 processes": ["resource.getrlimit(resource.RLIMIT_NPROC)[0] != 1024"],
            "1,024 descriptors": ["resource.getrlimit(resource.RLIMIT_NOFILE)[0] != 1024"],
            "code read-only": ["write('added.py')", "os.chmod('lambda_function.py', 0o600) is None"],
            "no other file written": [f"write({str(yours)!r})", f"os.chmod({str(yours)!r}, 0o600) is None"],
            "your files unread": [f"open({str(yours)!r}).read()", f"os.path.exists({str(yours)!r})"],
            "state folder unread": [f"open({str(tier.folder / 'state.db')!r}, 'rb').read(1)"],
            "processes unseen": [f"open('/proc/{os.getpid()}/{name}').read(1)" for name in ("cmdline", "environ")],
            "no signal to others": [f"os.kill({os.getpid()}, 0) is None"],
            "no privileges": ["capabilities()", "os.getuid() == 0"],
            "own variables only": ["'HOME' in os.environ"],
            "network of its own": [f"connect({server.getsockname()[1]})"],
        }
        succeeded = {name: any(try_it(attempt) for attempt in each) for name, each in attempts.items()}
    found = {finding.protection: finding.held for finding in Diagnosis(tier.machine()).findings}
    assert {name: found[name] != "yes" for name in attempts} == succeeded


def test_figures_are_the_governors() -> None:
    """What the words say of intervals is what the supervisor does."""
    how = {finding.protection: finding.how for finding in Diagnosis(STRICT).findings}
    assert f"within {governor._GLANCE_S} s of a pause" in how["memory limit"]
    assert f"count {governor._FAMILY_S} s later" in how["memory limit"]
    assert f"SIGSTOP {governor._FREEZE_AFTER_S * 1000:.0f} ms after an answer" in how["frozen when idle"]


def test_root_is_said_to_see_what_it_sees(tier: jlambda.Session) -> None:
    """Where functions can read the variables of other processes, it is announced."""
    try_it = tier.deploy(TRIES, "try-it", timeout=20)
    found = {finding.protection: finding for finding in Diagnosis(tier.machine()).findings}
    if try_it(f"open('/proc/{os.getpid()}/environ').read(1)"):
        assert found["processes unseen"].held == "no"
        assert "variables" in found["processes unseen"].how


# -- in the notebook -------------------------------------------------------------------------------------------------


def test_the_verb_shows_this_machine(run: Run, session: jlambda.Session) -> None:
    """HTML and text of what was found out here; -o keeps it."""
    diagnosis = run("%lambda doctor").value
    assert isinstance(diagnosis, Diagnosis)
    assert diagnosis.machine == session.machine()
    assert f"state    {session.folder} · " in repr(diagnosis)
    assert run("%lambda doctor -o kept").value is None
    assert run("kept.findings[0].protection").value == "memory limit"


def test_a_folder_that_cannot_be_used_is_part_of_the_diagnosis(run: Run) -> None:
    """The doctor is the one who says why nothing else works."""
    with jlambda.Session("/proc/state"):
        shown = repr(run("%lambda doctor").value)
    assert "functions cannot run here" in shown
    assert "the state folder /proc/state cannot be used (" in shown


def test_options_are_set_with_config(run: Run, session: jlambda.Session) -> None:
    """%config says in one line from when it holds, and the doctor what holds now."""
    assert run("%config LambdaMagics.cpu_limit = False").printed == "cpu_limit is off\n"
    assert held(run, "CPU share") == "off"
    printed = run("%config LambdaMagics.freezer = False").printed
    assert printed.startswith("freezer is off once this session is opened again: jlambda.current().close() ")
    assert printed.count("\n") == 1
    assert held(run, "frozen when idle") == "yes"
    session.close()
    assert held(run, "frozen when idle") == "off"
    assert run("%config LambdaMagics.cpu_limit").value is False


def held(run: Run, protection: str) -> str:
    """What the doctor says of one protection."""
    found: Diagnosis = run("%lambda doctor").value
    return next(finding.held for finding in found.findings if finding.protection == protection)


def test_unloading_leaves_no_option_behind(shell: InteractiveShell) -> None:
    """After any number of loads there is one object for %config to set, after unloading none."""

    def options() -> int:
        return sum(type(it).__name__ == "LambdaMagics" for it in shell.configurables)

    load_ipython_extension(shell)
    load_ipython_extension(shell)
    assert options() == 1
    unload_ipython_extension(shell)
    assert options() == 0


# -- on the command line ---------------------------------------------------------------------------------------------


def test_the_command_prints_it_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 0, the state folder that a notebook here would have, and no such folder afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["doctor"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("λ doctor  functions run")
    assert f"state    {tmp_path}/.jlambda/default · " in printed.out
    assert "memory limit" in printed.out
    assert printed.err == ""
    assert list(tmp_path.iterdir()) == []


def test_where_functions_cannot_run_the_status_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The only case with another status than 0."""
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    assert cli.main(["doctor"]) == 1
    assert "functions need Linux; this is Darwin" in capsys.readouterr().out
