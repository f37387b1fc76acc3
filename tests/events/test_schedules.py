"""Schedules through boto3 and triggers: they fire by the session's clock, once each time, also after a pause."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda
from jlambda.errors import InvalidParameter
from jlambda.model.exchange import Reply, ServiceRequest
from jlambda.service.clock import ClockState
from jlambda.store.database import Database
from jlambda.store.resources import Resources
from tests.conftest import eventually
from tests.events.conftest import ECHO, Heard, echo_target

ROLE = "arn:aws:iam::123456789012:role/scheduler"


def schedule(session: jlambda.Session, name: str, expression: str, target: dict[str, Any] | None = None, **more: Any) -> None:
    function = session.account.function_arn("echo")
    given = {"Arn": function, "RoleArn": ROLE, **(target or {})}
    more.setdefault("FlexibleTimeWindow", {"Mode": "OFF"})
    session.client("scheduler").create_schedule(Name=name, ScheduleExpression=expression, Target=given, **more)


def minutes_of(events: list[Any], since: float) -> list[int]:
    """How many minutes after `since` each was due."""
    return [round((datetime.fromisoformat(event["time"]).timestamp() - since) / 60) for event in events]


def test_a_rule_with_a_rate(heard: Heard) -> None:
    """Each step of the clock's way is taken, in order; the event is AWS's, and names the rule."""
    session, events = heard.session, heard.session.client("events")
    began = session.clock.now()
    events.put_rule(Name="often", ScheduleExpression="rate(5 minutes)")
    events.put_targets(Rule="often", Targets=[echo_target(session)])
    session.clock.advance("16 minutes")
    found = heard.events("echo", 3)
    assert minutes_of(found, began) == [5, 10, 15]
    assert {(each["source"], each["detail-type"], each["resources"][0].split(":")[-1]) for each in found} == {
        ("aws.events", "Scheduled Event", "rule/often")
    }
    assert set(session.invocations("echo")["trigger"]) == {"schedule"}
    events.disable_rule(Name="often")
    session.clock.advance("1 hour")
    assert len(heard.events("echo", 3)) == 3
    events.enable_rule(Name="often")
    session.clock.advance("6 minutes")
    assert minutes_of(heard.events("echo", 4), began)[3:] == [81]


def test_triggers_of_all_kinds(heard: Heard) -> None:
    """rate, cron with a time zone, at, with an input: each shows as it was written, and fires."""
    session = heard.session
    now = datetime.fromtimestamp(session.clock.now(), UTC)
    soon = (now + timedelta(minutes=90)).replace(second=0, microsecond=0)
    written = [
        'rate(1 hour)?input={"from": "rate"}',
        f'at({soon:%Y-%m-%dT%H:%M:%S})?input={{"from": "at"}}',
        'cron(0/30 * * * ? *)?input={"from": "cron"}&timezone=Asia/Tokyo',
    ]
    function = session.deploy(ECHO, "on", triggers=written)
    assert sorted(str(each.trigger) for each in function.triggers) == sorted(written)
    session.clock.advance("2 hours")
    found = [event["from"] for event in heard.events("on", 7)]
    assert (found.count("rate"), found.count("at"), found.count("cron")) == (2, 1, 4)
    session.deploy(ECHO, "on", triggers=written[:1])
    assert [str(each.trigger) for each in function.triggers] == written[:1]
    assert session.client("scheduler").list_schedules()["Schedules"] == []
    session.deploy(ECHO, "on", triggers=['rate(1 hour)?input={"from": "other"}'])
    assert [each.trigger.get("input") for each in function.triggers] == ['{"from": "other"}']
    function.triggers.disable("rate(1 hour)")
    session.clock.advance("2 hours")
    assert len(heard.events("on", 7)) == 7
    function.triggers.remove("rate(1 hour)")
    assert session.client("events").list_rules()["Rules"] == []


def test_triggers_are_looked_up_after_a_change_only(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten of them are listed without a request to the services, and what boto3 changes is seen all the same."""
    session, asked = heard.session, list[str]()
    services, ask = session.services, session.services.ask

    async def counted(request: ServiceRequest) -> Reply:
        asked.append(request.service)
        return await ask(request)

    function = session.get("echo")
    for minutes in range(1, 11):
        function.triggers.add(f"rate({minutes + 1} minutes)")
    monkeypatch.setattr(services, "ask", counted)
    assert [each.state for each in function.triggers] == ["Enabled"] * 10
    assert asked == []
    session.client("events").disable_rule(Name=function.triggers[3].id)
    assert [each.state for each in function.triggers].count("Disabled") == 1
    assert set(asked) == {"events", "scheduler"}
    schedule(session, "more", "rate(1 day)")
    assert len(function.triggers) == 11


@pytest.mark.parametrize("wrong", ["cron(0 12 * * * *)", "rate(1 day)?timezone=Mars/Base"])
def test_a_trigger_that_is_no_schedule(heard: Heard, wrong: str) -> None:
    """It is refused when it is attached, and nothing is left of it."""
    with pytest.raises(InvalidParameter):
        heard.session.get("echo").triggers.add(wrong)
    assert not heard.session.get("echo").triggers


def test_the_scheduler(heard: Heard) -> None:
    """Start, end, groups; what it sends without an Input; context attributes; one-time schedules that delete themselves."""
    session, scheduler = heard.session, heard.session.client("scheduler")
    began = session.clock.now()
    at = datetime.fromtimestamp(began + 1_800, UTC)
    scheduler.create_schedule_group(Name="mine")
    schedule(session, "once", f"at({at:%Y-%m-%dT%H:%M:%S})", ActionAfterCompletion="DELETE", GroupName="mine")
    window = {"StartDate": at, "EndDate": at + timedelta(minutes=25)}
    text = '{"due": "<aws.scheduler.scheduled-time>", "of": "<aws.scheduler.schedule-arn>"}'
    schedule(session, "window", "rate(10 minutes)", {"Input": text}, **window)
    session.clock.advance("2 hours")
    found = heard.events("echo", 4)
    (once,) = [each for each in found if "source" in each]
    assert (once["source"], once["detail-type"], once["detail"]) == ("aws.scheduler", "Scheduled Event", "{}")
    assert once["resources"] == ["arn:aws:scheduler:us-east-1:123456789012:schedule/mine/once"]
    due = [{"time": each["due"]} for each in found if "due" in each]
    assert minutes_of(due, began) == [30, 40, 50]
    assert [each["Name"] for each in scheduler.list_schedules()["Schedules"]] == ["window"]


def test_flexible_windows_and_updates(heard: Heard) -> None:
    """Sent within the window; another expression counts from when it was given."""
    session, scheduler = heard.session, heard.session.client("scheduler")
    schedule(session, "s", "rate(1 hour)", FlexibleTimeWindow={"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15})
    session.clock.advance("1 hour 16 minutes")
    assert len(heard.events("echo")) == 1
    target = {"Arn": session.account.function_arn("echo"), "RoleArn": ROLE}
    off = {"Mode": "OFF"}
    scheduler.update_schedule(Name="s", ScheduleExpression="rate(10 minutes)", Target=target, FlexibleTimeWindow=off)
    session.clock.advance("21 minutes")
    assert len(heard.events("echo", 3)) == 3
    scheduler.delete_schedule(Name="s")
    session.clock.advance("1 day")
    assert len(heard.events("echo", 3)) == 3


def test_other_targets_of_the_scheduler(heard: Heard) -> None:
    """A queue, any operation of any service, an event on a bus; and the dead-letter queue of what is not there."""
    session, sqs, events = heard.session, heard.session.client("sqs"), heard.session.client("events")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("q", "dlq")]
    base = "us-east-1:123456789012"
    schedule(session, "queue", "rate(1 hour)", {"Arn": f"arn:aws:sqs:{base}:q", "Input": "hello"})
    call = json.dumps({"QueueUrl": urls[0], "MessageBody": "called"})
    schedule(session, "any", "rate(1 hour)", {"Arn": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage", "Input": call})
    dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{base}:dlq"}}
    schedule(session, "gone", "rate(1 hour)", {"Arn": session.account.function_arn("gone"), **dead})
    events.put_rule(Name="r", EventPattern='{"source": ["planned"]}')
    events.put_targets(Rule="r", Targets=[echo_target(session)])
    bus = f"arn:aws:events:{base}:event-bus/default"
    put = {"EventBridgeParameters": {"DetailType": "Planned", "Source": "planned"}, "Input": '{"n": 1}'}
    schedule(session, "bus", "rate(1 hour)", {"Arn": bus, **put})
    session.clock.advance("61 minutes")
    messages = sqs.receive_message(QueueUrl=urls[0], MaxNumberOfMessages=10)["Messages"]
    assert sorted(each["Body"] for each in messages) == ["called", "hello"]
    (failed,) = sqs.receive_message(QueueUrl=urls[1], MessageAttributeNames=["All"])["Messages"]
    assert failed["MessageAttributes"]["SCHEDULE_ARN"]["StringValue"].endswith("schedule/default/gone")
    event = heard.events("echo")[0]
    assert (event["source"], event["detail-type"], event["detail"]) == ("planned", "Planned", {"n": 1})


def test_what_is_no_schedule_is_refused(heard: Heard) -> None:
    """In AWS's words, before anything is kept."""
    for expression, zone, said in [
        ("rate(5 parsecs)", "UTC", "Invalid Schedule Expression rate(5 parsecs)."),
        ("rate(5 minutes)", "Mars/Base", "The provided ScheduleExpressionTimezone Mars/Base is not valid."),
    ]:
        with pytest.raises(ClientError) as caught:
            schedule(heard.session, "s", expression, ScheduleExpressionTimezone=zone)
        assert caught.value.response["Error"] == {"Code": "ValidationException", "Message": said}
    assert heard.session.client("scheduler").list_schedules()["Schedules"] == []


def test_real_time_counts_too(heard: Heard) -> None:
    """Nobody moves the clock: what is due in a moment is sent then."""
    session = heard.session
    at = datetime.fromtimestamp(session.clock.now() + 2, UTC)
    schedule(session, "soon", f"at({at:%Y-%m-%dT%H:%M:%S})", {"Input": '{"n": 1}'})
    assert heard.events("echo") == [{"n": 1}]


def let_time_pass(folder: Path, seconds: float) -> None:
    """As if a closed session had not been opened for so long."""
    database = Database(folder)
    kept = Resources(database, "clock", ClockState)
    found = kept.get("session")
    kept.put(ClockState((found.offset_s if found else 0.0) + seconds), "session")
    database.close()


def test_what_was_missed_while_closed_is_sent_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Three days of noons: one event, and one line that says so. What comes after is sent as ever."""
    folder = tmp_path / "state"
    with jlambda.Session(folder) as session:
        session.deploy(ECHO, "echo", triggers=["cron(0 12 * * ? *)"])
        assert session.clock.upcoming()[0][0] == "schedules"
        due = session.clock.upcoming()[0][1]
        began = session.clock.now()
    let_time_pass(folder, due - began + 2 * 86_400 + 600)
    with caplog.at_level(logging.WARNING), jlambda.Session(folder) as session:
        heard = Heard(session)
        assert not session.is_open and session.functions()  # opened by being used
        assert minutes_of(heard.events("echo"), due) == [2 * 24 * 60]
        assert eventually(lambda: "was due 3 times, last at" in caplog.text)
        session.clock.advance("1 day")
        assert minutes_of(heard.events("echo", 2), due) == [2 * 24 * 60, 3 * 24 * 60]


KILLED = """
import json, os, signal, sys
import jlambda

session = jlambda.Session(sys.argv[1])
session.deploy("import time\\ndef handler(event, context):\\n    time.sleep(60)", "echo", timeout=2)
events = session.client("events")
{act}
print("answered", flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
PUTS = """
events.put_rule(Name="r", EventPattern='{"source": ["x"]}')
events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": session.account.function_arn("echo")}])
for n in range(5):
    entry = {"Source": "x", "DetailType": "t", "Detail": json.dumps({"n": n})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
"""


def killed(folder: Path, act: str) -> None:
    """Run `act` in a process that is killed once it was answered."""
    code = KILLED.format(act=act)
    ran = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.returncode) == ("answered\n", -9), ran.stderr


def test_events_that_were_answered_survive_a_kill(tmp_path: Path) -> None:
    """Five events were put, and the session was killed while they ran: each still reaches its function."""
    killed(tmp_path / "state", PUTS)
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(ECHO, "echo")
        session.clock.advance("10 minutes")  # those that ran into the time limit of the old code are retried
        assert {event["detail"]["n"] for event in Heard(session).events("echo", 5)} == set(range(5))


def test_triggers_are_shown_without_the_services(tmp_path: Path) -> None:
    """A session that is opened again lists rules and schedules as they were last seen, and starts nothing for it."""
    written = ['events:{"source": ["x"]}', "rate(1 day)?flexible=5"]
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(ECHO, "echo", triggers=written)
        session.get("echo").triggers.disable(written[0])
    with jlambda.Session(tmp_path / "state") as session:
        found = {str(each.trigger): each.state for each in session.get("echo").triggers}
        assert found == {written[0]: "Disabled", written[1]: "Enabled"}
        assert session.services.pid is None


SCHEDULES = """
events.put_rule(Name="often", ScheduleExpression="rate(10 minutes)")
events.put_targets(Rule="often", Targets=[{"Id": "1", "Arn": session.account.function_arn("echo")}])
session.client("scheduler").create_schedule(
    Name="once", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"},
    Target={"Arn": session.account.function_arn("echo"), "RoleArn": "arn:aws:iam::123456789012:role/r"},
)
"""


def test_schedules_that_were_answered_survive_a_kill(tmp_path: Path) -> None:
    """A rule and a schedule were made, and the session was killed at once: both are due when it is opened again."""
    killed(tmp_path / "state", SCHEDULES)
    with jlambda.Session(tmp_path / "state") as session:
        session.deploy(ECHO, "echo")
        session.clock.advance("61 minutes")
        sources = [event["source"] for event in Heard(session).events("echo", 7)]
        assert (sources.count("aws.events"), sources.count("aws.scheduler")) == (6, 1)
        shown = [str(each.trigger) for each in session.get("echo").triggers]
        assert sorted(shown) == ["rate(1 hour)", "rate(10 minutes)"]


def test_the_services_may_be_killed(heard: Heard) -> None:
    """Rules and schedules are there again, and what was sent is not sent twice."""
    session, events = heard.session, heard.session.client("events")
    events.put_rule(Name="r", EventPattern='{"source": ["x"]}')
    events.put_targets(Rule="r", Targets=[echo_target(session)])
    session.get("echo").triggers.add('rate(1 hour)?input={"n": 0}')
    entry = {"Source": "x", "DetailType": "t", "Detail": '{"n": 1}'}
    events.put_events(Entries=[entry])
    pid = session.services.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    events.put_rule(Name="other", EventPattern='{"source": ["y"]}')
    events.put_events(Entries=[entry])
    session.clock.advance("61 minutes")
    assert session.services.pid not in (None, pid)
    found = [event.get("detail", event)["n"] for event in heard.events("echo", 3)]
    assert sorted(found) == [0, 1, 1]


def test_emptied_services_have_no_schedules(heard: Heard) -> None:
    """Functions may be kept: nothing starts them any more."""
    session = heard.session
    schedule(session, "s", "rate(1 minute)")
    session.clock.advance("61 seconds")
    assert len(heard.events("echo")) == 1
    session.reset(keep_functions=True)
    session.clock.advance("10 minutes")
    assert len(heard.events("echo")) == 1
    assert session.client("scheduler").list_schedules()["Schedules"] == []
