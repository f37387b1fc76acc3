"""The configuration widget without a browser: its fields, what follows from them, and what Apply does."""

from __future__ import annotations

import ast
import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import ipywidgets
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ipywidgets.widgets.widget import _instances

import jlambda
from jlambda.handle import Function
from jlambda.model.arn import Account
from jlambda.model.function import FunctionConfiguration
from jlambda.model.trigger import parse_trigger
from jlambda.notebook.configure import Configuration
from jlambda.notebook.draft import Draft, boto3_calls, cell_line, price_line, specification, usd_per_million
from jlambda.notebook.options import cell_options
from jlambda.notebook.trigger_fields import read, written

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
    widget.on_failure.kind.value, widget.on_failure.name.value = "function", "nobody"
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


def test_versions_and_aliases_are_provisioned(hello: Function) -> None:
    """Those that there are; what is asked for elsewhere, and a version that is published meanwhile, are shown at once."""
    widget, other = hello.configure(), hello.configure()
    editor = widget.provisioned
    assert "hello has none yet" in editor._none.value
    assert editor._none.layout.display == ""
    other.timeout.value = 9
    first = hello.publish()
    live = hello.alias("live", 1)
    assert [label for label, _ in editor.choice.options] == ["live (version 1)", "version 1"]
    assert editor.choice.options == other.provisioned.choice.options
    other.revert_button.click()
    editor.choice.value = "live"
    editor.add_button.click()
    editor.numbers["live"].value = 2
    assert live.provisioned is None
    assert "Qualifier='live', ProvisionedConcurrentExecutions=2" in widget.calls
    widget.apply()
    assert live.provisioned is not None
    assert live.provisioned.requested == 2
    assert other.draft == widget.draft
    assert widget.apply_button.disabled
    live.provision(None)
    assert widget.draft.provisioned == other.draft.provisioned == {}
    first.provision(1)
    assert other.provisioned.numbers["1"].value == 1
    other.provisioned.remove("1")
    other.apply()
    assert first.provisioned is None
    for each in (widget, other):
        each.close()


def test_what_is_provisioned_fits_what_is_reserved(hello: Function) -> None:
    """Up and down in one go, whichever has to be first; and back as it was where a later part is refused."""
    hello.publish()
    live = hello.alias("live", 1)
    widget = hello.configure()
    widget.is_reserved.value, widget.reserved.value = True, 3
    widget.provisioned.add("live", 5)
    assert "5 in all, reserved are 3" in widget.status.value
    assert widget.apply_button.disabled
    widget.reserved.value = 5
    widget.apply()
    assert (hello.reserved, live.provisioned and live.provisioned.requested) == (5, 5)
    widget.reserved.value = 2
    widget.provisioned.numbers["live"].value = 2
    widget.apply()
    assert (hello.reserved, live.provisioned and live.provisioned.requested) == (2, 2)
    widget.is_reserved.value = False
    widget.provisioned.remove("live")
    widget.on_failure.kind.value, widget.on_failure.name.value = "function", "nobody"
    widget.apply()
    assert "is invalid" in widget.status.value
    assert (hello.reserved, live.provisioned and live.provisioned.requested) == (2, 2)
    widget.close()


def test_widgets_do_not_pile_up(hello: Function) -> None:
    """However often the function changes, by an edit of its variables too."""
    hello.publish()
    hello.alias("live", 1).provision(1)
    widget = hello.configure()

    def change(step: int) -> int:
        hello.update(timeout=10 + step)
        widget.variables.add("OTHER", "x")
        widget.variables.remove("OTHER")
        return sum(not isinstance(it, ipywidgets.Layout) for it in _instances.values())

    before = change(0)
    assert [change(step) for step in (1, 2, 3)] == [before] * 3
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
    assert "correct horse" not in str(bundle) + widget.line + widget.calls
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
    form = hello.configure().triggers.form
    form.text.value = "sqs:"
    assert form.add_button.disabled
    assert "sqs" in form.message.value
    form.text.value = "cron(0 12 * * ? *)"
    assert not form.add_button.disabled
    assert form.message.value.count(" 12:00") == 3
    assert form.kind.value == "cron"
    form.fields["timezone"].value = "Europe/Berlin"
    assert "Europe/Berlin" in form.message.value
    form.fields["timezone"].value = "Middle/Earth"
    assert form.add_button.disabled
    assert "no time zone" in form.message.value


def test_a_filter_is_tried(hello: Function) -> None:
    """On a sample event, or on one that is typed in; the pattern is the form's."""
    form = hello.configure().triggers.form
    form.kind.value = "events"
    form.tester.event.value, form.fields["pattern"].value = '{"source": "my.app"}', '{"source": [{"prefix": "my."}]}'
    assert "✓ lets this event through" in form.tester.answer.value
    form.fields["pattern"].value = '{"source": ["other"]}'
    assert "does not let" in form.tester.answer.value
    form.fields["pattern"].value = '{"source": '
    assert form.add_button.disabled
    assert "not JSON" in form.message.value
    form.tester.event.value = "{"
    assert "not JSON" in form.tester.answer.value


def test_triggers_and_destinations_are_applied_together(hello: Function) -> None:
    """Nothing is attached before; queues that are not there are made, and the other widget and the card follow."""
    widget, other = hello.configure(), hello.configure()
    form = widget.triggers.form
    form.fields["queue"].value, form.fields["batch_size"].value = "jobs", "5"
    assert form.text.value == "sqs:jobs?batch_size=5"
    assert "not there yet" in form.message.value
    form.add_button.click()
    widget.on_failure.kind.value = "queue"
    assert "name the queue" in widget.status.value
    assert widget.apply_button.disabled
    widget.on_failure.name.value = "dead"
    assert "queue dead is not there yet" in widget.status.value
    assert len(hello.triggers) == 0
    assert not hello._session.services.is_running
    widget.apply()
    assert "queue dead was not there: created" in widget.status.value
    assert [str(each.trigger) for each in hello.triggers] == ["sqs:jobs?batch_size=5"]
    client = jlambda.client("lambda")
    config = client.get_function_event_invoke_config(FunctionName="hello")
    assert config["DestinationConfig"]["OnFailure"]["Destination"] == "arn:aws:sqs:us-east-1:123456789012:dead"
    assert hello._session.inventory.ask("queue") == ["dead", "jobs"]
    assert other.draft == widget.draft
    assert "dead" in widget.on_failure.name.options
    form.edit("sqs:jobs?batch_size=5")
    form.fields["batch_size"].value = "7"
    form.add_button.click()
    widget.triggers.switch("sqs:jobs?batch_size=7", False)
    assert "--trigger sqs:jobs?batch_size=7&disabled" in widget.line.replace("'", "")
    widget.apply()
    [attached] = hello.triggers
    assert (str(attached.trigger), attached.state) == ("sqs:jobs?batch_size=7", "Disabled")
    hello.triggers.remove("sqs:jobs")
    assert widget.draft.triggers == other.draft.triggers == {}
    for each in (widget, other):
        each.close()


def test_a_trigger_that_is_refused_undoes_the_rest(hello: Function) -> None:
    """Memory, a destination that was made, and another trigger are as before."""
    widget = hello.configure()
    widget.memory.value = 512
    widget.on_success.kind.value, widget.on_success.name.value = "topic", "done"
    jlambda.client("sqs").create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "1"})
    widget.triggers.add("dynamodb:orders?view=KEYS_ONLY")
    widget.triggers.add("sqs:fresh")
    widget.triggers.add("sqs:jobs")
    widget.apply()
    assert "isibility" in widget.status.value
    assert hello.configuration.memory_mb == 128
    assert len(hello.triggers) == 0
    inventory = hello._session.inventory
    assert [inventory.ask(kind) for kind in ("topic", "queue", "table")] == [[], ["jobs"], []]
    assert widget.draft.memory_mb == 512  # what was written is still there to mend
    widget.close()


triggers = st.sampled_from(
    [
        "s3://uploads/in/*.csv?events=ObjectRemoved:*",
        "s3://uploads/a%3Fb%25*",
        "sqs:jobs?batch_size=5&window=2&report_failures",
        'sqs:jobs.fifo?filter={"body": {"kind": ["a"]}}&filter={"body": {"kind": ["b"]}}&max_concurrency=7',
        "dynamodb:orders?start=TRIM_HORIZON&view=NEW_IMAGE&bisect",
        "kinesis:clicks?parallel=2&retries=3&on_failure=arn:aws:sqs:us-east-1:123456789012:dead",
        'sns:news?filter={"kind": ["order"]}&scope=MessageBody',
        "rate(1 minute)",
        'rate(5 hours)?input={"a": 1}',
        "cron(0 12 * * ? *)?timezone=Europe/Berlin&flexible=5",
        "at(2027-01-01T09:00:00)",
        'events:{"source": ["my.app"]}?bus=shop',
        "GET /items/{id}?api=shop",
        "url?auth=AWS_IAM",
        "url",
        "logs:/aws/lambda/other?filter=ERROR %26 more",
    ]
)


@given(triggers)
def test_a_form_says_what_its_trigger_says(text: str) -> None:
    """There and back, for every kind."""
    trigger = parse_trigger(text)
    assert parse_trigger(written(trigger.kind, read(trigger))) == trigger


@given(triggers)
def test_the_calls_to_copy_are_code(text: str) -> None:
    """That Python takes, whatever the trigger."""
    draft = Draft(triggers={text: False})
    ast.parse(boto3_calls("hello", draft, Account()))
    assert cell_options(cell_line(FunctionConfiguration("hello"), draft).removeprefix("%%lambda ")).trigger == (
        specification(text, False),
    )


#: argparse takes a value that is "--" for the mark that options end, before Python 3.13
words = st.text("abc é'\"$ \\=#;-", max_size=8).filter(lambda text: text != "--")


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
