"""Mappings outlive the services that they read, and the session that they were made in."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import jlambda
from tests.sources.conftest import deploy, left, seen, within


def send(session: jlambda.Session, text: str) -> str:
    """Send a message and put a record, into what is made where it is missing; gives the queue's URL."""
    sqs, kinesis = session.client("sqs"), session.client("kinesis")
    url = str(sqs.create_queue(QueueName="q")["QueueUrl"])
    if "s" not in kinesis.list_streams()["StreamNames"]:
        kinesis.create_stream(StreamName="s", ShardCount=1)
    sqs.send_message(QueueUrl=url, MessageBody=text)
    kinesis.put_record(StreamName="s", Data=text.encode(), PartitionKey="k")
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
            assert within(5, lambda: left(session, url) == 0)
            pid = session.services.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
    with jlambda.Session(tmp_path / "state") as session:
        send(session, "three")
        for name in ("queued", "streamed"):
            assert within(30, lambda name=name: "three" in seen(session, name)), name  # type: ignore[misc]
        assert [str(each.trigger) for each in session.get("streamed").triggers] == ["kinesis:s?start=TRIM_HORIZON"]
