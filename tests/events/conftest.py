"""A session with functions that say what they got, and its clients."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

import jlambda
from tests.api.conftest import start_all
from tests.conftest import eventually, forget_functions

ECHO = "import json\ndef handler(event, context):\n    print('GOT ' + json.dumps(event))\n    return event\n"


class Heard:
    """What the functions of a session have been called with."""

    def __init__(self, session: jlambda.Session) -> None:
        self.session = session

    def events(self, function: str, count: int = 1) -> list[Any]:
        """The events that a function got, in order, once there are as many as `count`."""

        def found() -> list[Any]:
            logs = self.session.logs(function)
            lines = [message for message in logs["message"] if message.startswith("GOT ")]
            return [json.loads(line.removeprefix("GOT ")) for line in lines]

        assert eventually(lambda: len(found()) >= count), found()
        return found()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[jlambda.Session]:
    """One session for the tests of a module, all its processes and threads running."""
    with jlambda.Session(tmp_path_factory.mktemp("running") / "state") as session:
        start_all(session)
        events = session.client("events")
        events.put_events(Entries=[{"Source": "s", "DetailType": "t", "Detail": "{}"}])
        yield session


@pytest.fixture
def heard(running: jlambda.Session) -> Iterator[Heard]:
    """The module's session with no function but `echo`, and no rule, schedule or queue; none is left after the test."""
    running.deploy(ECHO, "echo")
    yield Heard(running)
    clean(running)


def clean(session: jlambda.Session) -> None:
    """Delete rules, buses, schedules and queues, and everything of the session itself; other services keep what they have."""
    events, scheduler, sqs = (session.client(name) for name in ("events", "scheduler", "sqs"))
    for bus in [each["Name"] for each in events.list_event_buses()["EventBuses"]]:
        for rule in events.list_rules(EventBusName=bus)["Rules"]:
            of = {"Rule": rule["Name"], "EventBusName": bus}
            if targets := events.list_targets_by_rule(**of)["Targets"]:
                events.remove_targets(**of, Ids=[each["Id"] for each in targets])
            events.delete_rule(Name=rule["Name"], EventBusName=bus)
        if bus != "default":
            events.delete_event_bus(Name=bus)
    for each in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=each["Name"], GroupName=each["GroupName"])
    for url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
    forget_functions(session)


def echo_target(session: jlambda.Session, **members: object) -> dict[str, Any]:
    """The function `echo` as a target."""
    return {"Id": "1", "Arn": session.account.function_arn("echo"), **members}
