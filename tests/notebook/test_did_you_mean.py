"""A mistyped word is answered with the one that was meant, whatever it is of."""

from __future__ import annotations

import pytest

import jlambda
from jlambda.errors import LambdaError
from tests.notebook.conftest import Run

BODY = "\ndef handler(event, context):\n    return event\n\ndef other(event, context):\n    return 2"

MISTYPED = [
    ("%lambda invok hello", "invoke"),
    ("%lambda invoke helo", "hello"),
    ("%lambda show hello:liv", "hello:live"),
    ("%lambda trigger enabel hello sqs:jobs", "enable"),
    ("%lambda invoke hello s3:pt", "s3:put"),
    (f"%%lambda hello --memroy 512{BODY}", "--memory"),
    (f"%%lambda hello --runtime pyton3.12{BODY}", "python3.12"),
    (f"%%lambda hello --runtime nodjs{BODY}", "nodejs"),
    (f"%%lambda hello --handler handlr{BODY}", "handler"),
    (f"%%lambda hello --trigger sqss:jobs{BODY}", "sqs:QUEUE"),
    (f"%%lambda hello --trigger sqs:jobs?batchsize=5{BODY}", "batch_size"),
    ("import jlambda\njlambda.get('helo')", "hello"),
    ("jlambda.get('hello:liv')", "hello:live"),
    ("jlambda.sample_event('s3:pt')", "s3:put"),
]


def test_what_was_meant_is_named(run: Run) -> None:
    """Verbs, functions, aliases, options, runtimes, handlers, triggers and their options, sample events."""
    run(f"%%lambda hello -q{BODY}")
    run("hello.publish(); hello.alias('live', 1)")
    for cell, meant in MISTYPED:
        error = run(cell).error
        assert isinstance(error, LambdaError), cell
        assert f"did you mean {meant}?" in str(error), (cell, error)
    assert run("hello({'still': 'there'})").value == {"still": "there"}


@pytest.mark.parametrize("code", ["from x import *", "exec('handlr = print')", "handlr = handler", "globals()['a'] = 1"])
def test_a_handler_that_may_come_to_be_is_let_pass(session: jlambda.Session, code: str) -> None:
    """Where code defines names in ways that cannot be seen, it is for the init phase to tell."""
    made = session.deploy(f"{code}\ndef handler(event, context): return 1", "f", handler="handlr")
    assert made.configuration.handler == "lambda_function.handlr"


def test_stop_ends_what_runs_and_nothing_else(run: Run, session: jlambda.Session) -> None:
    """The next call starts it again."""
    assert "nothing runs" in run("%lambda stop").printed
    run(f"%%lambda hello -q{BODY}")
    run("hello(1)")
    assert "functions and data stay" in run("%lambda stop").printed
    assert not session.is_open
    assert run("hello(2)").value == 2
    assert run("len(hello.invocations())").value == 2
