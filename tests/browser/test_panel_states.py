"""The side panel through all that a kernel goes through, with several notebooks, and with much to show."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.lab import NotebookPage
from tests.browser.panel import HELLO, OTHER_IS_LIVE, check_access, shot, show

pytestmark = pytest.mark.usefixtures("extension")

WAIT = "import threading; threading.Event().wait()"
DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
MANY = """
import jlambda
%config LambdaMagics.freezer = False
for number in range(500):
    jlambda.deploy('def handler(event, context): return 1', name=f'function-{number:03}')
_ = jlambda.get('function-007').map(range(10_000))
"""
#: how long frames take while something happens, in ms: the longest, and how many were longer than 50
FRAMES = """() => new Promise(resolve => {
    const took = []; let last = performance.now(); const end = last + 2000;
    const next = now => { took.push(now - last); last = now; now < end ? requestAnimationFrame(next) : resolve(took); };
    requestAnimationFrame(next);
})"""


def heading(panel: Locator, name: str) -> Locator:
    """The heading that says what state there is."""
    return panel.get_by_role("heading", name=name)


def context(page: Page, act: str) -> None:
    """Have the notebook's session context do something."""
    page.evaluate(f"() => window.jupyterapp.shell.currentWidget.sessionContext.{act}")


def deployed(it: NotebookPage) -> tuple[Locator, Locator]:
    """The panel, once the first two cells have loaded jlambda and deployed; and the function's row in it."""
    panel = show(it.page)
    expect(heading(panel, "jlambda is not loaded")).to_be_visible()
    it.run(0)
    expect(heading(panel, "No functions yet")).to_be_visible()
    it.run(1)
    row = panel.locator("[data-function=hello]")
    expect(row).to_be_visible()
    return panel, row


def test_a_busy_kernel_answers_and_a_restart_is_followed(notebook: Open) -> None:
    """While a cell runs for long the panel works; after a restart all is there again once jlambda is loaded."""
    it = notebook(["%load_ext jlambda", HELLO, WAIT])
    page = it.page
    panel, row = deployed(it)
    it.start(2)
    expect(panel.get_by_text("A cell is running.")).to_be_visible()
    row.click()
    expect(panel.get_by_role("region", name="Configuration")).to_contain_text("256 MB")
    panel.get_by_role("button", name="Invoke").click()
    expect(panel.get_by_role("region", name="Result")).to_contain_text("world")
    context(page, "session.kernel.interrupt()")
    expect(panel.get_by_text("A cell is running.")).to_be_hidden()

    context(page, "restartKernel()")
    expect(heading(panel, "jlambda is not loaded")).to_be_visible()
    panel.get_by_role("button", name="Load jlambda").click()
    panel.get_by_role("button", name="Back").click()
    panel.get_by_role("button", name="Back").click()
    expect(row).to_contain_text("1 call")
    expect(it.cell(1).locator(".jlm-badge")).to_have_text("✓ deployed")


def test_a_page_that_is_loaded_anew_connects_again(notebook: Open) -> None:
    """The kernel went on meanwhile, and what it has is shown."""
    it = notebook(["%load_ext jlambda", HELLO])
    page = it.page
    _, row = deployed(it)
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    page.reload()
    it.cell(0).wait_for()
    page.evaluate("async () => { await window.jupyterapp.restored }")
    show(page)
    expect(row).to_be_visible()


def test_another_notebook_has_another_kernel(notebook: Open) -> None:
    """The panel follows the notebook in front, also where it has no kernel any more."""
    it = notebook(["%load_ext jlambda", HELLO])
    page = it.page
    panel, row = deployed(it)
    page.evaluate("() => window.jupyterapp.commands.execute('jlambda:quickstart')")
    expect(page.get_by_role("heading", name="A first Lambda function").first).to_be_visible()
    page.wait_for_function(OTHER_IS_LIVE, arg=it.name)
    expect(heading(panel, "jlambda is not loaded")).to_be_visible()
    context(page, "shutdown()")
    expect(heading(panel, "No Python kernel")).to_be_visible()
    page.get_by_role("tab", name=it.name).click()
    expect(row).to_be_visible()


def test_a_killed_kernel_is_started_again(notebook: Open) -> None:
    """By the server, and without jlambda."""
    it = notebook(["%load_ext jlambda", HELLO, DIE])
    panel, _ = deployed(it)
    it.start(2)
    it.page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    expect(heading(panel, "jlambda is not loaded")).to_be_visible()


def test_a_kernel_of_another_version_is_said_to_be_one(notebook: Open) -> None:
    """What it says is not guessed at."""
    it = notebook(["import jlambda.notebook.panel.panel as it\nit.VERSION = 99\n%load_ext jlambda", HELLO])
    panel = show(it.page)
    it.run(0)
    expect(heading(panel, "Another version of jlambda")).to_be_visible()
    it.run(1)
    expect(panel.locator("[data-function]")).to_have_count(0)


def test_many_functions_and_invocations(notebook: Open) -> None:
    """500 functions and 10,000 invocations: found, sorted and read; all text can be read, all controls have names."""
    it = notebook(["%load_ext jlambda", MANY, "_ = jlambda.get('function-007').map(range(20_000))"])
    page = it.page
    panel = show(page)
    it.run(0)
    it.run(1)
    rows = panel.locator("[data-function]")
    expect(rows).to_have_count(500)
    panel.get_by_role("combobox", name="Sort by").select_option("calls")
    expect(rows.first).to_contain_text("10000 calls")
    it.start(2)
    frames = page.evaluate(FRAMES)
    panel.get_by_role("searchbox").fill("n-00")
    expect(rows).to_have_count(10)
    typed = page.evaluate(FRAMES)
    panel.get_by_role("searchbox").fill("")
    for name, took in (("while 20,000 invocations run", frames), ("after a search", typed)):
        print(f"frames {name}: median {sorted(took)[len(took) // 2]:.0f} ms, longest {max(took):.0f} ms of {len(took)}")
    check_access(page)
    rows.first.click()
    expect(panel.get_by_role("region", name="Recent invocations").get_by_role("listitem")).to_have_count(200)
    check_access(page)
    shot(page, "panel-many")
