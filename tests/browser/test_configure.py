"""The configuration widget in JupyterLab and in Notebook 7: what is typed and clicked becomes settings and triggers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.lab import PATHS

CELLS = [
    "%load_ext jlambda",
    "%%lambda hello --quiet --env STAGE=dev\ndef handler(event, context): return int(context.memory_limit_in_mb)",
    "hello.configure()",
    "c = hello.configuration\nprint('now', c.memory_mb, c.timeout_s, dict(c.environment), hello(), hello.reserved)",
    "import jlambda\nlamb = jlambda.client('lambda')\n"
    "print([str(t.trigger) for t in hello.triggers])\n"
    "print(lamb.get_function_event_invoke_config(FunctionName='hello')['DestinationConfig']['OnFailure'])\n"
    "print(lamb.list_event_source_mappings(FunctionName='hello')['EventSourceMappings'][0]['BatchSize'])",
]

PROVISIONED = [
    "live = hello.publish() and hello.alias('live', 1)",
    "print('ready:', live.qualifier, live.provisioned.requested)",
]


@pytest.mark.parametrize("front_end", PATHS)
def test_what_is_typed_is_applied(notebook: Open, front_end: str) -> None:
    """Memory and a variable; a mistake is told while it is typed, and cannot be applied; a second widget follows."""
    page = notebook([*CELLS[:3], "hello.configure()", CELLS[3], *PROVISIONED], front_end)
    for number in (0, 1):
        page.run(number)
    widget = page.run(2)
    second = page.run(3)
    memory = widget.locator(".widget-slider .widget-readout")
    expect(memory).to_have_text("128")
    apply = widget.get_by_role("button", name="Apply")
    expect(apply).to_be_disabled()
    memory.click()
    memory.fill("512")
    page.page.keyboard.press("Enter")
    expect(widget.get_by_text("0.29 vCPU")).to_be_visible()
    page.shoot(f"configure-limits-{front_end}", widget)
    widget.get_by_role("tab", name="Variables").click()
    value = widget.locator("input[placeholder=value]").first
    value.fill("test")
    name = widget.locator("input[placeholder=NAME]").first
    name.fill("1X")
    expect(widget.get_by_role("status").last).to_contain_text("environment variable '1X'")
    expect(apply).to_be_disabled()
    page.shoot(f"configure-mistake-{front_end}", widget)
    name.fill("STAGE")
    expect(widget.get_by_role("status").last).to_have_text("not applied yet")
    apply.click()
    expect(widget.get_by_text("applied: the next invocation runs with it")).to_be_visible()
    expect(second.locator(".widget-slider .widget-readout")).to_have_text("512")
    expect(page.run(4)).to_contain_text("now 512 3 {'STAGE': 'test'} 512 None")
    widget.get_by_role("tab", name="Limits").click()
    expect(widget.get_by_text("hello has none yet")).to_be_visible()
    page.run(5)
    widget.get_by_label("provisioned", exact=True).select_option("live (version 1)")
    widget.get_by_role("button", name="Provision").click()
    ready = widget.get_by_label("live", exact=True)
    ready.fill("2")
    ready.press("Tab")
    apply.click()
    expect(widget.get_by_text("applied: the next invocation runs with it")).to_be_visible()
    page.shoot(f"configure-provisioned-{front_end}", widget)
    expect(page.run(6)).to_contain_text("ready: live 2")


def test_triggers_and_destinations(notebook: Open) -> None:
    """A queue that is there is chosen, one that is not is made; a filter is tried; nothing happens before Apply."""
    boto3 = "import jlambda\njlambda.client('sqs').create_queue(QueueName='jobs')['QueueUrl']"
    page = notebook([*CELLS[:2], boto3, CELLS[2], CELLS[4]])
    for number in (0, 1, 2):
        page.run(number)
    widget = page.run(3)
    widget.get_by_role("tab", name="Triggers").click()
    page.shoot("configure-triggers-none", widget)
    queue = widget.get_by_label("queue", exact=True)
    expect(widget.locator("datalist option[value=jobs]")).to_have_count(1)
    queue.fill("jobs")
    queue.press("Tab")
    expect(widget.get_by_text("queue jobs is there")).to_be_visible()
    batch_size = widget.get_by_label("batch size")
    batch_size.fill("many")
    expect(widget.get_by_text("batch size: use a whole number from 1 to 10000")).to_be_visible()
    expect(widget.get_by_role("button", name="Add")).to_be_disabled()
    batch_size.fill("5")
    widget.get_by_label("filter").fill('{"body": {"kind": ["order"]}}')
    widget.get_by_text("Try it on an event").click()
    event = widget.get_by_label("event", exact=True)
    expect(widget.get_by_text("✗ does not let this record through")).to_be_visible()
    event.fill('{"Records": [{"eventSource": "aws:sqs", "body": "{\\"kind\\": \\"order\\"}"}]}')
    expect(widget.get_by_text("✓ lets this record through")).to_be_visible()
    page.shoot("configure-triggers", widget)
    widget.get_by_role("button", name="Add").click()
    expect(widget.get_by_label("--trigger")).to_have_value("")
    widget.get_by_label("new trigger").select_option("schedule: cron")
    cron = widget.get_by_label("cron", exact=True)
    cron.fill("0 9 ? * MON-FRI *")
    cron.press("Tab")
    zone = widget.get_by_label("time zone")
    zone.fill("Europe/Berlin")
    zone.press("Tab")
    expect(widget.get_by_text("09:00 Europe/Berlin")).to_be_visible()
    page.shoot("configure-schedule", widget)
    widget.get_by_role("button", name="Add").click()
    expect(widget.get_by_label("--trigger")).to_have_value("")
    widget.get_by_role("tab", name="Events").click()
    widget.get_by_label("on failure").select_option("queue")
    expect(widget.get_by_role("status").last).to_contain_text("on failure: name the queue")
    dead = widget.get_by_placeholder("choose a queue, or name a new one").last
    dead.fill("dead")
    dead.press("Tab")
    expect(widget.get_by_text("queue dead is not there yet: Apply creates it")).to_be_visible()
    page.shoot("configure-events", widget)
    widget.get_by_role("tab", name="As code").click()
    page.shoot("configure-code", widget)
    widget.get_by_role("button", name="Apply").click()
    expect(widget.get_by_text("queue dead was not there: created")).to_be_visible()
    done = page.run(4)
    expect(done).to_contain_text("cron(0 9 ? * MON-FRI *)?timezone=Europe/Berlin")
    expect(done).to_contain_text("sqs:jobs?batch_size=5&filter=")
    expect(done).to_contain_text("{'Destination': 'arn:aws:sqs:us-east-1:123456789012:dead'}\n5")
    widget.get_by_role("tab", name="Triggers").click()
    page.shoot("configure-triggers-applied", widget)
