"""What a user has set for the extension is kept to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.lab import Lab
from tests.browser.panel import HELLO, shot, show

pytestmark = pytest.mark.usefixtures("extension")

PLUGIN = "jlambda:panel"
HIDDEN = dict.fromkeys(("runtime", "version", "state", "cost"), False)
#: nobody else asks for it, so that it can be told from all other intervals of the page
EVERY_MS = 4_321


@pytest.fixture
def settings(lab: Lab) -> Iterator[Lab]:
    """The server, which has the usual settings again after the test."""
    yield lab
    lab.set(PLUGIN, {})


def test_settings_are_kept_to(settings: Lab, notebook: Open) -> None:
    """Columns, also changed while the panel shows them; how often lanes are drawn; no question before a delete."""
    settings.set(PLUGIN, {"columns": HIDDEN, "refreshInterval": EVERY_MS, "confirmDelete": False})
    it = notebook(
        ["%load_ext jlambda", HELLO, "_ = hello({})"],
        script=f"""
        const set = window.setInterval
        window.setInterval = (act, every, ...rest) => {{
            window.isDrawn ||= every === {EVERY_MS}
            return set(act, every, ...rest)
        }}""",
    )
    page = it.page
    panel = show(page)
    for number in range(3):
        it.run(number)
    row = panel.locator("[data-function=hello]")
    expect(row).to_have_text("hello1 call256 MB")
    expect(panel.get_by_role("region", name="Environments")).to_be_visible()
    page.wait_for_function("() => window.isDrawn")

    page.evaluate(
        "async () => { await window.jupyterapp.commands.execute('settingeditor:open', { query: 'Lambda Functions' }) }"
    )
    page.get_by_role("checkbox", name="Memory").uncheck()
    shot(page, "settings")
    expect(row).to_have_text("hello1 call")
    page.get_by_role("tab", name=it.name).click()
    row.click()
    panel.get_by_role("button", name="Delete").click()
    expect(panel.get_by_role("heading", name="No functions yet")).to_be_visible()
