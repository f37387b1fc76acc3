"""Our runtime answers as AWS's own client has answered (README.md says how the answers were recorded)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import jlambda.runtimes
from jlambda.model import frames
from tests.conformance.cases import Case, cases
from tests.conformance.normal import in_task, normal
from tests.runtimes.running import RunningRuntime

_KINDS = {frames.RESULT: "result", frames.RAW: "raw", frames.ERROR: "error", frames.FAILED: "failed"}
_OURS = (str(Path(jlambda.runtimes.__file__).parent),)
_RECORDED = {line["case"]: line for line in map(json.loads, (Path(__file__).parent / "answers.jsonl").read_text().splitlines())}


def test_every_case_has_been_recorded() -> None:
    """The answers are those of the cases, no more and no less."""
    assert list(_RECORDED) == [case.name for case in cases()]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answers_are_those_of_aws(case: Case, tmp_path: Path) -> None:
    """Payloads, log text and exit status are AWS's."""
    case.write(tmp_path)
    runtime = RunningRuntime(tmp_path, case.handler, case.variables())
    try:
        extra = {"client_context": case.client_context, "cognito_identity": case.cognito_identity, "trace_id": case.trace_id}
        given = {name: value for name, value in extra.items() if value is not None}
        replies = [runtime.first, *(runtime.invoke(body=event.encode(), extra=given) for event in case.events)]
        answers = [
            [_KINDS[reply.kind], in_task(reply.body.decode("latin-1" if reply.kind == frames.RAW else "utf-8"), str(tmp_path))]
            for reply in replies
            if reply is not None and reply.kind != frames.READY
        ]
        status = runtime.close()
        log = "".join(f"{event}\n" for event in runtime.events())
    finally:
        runtime.forget()
    expected = _RECORDED[case.name]
    assert answers == expected["answers"]
    assert normal(log, str(tmp_path), _OURS).rstrip("\n") == expected["log"].rstrip("\n")
    assert status == expected["status"]
