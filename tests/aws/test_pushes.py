"""What services start functions with: buckets, topics, log groups, secrets and state machines, through real boto3."""

from __future__ import annotations

import json
import os
import signal
import time
from typing import Any

import pytest

import jlambda
from jlambda.model.events import logs as log_events
from jlambda.model.trigger import parse_trigger
from jlambda.service.trigger_news import EVERY
from tests.conftest import eventually


@pytest.fixture
def session(emptied: jlambda.Session) -> jlambda.Session:
    """No test here needs a session of its own."""
    return emptied


ECHO = "import json\ndef handler(event, context):\n    print('EVENT', json.dumps(event))\n"


def events_of(session: jlambda.Session, function: str, count: int) -> list[dict[str, Any]]:
    """The events that a function has got, once there are `count` of them."""

    def seen() -> list[dict[str, Any]]:
        lines = session.logs(function)["message"]
        return [json.loads(line.partition("EVENT ")[2]) for line in lines if "EVENT " in line]

    assert eventually(lambda: len(seen()) >= count), session.queue.counts()
    assert session.queue.wait(30)
    return seen()


def test_a_buckets_notifications_start_a_function(session: jlambda.Session) -> None:
    """Put, copy, multipart upload and delete; only keys of the prefix and suffix; each record is AWS's."""
    function = jlambda.deploy(ECHO, name="files", triggers=["s3://in-tray/in/*.csv?events=ObjectCreated:*,ObjectRemoved:*"])
    assert any("bucket in-tray" in note for note in function.notes)
    s3 = session.client("s3")
    s3.put_object(Bucket="in-tray", Key="in/a b+ü.csv", Body=b"1,2\n")
    s3.put_object(Bucket="in-tray", Key="in/other.txt", Body=b"")
    s3.put_object(Bucket="in-tray", Key="out/a.csv", Body=b"")
    s3.copy_object(Bucket="in-tray", Key="in/copy.csv", CopySource={"Bucket": "in-tray", "Key": "out/a.csv"})
    upload = s3.create_multipart_upload(Bucket="in-tray", Key="in/parts.csv")["UploadId"]
    part = s3.upload_part(Bucket="in-tray", Key="in/parts.csv", UploadId=upload, PartNumber=1, Body=b"x" * 10)
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket="in-tray", Key="in/parts.csv", UploadId=upload, MultipartUpload=parts)
    s3.delete_object(Bucket="in-tray", Key="in/copy.csv")
    s3.delete_objects(Bucket="in-tray", Delete={"Objects": [{"Key": "in/parts.csv"}]})
    found = sorted((event["Records"][0] for event in events_of(session, "files", 5)), key=lambda each: sequencer(each))
    assert [(each["eventName"], each["s3"]["object"]["key"]) for each in found] == [
        ("ObjectCreated:Put", "in/a+b%2B%C3%BC.csv"),
        ("ObjectCreated:Copy", "in/copy.csv"),
        ("ObjectCreated:CompleteMultipartUpload", "in/parts.csv"),
        ("ObjectRemoved:Delete", "in/copy.csv"),
        ("ObjectRemoved:Delete", "in/parts.csv"),
    ]
    head = s3.head_object(Bucket="in-tray", Key="in/a b+ü.csv")
    assert found[0]["s3"]["object"]["size"] == 4
    assert found[0]["s3"]["object"]["eTag"] == head["ETag"].strip('"')
    assert set(session.invocations("files")["trigger"]) == {"s3"}


def sequencer(record: dict[str, Any]) -> str:
    """What orders the changes of an object."""
    return str(record["s3"]["object"]["sequencer"])


def test_a_notification_that_boto3_configures_is_a_trigger(session: jlambda.Session) -> None:
    """It is listed with those of cells; taken away, neither is there; others of the bucket stay."""
    function = jlambda.deploy(ECHO, name="files", triggers=["s3://mixed/*"])
    s3 = session.client("s3")
    session.client("lambda").add_permission(
        FunctionName="files", StatementId="mine", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    configuration = s3.get_bucket_notification_configuration(Bucket="mixed")
    rule = {"Name": "suffix", "Value": ".txt"}
    added = {
        "Id": "mine",
        "LambdaFunctionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{function.name}",
        "Events": ["s3:ObjectRemoved:*"],
        "Filter": {"Key": {"FilterRules": [rule]}},
    }
    both = [*configuration["LambdaFunctionConfigurations"], added]
    s3.put_bucket_notification_configuration(Bucket="mixed", NotificationConfiguration={"LambdaFunctionConfigurations": both})
    listed = session.triggers.list("files")
    assert [str(each.trigger) for each in listed] == ["s3://mixed/*", "s3://mixed/*.txt?events=ObjectRemoved:*"]
    assert [each.is_deployed for each in listed] == [True, False]
    session.triggers.remove("files", "s3://mixed/*")
    left = s3.get_bucket_notification_configuration(Bucket="mixed")["LambdaFunctionConfigurations"]
    assert [each["Id"] for each in left] == ["mine"]
    s3.put_bucket_notification_configuration(Bucket="mixed", NotificationConfiguration={})
    assert session.triggers.list("files") == []


def test_a_bucket_takes_only_functions_that_are_there_and_let_it(session: jlambda.Session) -> None:
    """What is refused changes nothing; a cell's trigger lets the bucket by itself, and no longer once it is gone."""
    function = jlambda.deploy(ECHO, name="files")
    s3, lambda_ = session.client("s3"), session.client("lambda")
    s3.create_bucket(Bucket="closed")

    def put(arn: str, **more: Any) -> None:
        one = {"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}
        s3.put_bucket_notification_configuration(
            Bucket="closed", NotificationConfiguration={"LambdaFunctionConfigurations": [one]}, **more
        )

    def refused(arn: str) -> str:
        with pytest.raises(s3.exceptions.ClientError) as refusal:
            put(arn)
        error = refusal.value.response["Error"]
        assert error["Code"] == "InvalidArgument"
        assert error["Message"].startswith("Unable to validate the following destination configurations")
        assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="closed")
        return str(error["Message"])

    assert "function:nobody does not exist" in refused(function.arn.replace("files", "nobody"))
    assert "does not let s3.amazonaws.com" in refused(function.arn)
    permission = {"FunctionName": "files", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    lambda_.add_permission(**permission, StatementId="other", SourceArn="arn:aws:s3:::another")
    refused(function.arn)
    lambda_.add_permission(**permission, StatementId="this", SourceArn="arn:aws:s3:::closed", SourceAccount="123456789012")
    put(function.arn)
    for statement in ("this", "other"):
        lambda_.remove_permission(FunctionName="files", StatementId=statement)
    put(function.arn, SkipDestinationValidation=True)
    s3.put_bucket_notification_configuration(Bucket="closed", NotificationConfiguration={})
    session.triggers.add("files", parse_trigger("s3://closed/*"))
    put(function.arn)
    session.triggers.add("files", parse_trigger("s3://closed/in/*"))
    session.triggers.remove("files", "s3://closed/in/*")
    policy = json.loads(lambda_.get_policy(FunctionName="files")["Policy"])
    assert len(policy["Statement"]) == 1


def test_a_trigger_can_be_disabled_and_enabled(session: jlambda.Session) -> None:
    """What comes meanwhile starts nothing, and the state is kept without asking a service."""
    jlambda.deploy(ECHO, name="files", triggers=["s3://paused/*", "sns:paused"])
    s3, sns = session.client("s3"), session.client("sns")
    topic = sns.create_topic(Name="paused")["TopicArn"]
    for which in ("s3://paused/*", "sns:paused"):
        assert session.triggers.disable("files", which).state == "Disabled"
    s3.put_object(Bucket="paused", Key="meanwhile", Body=b"")
    sns.publish(TopicArn=topic, Message="meanwhile")
    for which in ("s3://paused/*", "sns:paused"):
        assert session.triggers.enable("files", which).state == "Enabled"
    s3.put_object(Bucket="paused", Key="again", Body=b"")
    sns.publish(TopicArn=topic, Message="again")
    said = json.dumps(events_of(session, "files", 2))
    assert "again" in said and "meanwhile" not in said


def test_a_topic_starts_a_function_with_attributes_and_by_filters(session: jlambda.Session) -> None:
    """Message attributes come along, of every type; what the filter policy refuses does not come."""
    jlambda.deploy(ECHO, name="told", triggers=['sns:news?filter={"kind": ["order"]}'])
    sns = session.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    attributes = {
        "kind": {"DataType": "String", "StringValue": "order"},
        "count": {"DataType": "Number", "StringValue": "3"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sns.publish(TopicArn=topic, Message="refused", MessageAttributes={"kind": {"DataType": "String", "StringValue": "other"}})
    sns.publish(TopicArn=topic, Message="no attributes")
    sns.publish(TopicArn=topic, Message="taken", Subject="s", MessageAttributes=attributes)
    (event,) = events_of(session, "told", 1)
    message = event["Records"][0]["Sns"]
    assert (message["Message"], message["Subject"], message["TopicArn"]) == ("taken", "s", topic)
    assert message["MessageAttributes"] == {
        "kind": {"Type": "String", "Value": "order"},
        "count": {"Type": "Number", "Value": "3"},
        "raw": {"Type": "Binary", "Value": "AAE="},
    }
    (listed,) = session.triggers.list("told")
    assert str(listed.trigger) == 'sns:news?filter={"kind": ["order"]}'
    session.triggers.remove("told", "sns:news")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_log_group_starts_a_function(session: jlambda.Session) -> None:
    """The lines that the pattern lets through arrive packed."""
    jlambda.deploy(ECHO, name="reader", triggers=["logs:/app?filter=ERROR"])
    logs = session.client("logs")
    logs.create_log_stream(logGroupName="/app", logStreamName="s")
    now = int(time.time() * 1000)
    lines = [{"timestamp": now, "message": "ERROR one"}, {"timestamp": now + 1, "message": "all well"}]
    logs.put_log_events(logGroupName="/app", logStreamName="s", logEvents=lines)
    (event,) = events_of(session, "reader", 1)
    found = log_events.unpacked(event)
    assert (found["logGroup"], found["logStream"]) == ("/app", "s")
    assert [each["message"] for each in found["logEvents"]] == ["ERROR one"]
    (listed,) = session.triggers.list("reader")
    assert str(listed.trigger) == "logs:/app?filter=ERROR"


def test_an_event_of_a_service_is_retried_as_any_other(session: jlambda.Session) -> None:
    """A notification whose function fails is run three times in all, and the bucket's client never sees an error."""
    jlambda.deploy("def handler(event, context): raise ValueError('poison')", name="failing", triggers=["s3://poisoned/*"])
    session.client("s3").put_object(Bucket="poisoned", Key="k", Body=b"")
    assert session.queue.settle(20)
    session.clock.advance(600)
    assert list(session.invocations("failing")["status"]) == ["error"] * 3


def test_a_function_that_is_gone_harms_no_upload(session: jlambda.Session) -> None:
    """The object is there, and nothing is started."""
    jlambda.deploy(ECHO, name="files", triggers=["s3://orphaned/*"])
    session.client("lambda").delete_function(FunctionName="files")
    s3 = session.client("s3")
    s3.put_object(Bucket="orphaned", Key="k", Body=b"x")
    assert s3.get_object(Bucket="orphaned", Key="k")["Body"].read() == b"x"


def test_what_was_answered_is_not_lost_when_the_child_is_killed(session: jlambda.Session) -> None:
    """An upload that was answered has started its function, whatever becomes of the embedded services right after."""
    jlambda.deploy(ECHO, name="files", triggers=["s3://fragile/*"])
    session.client("s3").put_object(Bucket="fragile", Key="k", Body=b"")
    pid = session.services.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert len(events_of(session, "files", 1)) == 1


ROTATION = """
import boto3
def handler(event, context):
    secrets, secret, token = boto3.client("secretsmanager"), event["SecretId"], event["ClientRequestToken"]
    if event["Step"] == "createSecret":
        secrets.put_secret_value(SecretId=secret, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"])
    if event["Step"] == "finishSecret":
        stages = secrets.describe_secret(SecretId=secret)["VersionIdsToStages"]
        (current,) = [version for version, names in stages.items() if "AWSCURRENT" in names]
        stage = {"MoveToVersionId": token, "RemoveFromVersionId": current}
        secrets.update_secret_version_stage(SecretId=secret, VersionStage="AWSCURRENT", **stage)
    print("EVENT", '{"step": "' + event["Step"] + '"}')
"""


def test_a_secret_is_rotated_by_its_function(session: jlambda.Session) -> None:
    """Four steps, one after the other; the new value is current when the last of them is over, and not before."""
    jlambda.deploy(ROTATION, name="rotate", timeout=60, memory=512)
    secrets = session.client("secretsmanager")
    secrets.create_secret(Name="password", SecretString="old")
    secrets.rotate_secret(SecretId="password", RotationLambdaARN="arn:aws:lambda:us-east-1:123456789012:function:rotate")
    steps = [event["step"] for event in events_of(session, "rotate", 4)]
    assert steps == ["createSecret", "setSecret", "testSecret", "finishSecret"]
    assert secrets.get_secret_value(SecretId="password")["SecretString"] == "new"


def test_a_state_machine_runs_functions_and_services(session: jlambda.Session) -> None:
    """Tasks that name a function's ARN, the Lambda integration, and another service's; an error is the machine's."""
    source = (
        "def handler(event, context):\n    if event['n'] > 5: raise ValueError('too much')\n    return {'n': event['n'] + 1}"
    )
    jlambda.deploy(source, name="add")
    url = session.client("sqs").create_queue(QueueName="sums")["QueueUrl"]
    arn = "arn:aws:lambda:us-east-1:123456789012:function:add"
    states = {
        "A": {"Type": "Task", "Resource": arn, "Next": "B"},
        "B": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "add", "Payload.$": "$"},
            "OutputPath": "$.Payload",
            "Next": "C",
        },
        "C": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {"QueueUrl": url, "MessageBody.$": "States.JsonToString($)"},
            "End": True,
        },
    }
    machines = session.client("stepfunctions")
    machine = machines.create_state_machine(
        name="adder", roleArn="arn:aws:iam::123456789012:role/r", definition=json.dumps({"StartAt": "A", "States": states})
    )["stateMachineArn"]

    def run(number: int) -> dict[str, Any]:
        execution = machines.start_execution(stateMachineArn=machine, input=json.dumps({"n": number}))["executionArn"]
        assert eventually(lambda: machines.describe_execution(executionArn=execution)["status"] != "RUNNING")
        told: dict[str, Any] = machines.describe_execution(executionArn=execution)
        return told

    assert run(1)["status"] == "SUCCEEDED"
    (message,) = session.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert json.loads(message["Body"]) == {"n": 3}
    failed = run(9)
    assert (failed["status"], failed["error"]) == ("FAILED", "ValueError")


@pytest.mark.parametrize("service", ["sqs", "sns", "s3", "events"])
def test_results_of_events_go_to_services(session: jlambda.Session, service: str) -> None:
    """A queue, a topic, a bucket and an event bus are destinations; the result is the invocation record."""
    sqs = session.client("sqs")
    name = f"results-of-{service}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = f"arn:aws:sqs:us-east-1:123456789012:{name}"
    destination = queue
    if service == "sns":
        sns = session.client("sns")
        destination = sns.create_topic(Name=name)["TopicArn"]
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=destination, Protocol="sqs", Endpoint=queue, Attributes=raw)
    if service == "s3":
        session.client("s3").create_bucket(Bucket="results")
        destination = "arn:aws:s3:::results"
    if service == "events":
        destination = "arn:aws:events:us-east-1:123456789012:event-bus/default"
    jlambda.deploy("def handler(event, context): raise ValueError('no')", name="failing")
    client = session.client("lambda")
    client.put_function_event_invoke_config(
        FunctionName="failing", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    client.invoke(FunctionName="failing", InvocationType="Event", Payload=b'{"n": 1}')
    assert session.queue.settle(20)
    assert session.queue.deliveries() == []
    if service == "events":
        return  # nothing is left to be delivered: the bus has taken it
    if service == "s3":
        s3 = session.client("s3")
        (found,) = s3.list_objects_v2(Bucket="results", Prefix="aws/lambda/async/failing/")["Contents"]
        body = s3.get_object(Bucket="results", Key=found["Key"])["Body"].read()
    else:
        body = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"].encode()
    record = json.loads(body)
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_dead_letters_go_to_a_queue(session: jlambda.Session) -> None:
    """The event itself, with what went wrong in its attributes; a queue that is not there is told of, and the letter kept."""
    sqs = session.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    jlambda.deploy("def handler(event, context): raise ValueError('no')", name="failing")
    client = session.client("lambda")
    client.put_function_event_invoke_config(FunctionName="failing", MaximumRetryAttempts=0)
    for name in ("dead", "missing"):
        target = {"TargetArn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}
        client.update_function_configuration(FunctionName="failing", DeadLetterConfig=target)
        client.get_waiter("function_updated_v2").wait(FunctionName="failing")
        client.invoke(FunctionName="failing", InvocationType="Event", Payload=b'{"n": 1}')
        assert session.queue.settle(20)
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == '{"n": 1}'
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "no"
    (kept,) = session.queue.deliveries()
    assert kept.due_at is None and "NonExistentQueue" in str(kept.reason)


def test_who_watches_is_told_of_what_boto3_configures(session: jlambda.Session) -> None:
    """Of the function that a notification, subscription, rule, schedule, filter of a log group, route or URL starts."""
    for name in ("watched", "other"):
        jlambda.deploy(ECHO, name=name)
    session.get("other")()
    clients = {name: session.client(name) for name in ("s3", "sns", "events", "scheduler", "logs", "lambda", "apigatewayv2")}
    arn, group = session.account.function_arn("watched"), "/aws/lambda/other"
    clients["s3"].create_bucket(Bucket="watched-bucket")
    clients["lambda"].add_permission(
        FunctionName="watched", StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    topic = clients["sns"].create_topic(Name="watched-topic")["TopicArn"]
    clients["events"].put_rule(Name="watched-rule", EventPattern='{"source": ["w"]}')
    notified = {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/r"}
    configured = {"Bucket": "watched-bucket"}
    filtered = {"logGroupName": group, "filterName": "f"}
    named = {"Rule": "watched-rule"}
    steps: list[tuple[str, str, dict[str, Any]]] = [
        ("s3", "put_bucket_notification_configuration", {**configured, "NotificationConfiguration": notified}),
        ("s3", "put_bucket_notification_configuration", {**configured, "NotificationConfiguration": {}}),
        ("sns", "subscribe", {"TopicArn": topic, "Protocol": "lambda", "Endpoint": arn}),
        ("sns", "delete_topic", {"TopicArn": topic}),
        ("events", "put_targets", {**named, "Targets": [{"Id": "1", "Arn": arn}]}),
        ("events", "disable_rule", {"Name": "watched-rule"}),
        ("events", "remove_targets", {**named, "Ids": ["1"]}),
        (
            *("scheduler", "create_schedule"),
            {
                "Name": "watched",
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": target,
            },
        ),
        ("scheduler", "delete_schedule", {"Name": "watched"}),
        ("logs", "put_subscription_filter", {**filtered, "filterPattern": "", "destinationArn": arn}),
        ("logs", "delete_subscription_filter", filtered),
        ("apigatewayv2", "create_api", {"Name": "w", "ProtocolType": "HTTP", "Target": arn, "RouteKey": "GET /w"}),
        ("lambda", "create_function_url_config", {"FunctionName": "watched", "AuthType": "NONE"}),
        ("lambda", "delete_function_url_config", {"FunctionName": "watched"}),
    ]
    told: list[str] = []
    end = session.watch(told.append)
    try:
        session._open().trigger_news.changed(EVERY)  # nobody knows how it was before: all are told
        assert eventually(lambda: {"watched", "other"} <= set(told))
        for service, operation, parameters in steps:
            told.clear()
            getattr(clients[service], operation)(**parameters)
            assert eventually(lambda: told == ["watched"]), (service, operation, told)
    finally:
        end()
    assert {(each.function, each.trigger.kind) for each in session.triggers.list() if each.function == "watched"} == {
        ("watched", "http")
    }
