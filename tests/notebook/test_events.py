"""`%lambda events`, and sample events where an event is wanted."""

from __future__ import annotations

import json

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.model.samples.catalog import SAMPLES
from tests.notebook.conftest import Run


def test_the_list_has_every_sample(run: Run) -> None:
    """As a table, in text and HTML."""
    listed = run("%lambda events").value
    assert all(name in repr(listed) and name in listed._repr_html_() for name in SAMPLES)


def test_a_sample_is_built_from_the_line(run: Run) -> None:
    """Values are JSON, or else text; time is one of them."""
    event = run('%lambda events sqs:standard queue=jobs bodies=\'[{"n": 1}, "x"]\' time=2026-03-01T09:00:00Z').value
    assert [each["body"] for each in event["Records"]] == ['{"n": 1}', "x"]
    assert event == jlambda.sample_event("sqs:standard", queue="jobs", bodies=[{"n": 1}, "x"], time="2026-03-01T09:00:00Z")


def test_a_function_is_called_with_a_sample(run: Run) -> None:
    """Its name stands where an event does, on the line and in the cell's head."""
    run("%%lambda name -q -i s3:put -o first\ndef handler(event, context):\n    return event['Records'][0]['eventName']\n")
    assert run("first.result").value == "ObjectCreated:Put"
    assert run("%lambda invoke name s3:copy").value.result == "ObjectCreated:Copy"


@pytest.mark.parametrize("line", ["%lambda events s3:pot", "%lambda events s3:put bukket=b", "%lambda events s3:put bucket"])
def test_a_wrong_line_is_one_line(run: Run, line: str) -> None:
    """The error says what there is."""
    assert isinstance(run(line).error, InvalidParameter)


def test_patterns_are_tried(session: jlambda.Session) -> None:
    """On events, on records as mappings filter them, and both as JSON too."""
    event = {"detail": {"total": 120}}
    pattern = {"detail": {"total": [{"numeric": [">", 100]}]}}
    assert jlambda.matches(pattern, event) and jlambda.matches(json.dumps(pattern), json.dumps(event))
    record = jlambda.sample_event("kinesis:record", data={"kind": "order"})["Records"][0]
    assert jlambda.matches({"data": {"kind": ["order"]}}, record)
    assert not jlambda.matches({"data": ["order"]}, record)
    with pytest.raises(InvalidParameter, match=r"detail\.total: there is no operator 'numerics'; did you mean numeric\?"):
        jlambda.matches({"detail": {"total": [{"numerics": [">", 100]}]}}, event)
