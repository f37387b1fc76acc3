"""Cards in JupyterLab."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Open

CELLS = [
    "%load_ext jlambda",
    "%%lambda shop --quiet --description 'from $5 to $9'\ndef handler(event, context): return '$x$'",
    "from IPython.display import HTML\ndisplay(shop, shop.invoke(), HTML('<p>$x^2$</p>'))",
]


def test_dollars_are_money(notebook: Open) -> None:
    """A page sets what stands between two of them as mathematics, but not in our cards."""
    page = notebook(CELLS)
    for number in (0, 1):
        page.run(number)
    output = page.run(2)
    expect(output.locator("p mjx-container")).to_be_visible()
    expect(output.get_by_text("from $5 to $9")).to_be_visible()
    expect(output.locator("mjx-container")).to_have_count(1)
