"""Destinations and dead-letter queues of asynchronous events."""

from __future__ import annotations

import ast
import json
import logging
from pathlib import Path
from typing import Any

import pytest

import jlambda
from jlambda.errors import EngineError, ResourceNotFound
from jlambda.model.delivery import Delivery

QUEUE = "arn:aws:sqs:us-east-1:123456789012:q"
FAILS = "def handler(event, context): raise ValueError('no')"
ECHO = "def handler(event, context): return event"


class Recorder:
    """What AWS's own service would get; raises `errors` first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.sent: list[Delivery] = []

    def send(self, delivery: Delivery) -> None:
        """Take it."""
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(delivery)


def configure(session: jlambda.Session, name: str, qualifier: str | None = None, **config: Any) -> None:
    """PutFunctionEventInvokeConfig, with OnSuccess and OnFailure given as ARNs."""
    wanted = {member: {"Destination": config.pop(member)} for member in ("OnSuccess", "OnFailure") if member in config}
    session.service.event_invoke.put(name, qualifier, {**config, **({"DestinationConfig": wanted} if wanted else {})})


def set_dead_letter(session: jlambda.Session, name: str, arn: str) -> None:
    """UpdateFunctionConfiguration, DeadLetterConfig."""
    session.client("lambda").update_function_configuration(FunctionName=name, DeadLetterConfig={"TargetArn": arn})


def test_a_result_goes_to_another_function(session: jlambda.Session) -> None:
    """It gets the record of the success as its event."""
    other = session.deploy("def handler(event, context): print(event)", "other")
    f = session.deploy(ECHO, "f")
    configure(session, "f", OnSuccess=other.arn)
    handle = f.invoke({"a": 1}, type="Event")
    assert session.queue.settle(30)
    assert handle.result(0).status == "success"
    (record,) = [each for each in session.invocations().itertuples() if each.function == "other"]
    assert record.trigger == "destination"
    (line,) = [message for message in other.logs()["message"] if message.startswith("{")]
    document = ast.literal_eval(line)
    assert document["requestContext"] == {
        "requestId": handle.request_id,
        "functionArn": f"{f.arn}:$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert (document["requestPayload"], document["responsePayload"]) == ({"a": 1}, {"a": 1})
    assert session.queue.counts() == {}


def test_a_failure_goes_to_destination_and_dead_letter_queue(session: jlambda.Session) -> None:
    """The destination gets the record, the dead-letter queue the event with its attributes."""
    queue = Recorder()
    session.queue.plug("sqs", queue)
    f = session.deploy(FAILS, "f")
    configure(session, "f", OnFailure=QUEUE, MaximumRetryAttempts=1)
    set_dead_letter(session, "f", QUEUE)
    handle = f.invoke({"a": 1}, type="Event")
    session.clock.advance("3 minutes")
    record, letter = queue.sent
    document = json.loads(record.body)
    assert document["requestContext"]["condition"] == "RetriesExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responsePayload"]["errorMessage"] == "no"
    assert (record.kind, record.message_attributes) == ("OnFailure", {})
    assert (letter.kind, json.loads(letter.body)) == ("DeadLetter", {"a": 1})
    assert {name: value["StringValue"] for name, value in letter.message_attributes.items()} == {
        "RequestID": handle.request_id,
        "ErrorCode": "200",
        "ErrorMessage": "no",
    }
    assert session.queue.deliveries() == []


def test_an_event_that_became_too_old_is_told_with_its_last_response(session: jlambda.Session) -> None:
    """EventAgeExceeded after one attempt, with what that attempt answered."""
    queue = Recorder()
    session.queue.plug("sqs", queue)
    f = session.deploy(FAILS, "f")
    configure(session, "f", OnFailure=QUEUE, MaximumEventAgeInSeconds=60)
    f.invoke({}, type="Event")
    session.clock.advance("3 minutes")
    document = json.loads(queue.sent[0].body)
    assert (document["requestContext"]["condition"], document["requestContext"]["approximateInvokeCount"]) == (
        *("EventAgeExceeded", 1),
    )
    assert document["responsePayload"]["errorType"] == "ValueError"


def test_a_function_that_is_switched_off_sends_its_events_straight_to_the_destination(session: jlambda.Session) -> None:
    """ZeroReservedConcurrency, no attempt, no response."""
    queue = Recorder()
    session.queue.plug("sqs", queue)
    f = session.deploy(ECHO, "f")
    configure(session, "f", OnFailure=QUEUE)
    f.reserve(0)
    f.invoke({}, type="Event")
    assert session.queue.settle(30)
    document = json.loads(queue.sent[0].body)
    assert document["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert document["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in document


def test_each_qualifier_has_its_own_destinations(session: jlambda.Session) -> None:
    """What was invoked by alias follows the alias's configuration, and the record says so."""
    queue = Recorder()
    session.queue.plug("sqs", queue)
    f = session.deploy(ECHO, "f")
    live = f.alias("live", f.publish().qualifier)
    configure(session, "f", "live", OnSuccess=QUEUE)
    f.invoke({}, type="Event")
    live.invoke({}, type="Event")
    assert session.queue.settle(30)
    (record,) = queue.sent
    document = json.loads(record.body)
    assert document["requestContext"]["functionArn"] == f"{f.arn}:live"
    assert document["responseContext"]["executedVersion"] == "1"


def test_what_cannot_be_sent_now_is_sent_later(session: jlambda.Session) -> None:
    """After one second and after two more; nothing is told in the meantime, and nothing is lost."""
    queue = Recorder(EngineError("starting"), OSError("no connection"))
    session.queue.plug("sqs", queue)
    f = session.deploy(ECHO, "f")
    configure(session, "f", OnSuccess=QUEUE)
    f.invoke({}, type="Event")
    assert session.queue.settle(30)
    (waiting,) = session.queue.deliveries()
    assert (waiting.attempts, waiting.reason) == (1, "EngineError: starting")
    assert session.queue.pending == 1
    session.clock.advance(5)
    assert len(queue.sent) == 1
    assert session.queue.pending == 0


def test_a_destination_that_is_gone_is_told_of(session: jlambda.Session, caplog: pytest.LogCaptureFixture) -> None:
    """In a log line, and what was to be sent is kept."""
    queue = Recorder(ResourceNotFound("The specified queue does not exist."))
    session.queue.plug("sqs", queue)
    f = session.deploy(ECHO, "f")
    configure(session, "f", OnSuccess=QUEUE)
    with caplog.at_level(logging.WARNING, "jlambda"):
        handle = f.invoke({}, type="Event")
        assert session.queue.settle(30)
    assert caplog.messages == [
        f"the result of event {handle.request_id} of f could not be sent to {QUEUE}: The specified queue does not exist. "
        "(it is kept: session.queue.deliveries())"
    ]
    assert [(each.request_id, each.due_at) for each in session.queue.deliveries()] == [(handle.request_id, None)]
    assert session.queue.counts() == {"undelivered": 1}
    assert session.queue.pending == 0


def test_results_outlive_the_session(tmp_path: Path) -> None:
    """What was not sent when the session was closed is sent when it is opened again."""
    session = jlambda.Session(tmp_path / "state")
    f = session.deploy(ECHO, "f")
    configure(session, "f", OnSuccess=QUEUE)
    session.queue.plug("sqs", Recorder(*[EngineError("starting")] * 20))
    f.invoke({}, type="Event")
    session.clock.advance("5 minutes")
    (waiting,) = session.queue.deliveries()
    assert waiting.due_at is not None
    assert waiting.due_at > session.clock.now() + 60
    session.close()
    queue = Recorder()
    session.queue.plug("sqs", queue)
    session.clock.advance("5 minutes")
    assert len(queue.sent) == 1
    session.close()
