"""CloudWatch Logs while functions still write: what is read early is there later, the same, and once."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

import jlambda
from tests.api.observed.conftest import GATED
from tests.conftest import eventually

GROUP = "/aws/lambda/gated"


class Follower:
    """Reads a group as ``aws logs tail --follow`` does, from the latest time on, and its streams by their tokens."""

    def __init__(self, logs: Any) -> None:
        self._logs = logs
        self.events: dict[str, dict[str, Any]] = {}
        self.of_streams: dict[str, list[str]] = {}
        self._tokens: dict[str, str] = {}

    def look(self) -> list[str]:
        """Read on; all messages so far, in the order in which they came."""
        latest = max((event["timestamp"] for event in self.events.values()), default=0)
        try:
            pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, startTime=latest)
            for event in [event for page in pages for event in page["events"]]:
                self.events.setdefault(event["eventId"], event)
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        for stream in {event["logStreamName"] for event in self.events.values()}:
            token = {"nextToken": self._tokens[stream]} if stream in self._tokens else {}
            answer = self._logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **token)
            self._tokens[stream] = answer["nextForwardToken"]
            self.of_streams.setdefault(stream, []).extend(event["message"] for event in answer["events"])
        return [event["message"] for event in self.events.values()]


def test_what_is_read_early_stays(session: jlambda.Session, gate: socket.socket) -> None:
    """Of a first invocation and of one in a warm environment: every event comes once, by ids, by tokens and by the end."""
    function, logs = session.deploy(GATED, "gated", timeout=60, secrets={"API_KEY": "sesame open"}), session.client("logs")
    assert logs.describe_log_groups()["logGroups"] == []
    follower = Follower(logs)

    def comes(beginning: str, times: int) -> bool:
        return sum(text.startswith(beginning) for text in follower.look()) == times

    for count in (1, 2):
        future = function.submit(gate.getsockname()[1])
        connection, _ = gate.accept()
        assert eventually(partial(comes, "plain before", count))
        told = follower.look()
        assert told[-1] == "plain before\n" and told.count("after\n") == count - 1
        early = dict(follower.events)
        (group,) = logs.describe_log_groups()["logGroups"]
        assert group["logGroupName"] == GROUP
        (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
        assert {event["logStreamName"] for event in early.values()} == {stream["logStreamName"]}
        connection.close()
        future.result()
        assert eventually(partial(comes, "REPORT", count))
        follower.look()
        every = logs.filter_log_events(logGroupName=GROUP)["events"]
        assert every == list(follower.events.values())  # in this order: none came late
        assert [event["message"] for event in every] == [f"{text}\n" for text in session.logs("gated")["message"]]
        assert follower.of_streams == {stream["logStreamName"]: [event["message"] for event in every]}
        assert every[: len(early)] == list(early.values())
    texts = [event["message"] for event in follower.events.values()]
    assert texts.count("before ***\n") == 2 and "sesame" not in str(texts)


def test_short_invocations_come_once(session: jlambda.Session) -> None:
    """However they fall between two looks: what follows by ids has in the end what stands in the log."""
    function, logs = session.deploy("def handler(event, context): print('n', event)", "gated"), session.client("logs")
    futures = [function.submit(number) for number in range(5)]
    follower = Follower(logs)
    for number in range(5, 60):
        futures.append(function.submit(number))
        if not number % 9:
            follower.look()
    for future in futures:
        future.result()
    follower.look()
    every = {event["eventId"]: event for event in logs.filter_log_events(logGroupName=GROUP)["events"]}
    assert {number: event for number, event in follower.events.items() if every.get(number) != event} == {}
    assert sorted(event["message"] for event in every.values()) == sorted(f"{text}\n" for text in session.logs()["message"])
