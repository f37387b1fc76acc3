"""Subscription filters on the log groups of functions."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda.model.events.logs import unpacked
from tests.api.observed.conftest import GATED
from tests.conftest import eventually

GROUP = "/aws/lambda/f"
TALKS = "def handler(event, context):\n    for line in event: print(line)\n"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[jlambda.Session]:
    """Function ``f`` writes what it is given, ``reader`` and ``other`` give their event back."""
    with jlambda.Session(tmp_path / "state") as made:
        made.deploy(TALKS, "f")
        for name in ("reader", "other"):
            made.deploy("def handler(event, context): return event\n", name)
        yield made


def received(session: jlambda.Session, name: str) -> list[dict[str, Any]]:
    """What a function has been started with, unpacked, in the order of its start."""
    records = session._open().records.rows(name)
    found = [session._open().records.find(record.request_id, 1)[0][2] for record in records]
    return [unpacked(json.loads(payloads.event or b"")) for payloads in found]


def subscribe(session: jlambda.Session, name: str, to: str, pattern: str, group: str = GROUP) -> None:
    """Make a filter."""
    session.client("logs").put_subscription_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=session.get(to).arn
    )


def test_a_function_is_started_with_what_another_logs(session: jlambda.Session) -> None:
    """With the lines that match, as they are in CloudWatch Logs; not with those of invocations that have none."""
    session.get("f")(["before"])
    subscribe(session, "errors", "reader", "ERROR")
    subscribe(session, "all", "other", "")
    session.get("f")(["nothing of note"])
    session.get("f")(["ERROR one", "and", "ERROR two"])
    assert eventually(lambda: len(received(session, "reader")) == 1 and len(received(session, "other")) == 2)
    (event,) = received(session, "reader")
    assert [each["message"] for each in event["logEvents"]] == ["ERROR one\n", "ERROR two\n"]
    assert (event["logGroup"], event["messageType"], event["subscriptionFilters"]) == (GROUP, "DATA_MESSAGE", ["errors"])
    found = session.client("logs").filter_log_events(logGroupName=GROUP, filterPattern="ERROR")["events"]
    assert [(each["id"], each["timestamp"]) for each in event["logEvents"]] == [
        (each["eventId"], each["timestamp"]) for each in found
    ]
    assert event["logStream"] == found[0]["logStreamName"]
    assert {record.trigger for record in session._open().records.rows("reader")} == {"logs"}


def test_it_is_started_while_the_other_still_runs(session: jlambda.Session, gate: socket.socket) -> None:
    """With what has been written so far, and with the rest at the end: every line once, with the ids of CloudWatch Logs."""
    session.get("f")(["before it"])
    before = {each["eventId"] for each in session.client("logs").filter_log_events(logGroupName=GROUP)["events"]}
    gated = session.deploy(GATED, "f", timeout=60, secrets={"API_KEY": "sesame open"})
    subscribe(session, "all", "reader", "")
    for count in (1, 2):  # cold, and warm
        future = gated.submit(gate.getsockname()[1])
        connection, _ = gate.accept()
        expected = ["before ***\n", "plain before\n"] * count
        assert eventually(lambda: [text for text in texts_of(session) if "before" in text] == expected)
        assert not future.done()
        connection.close()
        future.result()
        assert eventually(lambda: sum(text.startswith("REPORT") for text in texts_of(session)) == count)
    sent = [each for event in received(session, "reader") for each in event["logEvents"]]
    every = session.client("logs").filter_log_events(logGroupName=GROUP)["events"]
    later = [(each["eventId"], each["message"]) for each in every if each["eventId"] not in before]
    assert sorted((each["id"], each["message"]) for each in sent) == later


def texts_of(session: jlambda.Session) -> list[str]:
    """The lines that ``reader`` has been started with."""
    return [each["message"] for event in received(session, "reader") for each in event["logEvents"]]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_trigger_of_logs(session: jlambda.Session, is_first: bool) -> None:
    """`logs:GROUP` for a function's group, whether that has been written to before or not."""
    if not is_first:
        session.get("f")(["ERROR before"])
    session.deploy("def handler(event, context): return event\n", "reader", triggers=[f"logs:{GROUP}?filter=ERROR"])
    session.get("f")(["ERROR one", "two"])
    assert eventually(lambda: len(received(session, "reader")) == 1)
    assert [each["message"] for each in received(session, "reader")[0]["logEvents"]] == ["ERROR one\n"]
    session.deploy("def handler(event, context): return event\n", "reader", triggers=[])
    assert session.log_subscriptions.of(GROUP) == ()
    session.get("f")(["ERROR after"])
    assert len(session.queue.rows("reader")) == 0


def test_filters_are_shown_and_taken_away(session: jlambda.Session) -> None:
    """By name; they hold for the next session on the folder, and are gone with their group."""
    session.get("f")(["x"])
    logs = session.client("logs")
    subscribe(session, "errors", "reader", "ERROR")
    subscribe(session, "all", "other", "")
    session.close()
    logs = session.client("logs")
    shown = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]
    assert [(each["filterName"], each["filterPattern"]) for each in shown] == [("all", ""), ("errors", "ERROR")]
    assert shown[1]["destinationArn"] == session.get("reader").arn
    logs.delete_subscription_filter(logGroupName=GROUP, filterName="all")
    session.get("f")(["ERROR again"])
    assert eventually(lambda: len(received(session, "reader")) == 1)
    assert received(session, "other") == []
    logs.delete_log_group(logGroupName=GROUP)
    assert session.log_subscriptions.of(GROUP) == ()


def test_a_filter_that_cannot_be_is_refused(session: jlambda.Session) -> None:
    """A function that is not there, a third filter, a pattern that is none, a function that would start itself."""
    session.get("f")(["x"])
    logs, arn = session.client("logs"), session.get("reader").arn
    given = {"logGroupName": GROUP, "filterName": "a", "filterPattern": "", "destinationArn": arn}
    for wrong, code in (
        ({"destinationArn": f"{arn}-not"}, "InvalidParameterException"),
        ({"filterPattern": '"open'}, "InvalidParameterException"),
        ({"destinationArn": session.get("f").arn}, "InvalidParameterException"),
    ):
        with pytest.raises(ClientError) as refused:
            logs.put_subscription_filter(**{**given, **wrong})
        assert refused.value.response["Error"]["Code"] == code
    subscribe(session, "a", "reader", "")
    subscribe(session, "b", "other", "")
    subscribe(session, "b", "other", "ERROR")  # in its own place
    with pytest.raises(ClientError, match="LimitExceededException"):
        subscribe(session, "c", "other", "")


def test_what_is_too_much_for_one_event_comes_in_several(session: jlambda.Session) -> None:
    """Each line once, in their order."""
    session.get("f")(["x"])
    subscribe(session, "all", "reader", "line")
    lines = [f"line {number} {'x' * 1_000}" for number in range(1_200)]
    session.get("f")(lines)
    assert eventually(lambda: sum(len(event["logEvents"]) for event in received(session, "reader")) == len(lines))
    events = received(session, "reader")
    assert len(events) > 1
    assert sorted(each["message"] for event in events for each in event["logEvents"]) == sorted(f"{line}\n" for line in lines)
