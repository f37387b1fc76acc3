"""Loops that go through the queue: functions whose results end up with themselves."""

from __future__ import annotations

import json

import pytest

import jlambda
from jlambda.errors import RecursiveInvocation
from jlambda.model.invocation import Request
from jlambda.model.lineage import hop
from jlambda.service.invoke import new_request_id
from jlambda.telemetry.metric_data import COUNTED
from tests.conftest import eventually
from tests.sources.test_streams import metric_values

ECHO = "def handler(event, context): return 1\n"


def test_destinations_that_lead_in_a_circle_are_stopped(session: jlambda.Session) -> None:
    """Each function runs sixteen times for one event; what is dropped then is dead, and counted."""
    for name in ("there", "back"):
        jlambda.deploy(ECHO, name=name)
    for name, other in (("there", "back"), ("back", "there")):
        arn = session.get(other).arn
        session.service.event_invoke.put(name, None, {"DestinationConfig": {"OnSuccess": {"Destination": arn}}})
    session.get("there").submit(type="Event")
    session.clock.advance(20)
    assert session.wait("30 seconds")
    assert {name: len(session.invocations(name)) for name in ("there", "back")} == {"there": 16, "back": 16}
    dead = [(row.target, row.reason, row.attempts) for row in session.queue.rows()]
    assert [row[1:] for row in dead] == [("RecursiveInvocation", 0)]
    assert session.recursion.dropped == {"there": 1}
    values = {name: metric_values(session, name, "there", "Sum") for name in COUNTED}
    assert values["RecursiveInvocationsDropped"] == [1.0]
    assert values["AsyncEventsReceived"] == [17.0]
    assert values["AsyncEventsDropped"] == [1.0]
    assert len(values["AsyncEventAge"]) == 1
    assert values["DeadLetterErrors"] == values["DestinationDeliveryFailures"] == values["IteratorAge"] == []
    listed = session.client("cloudwatch").list_metrics(Namespace="AWS/Lambda", MetricName="AsyncEventsReceived")["Metrics"]
    assert [[each["Value"] for each in metric["Dimensions"]] for metric in listed] == [[], ["back"], ["there"]]


def test_a_function_that_writes_where_it_is_started_from_is_stopped(session: jlambda.Session) -> None:
    """boto3 within the function passes the trace header on, the bucket hands it back with the event."""
    source = """
import boto3

s3 = boto3.client("s3")

def handler(event, context):
    s3.put_object(Bucket="round", Key=context.aws_request_id, Body=b"")
"""
    jlambda.deploy(source, name="copies", memory=1769, timeout=30, triggers=["s3://round/*"])
    session.client("s3").put_object(Bucket="round", Key="first", Body=b"")
    assert session.wait("60 seconds")
    assert len(session.invocations("copies")) == 16
    assert [row.reason for row in session.queue.rows()] == ["RecursiveInvocation"]


SEND = 'sqs.send_message(QueueUrl=url, MessageBody="again")'
PUBLISH = 'sns.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:round", Message="again")'
SEND_BATCH = 'sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "again"}])'


@pytest.mark.parametrize("send", [SEND, SEND_BATCH, PUBLISH])
def test_a_function_that_sends_to_its_own_queue_is_stopped(session: jlambda.Session, send: str) -> None:
    """The queue keeps the trace header of whoever sends, a topic passes it on; the message that was stopped ends dead."""
    sqs, sns = session.client("sqs"), session.client("sns")
    topic = sns.create_topic(Name="round")["TopicArn"]
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 1}
    attributes = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(redrive)}
    url = sqs.create_queue(QueueName="round", Attributes=attributes)["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:123456789012:round"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    source = f"""
import boto3

sqs, sns = boto3.client("sqs"), boto3.client("sns")
url = "{url}"

def handler(event, context):
    {send}
"""
    jlambda.deploy(source, name="loops", memory=1769, timeout=3, triggers=["sqs:round"])
    sqs.send_message(QueueUrl=url, MessageBody="first")
    assert [each["Body"] for each in sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20)["Messages"]] == ["again"]
    assert session.recursion.dropped == {"loops": 1}
    assert len(session.invocations("loops")) == 16


def test_a_loop_through_a_destination_s_queue_is_stopped(session: jlambda.Session) -> None:
    """What a destination sends to a queue is one further in the chain."""
    sqs = session.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 1}
    sqs.create_queue(QueueName="round", Attributes={"VisibilityTimeout": "6", "RedrivePolicy": json.dumps(redrive)})
    source = """
import boto3

client = boto3.client("lambda")

def handler(event, context):
    client.invoke(FunctionName="sends", InvocationType="Event", Payload=b"{}")
"""
    jlambda.deploy(source, name="calls", memory=1769, timeout=6, triggers=["sqs:round"])
    destination = {"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:123456789012:round"}}
    session.service.event_invoke.put(jlambda.deploy(ECHO, name="sends").name, None, {"DestinationConfig": destination})
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="round")["QueueUrl"], MessageBody="first")
    assert eventually(lambda: bool(sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=1).get("Messages")))
    assert session.recursion.dropped == {"calls": 1}
    assert {name: len(session.invocations(name)) for name in ("calls", "sends")} == {"calls": 16, "sends": 16}


def test_messages_of_a_queue_are_followed(session: jlambda.Session) -> None:
    """By the header that each carries of its sender."""
    f = jlambda.deploy(ECHO, name="f")
    first = hop(None, f.arn, new_request_id(), 0).trace_id

    def request(count: int) -> Request:
        record = {"attributes": {"AWSTraceHeader": f"{first[:-1]}{count}"}}
        return Request(new_request_id(), json.dumps({"Records": [record]}).encode(), trigger="sqs")

    assert str(session.recursion.follow("f", request(14)).trace_id).endswith(":15")
    with pytest.raises(RecursiveInvocation):
        session.recursion.follow("f", request(15))
