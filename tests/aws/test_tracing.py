"""Messages carry the trace header of whoever sent them."""

from __future__ import annotations

from typing import Any

import pytest

import jlambda
from jlambda.model.arn import Account
from jlambda.model.lineage import hop
from jlambda.service.invoke import new_request_id

TRACE = hop(None, Account().function_arn("f"), new_request_id(), 0).trace_id


@pytest.fixture
def queue(shared: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A queue, used as if from within a function whose invocation has `TRACE`: boto3 sends it along."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "f")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)
    client = shared.client("sqs")
    url = client.create_queue(QueueName=f"q{new_request_id()}")["QueueUrl"]
    return client, url


def attributes(client: Any, url: str) -> list[str | None]:
    """The trace headers of the messages that there are, by body."""
    found = client.receive_message(QueueUrl=url, AttributeNames=["All"], MaxNumberOfMessages=10).get("Messages", [])
    return [each["Attributes"].get("AWSTraceHeader") for each in sorted(found, key=lambda each: str(each["Body"]))]


def test_a_message_has_the_header_of_its_sender(queue: Any) -> None:
    """And one that has been given another keeps that."""
    client, url = queue
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-1-1"}}
    client.send_message(QueueUrl=url, MessageBody="a")
    client.send_message(QueueUrl=url, MessageBody="b", MessageSystemAttributes=own)
    assert attributes(client, url) == [TRACE, "Root=1-1-1"]


def test_so_have_those_of_a_batch(queue: Any) -> None:
    """Each by itself."""
    client, url = queue
    own = {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-1-1"}}
    other = {"Id": "2", "MessageBody": "b", "MessageSystemAttributes": own}
    client.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a"}, other])
    assert attributes(client, url) == [TRACE, "Root=1-1-1"]


def test_so_have_those_that_topics_and_buckets_send(shared: jlambda.Session, queue: Any) -> None:
    """Of whoever published or uploaded, and through both."""
    client, url = queue
    sns, s3, name = shared.client("sns"), shared.client("s3"), new_request_id()
    arn = client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    s3.create_bucket(Bucket=name)
    places = {"QueueConfigurations": "QueueArn", "TopicConfigurations": "TopicArn"}
    configuration = {
        place: [{member: to, "Events": ["s3:ObjectCreated:Put"]}]
        for (place, member), to in zip(places.items(), (arn, topic), strict=True)
    }
    s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration=configuration)
    client.purge_queue(QueueUrl=url)  # of the test events that S3 sends
    sns.publish(TopicArn=topic, Message="a")
    s3.put_object(Bucket=name, Key="b", Body=b"")
    assert attributes(client, url) == [TRACE, TRACE, TRACE]


def test_who_has_no_trace_sends_none(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As from the notebook."""
    client, url = queue
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    client.send_message(QueueUrl=url, MessageBody="a")
    assert attributes(client, url) == [None]
