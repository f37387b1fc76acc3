"""Another AWS endpoint in the place of the embedded services: here the embedded services of another session."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

import jlambda
from tests.conftest import eventually


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[jlambda.Session]:
    """A session that is the other endpoint; the user's credentials are for that one."""
    with jlambda.Session(tmp_path / "other") as made:
        address = made.address
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", address.access_key_id)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", address.secret_access_key)
        yield made


@pytest.fixture
def near(other: jlambda.Session, tmp_path: Path) -> Iterator[jlambda.Session]:
    """A session that uses the other endpoint; current."""
    with jlambda.Session(tmp_path / "near", aws_endpoint=other.endpoint) as made:
        yield made


def test_requests_are_the_other_endpoints(near: jlambda.Session, other: jlambda.Session) -> None:
    """What is written through one session is read in the other, large objects and presigned URLs too; none is embedded."""
    s3, there = near.client("s3"), other.client("s3")
    s3.create_bucket(Bucket="far")
    large = os.urandom(9 << 20)
    s3.put_object(Bucket="far", Key="a b/ü", Body=b"small", Metadata={"my_name": "x"})
    s3.put_object(Bucket="far", Key="large", Body=large)
    assert there.get_object(Bucket="far", Key="a b/ü")["Body"].read() == b"small"
    assert there.get_object(Bucket="far", Key="large")["Body"].read() == large
    assert s3.get_object(Bucket="far", Key="large")["Body"].read() == large
    assert s3.head_object(Bucket="far", Key="a b/ü")["Metadata"] == {"my_name": "x"}
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="far", Key="missing")
    near.client("dynamodb").list_tables()
    near.client("sns").create_topic(Name="far")
    assert near.services.pid is None
    near.close()
    assert [each["Name"] for each in near.client("s3").list_buckets()["Buckets"]] == ["far"]


def test_writes_are_told_and_waits_wait(near: jlambda.Session, other: jlambda.Session) -> None:
    """Observers hear of writes that pass; a receiver waits at the other endpoint."""
    seen: list[str] = []
    near.services.observe(lambda write: seen.append(write.operation))
    sqs = near.client("sqs")
    url = sqs.create_queue(QueueName="far")["QueueUrl"]
    found: list[str] = []

    def receive() -> None:
        messages = near.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
        found.extend(each["Body"] for each in messages)

    receiver = threading.Thread(target=receive)
    receiver.start()
    assert eventually(lambda: other.services.waits.waiting("far") == 1)
    sqs.send_message(QueueUrl=url, MessageBody="m")
    receiver.join(30)
    assert found == ["m"]
    assert seen == ["CreateQueue", "SendMessage"]


def test_functions_have_their_own_key_there_too(near: jlambda.Session) -> None:
    """A function calls the gateway as its role; the user's key signs what leaves it, and is nowhere in the function."""
    source = (
        "import boto3, os\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').create_bucket(Bucket='by-function')\n"
        "    return [boto3.client('sts').get_caller_identity()['Arn'], dict(os.environ)]\n"
    )
    identity, variables = jlambda.deploy(source, name="far", timeout=60, memory=512)(None)
    assert identity == "arn:aws:sts::123456789012:assumed-role/lambda-role/far"
    assert not {os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]} & set(variables.values())
    assert [each["Name"] for each in near.client("s3").list_buckets()["Buckets"]] == ["by-function"]


def test_what_the_other_endpoint_would_have_to_push_is_refused(near: jlambda.Session) -> None:
    """It cannot reach functions here; the message says what can be used instead. Its data is not ours to delete."""
    for trigger in ("s3://far/*", "sns:far", "logs:/far"):
        with pytest.raises(jlambda.InvalidParameter, match="queues and streams"):
            jlambda.deploy("def handler(event, context): pass", name="far", triggers=[trigger])
    near.client("s3").create_bucket(Bucket="stays")
    jlambda.reset()
    assert len(near.client("s3").list_buckets()["Buckets"]) == 1


def test_an_endpoint_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In one line, as an error of the service."""
    with jlambda.Session(tmp_path / "state", aws_endpoint="http://127.0.0.1:9") as session:
        client = session.client("sqs")
        with pytest.raises(ClientError, match="could not be asked"):
            client.list_queues()


def test_aws_needs_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any the session does not open, and says what to do; neither does it with what is no URL."""
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(jlambda.InvalidParameter, match="no AWS credentials"):
        jlambda.Session(tmp_path / "state", aws_endpoint="aws").functions()
    with pytest.raises(jlambda.InvalidParameter, match="use a URL"):
        jlambda.Session(tmp_path / "state", aws_endpoint="localhost").functions()


SEES = "def handler(event, context):\n    for record in event['Records']:\n        print('SAW', record['eventSource'])\n"


def test_queues_and_streams_there_are_polled(near: jlambda.Session, other: jlambda.Session, tmp_path: Path) -> None:
    """What others write at the endpoint starts functions here; a mapping goes on where it was when it is opened again."""

    def seen(session: jlambda.Session) -> list[str]:
        return sorted(text.split()[1] for text in session.logs("far").message if text.startswith("SAW "))

    def put() -> None:
        url = other.client("sqs").get_queue_url(QueueName="far")["QueueUrl"]
        other.client("sqs").send_message(QueueUrl=url, MessageBody="m")
        other.client("kinesis").put_record(StreamName="far", Data=b"d", PartitionKey="k")
        other.client("dynamodb").put_item(TableName="far", Item={"id": {"S": os.urandom(4).hex()}})

    near.deploy(SEES, "far", triggers=["sqs:far", "kinesis:far?start=TRIM_HORIZON", "dynamodb:far?start=TRIM_HORIZON"])
    once = ["aws:dynamodb", "aws:kinesis", "aws:sqs"]
    put()
    assert eventually(lambda: len(seen(near)) >= 3)
    assert seen(near) == once
    put()  # idle streams are read again each second: nobody tells of what was written elsewhere
    assert eventually(lambda: len(seen(near)) >= 6)
    near.close()
    other.client("kinesis").put_record(StreamName="far", Data=b"d", PartitionKey="k")
    with jlambda.Session(tmp_path / "near", aws_endpoint=other.endpoint) as again:
        assert eventually(lambda: seen(again).count("aws:kinesis") >= 3)
        assert 3 <= seen(again).count("aws:kinesis") <= 4  # the one that was under way may come twice, the first does not


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a moto server that knows nothing of us."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-user")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", line):
                break
        assert found
        drained = threading.Thread(target=server.stderr.read)
        drained.start()
        yield found[1]
        server.kill()
        drained.join()


def test_a_moto_server_is_polled(moto: str, tmp_path: Path) -> None:
    """What is written there by others starts functions here, and is waited for; lost records go to a queue there."""
    there = {"endpoint_url": moto, "region_name": "us-east-1"}
    sqs, kinesis, tables = (boto3.client(name, **there) for name in ("sqs", "kinesis", "dynamodb"))
    with jlambda.Session(tmp_path / "near", aws_endpoint=moto) as near:
        near.deploy(SEES, "far", triggers=["sqs:far", "dynamodb:far"])
        lost = "kinesis:far?start=TRIM_HORIZON&retries=0&on_failure=sqs:lost"
        near.deploy("def handler(event, context): raise ValueError", "fails", triggers=[lost])
        for n in range(2):
            sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="far")["QueueUrl"], MessageBody="m")
            tables.put_item(TableName="far", Item={"id": {"S": str(n)}})
            assert near.wait("60 seconds")
        kinesis.put_record(StreamName="far", Data=b"d", PartitionKey="k")
        lost_url, told = sqs.get_queue_url(QueueName="lost")["QueueUrl"], list[str]()

        def is_told() -> bool:
            messages = sqs.receive_message(QueueUrl=lost_url, WaitTimeSeconds=1).get("Messages", [])
            told.extend(each["Body"] for each in messages)
            return bool(told)

        assert eventually(is_told)
        assert "RetryAttemptsExhausted" in told[0]
        lines = [text for text in near.logs("far").message if text.startswith("SAW ")]
        assert sorted(lines) == ["SAW aws:dynamodb"] * 2 + ["SAW aws:sqs"] * 2
    for client in (sqs, kinesis, tables):
        client.close()
