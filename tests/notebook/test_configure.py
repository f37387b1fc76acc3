"""The configuration widget without a browser: its fields, what follows from them, and what Apply does."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.handle import Function
from jlambda.model.function import FunctionConfiguration
from jlambda.notebook.configure import Configuration
from jlambda.notebook.draft import Draft, cell_line, price_line, usd_per_million
from jlambda.notebook.options import cell_options

ECHO = "import os\ndef handler(event, context): return [os.environ.get('STAGE'), len(os.environ['TOKEN'])]"


@pytest.fixture
def hello(tmp_path: Path) -> Iterator[Function]:
    """A deployed function with a variable and a secret."""
    with jlambda.Session(tmp_path / "state"):
        yield jlambda.deploy(ECHO, name="hello", env={"STAGE": "dev"}, secrets={"TOKEN": "correct horse"})


def test_it_shows_what_the_function_has(hello: Function) -> None:
    """And nothing is to be applied yet."""
    widget = hello.configure()
    assert widget.draft == Draft(environment={"STAGE": "dev"}, secrets={"TOKEN": None})
    assert widget.apply_button.disabled
    assert "0.07 vCPU" in widget.price.value
    widget.close()


def test_everything_is_applied_at_once(hello: Function) -> None:
    """Limits, variables, concurrency and events; the secret keeps its value."""
    widget = hello.configure()
    widget.memory.value, widget.timeout.value = 512, 10
    widget.variables.value = {"STAGE": "test"}
    widget.is_reserved.value, widget.reserved.value = True, 7
    widget.retries.value = 1
    assert not widget.apply_button.disabled
    assert hello.configuration.memory_mb == 128
    widget.apply_button.click()
    assert (hello.configuration.memory_mb, hello.configuration.timeout_s, hello.reserved) == (512, 10, 7)
    assert hello() == ["test", len("correct horse")]
    client = jlambda.client("lambda")
    assert client.get_function_event_invoke_config(FunctionName="hello")["MaximumRetryAttempts"] == 1
    assert "applied" in widget.status.value
    assert widget.apply_button.disabled
    widget.close()


def test_nothing_is_applied_where_a_part_is_refused(hello: Function) -> None:
    """Too much concurrency is found out only by trying: what was done before it is undone."""
    widget = hello.configure()
    widget.memory.value = 512
    widget.is_reserved.value, widget.reserved.value = True, 5
    widget.on_failure.value = "arn:aws:lambda:us-east-1:123456789012:function:nobody"
    widget.apply()
    assert "is invalid" in widget.status.value
    assert (hello.configuration.memory_mb, hello.reserved) == (128, None)
    widget.close()


def test_mistakes_are_told_as_they_are_made(hello: Function) -> None:
    """And cannot be applied."""
    widget = hello.configure()
    widget.variables.add("1X", "y")
    assert "1X" in widget.status.value
    assert widget.apply_button.disabled
    widget.variables.remove("1X")
    widget.variables.add("TOKEN", "open")
    assert "TOKEN is a variable and a secret" in widget.status.value
    widget.revert_button.click()
    assert widget.draft == Draft(environment={"STAGE": "dev"}, secrets={"TOKEN": None})
    widget.secrets.add("OTHER", "")
    assert "OTHER has no value yet" in widget.status.value
    assert widget.apply_button.disabled
    widget.close()


def test_two_widgets_stay_in_step(hello: Function) -> None:
    """What one applies the other shows; what is being edited is not taken away."""
    first, second, third = (hello.configure() for _ in range(3))
    third.timeout.value = 30
    first.memory.value = 1_024
    first.apply()
    assert second.memory.value == 1_024
    assert second.apply_button.disabled
    assert (third.memory.value, third.timeout.value) == (128, 30)
    assert "changed elsewhere" in third.status.value
    hello.update(timeout=9)
    assert second.timeout.value == 9
    for widget in (first, second, third):
        widget.close()


def test_a_deleted_function_says_so(hello: Function) -> None:
    """There is nothing left to apply to."""
    widget = hello.configure()
    hello.delete()
    assert "has been deleted" in widget.status.value
    assert widget.apply_button.disabled
    widget.close()


def test_it_is_shown_without_widgets_too(hello: Function) -> None:
    """A page that has no widgets gets the function's card."""
    widget = hello.configure()
    bundle = widget._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "λ hello" in bundle["text/html"]
    assert "λ hello" in bundle["text/plain"]
    assert "correct horse" not in str(bundle) + widget.code.value
    widget.close()


def test_a_widget_that_is_gone_is_told_nothing(hello: Function) -> None:
    """Running its cell again and again does not pile up widgets."""
    watchers = len(hello._session.control.watchers)
    widget = hello.configure()
    kept = weakref.ref(widget)
    widget.close()
    assert len(hello._session.control.watchers) == watchers
    del widget
    gc.collect()
    assert kept() is None


def test_triggers_are_added_and_told_of(hello: Function) -> None:
    """A line that is no trigger cannot be added; a schedule says when it fires."""
    editor = hello.configure().triggers
    editor.text.value = "sqs:"
    assert editor.add_button.disabled
    assert "sqs" in editor.message.value
    editor.text.value = "cron(0 12 * * ? *)"
    assert not editor.add_button.disabled
    assert editor.message.value.count(" 12:00") == 3


def test_a_filter_is_tried(hello: Function) -> None:
    """On a sample event, or on one that is typed in."""
    tester = hello.configure().triggers.tester
    tester.event.value, tester.pattern.value = '{"source": "my.app"}', '{"source": [{"prefix": "my."}]}'
    assert "lets this event through" in tester.answer.value
    tester.pattern.value = '{"source": ["other"]}'
    assert "does not let" in tester.answer.value
    tester.pattern.value = '{"source": "other"}'
    assert "not a pattern" in tester.answer.value
    tester.event.value = "{"
    assert "not JSON" in tester.answer.value


words = st.text("abc é'\"$ \\=#;-", max_size=8)


@given(st.integers(128, 10_240), st.integers(1, 900), words, st.dictionaries(st.sampled_from(["KEY", "OTHER"]), words))
def test_the_line_to_copy_means_what_the_widget_says(memory: int, timeout: int, text: str, variables: dict[str, str]) -> None:
    """Whatever is in its values."""
    line = cell_line(FunctionConfiguration("hello"), Draft(memory, timeout, 512, text, variables, {"TOKEN": None}))
    given = cell_options(line.removeprefix("%%lambda "))
    assert (given.name, given.memory or 128, given.timeout or 3, given.description or "") == ("hello", memory, timeout, text)
    assert (dict(given.env), given.secret) == (variables, ("TOKEN",))


def test_the_price_is_that_of_the_records() -> None:
    """100 ms at 1 GB: 0.1 GB-seconds, and the request."""
    assert usd_per_million(1_024, 100.0, "x86_64") == pytest.approx(0.2 + 0.1 * 16.6667)
    assert price_line(1_769, None, "x86_64").startswith("1.00 vCPU · $3.08 for a million calls of 100 ms each")


def test_configuration_is_what_the_verb_gives(hello: Function) -> None:
    """`%lambda config NAME`."""
    assert isinstance(hello.configure(), Configuration)
