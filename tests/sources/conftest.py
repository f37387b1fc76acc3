"""A session with its embedded services, and functions that tell what they have seen."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import jlambda
from tests.aws.conftest import shared

__all__ = ["shared"]

#: a handler that fails for what says so, and prints what it was given once it has succeeded
SEES = """
import json, random, time

def name(record):
    if "body" in record:
        return record["body"]
    if "kinesis" in record:
        import base64
        return base64.b64decode(record["kinesis"]["data"]).decode()
    change = record["dynamodb"]
    return record["eventName"] + " " + change["Keys"]["id"]["S"]

def handler(event, context):
    names = [name(record) for record in event["Records"]]
    if any("poison" in each for each in names) or random.SystemRandom().random() < FAILS:
        raise ValueError(names)
    print("SAW", time.time(), json.dumps(names))
"""
#: one that names the records that failed
REPORTS = (
    SEES.split("def handler")[0]
    + """
def handler(event, context):
    good, bad = [], []
    for record in event["Records"]:
        id = record.get("messageId") or record.get("kinesis", record.get("dynamodb", {})).get(
            "sequenceNumber", record.get("dynamodb", {}).get("SequenceNumber"))
        if "poison" in name(record):
            bad.append({"itemIdentifier": id})
        else:
            good.append(name(record))
    print("SAW", time.time(), json.dumps(good))
    return {"batchItemFailures": bad}
"""
)


@pytest.fixture(autouse=True)
def no_mapping_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test its mappings end."""
    yield
    if "shared" in request.fixturenames:
        request.getfixturevalue("shared").service.mappings.clear()


def deploy(session: jlambda.Session, name: str, source: str = SEES, fails: float = 0.0, **options: Any) -> jlambda.Function:
    """A function that sees; `fails` is how often, of one time, it fails by chance."""
    return session.deploy(source.replace("FAILS", str(fails)), name, **options)


def seen(session: jlambda.Session, function: str) -> list[str]:
    """What a function has seen, in the order of time."""
    lines = [text.split(" ", 2) for text in session.logs(function).message if text.startswith("SAW ")]
    return [name for _, _, names in sorted(lines, key=lambda line: float(line[1])) for name in json.loads(names)]


def within(seconds: float, is_so: Callable[[], bool]) -> bool:
    """Whether something comes true in so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def queue(session: jlambda.Session, name: str, **attributes: str) -> tuple[str, str]:
    """The URL and ARN of a new queue."""
    client = session.client("sqs")
    url = client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url, f"arn:aws:sqs:{session.account.region}:{session.account.id}:{name}"


def table(session: jlambda.Session, name: str, view: str = "NEW_AND_OLD_IMAGES") -> str:
    """The ARN of a new table's stream."""
    made = session.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
    )
    return str(made["TableDescription"]["LatestStreamArn"])


def left(session: jlambda.Session, url: str) -> int:
    """How many messages a queue has, in flight or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
    found = session.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
