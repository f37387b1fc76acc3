"""What `--help` prints as an example runs as it is printed, for every verb and for the cell magic."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import nbformat
import pytest

import jlambda
from jlambda.notebook.verbs import VERBS
from tests.notebook.conftest import Run

CODE = "\nSTEP = {}\ndef handler(event, context):\n    return event"
NODE = "\nexports.handler = async (event) => event"
#: it ends when it is interrupted; in a real kernel test_kernel.py does that
ENDLESS = "%lambda logs hello -f"
WIDGETS = ("config", "test", "dashboard")


@pytest.fixture(scope="module", autouse=True)
def fonts() -> None:
    """matplotlib keeps the fonts open that it has drawn with; the picture of `tune` would seem to leave them behind."""
    from matplotlib.figure import Figure

    figure = Figure()
    figure.text(0.5, 0.5, "text")
    figure.savefig(io.BytesIO())


@pytest.fixture
def desk(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A shell beside a notebook that has a cell, with the names and files that examples speak of."""
    (tmp_path / "event.json").write_text(json.dumps({"name": "Ada"}))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"%%lambda hello{CODE}")])  # type: ignore[no-untyped-call]
    nbformat.write(notebook, tmp_path / "lesson.ipynb")  # type: ignore[no-untyped-call]
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "lesson.ipynb"))
    monkeypatch.setenv("API_KEY", "correct horse")
    run("my_event = {'name': 'Grace'}\nlookup_table = {'Ada': 1}\ndef clean(value): return value")
    return run


def prepare(run: Run, session: jlambda.Session) -> None:
    """Deploy what the examples use, where it is not there: `hello` with two versions and a URL, and `pay`."""
    if "hello" not in [each.name for each in session.functions()]:
        for step in (1, 2):
            assert run(f"%%lambda hello -q --trigger url{CODE.format(step)}").error is None
            assert run("hello.publish(); hello.alias('live', 1); hello(1)").error is None
    if "pay" not in [each.name for each in session.functions()]:
        assert run(f"%%lambda pay -q{CODE.format(0)}").error is None


def examples(run: Run, call: str) -> list[str]:
    """The lines below "examples:" of a help text."""
    _, _, found = run(call).printed.partition("examples:\n")
    lines = [line.strip() for line in found.splitlines() if line.strip()]
    assert lines, call
    return lines


def test_every_example_of_every_verb_runs(desk: Run, session: jlambda.Session) -> None:
    """As it is printed, one after the other; an answer that is asked for by name or by `=` is there afterwards."""
    for verb in VERBS:
        for line in examples(desk, f"%lambda {verb} --help"):
            if line == ENDLESS:
                continue
            prepare(desk, session)
            ran = desk(line)
            assert ran.error is None, (line, ran.error)
            kept = line.rpartition(" -o ")[2] if " -o " in line else line.partition(" = ")[0] if " = " in line else ""
            if kept:
                assert desk(f"{kept} is not None").value is True, line
            if verb in WIDGETS:
                ran.value.close()


def test_every_example_of_the_cell_magic_deploys(desk: Run, session: jlambda.Session) -> None:
    """Each as the first cell of its name; what pip has to fetch is tests/runtimes/test_requirements.py's."""
    for number, line in enumerate(examples(desk, "%%lambda --help\npass")):
        if "--requirements" in line or ("nodejs" in line and not shutil.which("node")):
            continue
        ran = desk(f"{line}{NODE if 'nodejs' in line else CODE.format(number)}")
        assert ran.error is None, (line, ran.error)
        assert [each.name for each in session.functions()] == ["hello"]
        desk("%lambda delete hello")
