"""Another version of Python than the notebook's: what only it has to get right."""

from __future__ import annotations

import json
import warnings

import pytest

import jlambda
from jlambda.handle import Function
from jlambda.runtimes.languages import Choice
from tests.runtimes.languages.cpython import RUNTIME

SOURCE = """
import logging
def handler(event, context):
    if event == "fail":
        return work(event)
    logging.getLogger().warning("careful")
    return {"arn": context.invoked_function_arn, "client": context.client_context, "text": "é"}

def work(event):
    raise LookupError("boom")
"""


@pytest.fixture
def function(session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> Function:
    """A function that takes the way of other versions, whichever it is."""
    monkeypatch.setattr(Choice, "is_own_python", property(lambda _: False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return session.deploy(SOURCE, "f", runtime=RUNTIME, memory=1769)


def test_an_error_has_the_frames_of_the_function_only(function: Function) -> None:
    """The document is that of the fast path: no frame of the runtime's own."""
    document = json.loads(function.invoke("fail").payload)
    assert (document["errorType"], document["errorMessage"]) == ("LookupError", "boom")
    assert [frame.split(", in ")[1].split("\n")[0] for frame in document["stackTrace"]] == ["handler", "work"]
    assert document["stackTrace"][0] == '  File "/var/task/lambda_function.py", line 5, in handler\n    return work(event)\n'


def test_contexts_and_logs_are_those_of_the_fast_path(function: Function) -> None:
    """The same modules make them."""
    invocation = function.invoke("well")
    assert invocation.result == {"arn": function.arn, "client": None, "text": "é"}
    (line,) = (event.message for event in invocation.logs if "careful" in event.message)
    assert line.startswith("[WARNING]\t")
    assert line.endswith(f"Z\t{invocation.record.request_id}\tcareful")
