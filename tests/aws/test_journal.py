"""What services hold outlives their process, the kernel and the lesson: journal, reset and snapshots."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import jlambda
from tests.aws.test_pushes import ECHO, events_of


def killed(session: jlambda.Session) -> None:
    """Kill the embedded services' process."""
    pid = session.services.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def filled(session: jlambda.Session) -> dict[str, Any]:
    """Put something into many services; gives what must be the same again."""
    s3, sqs, sns = session.client("s3"), session.client("sqs"), session.client("sns")
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="a/ü.txt", Body=b"text", Metadata={"my_name": "x"})
    upload = s3.create_multipart_upload(Bucket="kept", Key="parts")["UploadId"]
    tag = s3.upload_part(Bucket="kept", Key="parts", UploadId=upload, PartNumber=1, Body=b"x" * 300_000)["ETag"]
    parts = {"Parts": [{"ETag": tag, "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket="kept", Key="parts", UploadId=upload, MultipartUpload=parts)
    sqs.create_queue(QueueName="kept", Attributes={"ReceiveMessageWaitTimeSeconds": "1"})
    topic = sns.create_topic(Name="kept")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:kept")
    dynamodb = session.client("dynamodb")
    dynamodb.create_table(
        TableName="kept",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    for number in range(3):
        dynamodb.put_item(TableName="kept", Item={"id": {"S": str(number)}})
    kinesis = session.client("kinesis")
    kinesis.create_stream(StreamName="kept", ShardCount=1)
    kinesis.put_record(StreamName="kept", Data=b"d", PartitionKey="p")
    session.client("secretsmanager").create_secret(Name="kept", SecretString="s3cret")
    session.client("ssm").put_parameter(Name="kept", Value="v", Type="String")
    return looked_at(session)


def looked_at(session: jlambda.Session) -> dict[str, Any]:
    """What the services hold: names, ids, times and data."""
    s3, dynamodb, streams = session.client("s3"), session.client("dynamodb"), session.client("dynamodbstreams")
    found = s3.get_object(Bucket="kept", Key="a/ü.txt")
    stream = dynamodb.describe_table(TableName="kept")["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
    given = {"StreamArn": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    records = streams.get_records(ShardIterator=streams.get_shard_iterator(**given)["ShardIterator"])["Records"]
    kinesis = session.client("kinesis")
    given = {"StreamName": "kept", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    data = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**given)["ShardIterator"])["Records"]
    return {
        "object": [found["Body"].read(), found["Metadata"], found["LastModified"]],
        "parts": s3.head_object(Bucket="kept", Key="parts")["ETag"],
        "stream": stream,
        "records": [(each["dynamodb"]["SequenceNumber"], each["dynamodb"]["Keys"]) for each in records],
        "kinesis": [(each["SequenceNumber"], each["Data"]) for each in data],
        "subscriptions": session.client("sns").list_subscriptions()["Subscriptions"],
        "secret": session.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"],
        "version": session.client("secretsmanager").describe_secret(SecretId="kept")["VersionIdsToStages"],
        "parameter": session.client("ssm").get_parameter(Name="kept")["Parameter"]["Value"],
    }


def test_a_fresh_process_has_what_the_dead_one_had(session: jlambda.Session) -> None:
    """Data, names, ids, sequence numbers and times are the same."""
    before = filled(session)
    killed(session)
    assert looked_at(session) == before


def test_messages_come_back_but_those_that_were_deleted(session: jlambda.Session) -> None:
    """Sent by SendMessage, in a batch or by a topic, their ids the same; one that was in flight is there again."""
    filled(session)
    sqs, sns = session.client("sqs"), session.client("sns")
    url = sqs.get_queue_url(QueueName="kept")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="deleted")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": name, "MessageBody": f"{name} of a batch"} for name in "ab"])
    sns.publish(TopicArn="arn:aws:sns:us-east-1:123456789012:kept", Message="published and deleted")
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(received) == 4
    kept = {each["MessageId"]: each["Body"] for each in received if each["Body"] == "b of a batch"}
    gone = [each for each in received if each["MessageId"] not in kept]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=gone[0]["ReceiptHandle"])
    entries = [{"Id": str(number), "ReceiptHandle": each["ReceiptHandle"]} for number, each in enumerate(gone[1:])]
    sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    killed(session)
    again = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert {each["MessageId"]: each["Body"] for each in again} == kept


def test_a_replay_starts_no_function_again(session: jlambda.Session) -> None:
    """The upload had started it; that the upload is made again in a fresh process does not, and the trigger is there."""
    jlambda.deploy(ECHO, name="files", triggers=["s3://once/*"])
    s3 = session.client("s3")
    s3.put_object(Bucket="once", Key="first", Body=b"")
    assert len(events_of(session, "files", 1)) == 1
    killed(session)
    s3.put_object(Bucket="once", Key="second", Body=b"")
    keys = [event["Records"][0]["s3"]["object"]["key"] for event in events_of(session, "files", 2)]
    assert keys == ["first", "second"]


def test_a_killed_kernel_finds_its_data_again(tmp_path: Path) -> None:
    """SIGKILL of the whole session: what was answered is there when it is opened again, and its triggers work."""
    state = tmp_path / "state"
    code = f"""
        import jlambda, os, signal
        from tests.aws.test_journal import filled
        session = jlambda.use(jlambda.Session({str(state)!r}))
        filled(session)
        jlambda.deploy({ECHO!r}, name="files", triggers=["s3://kept/in/*"])
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    with jlambda.Session(state) as session:
        assert [str(each.trigger) for each in session.triggers.list("files")] == ["s3://kept/in/*"]
        assert session.services.pid is None
        assert looked_at(session)["object"][0] == b"text"
        session.client("s3").put_object(Bucket="kept", Key="in/x", Body=b"")
        assert len(events_of(session, "files", 1)) == 1


def test_an_entry_that_was_cut_off_is_left_out(session: jlambda.Session) -> None:
    """Killed in the middle of writing: what was whole is given back, and the journal goes on after it."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="whole")
    s3.put_object(Bucket="whole", Key="cut", Body=b"x" * 1000)
    session.close()
    journal = session.folder / "services.journal"
    session.close()
    os.truncate(journal, journal.stat().st_size - 10)
    assert session.client("s3").list_objects_v2(Bucket="whole")["KeyCount"] == 0
    session.client("s3").put_object(Bucket="whole", Key="after", Body=b"")
    killed(session)
    assert [each["Key"] for each in session.client("s3").list_objects_v2(Bucket="whole")["Contents"]] == ["after"]


def test_the_journal_is_its_owners_alone(session: jlambda.Session) -> None:
    """It holds what is in secrets; neither keys nor signatures are in it."""
    session.client("secretsmanager").create_secret(Name="s", SecretString="x")
    journal = session.folder / "services.journal"
    assert journal.stat().st_mode & 0o777 == 0o600
    address = session.address
    assert address.access_key_id.encode() not in journal.read_bytes()


def test_reset_empties_the_services(session: jlambda.Session) -> None:
    """With `keep_functions` the functions stay, and nothing comes back by itself."""
    filled(session)
    jlambda.deploy(ECHO, name="files")
    jlambda.reset(keep_functions=True)
    assert [function.name for function in session.functions()] == ["files"]
    assert session.client("s3").list_buckets()["Buckets"] == []
    session.client("s3").create_bucket(Bucket="new")
    killed(session)
    assert [each["Name"] for each in session.client("s3").list_buckets()["Buckets"]] == ["new"]
    jlambda.reset()
    assert session.functions() == []
    assert session.client("s3").list_buckets()["Buckets"] == []


def test_triggers_come_back_with_their_cell_after_a_reset(session: jlambda.Session) -> None:
    """They are gone with what they are of, and the cell that is run again makes both anew."""
    triggers = ["s3://fresh/*", "sqs:fresh", "rate(1 day)", "sns:fresh"]
    function = jlambda.deploy(ECHO, name="files", triggers=triggers)
    jlambda.reset(keep_functions=True)
    assert [each.trigger.kind for each in function.triggers] == ["sqs"]  # a mapping is the function's own
    jlambda.deploy(ECHO, name="files", triggers=triggers)
    assert sorted(str(each.trigger) for each in function.triggers) == sorted(triggers)
    session.client("s3").put_object(Bucket="fresh", Key="k", Body=b"")
    session.client("sqs").send_message(
        QueueUrl=session.client("sqs").get_queue_url(QueueName="fresh")["QueueUrl"], MessageBody="m"
    )
    assert {event["Records"][0]["eventSource"] for event in events_of(session, "files", 2)} == {"aws:s3", "aws:sqs"}


def test_a_snapshot_brings_back_everything(session: jlambda.Session) -> None:
    """Functions, records, objects and queues are as they were; clients and handles go on working."""
    function = jlambda.deploy(ECHO, name="files", triggers=["s3://kept-too/*", "sqs:kept-jobs", "kinesis:kept-clicks"])
    before = filled(session)
    function({"n": 1})
    client, endpoint = session.client("s3"), session.endpoint
    session.save_snapshot("lesson-1")
    assert session.snapshots() == ["lesson-1"]
    client.delete_object(Bucket="kept", Key="a/ü.txt")
    jlambda.deploy(ECHO, name="other")
    function({"n": 2})
    session.load_snapshot("lesson-1")
    assert session.endpoint == endpoint
    assert [each.name for each in session.functions()] == ["files"]
    assert looked_at(session) == before
    assert len(session.invocations("files")) == 1
    client.put_object(Bucket="kept-too", Key="k", Body=b"")
    assert json.dumps(events_of(session, "files", 2)).count("kept-too") >= 1
    with pytest.raises(jlambda.errors.ResourceNotFound, match="lesson-2"):
        session.load_snapshot("lesson-2")
    with pytest.raises(jlambda.InvalidParameter):
        session.save_snapshot("../outside")
