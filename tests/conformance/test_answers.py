"""Our runtime answers as AWS's own client has answered (README.md says how the answers were recorded)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.cases import Case, cases
from tests.conformance.ours import our_answer

_RECORDED = {line["case"]: line for line in map(json.loads, (Path(__file__).parent / "answers.jsonl").read_text().splitlines())}


def test_every_case_has_been_recorded() -> None:
    """The answers are those of the cases, no more and no less."""
    assert list(_RECORDED) == [case.name for case in cases()]


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answers_are_those_of_aws(case: Case, tmp_path: Path) -> None:
    """Payloads, log text and exit status are AWS's."""
    recorded = _RECORDED[case.name]
    assert our_answer(case, tmp_path) == {**recorded, "log": recorded["log"].rstrip("\n")}
