"""The same extension in Notebook 7."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.panel import HELLO, shot, show

pytestmark = pytest.mark.usefixtures("extension")


def test_the_panel_and_the_cells_in_notebook_7(notebook: Open) -> None:
    """Loaded, deployed, invoked and configured from the side bar."""
    it = notebook(["", HELLO], "notebook")
    page = it.page
    panel = show(page)
    panel.get_by_role("button", name="Load jlambda").click()
    expect(panel.get_by_role("heading", name="No functions yet")).to_be_visible()
    cell = it.cell(1)
    cell.locator(".cm-content").click()
    cell.locator(".jlambda-deploy button").click()
    expect(cell.locator(".jlm-badge")).to_have_text("✓ deployed")
    panel.locator("[data-function=hello]").click()
    panel.get_by_role("button", name="Invoke").click()
    expect(panel.get_by_role("region", name="Result")).to_contain_text("world")
    panel.get_by_role("button", name="Back").click()
    shot(page, "panel-notebook")
    panel.get_by_role("button", name="Configure").click()
    expect(page.locator(".jp-jlambda-configuration").get_by_role("button", name="Apply")).to_be_visible()
    shot(page, "panel-notebook-configure")
