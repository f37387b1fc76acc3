"""The dashboard without a page: when it follows the session, when it stops, and what a notebook keeps of it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import jlambda
from jlambda.errors import EngineError
from tests.conftest import eventually, threads
from tests.notebook.conftest import Run
from tests.notebook.reading import read_safe

DASHBOARD_THREADS = {"jlambda-activity", "jlambda-dashboard"}


def test_it_follows_until_it_is_stopped(session: jlambda.Session) -> None:
    """What runs shows up; stopped, it draws no more and no thread is left."""
    hello = session.deploy("def handler(event, context): return event", "hello")
    dashboard = jlambda.dashboard()
    assert not dashboard.is_live
    dashboard.start()
    dashboard.start()
    assert threads() >= DASHBOARD_THREADS
    hello()
    assert eventually(lambda: "hello" in dashboard.view.children[2].value)
    dashboard.stop()
    assert eventually(lambda: not threads() & DASHBOARD_THREADS)
    dashboard.start()
    assert dashboard.is_live
    dashboard.close()
    assert eventually(lambda: not threads() & DASHBOARD_THREADS)


def test_it_stops_when_no_page_shows_it(session: jlambda.Session) -> None:
    """The page counts on how many places it is shown; shown again, it goes on."""
    dashboard = jlambda.dashboard()
    for count in (1, 2, 1):
        dashboard.view._view_count = count
        assert dashboard.is_live
    dashboard.view._view_count = 0
    assert not dashboard.is_live
    dashboard.view._view_count = 1
    assert dashboard.is_live
    dashboard.close()


def test_it_stops_when_its_widget_is_closed(session: jlambda.Session) -> None:
    """However that is done."""
    hello = session.deploy("def handler(event, context): return event", "hello")
    dashboard = jlambda.dashboard()
    dashboard.start()
    dashboard.view.close()
    hello()
    assert eventually(lambda: not threads() & DASHBOARD_THREADS)
    assert not dashboard.is_live


def test_it_ends_with_the_session(session: jlambda.Session) -> None:
    """And does not open it again."""
    dashboard = jlambda.dashboard()
    dashboard.start()
    session.close()
    assert eventually(lambda: not threads() & DASHBOARD_THREADS)
    assert not session.is_open
    dashboard.view._view_count = 1
    assert not dashboard.is_live
    with pytest.raises(EngineError):
        dashboard.start()
    assert not session.is_open


def test_a_terminal_shows_it_once_as_text(run: Run) -> None:
    """No thread is started where nothing can be drawn anew."""

    shown = run("%lambda dashboard").displayed
    assert "invocations a second" in shown[0]["text/plain"]
    read_safe(shown[0]["text/html"])
    assert not threads() & DASHBOARD_THREADS


CELLS = [
    "%load_ext jlambda",
    "%lambda dashboard",
    "%%lambda hello -q\ndef handler(event, context): return 1",
    "hello()",
    "import threading\nlen([it for it in threading.enumerate() if it.name == 'jlambda-dashboard'])",
]


def test_a_notebook_without_a_page_keeps_what_it_showed_last(tmp_path: Path) -> None:
    """Run by nbclient, the HTML that nbconvert takes is that after the last cell."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])  # type: ignore[no-untyped-call]
    NotebookClient(notebook, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}, timeout=60).execute()
    (shown,) = notebook.cells[1].outputs
    assert "application/vnd.jupyter.widget-view+json" in shown.data
    assert "hello" in read_safe(shown.data["text/html"]).text
    assert notebook.cells[4].outputs[0].data["text/plain"] == "1"
