"""Tab completion: what is offered at a place of a line, and that IPython offers it."""

from __future__ import annotations

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell

import jlambda
from jlambda.model.exchange import Write
from jlambda.notebook.completer import Known, completions
from jlambda.notebook.verbs import VERBS
from tests.notebook.conftest import Run

KNOWN = Known(
    functions=lambda: ["hello", "help-me"],
    qualified=lambda: ["hello", "help-me", "hello:live", "hello:1"],
    layers=lambda: ["numbers:3"],
    names=lambda: ["df", "clean", "event"],
    snapshots=lambda: ["lesson-1"],
    places=lambda kind: {"queue": ["jobs", "jobs.fifo"], "bucket": ["uploads"], "table": ["orders"]}.get(kind, []),
    aliases=lambda function: ["live"] if function == "hello" else [],
    versions=lambda function: ["1", "2"] if function == "hello" else [],
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("%lambda inv", ["invoke", "invocations"]),
        ("%lambda invoke ", ["hello", "help-me", "hello:live", "hello:1"]),
        ("%lambda invoke hello:", ["hello:live", "hello:1"]),
        ("%lambda show hel", ["hello", "help-me", "hello:live", "hello:1"]),
        ("%lambda invoke hello cle", ["clean"]),
        ("%lambda invoke hello s3:p", ["s3:put", "s3:post"]),
        ("%lambda invoke hello event -", ["-h", "--help", "-o", "--output", "--tail"]),
        ("%lambda invoke hello event -o ", ["df", "clean", "event"]),
        ("%lambda show hello ", []),
        ("%lambda tune hello df --memory 128,17", ["128,1769"]),
        ("%lambda trigger ena", ["enable"]),
        ("%lambda trigger add ", ["hello", "help-me", "hello:live", "hello:1"]),
        ("%lambda trigger add hello sq", ["sqs:"]),
        ("%lambda trigger add hello sqs:jo", ["sqs:jobs", "sqs:jobs.fifo"]),
        ("%lambda trigger add hello:", ["hello:live", "hello:1"]),
        ("%%lambda hello --trigger s3://", ["s3://uploads/"]),
        ("%%lambda hello --trigger dynamodb:o", ["dynamodb:orders"]),
        ("%%lambda hello --trigger sns:", []),
        ("%%lambda hello --trigger sqs:jobs?batch_size=5&b", []),
        ("%%lambda hello --trigger sqs:jobs?batch_size=5&w", ["sqs:jobs?batch_size=5&window="]),
        ("%%lambda hello --trigger dynamodb:orders?bi", ["dynamodb:orders?bisect"]),
        ("%lambda alias hello ", ["live"]),
        ("%lambda alias hello live ", ["1", "2"]),
        ("%lambda snapshot lo", ["load"]),
        ("%lambda snapshot load ", ["lesson-1"]),
        ("%lambda events kin", ["kinesis:record"]),
        ("%lambda nonsense ", []),
        ("%%lambda hel", ["hello", "help-me"]),
        ("%%lambda hello --mem", ["--memory"]),
        ("%%lambda hello --memory 512 --arch", ["--architecture"]),
        ("%%lambda hello --architecture ", ["x86_64", "arm64"]),
        ("%%lambda hello --log-level TR", ["TRACE"]),
        ("%%lambda hello --runtime nodejs2", ["nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs26.x"]),
        ("%%lambda hello --use df,cl", ["df,clean"]),
        ("%%lambda hello --layer num", ["numbers:3"]),
        ("%%lambda hello --trigger r", ["rate("]),
        ("%%lambda hello --quiet --invoke sqs:f", ["sqs:fifo"]),
        ("%%lambda hello ", []),
        ("%time x", []),
    ],
)
def test_what_can_stand_at_the_cursor(line: str, expected: list[str]) -> None:
    """Verbs, names, options, and the values of an option."""
    assert completions(line, KNOWN) == expected


def test_every_kind_of_trigger_is_offered() -> None:
    """By what it begins with."""
    offered = completions("%%lambda f --trigger ", KNOWN)
    assert offered == [
        "s3://",
        "sqs:",
        "dynamodb:",
        "kinesis:",
        "sns:",
        "rate(",
        "cron(",
        "at(",
        "events:",
        "GET /",
        "url",
        "logs:",
    ]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_completed(verb: str) -> None:
    """And its options."""
    assert verb in completions(f"%lambda {verb[:-1]}", KNOWN)
    assert "--help" in completions(f"%lambda {verb} --h", KNOWN)


def offered(shell: InteractiveShell, cell: str) -> list[str]:
    """What a front end shows at the end of `cell`: whole words."""
    with provisionalcompleter():
        return [cell[: it.start] + it.text for it in shell.Completer.completions(cell, len(cell))]


def test_ipython_completes(run: Run, shell: InteractiveShell, session: jlambda.Session) -> None:
    """In a real shell, in the first line of a cell, and across characters at which IPython begins a new word."""
    run("%%lambda hello -q\ndef handler(event, context): return event")
    session.get("hello").publish()
    assert "%lambda invoke hello" in offered(shell, "%lambda invoke he")
    assert "%lambda invoke hello:1" in offered(shell, "%lambda invoke hello:")
    assert "%%lambda hello --memory" in offered(shell, "%%lambda hello --me")
    assert "%%lambda f --trigger s3://" in offered(shell, "%%lambda f --trigger s3")
    session.inventory.saw(Write("sqs", "CreateQueue", {"QueueName": "jobs"}, "us-east-1"))
    assert offered(shell, "%%lambda f --trigger sqs:j") == ["%%lambda f --trigger sqs:jobs"]
    assert offered(shell, "%%lambda f --trigger logs:/aws") == ["%%lambda f --trigger logs:/aws/lambda/hello"]
    assert not session.services.is_running
    run("%unload_ext jlambda")
    assert "%lambda invoke hello" not in offered(shell, "%lambda invoke he")
