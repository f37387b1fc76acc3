"""The test-event widget without a browser: what can be chosen, what runs, and what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import jlambda
from jlambda.errors import ResourceNotFound
from jlambda.handle import Function


@pytest.fixture
def hello(tmp_path: Path) -> Iterator[Function]:
    """A deployed function."""
    with jlambda.Session(tmp_path / "state"):
        yield jlambda.deploy("def handler(event, context):\n    print('got', event)\n    return event['name']", name="hello")


def labels(widget: object) -> list[str]:
    """What can be chosen."""
    return [label for label, _ in widget.choice.options]  # type: ignore[attr-defined]


def test_an_event_is_run_and_its_card_shown(hello: Function) -> None:
    """With result, logs and record; afterwards it is among the earlier ones."""
    widget = hello.test()
    widget.event.value = '{"name": "Ada"}'
    widget.run_button.click()
    assert widget.invocation is not None
    assert widget.invocation.result == "Ada"
    assert "Ada" in widget.answer.value
    assert "got {" in widget.answer.value
    (earlier,) = [label for label in labels(widget) if label.startswith("earlier")]
    assert widget.invocation.record.request_id[:8] in earlier
    assert widget.choice.label == "as written below"
    widget.event.value = "{}"
    widget.choice.value = ("earlier", widget.invocation.record.request_id)
    assert json.loads(widget.event.value) == {"name": "Ada"}
    widget.close()


def test_what_is_no_json_cannot_be_run(hello: Function) -> None:
    """It is told as it is typed."""
    widget = hello.test()
    widget.event.value = "{"
    assert widget.run_button.disabled
    assert "not JSON" in widget.status.value
    assert widget.run() is None
    assert hello.invocations().empty
    widget.close()


def test_events_are_saved_by_name(hello: Function) -> None:
    """They are there in the next kernel, and go with the function."""
    widget = hello.test()
    widget.event.value, widget.name.value = '{"name": "Grace"}', "grace"
    widget.save_button.click()
    assert "saved: grace" in labels(widget)
    widget.name.value = "no name!"
    widget.save_button.click()
    assert "use letters" in widget.status.value
    hello._session.close()
    again = hello.test()
    again.choice.value = ("saved", "grace")
    assert again.run() is not None
    assert again.name.value == "grace"
    again.delete_button.click()
    assert "saved: grace" not in labels(again)
    again.delete_button.click()
    assert "has no test event" in again.status.value
    hello._session.test_events.save("hello", "left", "{}")
    hello.delete()
    assert hello._session.test_events.list("hello") == []
    with pytest.raises(ResourceNotFound):
        hello._session.test_events.save("hello", "late", "{}")
    again.close()
    widget.close()


def test_samples_fill_the_event(hello: Function) -> None:
    """Of every source."""
    widget = hello.test()
    widget.choice.value = ("sample", "s3:put")
    assert json.loads(widget.event.value)["Records"][0]["eventSource"] == "aws:s3"
    assert len([label for label in labels(widget) if label.startswith("sample: ")]) > 30
    widget.close()


def test_it_is_shown_without_widgets_too(hello: Function) -> None:
    """A page that has no widgets gets the function's card."""
    widget = hello.test()
    bundle = widget._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"} <= bundle.keys()
    widget.close()
