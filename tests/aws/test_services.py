"""The embedded services, through boto3 and the gateway."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

import jlambda
from jlambda.model.exchange import Reply, ServiceRequest, Write
from tests.conftest import eventually

LONG = 20 << 20


def test_objects_of_any_size_come_back_as_they_were_put(shared: jlambda.Session) -> None:
    """Small and large bodies, odd keys, metadata with underscores, multipart uploads: what was put is what is got."""
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="sizes")
    large = os.urandom(LONG)
    for key, body in {"a b/ü+%41.txt": b"hello", "empty": b"", "large": large}.items():
        s3.put_object(Bucket="sizes", Key=key, Body=body, Metadata={"my_name": "x"})
        found = s3.get_object(Bucket="sizes", Key=key)
        assert hashlib.sha256(found["Body"].read()).digest() == hashlib.sha256(body).digest()
        assert found["Metadata"] == {"my_name": "x"}
    s3.upload_fileobj(io.BytesIO(large), "sizes", "parts")
    assert s3.head_object(Bucket="sizes", Key="parts")["ContentLength"] == LONG
    assert s3.get_object(Bucket="sizes", Key="parts", Range="bytes=5-9")["Body"].read() == large[5:10]


def test_presigned_urls_read_and_write(shared: jlambda.Session) -> None:
    """Whoever has a presigned URL needs no key; one that was changed is refused, in S3's own words."""
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="presigned")
    put = s3.generate_presigned_url("put_object", Params={"Bucket": "presigned", "Key": "k"})
    request = urllib.request.Request(put, data=b"xyz", method="PUT", headers={"content-type": ""})
    assert urllib.request.urlopen(request).status == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": "presigned", "Key": "k"})
    assert urllib.request.urlopen(get).read() == b"xyz"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(get.replace("/k?", "/other?"))
    assert b"<Error><Code>" in refused.value.read()


@pytest.mark.parametrize("service", ["s3", "sns", "dynamodb", "scheduler"])
def test_a_wrong_key_is_refused_in_the_protocol_of_the_service(shared: jlambda.Session, service: str) -> None:
    """Without the session's key nothing is answered, and boto3 understands the refusal."""
    config = Config(inject_host_prefix=False, s3={"addressing_style": "path"}, retries={"max_attempts": 0})
    given: Any = {"aws_access_key_id": "AKIAOTHER", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    stranger = boto3.client(service, endpoint_url=shared.endpoint, config=config, **given)
    calls = {"s3": "list_buckets", "sns": "list_topics", "dynamodb": "list_tables", "scheduler": "list_schedules"}
    with pytest.raises(ClientError) as refused:
        getattr(stranger, calls[service])()
    assert refused.value.response["Error"]["Code"] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("apigateway", "get_rest_apis"),
        ("apigatewayv2", "get_apis"),
        ("cloudwatch", "list_metrics"),
        ("events", "list_event_buses"),
        ("iam", "list_roles"),
        ("kinesis", "list_streams"),
        ("logs", "describe_log_groups"),
        ("scheduler", "list_schedules"),
        ("secretsmanager", "list_secrets"),
        ("ssm", "describe_parameters"),
        ("stepfunctions", "list_state_machines"),
        ("sts", "get_caller_identity"),
    ],
)
def test_services_are_there(shared: jlambda.Session, service: str, call: str) -> None:
    """Each service answers with the extras of moto that jlambda depends on, and no more."""
    answer = getattr(shared.client(service), call)()
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_successful_writes_are_told(shared: jlambda.Session) -> None:
    """Observers hear of each change with operation and parameters; of reads and failures they hear nothing."""
    seen: list[Write] = []
    forget = shared.services.observe(seen.append)
    s3, sqs = shared.client("s3"), shared.client("sqs")
    s3.create_bucket(Bucket="told")
    s3.put_object(Bucket="told", Key="a/b c", Body=b"x")
    s3.copy_object(Bucket="told", Key="copy", CopySource={"Bucket": "told", "Key": "a/b c"})
    s3.get_object(Bucket="told", Key="copy")
    with pytest.raises(ClientError):
        s3.put_object(Bucket="not-there", Key="k", Body=b"")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    shared.client("sns").create_topic(Name="told")
    shared.client("apigatewayv2").create_api(Name="told", ProtocolType="HTTP")
    shared.client("cloudwatch").put_metric_data(Namespace="told", MetricData=[{"MetricName": "m", "Value": 1.0}])
    forget()
    sqs.send_message(QueueUrl=url, MessageBody="nobody is told of this one")
    assert [(write.service, write.operation) for write in seen] == [
        ("s3", "CreateBucket"),
        ("s3", "PutObject"),
        ("s3", "CopyObject"),
        ("sqs", "CreateQueue"),
        ("sqs", "SendMessage"),
        ("sns", "CreateTopic"),
        ("apigateway", "CreateApi"),
        ("monitoring", "PutMetricData"),
    ]
    assert seen[1].parameters == {"Bucket": "told", "Key": "a/b c"}
    assert seen[4].parameters == {"QueueUrl": url, "MessageBody": "m"}
    assert seen[5].parameters["Name"] == "told"


def test_a_failing_observer_harms_nobody(shared: jlambda.Session) -> None:
    """An observer's error is logged; the answer and the other observers are not touched by it."""
    seen: list[Write] = []

    def fail(write: Write) -> None:
        raise ZeroDivisionError

    ends = [shared.services.observe(fail), shared.services.observe(seen.append)]
    shared.client("sns").create_topic(Name="failing")
    for end in ends:
        end()
    assert [write.operation for write in seen] == ["CreateTopic"]


class Receiver(threading.Thread):
    """Waits for messages of a queue, in a thread, and says when it began."""

    def __init__(self, client: Any, url: str, wait_s: int) -> None:
        super().__init__(name="receiver")
        self._client, self._given = client, {"QueueUrl": url, "WaitTimeSeconds": wait_s}
        self.messages: list[Any] = []
        self.start()

    def run(self) -> None:
        self.messages = self._client.receive_message(**self._given).get("Messages", [])


def waiting(session: jlambda.Session, queue: str) -> bool:
    """Whether anybody waits for messages of a queue."""
    return bool(session.services.waits.waiting(queue))


def test_a_long_poll_waits_in_the_gateway_and_holds_nobody_up(shared: jlambda.Session) -> None:
    """While one receiver waits, others of the same service are answered; a message wakes the receiver."""
    sqs = shared.client("sqs")
    url = sqs.create_queue(QueueName="polled")["QueueUrl"]
    receiver = Receiver(shared.client("sqs"), url, 20)
    assert eventually(lambda: waiting(shared, "polled"))
    assert sqs.list_queues(QueueNamePrefix="polled")["QueueUrls"] == [url]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    receiver.join(30)
    assert [message["Body"] for message in receiver.messages] == ["m"]


def test_a_long_poll_sees_what_comes_up_again(shared: jlambda.Session) -> None:
    """Delayed messages, messages in flight and those that a topic brings wake a receiver too."""
    sqs, sns = shared.client("sqs"), shared.client("sns")
    url = sqs.create_queue(QueueName="again", Attributes={"ReceiveMessageWaitTimeSeconds": "20"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=1)
    (message,) = sqs.receive_message(QueueUrl=url, VisibilityTimeout=1)["Messages"]  # the queue's own wait
    assert message["Body"] == "delayed"
    (again,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert again["MessageId"] == message["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    topic = sns.create_topic(Name="again")["TopicArn"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    receiver = Receiver(shared.client("sqs"), url, 20)
    assert eventually(lambda: waiting(shared, "again"))
    sns.publish(TopicArn=topic, Message="from a topic")
    receiver.join(30)
    assert "from a topic" in receiver.messages[0]["Body"]


def test_a_receiver_that_went_away_is_given_nothing(shared: jlambda.Session) -> None:
    """A long poll whose client is gone ends, and the next message is the next receiver's."""
    sqs = shared.client("sqs")
    url = sqs.create_queue(QueueName="left")["QueueUrl"]
    address = shared.address
    hasty = boto3.client(
        "sqs",
        endpoint_url=address.url,
        region_name=address.region,
        aws_access_key_id=address.access_key_id,
        aws_secret_access_key=address.secret_access_key,
        config=Config(read_timeout=0.5, retries={"max_attempts": 0}),
    )
    with pytest.raises(ReadTimeoutError):
        hasty.receive_message(QueueUrl=url, WaitTimeSeconds=20)
    hasty.close()
    assert eventually(lambda: not waiting(shared, "left"))
    sqs.send_message(QueueUrl=url, MessageBody="m")
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_many_at_once_get_right_answers(shared: jlambda.Session) -> None:
    """moto gets requests of one service one after the other: nobody is answered with an error of its own making."""
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="crowd")
    failures: list[BaseException] = []

    def put() -> None:
        try:
            for _ in range(15):
                s3.put_object(Bucket="crowd", Key="same", Body=b"x" * 1000)
                assert s3.get_object(Bucket="crowd", Key="same")["Body"].read() == b"x" * 1000
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_closing_the_session_ends_waits_and_the_process(tmp_path: Path, no_descriptor_left_behind: None) -> None:
    """A receiver that waits holds up nobody: it is answered, and the child is gone."""
    with jlambda.Session(tmp_path / "state") as session:
        sqs = session.client("sqs")
        url = sqs.create_queue(QueueName="closing")["QueueUrl"]
        pid = session.services.pid
        receiver = Receiver(session.client("sqs"), url, 20)
        assert eventually(lambda: waiting(session, "closing"))
        begun = time.monotonic()
    assert time.monotonic() - begun < 10
    receiver.join(30)
    assert receiver.messages == []
    assert not Path(f"/proc/{pid}").exists()


def test_a_session_that_needs_no_service_starts_none(session: jlambda.Session) -> None:
    """Neither deploying nor the Lambda API starts the child."""
    session.client("lambda").list_functions()
    assert session.services.pid is None


def test_a_child_that_was_killed_is_replaced(session: jlambda.Session, caplog: pytest.LogCaptureFixture) -> None:
    """The next request is answered by a new child, and the user is told once."""
    sns = session.client("sns")
    session.client("sts").get_caller_identity()
    before = session.services.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    sns.create_topic(Name="after")
    assert session.services.pid not in (None, before)
    assert len([record for record in caplog.records if "embedded AWS services ended (signal 9)" in record.message]) == 1


def test_a_child_that_is_killed_while_it_answers_is_replaced(session: jlambda.Session) -> None:
    """A request that was under way is asked again of the new child: its client sees an answer, not an error."""
    s3 = session.client("s3")
    s3.create_bucket(Bucket="killed")
    session.client("sts").get_caller_identity()
    before = session.services.pid
    assert before is not None
    os.kill(before, signal.SIGSTOP)
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(s3.create_bucket(Bucket="killed-meanwhile")))
    asking.start()
    os.kill(before, signal.SIGKILL)
    asking.join(30)
    assert answers[0]["ResponseMetadata"]["RetryAttempts"] == 0


def test_what_keeps_the_child_from_starting_is_told(
    session: jlambda.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line, with what to do; once it is repaired, the next request has an answer."""
    broken = tmp_path / "broken" / "moto"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("import not_installed")
    client = session.client("sqs")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(broken.parent))
        for _ in range(2):
            with pytest.raises(ClientError) as refused:
                client.list_queues()
            said = refused.value.response["Error"]["Message"]
            assert "cannot start (ModuleNotFoundError: No module named 'not_installed'): repair" in said
            assert len(said.splitlines()) == 1
    assert client.list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_child_goes_with_a_session_that_is_killed(tmp_path: Path) -> None:
    """Not even SIGKILL of the session's process leaves the embedded services behind."""
    code = f"""
        import jlambda, os, signal
        session = jlambda.Session({str(tmp_path / "state")!r})
        session.client("sts").get_caller_identity()
        print(session.services.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    assert eventually(lambda: not Path(f"/proc/{int(ran.stdout)}").exists())


def test_the_child_listens_nowhere_and_knows_nothing_of_the_user(
    shared: jlambda.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no port of its own to reach it by, and none of the user's environment in it."""
    shared.client("sts").get_caller_identity()
    process = Path(f"/proc/{shared.services.pid}")
    sockets = {os.readlink(fd) for fd in (process / "fd").iterdir()}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:")}
    lines = [
        line.split()
        for kind in ("tcp", "tcp6", "udp", "udp6")
        for line in Path(f"/proc/self/net/{kind}").read_text().splitlines()[1:]
    ]
    assert inodes and not inodes & {line[9] for line in lines}
    names = {line.partition("=")[0] for line in (process / "environ").read_text().split("\0")}
    assert not names & {"HOME", "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "USER"}


def test_uploads_in_chunks_are_taken_apart(shared: jlambda.Session) -> None:
    """A body that comes by aws-chunked with a trailing checksum, as to HTTPS, is stored without either."""
    s3 = shared.client("s3")
    s3.create_bucket(Bucket="chunks")
    content = os.urandom(3 << 20)
    asked: list[bytes] = []

    def by_trailer(params: dict[str, Any], **_: Any) -> None:
        params["context"]["checksum"]["request_algorithm"]["in"] = "trailer"

    s3.meta.events.register("before-call.s3.PutObject", by_trailer)
    s3.meta.events.register(
        "before-send.s3.PutObject", lambda request, **_: asked.append(request.headers["X-Amz-Content-SHA256"])
    )
    s3.put_object(Bucket="chunks", Key="k", Body=content)
    found = s3.get_object(Bucket="chunks", Key="k")
    assert asked == [b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"]
    assert found["Body"].read() == content
    assert found.get("ContentEncoding", "") == ""


def test_what_a_service_lacks_is_named(session: jlambda.Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package to install, in one line; the others go on, and so does this one once it is there."""
    lacking = tmp_path / "lacking" / "antlr4.py"
    lacking.parent.mkdir()
    lacking.write_text("raise ModuleNotFoundError(\"No module named 'antlr4'\", name='antlr4')")
    states = session.client("stepfunctions")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(lacking.parent))
        session.client("sqs").create_queue(QueueName="there")
    before = session.services.pid
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            states.list_state_machines()
        said = refused.value.response["Error"]["Message"]
        assert "needs antlr4-python3-runtime, which is not installed: `pip install antlr4-python3-runtime`" in said
    assert session.client("sqs").list_queues()["QueueUrls"]
    lacking.unlink()
    assert states.list_state_machines()["stateMachines"] == []
    assert session.services.pid == before


def test_an_iterator_of_a_child_that_is_gone_has_expired(session: jlambda.Session) -> None:
    """Whoever reads a table's stream is told so in AWS's words, and asks for another."""
    streams = session.client("dynamodbstreams")
    made = session.client("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    arn = made["TableDescription"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    which = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = streams.get_shard_iterator(**which)["ShardIterator"]
    assert session.services.pid is not None
    os.kill(session.services.pid, signal.SIGKILL)
    with pytest.raises(streams.exceptions.ExpiredIteratorException):
        streams.get_records(ShardIterator=iterator)
    assert streams.get_records(ShardIterator=streams.get_shard_iterator(**which)["ShardIterator"])["Records"] == []


def test_services_that_hold_nothing_are_not_asked(session: jlambda.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """To list triggers makes no service load that nobody has written to."""
    function = jlambda.deploy("def handler(event, context): pass", name="files", triggers=["sqs:jobs"])
    asked: list[str] = []
    ask = session.services._backend.ask

    async def counted(request: ServiceRequest) -> Reply:
        asked.append(request.service)
        return await ask(request)

    monkeypatch.setattr(session.services._backend, "ask", counted)
    assert [str(each.trigger) for each in function.triggers] == ["sqs:jobs"]
    assert set(asked) <= {"sqs"}
    session.client("s3").create_bucket(Bucket="there")
    assert len(function.triggers) == 1
    assert set(asked) <= {"sqs", "s3"} and asked.count("s3") > 1
