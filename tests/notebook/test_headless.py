"""Notebooks without a display: nbconvert, and IPython in a terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from html import unescape
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
CELLS = [
    "%load_ext jlambda",
    "%%lambda hello --env STAGE=dev --trigger rate(5 minutes)\n"
    "def handler(event, context):\n    return {'hello': event['name']}",
    "%lambda config hello",
    'trial = hello.test()\ntrial.event.value = \'{"name": "Ada"}\'\ntrial.run()\ntrial',
    "assert hello({'name': 'Ada'}) == {'hello': 'Ada'}",
]


def environment(folder: Path) -> dict[str, str]:
    """This one's, without a display, and with the folders of a user who has none."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "JPY_SESSION_NAME")}
    return {**kept, "PYTHONPATH": str(ROOT), "IPYTHONDIR": str(folder / ".ipython"), "HOME": str(folder)}


def test_nbconvert_shows_every_widget_as_html(tmp_path: Path) -> None:
    """Settings and code of the one, event and outcome of the other; nothing of it needs a script."""
    new = nbformat.v4
    notebook = new.new_notebook(cells=[new.new_code_cell(cell) for cell in CELLS])  # type: ignore[no-untyped-call]
    nbformat.write(notebook, tmp_path / "lesson.ipynb")  # type: ignore[no-untyped-call]
    command = [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "--ExecutePreprocessor.store_widget_state=False"]
    subprocess.run([*command, "lesson.ipynb"], cwd=tmp_path, env=environment(tmp_path), check=True, capture_output=True)
    html = (tmp_path / "lesson.html").read_text()
    assert html.count("λ hello") == 3
    html = unescape(html)
    assert "%%lambda hello --env STAGE=dev --trigger 'rate(5 minutes)'" in html
    assert "client.update_function_configuration(" in html
    assert '{"hello": "Ada"}' in html
    assert "application/vnd.jupyter.widget-view+json" not in html


def test_a_terminal_shows_text(tmp_path: Path) -> None:
    """IPython without Jupyter: cards, widgets and frames are text."""
    calls = ["%lambda config hello", "hello.invoke({'name': 'Ada'})", "hello.invocations()['status']"]
    typed = [CELLS[0], f"{CELLS[1]}\n\n", *calls]  # two empty lines end a cell there
    command = [sys.executable, "-m", "IPython", "--simple-prompt", "--no-banner", "--no-confirm-exit"]
    ran = subprocess.run(
        command,
        input="\n".join(typed) + "\n",
        cwd=tmp_path,
        env=environment(tmp_path),
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.stdout.count("λ hello") == 2
    assert "as a cell" in ran.stdout
    assert "✓ hello" in ran.stdout
    assert "success" in ran.stdout
