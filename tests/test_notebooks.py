"""Every notebook runs in a real kernel, and shows what it promises."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from jlambda.notebook.quickstart import run_notebook

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def executed(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a copy of the notebook; returns all its output as text."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    shutil.copytree(path.parent, folder, ignore=shutil.ignore_patterns(".*"))
    out = io.StringIO()
    status = run_notebook(folder / path.name, out, {"IPYTHONDIR": str(folder / ".ipython")})
    assert status == 0, out.getvalue()
    return out.getvalue()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell succeeds, or fails where it is meant to."""
    assert executed(path, tmp_path / "copy", monkeypatch)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_clean(path: Path) -> None:
    """Valid, without outputs, execution counts or metadata of whoever ran it last."""
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_the_first_notebook_shows_what_it_promises(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real weather, a cold and a warm call, a failure with the cell's line, a timeout, and frames of all that."""
    text = executed(NOTEBOOKS[0], tmp_path / "copy", monkeypatch)
    assert "48 months" in text
    assert "'mean_high_c': 7.1" in text  # January 2012
    assert re.search(r"took +[\d.]+ ms \(warm start\)", text)
    assert re.search(r"Cell In\[\d+\], line 12, in handler", text)
    assert "could not convert string to float: 'T'" in text
    assert "Task timed out after 1.00 seconds" in text
    assert re.search(r"took +[\d.]+ ms \(cold start, init [\d.]+ ms\)", text)
    assert "REPORT RequestId:" in text
