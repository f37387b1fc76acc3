"""The extension's commands: from the launcher, by the keyboard, and from the palette."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.panel import HELLO, OTHER_IS_LIVE, shot, show

pytestmark = pytest.mark.usefixtures("extension")


def test_the_launchers_card_makes_a_notebook_that_runs(notebook: Open) -> None:
    """The notebook takes the launcher's place, and every cell of it does what it says."""
    it = notebook([""])
    page = it.page
    page.evaluate("async () => { await window.jupyterapp.commands.execute('launcher:create') }")
    card = page.locator(".jp-LauncherCard", has_text="Lambda Quickstart")
    expect(card.locator("svg")).to_be_visible()
    shot(page, "launcher")
    card.click()
    expect(card).to_have_count(0)
    page.wait_for_function(OTHER_IS_LIVE, arg=it.name)
    for number in range(2):
        it.run(number)
    expect(it.run(2)).to_contain_text("{'hello': 'Ada'}")
    it.run(3)
    expect(it.run(4).locator("tbody tr")).to_contain_text(["direct", "s3"])
    expect(show(page).locator("[data-function=hello]")).to_contain_text("2 calls")


def test_commands_have_keys_and_stand_in_the_palette(notebook: Open) -> None:
    """Deploy a cell, show its function, and open the panel, with the keyboard alone."""
    it = notebook(["%load_ext jlambda", HELLO])
    page = it.page
    it.run(0)
    cell = it.cell(1)
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Alt+d")
    expect(cell.locator(".jlm-badge")).to_have_text("✓ deployed")
    panel = page.locator("#jlambda-panel")
    expect(panel).to_be_hidden()
    page.keyboard.press("Control+Alt+l")
    expect(panel.locator("[data-function=hello]")).to_be_visible()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Shift+c")
    page.locator(".lm-CommandPalette-input").fill("Configure the Function of This Cell")
    page.locator(".lm-CommandPalette-item", has_text="Configure the Function of This Cell").click()
    expect(page.locator(".jp-jlambda-configuration").get_by_role("button", name="Apply")).to_be_visible()
