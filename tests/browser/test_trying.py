"""The test-event widget in JupyterLab: an event is chosen, edited, saved and run, and its card read."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.lab import PATHS

CELLS = [
    "%load_ext jlambda",
    "%%lambda hello --quiet\ndef handler(event, context):\n    print('uploaded')\n"
    "    return event['Records'][0]['s3']['object']['key']",
    "hello.test()",
    "print([each.name for each in hello._session.test_events.list('hello')], hello.invocations()['status'].tolist())",
]


@pytest.mark.parametrize("front_end", PATHS)
def test_an_event_is_chosen_saved_and_run(notebook: Open, front_end: str) -> None:
    """The result is on the card, the event is saved, and the invocation is recorded; what is no JSON cannot be run."""
    page = notebook(CELLS, front_end)
    for number in (0, 1):
        page.run(number)
    widget = page.run(2)
    widget.get_by_role("combobox").select_option("sample: s3:put")
    event = widget.locator("textarea")
    expect(event).to_have_value(re.compile('"eventSource": "aws:s3"'))
    event.fill(event.input_value().replace('"key": "', '"key": "new-'))
    widget.get_by_placeholder("name of the event").fill("upload")
    widget.get_by_role("button", name="Save").click()
    expect(widget.get_by_text("saved as upload")).to_be_visible()
    written = event.input_value()
    event.fill("{")
    expect(widget.get_by_text("the event is not JSON")).to_be_visible()
    expect(widget.get_by_role("button", name="Run")).to_be_disabled()
    page.shoot(f"trying-mistake-{front_end}", widget)
    event.fill(written)
    widget.get_by_role("button", name="Run").click()
    expect(widget.get_by_text("✓ hello")).to_be_visible()
    expect(widget.get_by_text('"new-')).to_be_visible()
    page.shoot(f"trying-{front_end}", widget)
    expect(page.run(3)).to_contain_text("['upload'] ['success']")
