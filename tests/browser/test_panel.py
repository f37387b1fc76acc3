"""The extension in JupyterLab: from an empty notebook to a function that an event starts, seen in the side panel."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Open
from tests.browser.lab import NotebookPage
from tests.browser.panel import HELLO, check_access, dark, shot, show, tab_to

BROKEN = "%%lambda broken\ndef handler(event, context):\n    return ("
UPLOADS = "%lambda trigger add hello s3://uploads/*.csv"
PUT = (
    "import jlambda\njlambda.client('s3').put_object(Bucket='uploads', Key='a.csv', Body=b'x')\n"
    "print('over', jlambda.wait('1 minute'))"
)
URL = "%lambda trigger add hello url"
RUBY = "%%lambda ruby --runtime ruby3.4 --description it's\ndef handler(event:, context:)\n  nil\nend"
JAVA = "%%lambda other --runtime java21\npublic class Main {}"
#: whether cells of these numbers are taken for what they are
MIME_TYPES = """wanted => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets
    return Object.entries(wanted).every(([number, mime]) => cells[number].model.mimeType === mime)
}"""

pytestmark = pytest.mark.usefixtures("extension")


def run(notebook: NotebookPage, panel: Locator, number: int) -> Locator:
    """Run a cell; its badge."""
    notebook.run(number)
    return notebook.cell(number).locator(".jlm-badge")


def test_the_whole_story(notebook: Open) -> None:
    """Load, deploy, invoke, look, attach a trigger, see what it starts, switch it off, delete."""
    it = notebook(["", HELLO, BROKEN, UPLOADS, PUT, JAVA, RUBY, URL])
    page = it.page
    panel = show(page)
    expect(panel.get_by_role("heading", name="jlambda is not loaded")).to_be_visible()
    check_access(page)
    shot(page, "panel-missing")
    panel.get_by_role("button", name="Load jlambda").click()
    expect(panel.get_by_role("heading", name="No functions yet")).to_be_visible()
    check_access(page)
    shot(page, "panel-empty")

    # a cell: highlighted, deployed by its button, edited
    cell = it.cell(1)
    badge = cell.locator(".jlm-badge")
    expect(badge).to_have_text("○ not deployed")
    cell.locator(".cm-content").click()
    cell.locator(".jlambda-deploy button").click()
    expect(badge).to_have_text("✓ deployed")
    row = panel.locator("[data-function=hello]")
    expect(row).to_contain_text("0 calls")
    expect(row).to_contain_text("256 MB · $LATEST · Active")
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("  # more")
    expect(badge).to_have_text("✎ edited since")
    for _ in "  # more":
        page.keyboard.press("Backspace")
    expect(badge).to_have_text("✓ deployed")

    # a cell that cannot be deployed: the line is marked
    failed = run(it, panel, 2)
    expect(failed).to_have_text("✗ failed, line 3")
    expect(it.cell(2).locator(".jlm-failed-line")).to_have_text("    return (")
    page.wait_for_function(MIME_TYPES, arg={"1": "text/x-ipython", "5": "text/x-java", "6": "text/x-lambda-ruby"})
    expect(it.cell(6).locator(".cm-line").nth(1).locator("span").first).to_have_text("def")

    # invoke with a test event, and look at what came of it
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Alt+i")
    expect(panel.get_by_role("heading", name="hello", exact=True)).to_be_focused()
    copy = panel.get_by_role("button", name="Copy ARN")
    expect(copy).to_be_visible()
    tab_to(page, ["Configure", "Go to Cell", "Copy ARN", "Delete", "Test event", "Event, as JSON", "Invoke"])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy.click()
    assert page.evaluate("() => navigator.clipboard.readText()").endswith(":function:hello")
    panel.get_by_role("combobox", name="Test event").select_option(label="s3:put")
    event = panel.get_by_role("textbox", name="Event, as JSON")
    expect(event).to_have_value(re.compile('"eventSource": "aws:s3"'))
    event.fill('{"name": "Ada"}')
    panel.get_by_role("textbox", name="Name of the event").fill("ada")
    panel.get_by_role("button", name="Save Event").click()
    expect(panel.locator("optgroup[label=Saved] option")).to_have_text("ada")
    panel.get_by_role("button", name="Invoke").click()
    expect(panel.get_by_role("region", name="Result")).to_contain_text('"hello": "Ada"')
    expect(panel.get_by_role("region", name="Event")).to_contain_text('"name": "Ada"')
    expect(panel.get_by_role("region", name="Logs")).to_contain_text("called")
    first = panel.locator("[data-invocation]").get_attribute("data-invocation")
    check_access(page)
    shot(page, "panel-invocation")
    panel.get_by_role("button", name="Replay").click()
    expect(panel.locator(f"[data-invocation]:not([data-invocation='{first}'])")).to_be_visible()
    panel.get_by_role("button", name="Back").click()
    expect(panel.get_by_role("region", name="Recent invocations").get_by_role("listitem")).to_have_count(2)

    # an event starts it, and is seen without a look
    it.run(3)
    it.run(4)
    invocations = panel.get_by_role("region", name="Recent invocations").get_by_role("listitem")
    expect(invocations).to_have_count(3)
    expect(invocations.first).to_contain_text("s3")
    switch = panel.get_by_role("switch", name="s3://uploads/*.csv")
    expect(switch).to_have_attribute("aria-checked", "true")
    shot(page, "panel-function")
    dark(page, True)
    shot(page, "panel-function-dark")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")

    # beside the notebook: the configuration widget
    panel.get_by_role("button", name="Configure").click()
    expect(page.locator(".jp-jlambda-configuration").get_by_role("button", name="Apply")).to_be_visible()
    shot(page, "panel-configure-dark")
    page.locator(".lm-DockPanel-tabBar .lm-TabBar-tab", has_text=re.compile("^hello$")).locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    expect(page.locator(".jp-jlambda-configuration")).to_have_count(0)
    panel.get_by_role("button", name="Go to Cell").click()
    expect(it.cell(1)).to_have_class(re.compile("jp-mod-active"))

    panel.get_by_role("button", name="Back").click()
    expect(panel.get_by_role("region", name="Environments").get_by_role("listitem")).to_have_count(1)
    expect(panel.get_by_label("Cost and activity")).to_contain_text("today$0.00")
    shot(page, "panel-dark")
    dark(page, False)
    shot(page, "panel")
    row.click()

    # a URL that was added in a cell
    it.run(7)
    with page.context.expect_page() as opened:
        panel.get_by_role("button", name="Open URL").click()
    expect(opened.value).to_have_url(re.compile("^http://.*lambda-url"))
    opened.value.close()

    # delete: the question is answered with no, then with yes
    panel.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    panel.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(panel.get_by_role("heading", name="No functions yet")).to_be_visible()
