"""Mappings outlive the services that they read, and the session that they were made in, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import jlambda
from tests.sources.conftest import deploy, left, seen, within


def send(session: jlambda.Session, text: str) -> str:
    """Send a message and put a record; gives the queue's URL."""
    sqs = session.client("sqs")
    url = str(sqs.get_queue_url(QueueName="q")["QueueUrl"])
    sqs.send_message(QueueUrl=url, MessageBody=text)
    session.client("kinesis").put_record(StreamName="s", Data=text.encode(), PartitionKey="k")
    return url


def test_a_mapping_goes_on_with_what_is_started_in_place_of_what_died(tmp_path: Path) -> None:
    """The embedded services are killed; then the session is closed and opened again. Each time both mappings deliver."""
    with jlambda.Session(tmp_path / "state") as session:
        for name, trigger in (("queued", "sqs:q"), ("streamed", "kinesis:s?start=TRIM_HORIZON")):
            deploy(session, name, triggers=[trigger])
        for text in ("one", "two"):
            url = send(session, text)
            for name in ("queued", "streamed"):
                assert within(30, lambda name=name, text=text: text in seen(session, name)), (name, text)  # type: ignore[misc]
            assert within(30, lambda: left(session, url) == 0)
            pid = session.services.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
    with jlambda.Session(tmp_path / "state") as session:
        send(session, "three")
        for name in ("queued", "streamed"):
            assert within(30, lambda name=name: "three" in seen(session, name)), name  # type: ignore[misc]
        assert [str(each.trigger) for each in session.get("streamed").triggers] == ["kinesis:s?start=TRIM_HORIZON"]


#: a session that sends messages and puts items, as fast as it can, and says what was answered, and how many have been seen
SENDS = """
import itertools, os, sys, threading
import jlambda

SEES = '''
import boto3
seen = boto3.client("dynamodb")

def handler(event, context):
    for record in event["Records"]:
        name = record["body"] if "body" in record else record["dynamodb"]["Keys"]["id"]["S"]
        seen.put_item(TableName="seen", Item={"id": {"S": name}})
'''
session = jlambda.Session(sys.argv[1])
dynamodb, sqs = session.client("dynamodb"), session.client("sqs")
key = {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "BillingMode": "PAY_PER_REQUEST"}
dynamodb.create_table(TableName="seen", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], **key)
for name, trigger in (("queued", "sqs:q?batch_size=3"), ("streamed", "dynamodb:items?batch_size=3")):
    session.deploy(SEES, name, memory=1769, timeout=20, triggers=[trigger])
url = sqs.get_queue_url(QueueName="q")["QueueUrl"]

def send(name, act):
    for number in itertools.count():
        act(f"{name}{number}")
        os.write(1, f"{name}{number}\\n".encode())

messages = lambda name: sqs.send_message(QueueUrl=url, MessageBody=name)
items = lambda name: dynamodb.put_item(TableName="items", Item={"id": {"S": name}})
for name, act in (("message", messages), ("item", items)):
    threading.Thread(target=send, args=(name, act), daemon=True).start()
while True:
    found = dynamodb.scan(TableName="seen")["Items"]
    if {each["id"]["S"][0] for each in found} == {"m", "i"}:
        os.write(1, f"seen {len(found)}\\n".encode())
"""


def sent_until_killed(folder: Path, most: int) -> set[str]:
    """Have a session send, and kill it once its functions have seen `most`: what had been answered by then."""
    command = [sys.executable, "-c", SENDS, str(folder)]
    answered = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdout is not None
        for line in session.stdout:
            if not line.startswith("seen "):
                answered.add(line.strip())
            elif int(line.split()[1]) >= most:
                session.kill()  # what stands in the pipe still is read on
    assert session.returncode == -signal.SIGKILL
    return answered


def test_nothing_that_was_answered_is_lost_with_a_session_that_is_killed(tmp_path: Path) -> None:
    """In the middle of deliveries of a queue and of a table's stream; what was under way may come twice."""
    answered = sent_until_killed(tmp_path / "state", 10)
    assert {name[0] for name in answered} == {"m", "i"}
    with jlambda.Session(tmp_path / "state") as session:
        dynamodb = session.client("dynamodb")

        def missing() -> set[str]:
            pages = dynamodb.get_paginator("scan").paginate(TableName="seen")
            return answered - {each["id"]["S"] for page in pages for each in page["Items"]}

        assert missing()  # some were still to be delivered
        assert within(40, lambda: not missing()), sorted(missing())
