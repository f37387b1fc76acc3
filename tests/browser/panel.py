"""What the tests of the JupyterLab extension have in common."""

from __future__ import annotations

import os

from playwright.sync_api import Locator, Page

HELLO = (
    "%%lambda hello --memory 256\ndef handler(event, context):\n    print('called')\n"
    "    return {'hello': event.get('name', 'world')}"
)


def show(page: Page) -> Locator:
    """Bring the panel to the front."""
    page.evaluate("() => window.jupyterapp.commands.execute('jlambda:show')")
    return page.locator("#jlambda-panel")


def shot(page: Page, name: str) -> None:
    """A picture for people, where they ask for one."""
    if folder := os.environ.get("JLAMBDA_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def dark(page: Page, is_dark: bool) -> None:
    """Change the theme."""
    name = "JupyterLab Dark" if is_dark else "JupyterLab Light"
    page.evaluate(f"() => window.jupyterapp.commands.execute('apputils:change-theme', {{ theme: '{name}' }})")
    page.wait_for_function(f"() => document.body.dataset.jpThemeLight === '{str(not is_dark).lower()}'")
    page.wait_for_selector("#jupyterlab-splash", state="detached")
