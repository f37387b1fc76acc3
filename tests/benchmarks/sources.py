"""Event source mappings: from a write that was answered to the handler, a queue drained, and what idle mappings cost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jlambda

from .measure import Figure, percentile

#: writes of each kind, one after the other
WRITES = 60
#: messages of a queue that is drained
MESSAGES = 10_000
#: the first of them, received while the others wait behind them
FIRST = 2_000
#: how long ten mappings idle, in seconds
IDLE_S = 40.0
FUNCTION = "def handler(event, context):\n    return None\n"


def run(folder: Path) -> list[Figure]:
    """Latencies, then throughput against a plain boto3 loop on the same service, then CPU."""
    with jlambda.Session(folder / "state") as session:
        sqs, tables, streams = (session.client(name) for name in ("sqs", "dynamodb", "kinesis"))
        jlambda_triggers = {"sqs": "sqs:fast", "dynamodb": "dynamodb:fast", "kinesis": "kinesis:fast"}
        for kind, trigger in jlambda_triggers.items():
            session.deploy(FUNCTION, kind, memory=1769, triggers=[trigger])({})
        url = sqs.get_queue_url(QueueName="fast")["QueueUrl"]
        found = []
        for name, kind, write in (
            ("send_message", "sqs", lambda n: sqs.send_message(QueueUrl=url, MessageBody=str(n))),
            ("put_item", "dynamodb", lambda n: tables.put_item(TableName="fast", Item={"id": {"S": str(n)}})),
            ("put_record", "kinesis", lambda n: streams.put_record(StreamName="fast", Data=b"x", PartitionKey=str(n))),
        ):
            write_s, started_s = latencies(session, kind, write)
            label = f"{name} answered to handler started, p50"
            found.append(Figure(label, started_s * 1e3, "ms", started_s / write_s, f"{name} itself", "under 15 ms"))
        plain, (first, mapped) = plain_rate(session, sqs), mapped_rates(session, sqs)
        found += [
            Figure(f"{MESSAGES:,} messages, boto3 receive and delete", plain, "/s"),
            Figure(f"{MESSAGES:,} messages through a mapping", mapped, "/s", mapped / plain, "boto3", "at least 0.5"),
            Figure(f"the first {FIRST:,} of them", first, "/s", first / mapped, "all of them"),
        ]
        for i in range(7):
            session.get("sqs").triggers.add(f"sqs:idle{i}")
        found.append(Figure("ten idle mappings", idle_share(session) * 100, "%", target="under 1 % of a processor"))
    return found


def latencies(session: jlambda.Session, function: str, write: Callable[[int], object]) -> tuple[float, float]:
    """Seconds that a write takes, and from its answer to the start of the handler, as medians."""
    answered, took = [], []
    before = len(session.invocations(function))
    for n in range(WRITES):
        began = time.perf_counter()
        write(n)
        answered.append(time.time())
        took.append(time.perf_counter() - began)
        time.sleep(0.04)  # to look for it takes its time from what is looked for
        while len(session.invocations(function)) <= before + n:  # two of them would come as one batch
            time.sleep(0.04)
    started = [moment.timestamp() for moment in session.invocations(function).started_at[before:]]
    return percentile(took), percentile([max(0.0, at - since) for at, since in zip(started, answered, strict=True)])


def filled(sqs: Any, name: str) -> str:
    """The URL of a new queue full of messages."""
    url = str(sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})["QueueUrl"])
    for i in range(0, MESSAGES, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(i + n)} for n in range(10)])
    return url


def plain_rate(session: jlambda.Session, sqs: Any) -> float:
    """Messages a second, received and deleted ten at a time by one thread."""
    url, done = filled(sqs, "plain"), 0
    began = time.perf_counter()
    while done < MESSAGES:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        done += len(messages)
    return MESSAGES / (time.perf_counter() - began)


def mapped_rates(session: jlambda.Session, sqs: Any) -> tuple[float, float]:
    """Messages a second, through a mapping and a function that does nothing: of the first ones, and of all."""
    url, first_s = filled(sqs, "mapped"), 0.0
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    began = time.perf_counter()
    session.deploy(FUNCTION, "mapped", memory=1769, triggers=["sqs:mapped"])
    while True:
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
        left = sum(int(n) for n in found.values())
        if not first_s and left <= MESSAGES - FIRST:
            first_s = (time.perf_counter() - began) * FIRST / (MESSAGES - left)
        if not left:
            return FIRST / first_s, MESSAGES / (time.perf_counter() - began)
        time.sleep(0.2)


def idle_share(session: jlambda.Session) -> float:
    """The part of one processor that this process and the embedded services take while nothing happens."""
    pid = session.services.pid
    assert pid is not None
    time.sleep(2)
    began, used = time.perf_counter(), time.process_time() + cpu_s(pid)
    time.sleep(IDLE_S)
    return (time.process_time() + cpu_s(pid) - used) / (time.perf_counter() - began)


def cpu_s(pid: int) -> float:
    """CPU seconds of another process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
