"""The command line, run as a user runs it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from jlambda.cli import main

ROOT = Path(__file__).parents[1]


def environment(folder: Path) -> dict[str, str]:
    """A user whose home is `folder`, with this checkout's jlambda."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}


def commands() -> list[str]:
    """The command lines of all processes."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def jlambda(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in `folder`."""
    command = [sys.executable, "-m", "jlambda", *arguments]
    return subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["quickstart", "--help"]])
def test_help_goes_to_stdout(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """No command asks for help as well; the status is 0."""
    assert main(arguments) == 0
    assert "jlambda quickstart" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["quikstart"], "jlambda: there is no 'quikstart'; did you mean quickstart? (there are "),
        (["quickstart", "--exectue"], "jlambda quickstart: there is no option --exectue; did you mean --execute?"),
        (["quickstart", "now"], "jlambda quickstart: 'now' is one word too many"),
    ],
)
def test_a_wrong_line_is_one_line_on_stderr(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong, the nearest word, and status 2."""
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(message)
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_an_error_of_ours_is_one_line_and_status_1(tmp_path: Path) -> None:
    """A file is in the way of the notebooks' folder."""
    (tmp_path / "jlambda-notebooks").write_text("a file")
    ran = jlambda(tmp_path, "quickstart")
    assert ran.returncode == 1
    assert ran.stderr.startswith("jlambda quickstart: cannot copy the notebooks to jlambda-notebooks: ")
    assert ran.stderr.count("\n") == 1


def test_an_unknown_benchmark_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The benchmarks there are, are named."""
    assert main(["bench", "warmth"]) == 1
    assert capsys.readouterr().err.startswith("jlambda bench: there is no benchmark 'warmth' (there are ")


def test_quickstart_opens_the_notebook_in_jupyterlab(tmp_path: Path) -> None:
    """A real JupyterLab serves the folder with the first notebook in it, and stops when it is told to."""
    config = tmp_path / ".jupyter"
    config.mkdir()
    settings = {"open_browser": False, "allow_root": True, "port": 0, "token": "secret"}
    (config / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": settings}))
    with open(tmp_path / "output", "w") as output:
        command = [sys.executable, "-m", "jlambda", "quickstart"]
        lab = subprocess.Popen(command, cwd=tmp_path, env=environment(tmp_path), stdout=output, stderr=output)
    try:
        served = {entry["name"] for entry in contents(tmp_path / ".local/share/jupyter/runtime")}
        assert {"01-first-function.ipynb", "data"} <= served
        lab.terminate()
        assert lab.wait(30) == 0
    finally:
        lab.kill()
        lab.wait()


def contents(runtime: Path) -> list[dict[str, object]]:
    """What a Jupyter Server serves at its top, asked for until it is up; `runtime` is where it writes its address."""
    deadline = time.monotonic() + 60
    while True:
        try:
            (server,) = runtime.glob("jpserver-*.json")
            url = json.loads(server.read_text())["url"]
            with urllib.request.urlopen(f"{url}api/contents?token=secret", timeout=10) as answer:
                listing: list[dict[str, object]] = json.load(answer)["content"]
                return listing
        except (ValueError, OSError):  # no file yet, half a file, or nobody listens yet
            assert time.monotonic() < deadline, "no server came up"
            time.sleep(0.05)


def test_quickstart_executes_the_notebook_and_leaves_nothing(tmp_path: Path) -> None:
    """Every cell succeeds, its output is on stdout, and neither a file nor a process stays."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "jlambda", "quickstart", "--execute"],
        cwd=tmp_path,
        env={**environment(tmp_path), "TMPDIR": str(temporary), "MPLCONFIGDIR": str(temporary / "kept-cache")},
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, time.monotonic() - before < 100) == (0, True), ran.stdout + ran.stderr
    assert ">>> %load_ext jlambda" in ran.stdout
    assert "48 months" in ran.stdout
    assert "λ month-summary" in ran.stdout
    assert "FunctionError: slow-steps failed" in ran.stdout
    assert [path.name for path in temporary.iterdir() if path.name != "kept-cache"] == []
    assert not (tmp_path / "jlambda-notebooks").exists()
    assert [command for command in commands() if str(tmp_path) in command] == []


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_quickstart_can_be_stopped(tmp_path: Path, signum: int) -> None:
    """No traceback, no temporary folder, no process; status 130."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    run = subprocess.Popen(
        [sys.executable, "-m", "jlambda", "quickstart", "--execute"],
        cwd=tmp_path,
        env={**environment(tmp_path), "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    assert any("month_summary(events[0])" in line for line in run.stdout)
    run.send_signal(signum)
    _, errors = run.communicate(timeout=30)
    assert (run.returncode, errors) == (130, "")
    assert list(temporary.iterdir()) == []
    assert [command for command in commands() if str(tmp_path) in command] == []
