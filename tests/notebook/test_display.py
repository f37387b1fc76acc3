"""What a notebook shows of functions and invocations."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jlambda
from jlambda.notebook.cards import size
from jlambda.notebook.display import FunctionList, changes_text, error_card, function_card, provisioned_card
from jlambda.notebook.invocation_card import invocation_card, record_card, replay_html, replay_text
from jlambda.service.provisioned import ProvisionedConcurrency
from tests.notebook.conftest import Run
from tests.notebook.reading import read_safe

ECHO = "def handler(event, context):\n    return event\n"


@pytest.mark.parametrize(
    ("of_bytes", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (53_249, "53.2 KB"), (1_000_000, "1.0 MB"), (262_144_000, "262.1 MB")],
)
def test_sizes_are_for_people(of_bytes: int, text: str) -> None:
    """Three digits, and the unit that fits."""
    assert size(of_bytes) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "nothing since the last deploy"),
        ({"code": ("a", "b")}, "code"),
        ({"memory_mb": (128, 256), "timeout_s": (3, 10)}, "memory 128 → 256 MB, timeout 3 → 10 s"),
        ({"description": ("", "new")}, "description none → new"),
        ({"environment": ({"A": "1", "B": "2"}, {"B": "3", "C": "4"})}, "environment (-A, B, +C)"),
        ({"layers": ((), ("arn:aws:lambda:us-east-1:123456789012:layer:a:1",))}, "layers none → a:1"),
        ({"secrets": (("KEY",), ())}, "secrets (-KEY)"),
        ({"secrets": (("KEY",), ("KEY",))}, "secrets (new values)"),
    ],
)
def test_changes_are_told_in_words(changes: dict[str, tuple[object, object]], text: str) -> None:
    """Settings with their old and new value, variables by name only."""
    assert changes_text(changes) == text


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_changes_never_show_the_value_of_a_variable(before: dict[str, str], after: dict[str, str]) -> None:
    """What is told of variables depends on their names and on which values differ, not on what the values are."""
    values = {value: f"{number}" for number, value in enumerate({*before.values(), *after.values()})}
    masked = [{key: values[value] for key, value in variables.items()} for variables in (before, after)]
    assert changes_text({"environment": (before, after)}) == changes_text({"environment": (masked[0], masked[1])})


def test_a_card_has_what_a_function_is(session: jlambda.Session) -> None:
    """Name, ARN, runtime, memory, timeout, size, version, variables and how to call it."""
    function = session.deploy(
        ECHO, "my-fn", memory=512, timeout=7, env={"STAGE": "dev"}, secrets={"API_KEY": "s3cr3t"}, description="<b>bold</b>"
    )
    text = function_card(function).text()
    for part in (
        "λ my-fn  <b>bold</b>",
        "arn:aws:lambda:us-east-1:123456789012:function:my-fn",
        "512 MB memory · 7 s timeout · 512 MB /tmp",
        "version $LATEST",
        "STAGE=dev",
        "API_KEY=***",
        "my_fn(event)   my_fn.invoke(event)   my_fn.map(events)",
    ):
        assert part in text
    assert "&lt;b&gt;bold" in function_card(function).html()
    assert "changed" not in text
    assert "nothing since the last deploy" in function_card(session.deploy(ECHO, "my-fn")).text()


def test_a_deleted_function_says_so(session: jlambda.Session) -> None:
    """A name that is still bound shows no error."""
    function = session.deploy(ECHO, "f")
    function.delete()
    assert function_card(function).text() == "λ f  has been deleted"


def test_an_invocation_shows_result_figures_and_logs(session: jlambda.Session) -> None:
    """A cold start shows its init, a failure its traceback in place of the result."""
    function = session.deploy(
        "def handler(event, context):\n    print('dividing')\n    return 1 / event\n", "f", origin="Cell In[1]"
    )
    good = invocation_card(function.invoke(2))
    assert good.text().startswith("✓ f  success\n  result   0.5\n  took     ")
    assert "(cold start, init " in good.text()
    assert "dividing" in good.text()
    assert "REPORT RequestId: " in good.text()
    assert good.mood == "good"
    bad = invocation_card(function.invoke(0))
    assert bad.text().startswith("✗ f  error\n  error    Traceback (most recent call last):\n")
    assert "Cell In[1], line 3, in handler" in bad.text()
    assert "(warm start)" in bad.text()
    assert bad.mood == "bad"
    broken = session.deploy("raise OSError\ndef handler(event, context): ...", "broken")
    assert "(cold start, init repeated)" in invocation_card(broken.invoke()).text()


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (None, "null"),
        ("é", '"é"'),
        ({"a": [1, 2]}, '{"a": [1, 2]}'),
        ({"key": "x" * 100}, '{\n             "key": "' + "x" * 100 + '"\n           }'),
        ("x" * 5_000, "x" * 1_999 + "\n           … 3002 characters more"),
    ],
)
def test_results_are_shown_as_json(session: jlambda.Session, event: object, shown: str) -> None:
    """Short ones in a line, longer ones indented, long ones cut."""
    text = invocation_card(session.deploy(ECHO, "f").invoke(event)).text()
    assert f"result   {shown}" in text.replace('result   "xxx', "result   xxx")


def test_a_result_of_bytes_is_shown_as_bytes(session: jlambda.Session) -> None:
    """A handler may return bytes that are not JSON."""
    function = session.deploy("def handler(event, context):\n    return b'\\xff'\n", "f")
    assert "result   b'\\xff'" in invocation_card(function.invoke()).text()


@pytest.mark.measures
def test_a_large_result_is_shown_at_once(session: jlambda.Session) -> None:
    """Megabytes are not laid out only to be cut."""
    call = session.deploy("def handler(event, context):\n    return list(range(700_000))\n", "f", timeout=30).invoke()
    started = time.monotonic()
    assert "characters more" in invocation_card(call).html()
    assert time.monotonic() - started < 1


def test_a_list_of_functions_is_a_table(session: jlambda.Session) -> None:
    """As text and as HTML; an empty one says how to begin."""
    assert repr(FunctionList()) == "no functions yet: begin a cell with %%lambda NAME"
    assert "no functions yet" in FunctionList()._repr_html_()
    session.deploy(ECHO, "a", description="<i>")
    session.deploy(ECHO, "b", memory=1024)
    header, first, second = repr(FunctionList(session.functions())).splitlines()
    assert header.split()[:4] == ["function", "runtime", "memory", "timeout"]
    assert first.startswith("a ")
    assert "1024 MB" in second
    assert "&lt;i&gt;" in FunctionList(session.functions())._repr_html_()


def test_inside_of_a_list_a_function_is_a_word(run: Run) -> None:
    """A card stands alone; within other things the short form is shown."""
    run(f"%%lambda f -q\n{ECHO}")
    printed = run("print(get_ipython().display_formatter.format([f, f.invoke(1)])[0]['text/plain'])").printed
    assert printed.startswith("[<Function f>,\n <Invocation f success: ")
    shown = run("get_ipython().display_formatter.format(f)[0]").value
    assert shown["text/plain"].startswith("λ f\n")
    assert shown["text/html"].startswith("<div")


def test_a_replay_is_side_by_side_however_long_its_results(session: jlambda.Session) -> None:
    """The first one's result leaves room for the second's, which here is an error; nothing is a tag."""
    long = session.deploy("def handler(event, context): return {'long': '<b>' * 400}", "f").invoke({})
    session.deploy("def handler(event, context): return 1 / 0", "f")
    replay = long.replay()
    header, status, *lines = replay_text(replay).split("\n")
    assert (header.split(), status.split()) == (["then", "now"], ["status", "success", "error"])
    assert max(map(len, lines)) < 120
    assert any(line.endswith("ZeroDivisionError: division by zero") for line in lines)
    html = replay_html(replay)
    assert "<b>" not in html
    assert html.count("table-layout: fixed") == 1


def test_an_invocation_has_a_timeline_and_a_memory_bar(session: jlambda.Session) -> None:
    """As wide as what they stand for; a warm start has no init, what is throttled neither."""
    function = session.deploy(ECHO, "f")
    cold, warm = function.invoke().record, function.invoke().record
    wide = cold._replace(init_ms=30.0, duration_ms=10.0, billed_ms=40, max_memory_mb=32)
    html = record_card(wide).html()
    assert read_safe(html).text.count("$") == 1  # between two of them a page sees mathematics
    assert "width: 75.0%" in html
    assert html.count("width: 25.0%") == 2  # the invocation, and the memory
    assert "32 of 128 MB" in record_card(wide).text()
    assert "init ·" not in record_card(warm).html()
    full = record_card(wide._replace(max_memory_mb=127))
    assert "127 of 128 MB ⚠ nearly all" in full.text()
    assert "128 of 128 MB ⚠ all of it" in record_card(wide._replace(max_memory_mb=128)).text()
    throttled = record_card(wide._replace(status="throttled", error_type="TooManyRequestsException", billed_ms=0))
    assert "took" not in throttled.text()
    assert throttled.text().startswith("✗ f  throttled\n  error    TooManyRequestsException")


def test_errors_as_values_are_cards(session: jlambda.Session) -> None:
    """What a function raised with its traceback, and what AWS calls our own."""
    error = session.deploy("def handler(event, context): raise ValueError('<b>')", "f").invoke().error
    assert error is not None
    card = error_card(error)
    assert card.text().startswith("✗ f  ValueError\n  error    Traceback (most recent call last):")
    assert "<b>" in read_safe(card.html()).text
    with pytest.raises(jlambda.ResourceNotFound) as missing:
        session.get("nowhere")
    assert "ResourceNotFoundException · 404" in error_card(missing.value).text()


@pytest.mark.parametrize(("status", "reason"), [("IN_PROGRESS", ""), ("READY", ""), ("FAILED", "<b>no</b>")])
def test_provisioned_concurrency_is_a_card(status: str, reason: str) -> None:
    """How many of those asked for are ready, and why not if that is known."""
    card = provisioned_card(ProvisionedConcurrency("f", "live", 4, 3, 2, status, reason, 0.0))
    told = f"λ f:live  provisioned concurrency: {status}\n  environments  3 of 4 initialised · 2 of them not at work"
    assert card.text() == (f"{told}\n  reason        {reason}" if reason else told)
    assert (card.mood == "good") is (status == "READY")
    assert reason in read_safe(card.html()).text


def test_versions_aliases_and_triggers_are_tables(run: Run) -> None:
    """Empty they say how to begin; inside of other things they are what they were."""
    run(f"%%lambda f -q\n{ECHO}")

    def shown(code: str) -> dict[str, str]:
        bundle: dict[str, str] = run(f"get_ipython().display_formatter.format({code})[0]").value
        read_safe(bundle.get("text/html", ""))
        return bundle

    assert "fn.publish()" in shown("f.versions()")["text/plain"]
    assert 'fn.alias("live", 1)' in shown("f.aliases()")["text/plain"]
    assert "fn.triggers.add" in shown("f.triggers")["text/plain"]
    run("first = f.publish('<i>one</i>')\nf.update(memory=256)\nsecond = f.publish()\nf.alias('live', {1: 0.9, 2: 0.1})")
    run("f.triggers.add('rate(5 minutes)')")
    versions = shown("f.versions()")
    assert [line.split()[0] for line in versions["text/plain"].splitlines()] == ["version", "1", "2"]
    assert "&lt;i&gt;one" in versions["text/html"]
    assert "version 1 90% · version 2 10%" in shown("f.aliases()")["text/plain"]
    assert "rate(5 minutes)  Enabled" in shown("f.triggers")["text/plain"]
    assert shown("[f.versions()]")["text/plain"] == "[[<Function f:1>, <Function f:2>]]"
    assert shown("f.invoke(1, type='Event').result()")["text/plain"].startswith("✓ f  success")
