"""Notebooks are copied without harm, and executed with their output as it comes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from jlambda.errors import LambdaError
from jlambda.notebook.quickstart import FIRST, copy_notebooks, output_text, run_notebook, shipped_notebooks


def notebook(folder: Path, *cells: str, raises: tuple[int, ...] = ()) -> Path:
    """Write a notebook of code cells; those numbered in `raises` are expected to raise."""
    code: list[dict[str, object]] = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None} for source in cells
    ]
    for number in raises:
        code[number]["metadata"] = {"tags": ["raises-exception"]}
    path = folder / "test.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code}))
    return path


def executed(path: Path) -> tuple[int, str]:
    """The status of a notebook and what was printed of it."""
    out = io.StringIO()
    return run_notebook(path, out, {"IPYTHONDIR": str(path.parent)}), out.getvalue()


def test_the_first_notebook_and_its_data_are_shipped() -> None:
    """Both are there, in a checkout as in an installed package."""
    assert (shipped_notebooks() / FIRST).is_file()
    assert (shipped_notebooks() / "data" / "seattle-weather.csv").is_file()


def test_a_copy_has_everything_and_a_second_one_harms_nothing(tmp_path: Path) -> None:
    """What the user has changed is kept and named; what is missing is brought back."""
    folder = tmp_path / "copy"
    assert copy_notebooks(folder) == []
    assert (folder / FIRST).read_bytes() == (shipped_notebooks() / FIRST).read_bytes()
    (folder / FIRST).write_text("mine")
    (folder / "data" / "README.md").unlink()
    assert copy_notebooks(folder) == [folder / FIRST]
    assert (folder / FIRST).read_text() == "mine"
    assert (folder / "data" / "README.md").is_file()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A file is in the way of the folder."""
    (tmp_path / "copy").write_text("a file")
    with pytest.raises(LambdaError, match=r"cannot copy the notebooks to .*copy: .*; run this in a folder you can write"):
        copy_notebooks(tmp_path / "copy")


def test_cells_run_in_order_beside_their_file(tmp_path: Path) -> None:
    """Each cell's first line, then its output as text: streams, displays and results."""
    path = notebook(tmp_path, "import os\nprint(os.getcwd())", "print('open', end='')\ndisplay({'a': 1})\n2 + 3", "")
    first, second = ">>> import os …", ">>> print('open', end='') …"
    assert executed(path) == (0, f"\n{first}\n{tmp_path}\n\n{second}\nopen\n{{'a': 1}}\n5\n")


def test_a_failing_cell_ends_the_run(tmp_path: Path) -> None:
    """The traceback is printed without colours, later cells do not run, and the status is 1."""
    status, text = executed(notebook(tmp_path, "1 / 0", "print('later')"))
    assert status == 1
    assert "ZeroDivisionError: division by zero" in text
    assert text.endswith("test.ipynb: a cell failed\n")
    assert "\x1b" not in text
    assert "later" not in text


def test_a_cell_that_is_meant_to_fail_must_fail(tmp_path: Path) -> None:
    """The tag raises-exception is a promise."""
    status, text = executed(notebook(tmp_path, "1 / 0", "print('later')", raises=(0,)))
    assert (status, "later\n" in text) == (0, True)
    status, text = executed(notebook(tmp_path, "1 / 1", raises=(0,)))
    assert status == 1
    assert text.endswith("test.ipynb: '>>> 1 / 1' should have failed\n")


def test_a_kernel_that_dies_is_told(tmp_path: Path) -> None:
    """Status 1 and one line."""
    status, text = executed(notebook(tmp_path, "import os\nos._exit(3)"))
    assert status == 1
    assert text.endswith("test.ipynb: the kernel died\n")


def test_output_is_printed_when_it_comes(tmp_path: Path) -> None:
    """The cell goes on only once its first line has been seen here."""
    seen = tmp_path / "seen"

    class Watcher(io.StringIO):
        def write(self, text: str) -> int:
            if "first" in text and "print" not in text:
                seen.touch()
            return super().write(text)

    cell = "import os, time\nprint('first')\nwhile not os.path.exists('seen'): time.sleep(0.01)\nprint('second')"
    out = Watcher()
    assert run_notebook(notebook(tmp_path, cell), out, {"IPYTHONDIR": str(tmp_path)}) == 0
    assert out.getvalue().endswith("first\nsecond\n")


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("execute_result", {"data": {"text/plain": "5", "text/html": "<b>5</b>"}}, "5"),
        ("display_data", {"data": {"image/png": "…"}}, ""),
        ("error", {"traceback": ["\x1b[31mNo\x1b[0m", "really"]}, "No\nreally"),
        ("status", {"execution_state": "idle"}, ""),
    ],
)
def test_a_message_as_text(kind: str, content: dict[str, object], text: str) -> None:
    """Plain text is taken where there is some; other messages show nothing."""
    assert output_text(kind, content) == text
