"""A real IPython shell with the extension loaded, on a session of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

import jlambda


@dataclass(frozen=True)
class Ran:
    """What came of one cell: its value, what it displayed (a mime bundle each), what it printed, and its error."""

    value: Any
    displayed: list[dict[str, str]]
    printed: str
    error: BaseException | None


Run = Callable[[str], Ran]


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """An IPython shell without a history file."""
    InteractiveShell.clear_instance()
    config = Config({"HistoryManager": {"enabled": False}, "InteractiveShell": {"colors": "nocolor"}})
    yield InteractiveShell.instance(config=config)
    InteractiveShell.clear_instance()


@pytest.fixture
def run(session: jlambda.Session, shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Runs cells in a shell with the extension loaded, in an empty folder; an error in a cell is returned, not raised."""
    monkeypatch.chdir(tmp_path)
    assert jlambda.current() is session
    shell.run_line_magic("load_ext", "jlambda")

    def run_cell(cell: str) -> Ran:
        with capture_output() as output:
            result = shell.run_cell(cell, store_history=True)  # type: ignore[no-untyped-call]
        shown = [bundle.data for bundle in output.outputs]
        return Ran(result.result, shown, output.stdout, result.error_before_exec or result.error_in_exec)

    yield run_cell
    shell.run_line_magic("unload_ext", "jlambda")
