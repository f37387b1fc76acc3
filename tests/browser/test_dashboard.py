"""The dashboard in JupyterLab: it moves while a cell runs, and stops with its output."""

from __future__ import annotations

import os
import re

from playwright.sync_api import expect

from tests.browser.conftest import Open

# ends once so many are live
LIVE = (
    "import threading, time\n"
    "while len([it for it in threading.enumerate() if it.name == 'jlambda-dashboard']) != {0}: time.sleep(0.05)\n"
    "print('live: {0}')"
)
CELLS = [
    "%load_ext jlambda",
    "%%lambda hello --quiet\ndef handler(event, context): return 1 / event",
    "%lambda dashboard",
    "input('open?'), hello(1), hello.invoke(0)\nanswer = input('end?')",
    LIVE.format(1),
    LIVE.format(0),
]


def test_it_moves_while_a_cell_runs_and_stops_with_its_output(notebook: Open) -> None:
    """The kernel is busy all the while; the cell run again has one dashboard, cleared outputs have none."""
    page = notebook(CELLS)
    for number in (0, 1):
        page.run(number)
    dashboard = page.run(2)
    expect(dashboard.get_by_text("the first invocation starts one")).to_be_visible()
    page.start(3)
    for question in ("open?", "end?"):  # between the two it has invoked, and it still runs
        expect(page.cell(3).locator(".jp-Stdin-prompt").last).to_have_text(question)
        if question == "end?":
            expect(dashboard.get_by_text("2 in the last minute")).to_be_visible()
            expect(dashboard.get_by_text("50.0% of what ran")).to_be_visible()
            expect(dashboard.get_by_text(re.compile(r"frozen \d+ s"))).to_be_visible()
            if folder := os.environ.get("JLAMBDA_SCREENSHOTS"):
                page.page.screenshot(path=f"{folder}/dashboard.png")
        answer = page.cell(3).locator(".jp-Stdin-input").last
        answer.fill("yes")
        answer.press("Enter")
    expect(page.run(4)).to_contain_text("live: 1")
    page.run(2)
    expect(page.run(4)).to_contain_text("live: 1")
    page.page.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    expect(dashboard.get_by_text("last minute", exact=True)).to_have_count(0)
    expect(page.run(5)).to_contain_text("live: 0")
