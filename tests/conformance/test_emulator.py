"""Our runtime answers as AWS's client under AWS's own emulator (README.md says how that was recorded)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jlambda.runtimes
from tests.conformance.normal import in_task, normal
from tests.runtimes.running import REQUEST_ID, RunningRuntime

_EMULATOR = json.loads((Path(__file__).parent / "emulator.json").read_text())
_ANSWERS = {answer["case"]: answer for answer in _EMULATOR["answers"]}
_OURS = (str(Path(jlambda.runtimes.__file__).parent),)
_ENVIRONMENT = {"AWS_EXECUTION_ENV": "AWS_Lambda_python3.13"}

# What the process ends with, where the answer is not the runtime's to give: the service writes it from the exit status.
_EXITS = {"app.exit0": 0, "app.exit1": 1, "app.osexit": 3, "app.segv": -11, "app.kill9": -9, "initexit.handler": 7}

# AWS shows a frame of its own client where the handler cannot be called with two arguments; ours shows none of ours.
_NO_FRAME_OF_OURS = "app.noarg"

# The client's traceback after a response that is too large is that of its HTTP connection, which we have none of.
_TOO_LARGE = "app.big"

# The last line of a traceback has no end; where there are no events, it ran into the next line and was lost.
_UNENDED = "app.logexc"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The handlers that the emulator ran."""
    for name, source in _EMULATOR["files"].items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source)
    return tmp_path


@pytest.mark.parametrize("handler", [case for case in _ANSWERS if case not in _EXITS])
def test_answers_are_those_of_the_emulator(handler: str, folder: Path) -> None:
    """Payload and log text are what AWS's client gave on Python 3.13."""
    runtime = RunningRuntime(folder, handler, _ENVIRONMENT)
    try:
        reply = runtime.first
        if reply and not reply.body:
            reply = runtime.invoke({"a": 1})
        assert reply is not None
        log = "\n".join(runtime.events())
    finally:
        runtime.forget()
    body = in_task(reply.body.decode("latin-1"), str(folder)).replace(REQUEST_ID, "<id>")
    lines = normal(log, str(folder), _OURS).replace(REQUEST_ID, "<id>").splitlines()
    expected = _ANSWERS[handler]
    expected_body = in_task(expected["body"].replace("/var/lang/lib/python3.13", "<lib>"), str(folder))
    expected_log = "\n".join(expected["log"]).replace("/var/lang/lib/python3.13", "<lib>")
    expected_lines = normal(expected_log, str(folder), ("/var/runtime",)).splitlines()
    if handler == _NO_FRAME_OF_OURS:
        expected_body = json.dumps({**json.loads(expected_body), "stackTrace": []})
    if handler == _TOO_LARGE:
        assert lines[0].partition("LAMBDA_RUNTIME ")[2] == expected_lines[0].partition("LAMBDA_RUNTIME ")[2].partition(" {")[0]
    else:
        assert lines[: len(lines) - (handler == _UNENDED)] == expected_lines
    assert body == expected_body


@pytest.mark.parametrize("handler", sorted(_EXITS))
def test_process_ends_as_under_the_emulator(handler: str, folder: Path) -> None:
    """What leaves the handler's process gives the exit status that AWS's message names."""
    runtime = RunningRuntime(folder, handler, _ENVIRONMENT)
    try:
        assert runtime.first is None or runtime.invoke({}) is None
        assert runtime.close() == _EXITS[handler]
    finally:
        runtime.forget()
