"""Queues start functions: real boto3, real functions, embedded SQS."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda import waiting
from jlambda.errors import InvalidParameter
from tests.sources.conftest import REPORTS, SEES, deploy, left, queue, seen, within


def mapping(session: jlambda.Session, function: str, arn: str, **members: object) -> str:
    """The UUID of a new mapping."""
    client = session.client("lambda")
    return str(client.create_event_source_mapping(FunctionName=function, EventSourceArn=arn, **members)["UUID"])


def send(session: jlambda.Session, url: str, *bodies: str, group: str | None = None) -> None:
    """Send messages, ten at a time."""
    rest = {"MessageGroupId": group} if group else {}
    for i in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body, **rest} for n, body in enumerate(bodies[i : i + 10])]
        answer = session.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
        assert not answer.get("Failed")


def test_messages_start_the_function_and_are_gone(shared: jlambda.Session) -> None:
    """Each is delivered with all that AWS tells of it, and deleted once the function has succeeded."""
    url, arn = queue(shared, "happy")
    deploy(shared, "happy", "import json\ndef handler(event, context):\n    print('EVENT', json.dumps(event))\n")
    mapping(shared, "happy", arn)
    attributes = {"colour": {"StringValue": "red", "DataType": "String"}}
    shared.client("sqs").send_message(QueueUrl=url, MessageBody="one", MessageAttributes=attributes)
    assert within(30, lambda: len(shared.invocations("happy")) == 1 and left(shared, url) == 0)
    (line,) = [text for text in shared.logs("happy").message if text.startswith("EVENT")]
    (record,) = json.loads(line.split(" ", 1)[1])["Records"]
    assert (record["body"], record["eventSource"], record["eventSourceARN"]) == ("one", "aws:sqs", arn)
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert list(shared.invocations("happy").trigger) == ["sqs"]


def test_what_fails_comes_again_and_ends_in_the_dead_letter_queue(shared: jlambda.Session) -> None:
    """After as many receives as its redrive policy says."""
    dead_url, dead_arn = queue(shared, "poisoned-dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = queue(shared, "poisoned", VisibilityTimeout="2", RedrivePolicy=policy)
    deploy(shared, "poisoned", timeout=2)({"Records": []})
    mapping(shared, "poisoned", arn, BatchSize=1)
    send(shared, url, "poison")
    assert within(30, lambda: left(shared, dead_url) == 1 and left(shared, url) == 0)
    send(shared, url, "good")
    assert within(30, lambda: seen(shared, "poisoned") == ["good"])
    assert sorted(shared.invocations("poisoned").status) == ["error", "error", "success", "success"]


def test_only_reported_messages_come_again(shared: jlambda.Session) -> None:
    """With ReportBatchItemFailures."""
    dead_url, dead_arn = queue(shared, "reported-dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = queue(shared, "reported", VisibilityTimeout="2", RedrivePolicy=policy)
    deploy(shared, "reported", REPORTS, timeout=2)({"Records": []})
    send(shared, url, "a", "poison", "b")
    mapping(shared, "reported", arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert within(30, lambda: left(shared, dead_url) == 1 and left(shared, url) == 0)
    assert seen(shared, "reported") == ["a", "b"]


def test_what_is_filtered_out_is_deleted(shared: jlambda.Session) -> None:
    """Without an invocation."""
    url, arn = queue(shared, "filtered")
    deploy(shared, "filtered")
    filters = {"Filters": [{"Pattern": json.dumps({"body": {"kind": ["order"]}})}]}
    mapping(shared, "filtered", arn, FilterCriteria=filters)
    send(shared, url, '{"kind": "order"}', '{"kind": "other"}', "plain")
    assert within(30, lambda: left(shared, url) == 0)
    assert seen(shared, "filtered") == ['{"kind": "order"}']


def test_a_window_gathers_a_batch(shared: jlambda.Session) -> None:
    """More messages than one receive gives."""
    url, arn = queue(shared, "gathered")
    deploy(shared, "gathered")
    mapping(shared, "gathered", arn, BatchSize=25, MaximumBatchingWindowInSeconds=2)
    send(shared, url, *map(str, range(25)))
    assert within(30, lambda: left(shared, url) == 0)
    assert len(shared.invocations("gathered")) <= 2
    assert sorted(map(int, seen(shared, "gathered"))) == list(range(25))


def test_groups_keep_their_order_and_never_run_twice_at_once(shared: jlambda.Session) -> None:
    """1,000 messages in 10 groups, some of which fail the first time."""
    url, arn = queue(shared, "ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true", VisibilityTimeout="2")
    chance = (
        "any(zlib.crc32(r['body'].encode()) % 400 == 7 and r['attributes']['ApproximateReceiveCount'] == '1' for r in records)"
    )
    source = SEES.replace("random.SystemRandom().random() < FAILS", chance)
    source = source.replace("import json, random, time", "import json, time, zlib").replace(
        "    names =", "    records = event['Records']\n    names ="
    )
    deploy(shared, "ordered", source, timeout=2)({"Records": []})
    mapping(shared, "ordered", arn)
    client = shared.client("sqs")
    for i in range(100):
        entries = [{"Id": f"{g}", "MessageBody": f"{g} {i}", "MessageGroupId": f"g{g}"} for g in range(10)]
        assert not client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")
    assert within(90, lambda: left(shared, url) == 0)
    names = seen(shared, "ordered")
    for group in range(10):
        mine = [int(name.split()[1]) for name in names if name.startswith(f"{group} ")]
        assert list(dict.fromkeys(mine)) == list(range(100))
    assert "error" in set(shared.invocations("ordered").status)


def test_one_that_is_stuck_does_not_delay_another(shared: jlambda.Session) -> None:
    """Each mapping is on its own."""
    stuck_url, stuck_arn = queue(shared, "stuck")
    url, arn = queue(shared, "brisk")
    shared.deploy("import time\ndef handler(event, context):\n    time.sleep(2)\n", "stuck", timeout=10)
    deploy(shared, "brisk")
    mapping(shared, "stuck", stuck_arn, BatchSize=1)
    mapping(shared, "brisk", arn)
    send(shared, stuck_url, *map(str, range(10)))
    send(shared, url, "now")
    assert within(30, lambda: seen(shared, "brisk") == ["now"])


def test_disabled_it_delivers_nothing_and_enabled_it_goes_on(shared: jlambda.Session) -> None:
    """And deleted it is gone; what was not delivered stays in the queue."""
    url, arn = queue(shared, "paused")
    deploy(shared, "paused")
    uuid = mapping(shared, "paused", arn)
    client = shared.client("lambda")
    send(shared, url, "one")
    assert within(30, lambda: left(shared, url) == 0)
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert client.get_event_source_mapping(UUID=uuid)["State"] == "Disabled"
    send(shared, url, "two")
    assert left(shared, url) == 1
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert within(30, lambda: left(shared, url) == 0)
    client.delete_event_source_mapping(UUID=uuid)
    send(shared, url, "three")
    assert within(30, lambda: left(shared, url) == 1)
    assert seen(shared, "paused") == ["one", "two"]


def test_a_mapping_needs_its_queue(shared: jlambda.Session) -> None:
    """In AWS's words; and a visibility timeout that the function's fits into."""
    deploy(shared, "needy", timeout=60)
    with pytest.raises(ClientError, match="SimpleQueueService") as caught:
        mapping(shared, "needy", "arn:aws:sqs:us-east-1:123456789012:nowhere")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
    _, arn = queue(shared, "short")
    with pytest.raises(ClientError, match="Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds"):
        mapping(shared, "needy", arn)


def test_a_trigger_makes_its_queue_and_says_so(shared: jlambda.Session) -> None:
    """With a cell's options, which the next deployment changes or takes away."""
    function = deploy(shared, "triggered", triggers=["sqs:made?batch_size=5&report_failures"])
    assert function.notes == ("queue made was not there: created, with a visibility timeout of 30 s",)
    (attached,) = function.triggers
    assert (str(attached.trigger), attached.state, attached.is_deployed) == (
        *("sqs:made?batch_size=5&report_failures", "Enabled"),
        True,
    )
    url = shared.client("sqs").get_queue_url(QueueName="made")["QueueUrl"]
    send(shared, url, "hello")
    assert within(30, lambda: seen(shared, "triggered") == ["hello"])
    again = deploy(shared, "triggered", triggers=["sqs:made?window=1&max_concurrency=2"])
    assert again.notes == ()
    assert [str(each.trigger) for each in again.triggers] == ["sqs:made?max_concurrency=2&window=1"]
    assert again.triggers[0].id == attached.id
    assert again.triggers.disable("sqs:made").state == "Disabled"
    assert again.triggers.enable("sqs:made").state == "Enabled"
    deploy(shared, "triggered", triggers=[])
    assert list(again.triggers) == []
    again.triggers.add("sqs:other")
    deploy(shared, "triggered", triggers=[])
    assert [str(each.trigger) for each in again.triggers] == ["sqs:other"]
    with pytest.raises(InvalidParameter, match="batch_size is '0'"):
        deploy(shared, "triggered", triggers=["sqs:made?batch_size=0"])


def test_a_wait_is_for_queues_and_streams_too(shared: jlambda.Session) -> None:
    """Until their last record is done, and what follows from it; not for what no mapping reads, or a disabled one."""
    source = """
import boto3

client = boto3.client("lambda")

def handler(event, context):
    for _ in event.get("Records", ()):
        client.invoke(FunctionName="follower", InvocationType="Event", Payload=b"{}")
"""
    deploy(shared, "follower", source)
    leader = deploy(shared, "leader", source, memory=1769, timeout=20, triggers=["sqs:led", "kinesis:led", "dynamodb:led"])
    sqs, kinesis, tables = (shared.client(name) for name in ("sqs", "kinesis", "dynamodb"))
    url, _ = queue(shared, "unread")
    sqs.send_message(QueueUrl=url, MessageBody="nobody reads this")
    led = sqs.get_queue_url(QueueName="led")["QueueUrl"]
    for i in range(3):
        sqs.send_message(QueueUrl=led, MessageBody=str(i), DelaySeconds=i // 2)
        kinesis.put_record(StreamName="led", Data=b"x", PartitionKey=str(i))
        tables.put_item(TableName="led", Item={"id": {"S": str(i)}})
    assert shared.wait("60 seconds")
    assert len(shared.invocations("follower")) == 9
    assert left(shared, led) == 0
    leader.triggers.disable("sqs:led")
    sqs.send_message(QueueUrl=led, MessageBody="later")
    assert shared.wait("60 seconds")
    assert left(shared, led) == 1


def test_a_wait_says_what_it_waits_for(
    shared: jlambda.Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a message comes up again and again; it ends when its time is over."""
    monkeypatch.setattr(waiting, "_SAID_AFTER_S", 0.0)
    deploy(shared, "stuck", triggers=["sqs:stuck"])
    sqs = shared.client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName="stuck")["QueueUrl"], MessageBody="poison")
    assert not shared.wait(1)
    assert capsys.readouterr().out == "waiting for what sqs:stuck holds (1 not done)\n"
