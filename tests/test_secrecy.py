"""Secrets and the kernel's own variables: what a function sees, and what nobody else does."""

from __future__ import annotations

import os

import pytest

import jlambda
from jlambda.errors import FunctionError
from tests.conftest import eventually

LOOK = """
import glob, os
def handler(event, context):
    found = {f"os.environ: {k}={v}" for k, v in os.environ.items() if any(each in v for each in event)}
    for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/task/*/environ") + ["/proc/thread-self/environ"]:
        try:
            content = open(path, "rb").read()
        except OSError:
            continue
        found |= {f"{path}: {each}" for each in event if each.encode() in content}
    return sorted(found)
"""


def test_a_function_sees_nothing_of_the_kernels_variables(session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in os.environ nor in any process's environment that it can read; what Lambda sets has Lambda's values."""
    values = ["kernel-secret-key", "kernel-token", "/home/kernel-user", "anything-else"]
    for name, value in zip(("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HOME", "MY_OWN"), values, strict=True):
        monkeypatch.setenv(name, value)
    real = [value for name in ("HOME", "USER", "LOGNAME") if len(value := os.environ.get(name, "")) > 5]
    assert session.deploy(LOOK, "look")([*values, *real]) == []
    assert session.deploy("import os\ndef handler(event, context): return 'HOME' in os.environ\n", "home")() is False
    own = session.deploy("import os\ndef handler(event, context): return os.environ['AWS_SECRET_ACCESS_KEY']\n", "own")()
    assert own
    assert own != "kernel-secret-key"


def test_a_function_sees_no_other_functions_variables(session: jlambda.Session) -> None:
    """Not those of an environment that runs beside it."""
    sleep = "import time\ndef handler(event, context): time.sleep(event)\n"
    beside = session.deploy(sleep, "beside", env={"STAGE": "stage-of-beside"}, secrets={"TOKEN": "token-of-beside"})
    future = beside.submit(1)
    assert eventually(lambda: session.engine.scheduler.running == {"beside": 1})
    assert session.deploy(LOOK, "look")(["stage-of-beside", "token-of-beside"]) == []
    future.result(30)


SECRET = 'correct "horse" \\ battery\nstaple'
LEAK = """
import json, logging, os, sys
print("init", os.environ["TOKEN"])
def handler(event, context):
    token = os.environ["TOKEN"]
    print(token)
    print([token], json.dumps(token), file=sys.stderr)
    logging.warning("token %s", token)
    if event == "raise": raise type("E" + token[:1], (Exception,), {})(token)
    if event == "type": raise type(token, (Exception,), {})("x")
    if event == "exit": os.write(1, token.encode()); os._exit(1)
    if event == "bytes": return token.encode()
    return {"token": token, token: 1}
"""


def test_a_secret_leaves_the_function_nowhere(session: jlambda.Session) -> None:
    """Not in results, errors, logs, frames or reprs, and not one byte of it in state.db and its companions."""
    function = session.deploy(LEAK, "f", secrets={"TOKEN": SECRET})
    shown = [repr(function), repr(function.configuration), str(function.changes)]
    for event in ("", "raise", "type", "exit", "bytes"):
        invocation = function.invoke(event)
        shown += [
            repr(invocation),
            repr(invocation.result),
            repr(invocation.error),
            str(invocation.error),
            str(invocation.logs),
        ]
        shown += [repr(invocation.payload), invocation.report, repr(invocation.record)]
        shown += invocation.error._render_traceback_() if invocation.error else []
        try:
            shown.append(repr(function(event)))
        except FunctionError as error:
            shown += [repr(error), str(error), *error._render_traceback_()]
    shown += function.map(["", "raise"], return_errors=True)
    for frame in (session.invocations(), session.logs(), session.cost(), session.metrics()):
        shown.append(frame.to_csv())
    text = "\n".join(map(str, shown))
    assert "***" in text
    pieces = ["battery", "horse", "staple"]
    assert not [piece for piece in pieces if piece in text]
    session._open().records.flush()
    for path in session.folder.rglob("*"):
        if path.is_file() and path.name != "secrets":
            content = path.read_bytes()
            assert not [piece for piece in pieces if piece.encode() in content], path
    assert (session.folder / "secrets").stat().st_mode & 0o777 == 0o600
    assert session.folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("secret", ['"errorType": "', '"errorMessage"', "errorType", '", "request', "stackTrace"])
def test_a_secret_that_looks_like_an_error_document(session: jlambda.Session, secret: str) -> None:
    """It is cut out all the same, and what is left of the error is shown."""
    function = session.deploy("def handler(event, context): 1 / 0\n", "f", secrets={"TOKEN": secret})
    error = function.invoke().error
    assert error is not None
    assert secret not in str(error)
    assert isinstance(error.error_type, str)
