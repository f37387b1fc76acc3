"""Destinations as people write them, and as AWS does."""

from __future__ import annotations

import pytest

from jlambda.errors import InvalidParameter
from jlambda.model.arn import Account
from jlambda.model.destination import destination_arn, destination_name

HERE = Account("210987654321", "eu-central-1")
SAID = {
    "sqs:dead.fifo": "arn:aws:sqs:eu-central-1:210987654321:dead.fifo",
    "sns:news": "arn:aws:sns:eu-central-1:210987654321:news",
    "s3:first-bucket": "arn:aws:s3:::first-bucket",
    "events:default": "arn:aws:events:eu-central-1:210987654321:event-bus/default",
    "hello": "arn:aws:lambda:eu-central-1:210987654321:function:hello",
    "lambda:hello:live": "arn:aws:lambda:eu-central-1:210987654321:function:hello:live",
}


@pytest.mark.parametrize(("said", "arn"), SAID.items())
def test_a_destination_has_an_arn(said: str, arn: str) -> None:
    """Of this account and region; an ARN is its own."""
    assert destination_arn(said, HERE) == destination_arn(arn, HERE) == arn
    assert destination_arn(destination_name(arn, HERE), HERE) == arn


def test_what_can_be_said_shortly_is() -> None:
    """Another account's and region's cannot."""
    for said in ("sqs:dead.fifo", "sns:news", "s3:first-bucket", "events:default", "hello"):
        assert destination_name(SAID[said], HERE) == said
    assert destination_name(SAID["sqs:dead.fifo"], Account()) == SAID["sqs:dead.fifo"]


@pytest.mark.parametrize("text", ["", "sqs:", "kinesis:s", "two words", "arn:aws:sqs"])
def test_anything_else_is_refused(text: str) -> None:
    """In one line that says what there is."""
    with pytest.raises(InvalidParameter, match="use"):
        destination_arn(text, HERE)
