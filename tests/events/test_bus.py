"""EventBridge through boto3: events that are put reach the targets of the rules that want them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel, S3EventNotificationEventBridgeModel
from botocore.exceptions import ClientError

import jlambda
from jlambda.errors import LambdaError
from jlambda.model.exchange import Reply, ServiceRequest
from tests.events.conftest import ECHO, Heard, echo_target


def put(session: jlambda.Session, detail: object, source: str = "shop", **entry: Any) -> dict[str, Any]:
    text = detail if isinstance(detail, str) else json.dumps(detail)
    given = {"Source": source, "DetailType": "Order Placed", "Detail": text, **entry}
    found: dict[str, Any] = session.client("events").put_events(Entries=[given])
    return found


def rule(session: jlambda.Session, name: str, pattern: object, *targets: dict[str, Any], **more: Any) -> None:
    client = session.client("events")
    bus = {"EventBusName": more.pop("bus")} if "bus" in more else {}
    client.put_rule(Name=name, EventPattern=json.dumps(pattern), **bus, **more)
    client.put_targets(Rule=name, Targets=list(targets), **bus)


def test_a_function_gets_what_its_rule_wants(heard: Heard) -> None:
    """The event is AWS's, its id is the answer's, and what the pattern does not want does not arrive."""
    session = heard.session
    rule(session, "large", {"detail": {"total": [{"numeric": [">", 100]}]}}, echo_target(session))
    assert put(session, {"total": 5})["FailedEntryCount"] == 0
    answer = put(session, {"total": 120}, Time="2026-05-05T05:05:05Z", Resources=["arn:a"])
    (event,) = heard.events("echo")
    EventBridgeModel.model_validate(event)
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "Order Placed",
        "source": "shop",
        "account": "123456789012",
        "time": "2026-05-05T05:05:05Z",
        "region": "us-east-1",
        "resources": ["arn:a"],
        "detail": {"total": 120},
    }
    assert list(session.invocations("echo")["trigger"]) == ["events"]


def test_rules_are_read_again_when_they_change(heard: Heard) -> None:
    """Another pattern, disabled, enabled, another target, deleted: each holds for the next event."""
    session, client = heard.session, heard.session.client("events")
    rule(session, "r", {"source": ["a"]}, echo_target(session))
    put(session, {"n": 1}, "a")
    rule(session, "r", {"source": ["b"]}, echo_target(session))
    put(session, {"n": 2}, "a")
    put(session, {"n": 3}, "b")
    client.disable_rule(Name="r")
    put(session, {"n": 4}, "b")
    client.enable_rule(Name="r")
    put(session, {"n": 5}, "b")
    client.remove_targets(Rule="r", Ids=["1"])
    put(session, {"n": 6}, "b")
    client.delete_rule(Name="r")
    put(session, {"n": 7}, "b")
    session.queue.settle(5.0)
    assert sorted(event["detail"]["n"] for event in heard.events("echo", 3)) == [1, 3, 5]


def test_what_targets_are_sent(heard: Heard) -> None:
    """A constant, a part of the event, a template."""
    session = heard.session
    transformer = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"number": <n>, "rule": "<aws.events.rule-name>"}'}
    rule(session, "constant", {"source": ["x"]}, echo_target(session, Input='{"kind": "constant"}'))
    rule(session, "part", {"source": ["x"]}, echo_target(session, InputPath="$.detail"))
    rule(session, "template", {"source": ["x"]}, echo_target(session, InputTransformer=transformer))
    put(session, {"n": 7}, "x")
    found = heard.events("echo", 3)
    assert {json.dumps(each, sort_keys=True) for each in found} == {
        '{"kind": "constant"}',
        '{"n": 7}',
        '{"number": 7, "rule": "template"}',
    }


def test_other_targets(heard: Heard) -> None:
    """A queue, a FIFO queue, a topic, a log group, a stream, and another bus, whose rules want it too."""
    session = heard.session
    sqs, sns, logs, events = (session.client(name) for name in ("sqs", "sns", "logs", "events"))
    urls = {
        "q": sqs.create_queue(QueueName="q")["QueueUrl"],
        "t": sqs.create_queue(QueueName="t")["QueueUrl"],
        "f.fifo": sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})[
            "QueueUrl"
        ],
    }
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:t")
    logs.create_log_group(logGroupName="/aws/events/seen")
    session.client("kinesis").create_stream(StreamName="s", ShardCount=1)
    bus = events.create_event_bus(Name="other")["EventBusArn"]
    base = "us-east-1:123456789012"
    arns: list[dict[str, Any]] = [
        {"Id": "q", "Arn": f"arn:aws:sqs:{base}:q"},
        {"Id": "f", "Arn": f"arn:aws:sqs:{base}:f.fifo", "SqsParameters": {"MessageGroupId": "g"}},
        {"Id": "t", "Arn": topic},
        {"Id": "l", "Arn": f"arn:aws:logs:{base}:log-group:/aws/events/seen"},
        {"Id": "k", "Arn": f"arn:aws:kinesis:{base}:stream/s", "KinesisParameters": {"PartitionKeyPath": "$.detail.n"}},
    ]
    client_targets = [arns[:3], [*arns[3:], {"Id": "b", "Arn": bus}]]
    for number, targets in enumerate(client_targets):  # five targets a rule
        rule(session, f"r{number}", {"source": ["x"]}, *targets)
    rule(session, "there", {"source": ["x"]}, echo_target(session), bus="other")
    event_id = put(session, {"n": "1"}, "x")["Entries"][0]["EventId"]
    assert heard.events("echo")[0]["id"] == event_id
    for name, url in urls.items():
        (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
        body = json.loads(message["Body"])
        body = json.loads(body["Message"]) if name == "t" else body
        assert body["id"] == event_id, name
    (line,) = logs.filter_log_events(logGroupName="/aws/events/seen")["events"]
    assert json.loads(line["message"])["id"] == event_id
    kinesis = session.client("kinesis")
    shard = kinesis.list_shards(StreamName="s")["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    (record,) = kinesis.get_records(ShardIterator=iterator)["Records"]
    assert (record["PartitionKey"], json.loads(record["Data"])["id"]) == ("1", event_id)


def test_what_cannot_be_delivered(heard: Heard, caplog: pytest.LogCaptureFixture) -> None:
    """It goes to the dead-letter queue of the target, with what went wrong; without one it is told. PutEvents succeeds."""
    session, sqs = heard.session, heard.session.client("sqs")
    url = sqs.create_queue(QueueName="dlq")["QueueUrl"]
    gone = {"Id": "1", "Arn": session.account.function_arn("gone")}
    dead = {"DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:dlq"}}
    rule(session, "r", {"source": ["x"]}, {**gone, **dead})
    rule(session, "s", {"source": ["x"]}, {"Id": "2", "Arn": "arn:aws:sqs:us-east-1:123456789012:nowhere"})
    with caplog.at_level(logging.WARNING):
        assert put(session, {"n": 1}, "x")["FailedEntryCount"] == 0
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told["ERROR_CODE"] == "ResourceNotFoundException"
    assert told["TARGET_ARN"] == gone["Arn"] and told["RULE_ARN"].endswith(":rule/r")
    assert json.loads(message["Body"])["detail"] == {"n": 1}
    assert "rule/s could not reach arn:aws:sqs:us-east-1:123456789012:nowhere" in caplog.text


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Detail": "{}", "DetailType": "d", "Source": ""}, "InvalidArgument"),
        ({"Detail": "{", "DetailType": "d", "Source": "s"}, "MalformedDetail"),
        ({"Detail": "[]", "DetailType": "d", "Source": "s"}, "MalformedDetail"),
        ({"Detail": json.dumps({"x": "y" * 300_000}), "DetailType": "d", "Source": "s"}, "InvalidArgument"),
    ],
)
def test_entries_that_are_refused(heard: Heard, entry: dict[str, str], code: str) -> None:
    """One wrong entry does not take the others along."""
    good = {"Detail": "{}", "DetailType": "d", "Source": "s"}
    found = heard.session.client("events").put_events(Entries=[good, entry])
    assert found["FailedEntryCount"] == 1
    assert "EventId" in found["Entries"][0]
    assert found["Entries"][1]["ErrorCode"] == code


def test_requests_that_are_refused(heard: Heard) -> None:
    """Too many entries, a bus that there is not, patterns and schedules that are none: AWS's codes and words."""
    client = heard.session.client("events")
    good = {"Detail": "{}", "DetailType": "d", "Source": "s"}
    calls: list[tuple[str, str, Callable[[], object]]] = [
        ("ValidationException", "less than or equal to 10", lambda: client.put_events(Entries=[good] * 11)),
        ("ResourceNotFoundException", "bus nope", lambda: client.put_events(Entries=[{**good, "EventBusName": "nope"}])),
        (
            "InvalidEventPatternException",
            "Event pattern is not valid. Reason: a: there is no operator 'prefx'",
            lambda: client.put_rule(Name="r", EventPattern='{"a": [{"prefx": "b"}]}'),
        ),
        (
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
            lambda: client.put_rule(Name="r", ScheduleExpression="rate(1 minutes)"),
        ),
    ]
    for code, said, call in calls:
        with pytest.raises(ClientError) as caught:
            call()
        assert (caught.value.response["Error"]["Code"], said in caught.value.response["Error"]["Message"]) == (code, True)


def test_patterns_are_tried_through_the_api(heard: Heard) -> None:
    """TestEventPattern."""
    client = heard.session.client("events")
    event = json.dumps(jlambda.sample_event("eventbridge:event", source="shop"))
    assert client.test_event_pattern(EventPattern='{"source": ["shop"]}', Event=event)["Result"] is True
    assert client.test_event_pattern(EventPattern='{"source": ["other"]}', Event=event)["Result"] is False
    with pytest.raises(client.exceptions.InvalidEventPatternException):
        client.test_event_pattern(EventPattern="{", Event=event)


def test_events_that_put_themselves_end(heard: Heard) -> None:
    """Two buses that send to each other: an event goes round a few times, no more."""
    session, events = heard.session, heard.session.client("events")
    arns = [events.create_event_bus(Name=name)["EventBusArn"] for name in ("a", "b")]
    rule(session, "ab", {"source": ["x"]}, {"Id": "1", "Arn": arns[1]}, echo_target(session, Id="2"), bus="a")
    rule(session, "ba", {"source": ["x"]}, {"Id": "1", "Arn": arns[0]}, bus="b")
    assert put(session, {}, "x", EventBusName="a")["FailedEntryCount"] == 0
    session.queue.settle(5.0)
    assert 1 <= len(heard.events("echo")) <= 4


def test_a_function_puts_events(heard: Heard) -> None:
    """From within a function; what it puts starts another."""
    session = heard.session
    source = """
import boto3, json

def handler(event, context):
    entry = {"Source": "fn", "DetailType": "t", "Detail": json.dumps(event)}
    return boto3.client("events").put_events(Entries=[entry])["FailedEntryCount"]
"""
    putter = session.deploy(source, "putter", timeout=30, memory=512)
    rule(session, "r", {"source": ["fn"]}, echo_target(session))
    assert putter({"from": "inside"}) == 0
    assert heard.events("echo")[0]["detail"] == {"from": "inside"}


def test_a_trigger_is_a_rule(heard: Heard) -> None:
    """`events:{…}` from deploy to delete: it delivers, shows, is disabled and enabled, and goes with the cell's line."""
    session, events = heard.session, heard.session.client("events")
    pattern = 'events:{"source": ["my.app"]}'
    function = session.deploy(
        "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))", "on", triggers=[pattern]
    )
    put(session, {"n": 1}, "my.app")
    assert heard.events("on")[0]["detail"] == {"n": 1}
    (attached,) = function.triggers
    assert (str(attached.trigger), attached.state) == (pattern, "Enabled")
    assert events.list_rules()["Rules"][0]["Name"] == attached.id
    function.triggers.disable(pattern)
    put(session, {"n": 2}, "my.app")
    assert function.triggers[0].state == "Disabled"
    function.triggers.enable(pattern)
    put(session, {"n": 3}, "my.app")
    assert [event["detail"]["n"] for event in heard.events("on", 2)] == [1, 3]
    session.deploy("def handler(event, context): return 1", "on", triggers=[])
    assert events.list_rules()["Rules"] == []
    assert list(function.triggers) == []


def test_a_rule_of_boto3_shows_as_a_trigger(heard: Heard) -> None:
    """On another bus, with a constant input, to an alias."""
    session = heard.session
    session.get("echo").publish()
    session.get("echo").alias("live", 1)
    session.client("events").create_event_bus(Name="other")
    target = {"Id": "7", "Arn": session.account.function_arn("echo", "live"), "Input": '{"k": 1}'}
    rule(session, "mine", {"source": ["x"]}, target, bus="other")
    (found,) = session.get("echo:live").triggers
    assert str(found.trigger) == 'events:{"source": ["x"]}?bus=other&input={"k": 1}'
    assert found.id == "other/mine"
    session.get("echo:live").triggers.remove("other/mine")
    assert session.client("events").list_rules(EventBusName="other")["Rules"] == []


def test_buckets_tell_of_their_objects(heard: Heard) -> None:
    """What a bucket with EventBridge on is told of reaches rules, and is S3's own event."""
    session, s3 = heard.session, heard.session.client("s3")
    s3.create_bucket(Bucket="told")
    s3.put_bucket_notification_configuration(Bucket="told", NotificationConfiguration={"EventBridgeConfiguration": {}})
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["told"]}, "object": {"key": [{"suffix": ".csv"}]}}}
    rule(session, "files", pattern, echo_target(session))
    s3.put_object(Bucket="told", Key="a b.csv", Body=b"123")
    s3.put_object(Bucket="told", Key="a.txt", Body=b"123")
    s3.delete_object(Bucket="told", Key="a b.csv")
    deleted, created = sorted(heard.events("echo", 2), key=lambda each: str(each["detail"]["reason"]))
    assert deleted["detail"]["object"]["key"] == "a b.csv"
    for event in (created, deleted):
        S3EventNotificationEventBridgeModel.model_validate(event)
    assert (created["detail-type"], created["detail"]["object"]["key"]) == ("Object Created", "a b.csv")
    assert (created["detail"]["object"]["size"], created["detail"]["reason"]) == (3, "PutObject")
    assert (deleted["detail-type"], deleted["detail"]["deletion-type"]) == ("Object Deleted", "Permanently Deleted")
    s3.delete_object(Bucket="told", Key="a.txt")
    s3.delete_bucket(Bucket="told")


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ({"$or": [{"kind": ["a"]}, {"size": [{"numeric": [">", 5]}]}]}, ["a", "large"]),
        ({"kind": [{"wildcard": "l*ge"}]}, ["large"]),
        ({"ip": [{"cidr": "10.0.0.0/8"}]}, ["near"]),
        ({"kind": [{"anything-but": {"suffix": "e"}}]}, ["a", "near"]),
    ],
)
def test_filter_policies_of_topics(heard: Heard, policy: dict[str, Any], wanted: list[str]) -> None:
    """What moto alone would refuse, or take for something else."""
    session, sns = heard.session, heard.session.client("sns")
    topic = sns.create_topic(Name="filtered")["TopicArn"]
    arn = session.account.function_arn("echo")
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn, Attributes={"FilterPolicy": json.dumps(policy)})
    for kind, size, ip in [("a", 1, "192.168.0.1"), ("large", 9, "192.168.0.1"), ("near", 1, "10.1.2.3")]:
        values = {"kind": ("String", kind), "size": ("Number", str(size)), "ip": ("String", ip)}
        typed = {name: {"DataType": type_, "StringValue": value} for name, (type_, value) in values.items()}
        sns.publish(TopicArn=topic, Message=kind, MessageAttributes=typed)
    assert sorted(event["Records"][0]["Sns"]["Message"] for event in heard.events("echo", len(wanted))) == wanted
    sns.delete_topic(TopicArn=topic)


def test_an_archive_is_replayed(heard: Heard) -> None:
    """What its pattern wants, to the rules that are named; marked as replayed, and not archived again."""
    session, events = heard.session, heard.session.client("events")
    rule(session, "r", {"source": ["x", "y"]}, echo_target(session))
    other = session.deploy(ECHO, "other").arn
    rule(session, "s", {"source": ["x", "y"]}, {"Id": "1", "Arn": other})
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=bus, EventPattern='{"source": ["x"]}')["ArchiveArn"]
    put(session, {"n": 1}, "x")
    put(session, {"n": 2}, "y")
    events.update_archive(ArchiveName="kept", EventPattern='{"source": ["y"]}')
    put(session, {"n": 3}, "x")
    put(session, {"n": 4}, "y")
    assert len(heard.events("echo", 4)) == 4
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 2
    assert [each["EventCount"] for each in events.list_archives()["Archives"]] == [2]
    now = datetime.now(UTC)
    which = {
        "EventSourceArn": archive,
        "EventStartTime": now - timedelta(minutes=1),
        "EventEndTime": now + timedelta(minutes=1),
    }
    rules = [f"{bus.partition('event-bus')[0]}rule/r"]
    events.start_replay(ReplayName="again", Destination={"Arn": bus, "FilterArns": rules}, **which)
    replayed = heard.events("echo", 6)[4:]
    assert sorted((each["detail"]["n"], each["replay-name"]) for each in replayed) == [(1, "again"), (4, "again")]
    assert len(heard.events("other", 4)) == 4
    assert events.describe_replay(ReplayName="again")["State"] == "COMPLETED"
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 2
    events.start_replay(ReplayName="before", Destination={"Arn": bus}, **{**which, "EventEndTime": now - timedelta(seconds=59)})
    events.delete_archive(ArchiveName="kept")
    events.create_archive(ArchiveName="kept", EventSourceArn=bus)
    assert events.describe_archive(ArchiveName="kept")["EventCount"] == 0
    events.delete_archive(ArchiveName="kept")
    assert len(heard.events("echo", 6)) == 6


@pytest.fixture
def flaky(heard: Heard) -> Iterator[list[str]]:
    """A queue `flaky`, which refuses a message for each error that is in the list."""
    session, errors = heard.session, list[str]()

    async def send(request: ServiceRequest, parameters: Mapping[str, Any], ask: Any) -> Reply:
        if errors and parameters["QueueUrl"].endswith("/flaky"):
            fault = LambdaError("not now")
            fault.code, fault.status = errors.pop(), 503
            raise fault
        reply: Reply = await ask(request)
        return reply

    session.client("sqs").create_queue(QueueName="flaky")
    session.services.answer("sqs", "SendMessage", send)
    yield errors
    del session.services._own["sqs", "SendMessage"]


def test_what_a_target_cannot_take_for_the_moment_is_tried_again(heard: Heard, flaky: list[str]) -> None:
    """Later and later, and outlives being closed: it is on the disk before PutEvents answers."""
    session = heard.session
    rule(session, "r", {"source": ["x"]}, {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:flaky"})
    flaky += ["ServiceUnavailable"] * 3
    assert put(session, {"n": 1}, "x")["FailedEntryCount"] == 0
    assert len(flaky) == 2
    session.clock.advance("10 seconds")
    client = session.client("sqs")
    url = client.get_queue_url(QueueName="flaky")["QueueUrl"]
    found = client.receive_message(QueueUrl=url)["Messages"]
    assert [json.loads(each["Body"])["detail"] for each in found] == [{"n": 1}]
    assert flaky == []


@pytest.mark.parametrize(
    ("policy", "retries", "exhausted"),
    [
        ({"MaximumRetryAttempts": 0}, "0", "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 2}, "2", "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 60}, "5", "MaximumEventAgeInSeconds"),
    ],
)
def test_a_target_s_retry_policy_says_when_it_is_dead(
    heard: Heard, flaky: list[str], policy: dict[str, int], retries: str, exhausted: str
) -> None:
    """The dead letter tells why, and how often it was tried again."""
    session, sqs = heard.session, heard.session.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    target = {
        "Id": "1",
        "Arn": "arn:aws:sqs:us-east-1:123456789012:flaky",
        "RetryPolicy": policy,
        "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:123456789012:dead"},
    }
    rule(session, "r", {"source": ["x"]}, target)
    flaky += ["ServiceUnavailable"] * 20
    put(session, {}, "x")
    session.clock.advance("5 minutes")
    (message,) = sqs.receive_message(QueueUrl=dead, MessageAttributeNames=["All"])["Messages"]
    said = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert (said["RETRY_ATTEMPTS"], said["EXHAUSTED_RETRY_CONDITION"]) == (retries, exhausted)
    assert said["ERROR_CODE"] == "ServiceUnavailable"
    assert len(flaky) == 20 - int(retries) - 1
