"""Names of buckets, queues and the like: known without asking, whoever made them."""

from __future__ import annotations

from pathlib import Path

import pytest

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.model.exchange import Write
from jlambda.service.inventory import KINDS

MADE = [
    ("s3", "CreateBucket", {"Bucket": "uploads"}),
    ("sqs", "CreateQueue", {"QueueName": "jobs.fifo"}),
    ("dynamodb", "CreateTable", {"TableName": "orders"}),
    ("kinesis", "CreateStream", {"StreamName": "clicks"}),
    ("sns", "CreateTopic", {"Name": "news"}),
    ("events", "CreateEventBus", {"Name": "shop"}),
    ("logs", "CreateLogGroup", {"logGroupName": "/app/web"}),
]
GONE = [
    ("s3", "DeleteBucket", {"Bucket": "uploads"}),
    ("sqs", "DeleteQueue", {"QueueUrl": "http://127.0.0.1:1/123456789012/jobs.fifo"}),
    ("dynamodb", "DeleteTable", {"TableName": "orders"}),
    ("kinesis", "DeleteStream", {"StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/clicks"}),
    ("sns", "DeleteTopic", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:news"}),
    ("events", "DeleteEventBus", {"Name": "shop"}),
    ("logs", "DeleteLogGroup", {"logGroupName": "/app/web"}),
]


def test_what_is_written_is_known(session: jlambda.Session) -> None:
    """Each kind by its own operations; other regions and other operations say nothing."""
    inventory = session.inventory
    for service, operation, parameters in MADE:
        inventory.saw(Write(service, operation, parameters, "us-east-1"))
    inventory.saw(Write("sqs", "CreateQueue", {"QueueName": "far"}, "eu-west-1"))
    inventory.saw(Write("sqs", "SendMessage", {"QueueName": "no"}, "us-east-1"))
    known = {kind: inventory.known(kind) for kind in KINDS}
    assert [names[-1] for names in known.values()] == [
        *("uploads", "jobs.fifo", "orders", "clicks", "news", "shop", "/app/web")
    ]
    assert sum(map(len, known.values())) == 8  # and the default event bus
    for service, operation, parameters in GONE:
        inventory.saw(Write(service, operation, parameters, "us-east-1"))
    assert [inventory.known(kind) for kind in KINDS] == [[], [], [], [], [], ["default"], []]


def test_names_outlive_the_session_and_start_nothing(tmp_path: Path) -> None:
    """What boto3 made is known after a restart, before the services run again; making and deleting are seen at once."""
    with jlambda.Session(tmp_path / "state") as session:
        session.client("sqs").create_queue(QueueName="jobs")
        session.client("s3").create_bucket(Bucket="uploads")
        session.inventory.create("topic", "news.fifo")
        with pytest.raises(InvalidParameter, match="bucket No"):
            session.inventory.create("bucket", "No")
        assert session.inventory.there_are("queue") == ["jobs"]
    with jlambda.Session(tmp_path / "state") as session:
        assert [session.inventory.there_are(kind) for kind in ("bucket", "queue", "topic")] == [
            *(["uploads"], ["jobs"], ["news.fifo"])
        ]
        assert not session.services.is_running
        assert session.inventory.ask("bucket") == ["uploads"]
        session.inventory.delete("bucket", "uploads")
        assert session.inventory.known("bucket") == []
        session.reset()
        assert session.inventory.known("queue") == []
