"""Another version of Python than the notebook's: what only it has to get right."""

from __future__ import annotations

import base64
import json
import warnings
from pathlib import Path

import pytest

import jlambda
from jlambda.handle import Function
from jlambda.runtimes.cpython.language import LANGUAGE
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


EVERYTHING = """
import decimal, json, logging, sys
logging.getLogger().setLevel("INFO")

def handler(event, context):
    if event == "fail":
        raise LookupError("boom")
    logging.info("told %s", event, extra={"more": 1})
    context.log("said\\n")
    own = [name for name in ("decimal", "json", "logging") if sys.modules[name].__file__.startswith("/var/task")]
    return {"version": sys.version_info[:2], "own": own, "half": decimal.Decimal("0.5"),
            "client": context.client_context and context.client_context.custom}
"""


@pytest.mark.parametrize("runtime", sorted({tool.runtime for tool in LANGUAGE.tools()}))
def test_every_version_that_is_installed_can_do_everything(
    session: jlambda.Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime: str
) -> None:
    """Contexts, errors, JSON logs and responses; the standard library's modules come before files of these names."""
    monkeypatch.setattr(Choice, "is_own_python", property(lambda _: False))
    for name in ("decimal", "json", "logging"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not the one that is meant')")
    (tmp_path / "lambda_function.py").write_text(EVERYTHING)
    function = session.deploy(tmp_path, "f", runtime=runtime, memory=1769, timeout=20, log_format="JSON")
    invocation = function.invoke("well")
    version = [int(part) for part in runtime.removeprefix("python").split(".")]
    assert invocation.result == {"version": version, "own": [], "half": 0.5, "client": None}
    texts = [event.message for event in invocation.logs]
    assert "said" in texts
    (record,) = (json.loads(text) for text in texts if "told" in text)
    assert (record["level"], record["message"], record["more"]) == ("INFO", "told well", 1)
    assert record["requestId"] == invocation.record.request_id

    client = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    answer = session.client("lambda").invoke(FunctionName="f", Payload=b"1", ClientContext=client)
    assert json.loads(answer["Payload"].read())["client"] == {"a": 1}

    failed = function.invoke("fail")
    assert json.loads(failed.payload)["errorType"] == "LookupError"
    assert any(json.loads(event.message).get("errorMessage") == "boom" for event in failed.logs)
