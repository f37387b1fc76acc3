"""Our runtime answers as AWS's own client does, here and now: `awslambdaric` runs each case on this Python."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.conformance.cases import Case, cases
from tests.conformance.ours import our_answer
from tests.conftest import need

#: what the issue that asked for this wants at least, and the most that may differ
_LEAST_CASES, _MOST_DIFFERENCES = 60, 5

#: What differs, and the page that says why it may. Neither AWS's client nor ours can show the last two in a case.
DIFFERENCES = {
    "a handler that does not take two arguments: AWS's stackTrace is a frame of its client, ours is empty": (
        "https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html"
    ),
    "a response over 6 MB: AWS's log goes on with a traceback of the client's connection, of which there is none here": (
        "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
    ),
    "an event that is JSON with something after it: the message counts differently; Invoke refuses it before any runtime": (
        "https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"
    ),
}


def test_there_are_many_cases_and_few_differences() -> None:
    """At least 60 handlers, at most five differences, each with its page."""
    assert len(cases()) >= _LEAST_CASES
    assert len(DIFFERENCES) <= _MOST_DIFFERENCES
    assert all(page.startswith("https://docs.aws.amazon.com/lambda/") for page in DIFFERENCES.values())


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_answers_are_those_of_the_client(case: Case, tmp_path: Path) -> None:
    """Payloads, log text and exit status are AWS's."""
    need(importlib.util.find_spec("awslambdaric") is not None, "awslambdaric")
    from tests.conformance.record import answer  # imports the client

    live = answer(case)
    assert our_answer(case, tmp_path) == {**live, "log": str(live["log"]).rstrip("\n")}
