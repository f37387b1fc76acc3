"""The configuration widget in JupyterLab: what is typed and clicked becomes the function's settings and triggers."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from tests.browser.conftest import Open

CELLS = [
    "%load_ext jlambda",
    "%%lambda hello --quiet --env STAGE=dev\ndef handler(event, context): return int(context.memory_limit_in_mb)",
    "hello.configure()",
    "c = hello.configuration\nprint('now', c.memory_mb, c.timeout_s, dict(c.environment), hello())",
]


def test_what_is_typed_is_applied(notebook: Open) -> None:
    """Memory and a variable; a mistake is told while it is typed, and cannot be applied."""
    page = notebook(CELLS)
    for number in (0, 1):
        page.run(number)
    widget = page.run(2)
    memory = widget.locator(".widget-slider .widget-readout")
    expect(memory).to_have_text("128")
    apply = widget.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    memory.click()
    memory.fill("512")
    page.page.keyboard.press("Enter")
    expect(widget.get_by_text("0.29 vCPU")).to_be_visible()
    widget.get_by_role("tab", name="Variables").click()
    value = widget.locator("input[placeholder=value]").first
    value.fill("test")
    name = widget.locator("input[placeholder=NAME]").first
    name.fill("1X")
    expect(widget.get_by_role("status").last).to_contain_text("environment variable '1X'")
    expect(apply).to_be_disabled()
    name.fill("STAGE")
    expect(widget.get_by_role("status").last).to_have_text("not applied yet")
    if folder := os.environ.get("JLAMBDA_SCREENSHOTS"):
        page.page.screenshot(path=f"{folder}/configure-variables.png")
        widget.get_by_role("tab", name="Limits").click()
        page.page.screenshot(path=f"{folder}/configure-limits.png")
        widget.get_by_role("tab", name="Triggers").click()
        page.page.screenshot(path=f"{folder}/configure-triggers.png")
    apply.click()
    expect(widget.get_by_text("applied: the next invocation runs with it")).to_be_visible()
    expect(page.run(3)).to_contain_text("now 512 3 {'STAGE': 'test'} 512")
