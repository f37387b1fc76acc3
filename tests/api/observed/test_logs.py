"""CloudWatch Logs of functions, through boto3: what the notebook shows and what is asked for are the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

import jlambda

GROUP = "/aws/lambda/f"


@pytest.fixture
def logs(seen: jlambda.Session) -> Any:
    """boto3's client."""
    return seen.client("logs")


def messages(answer: dict[str, Any]) -> list[str]:
    """The texts of events."""
    return [event["message"] for event in answer["events"]]


def test_the_groups_of_functions_are_among_all_others(seen: jlambda.Session, logs: Any) -> None:
    """By name, page by page; one that a user makes stands beside them."""
    logs.create_log_group(logGroupName="/mine")
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert names == ["/aws/lambda/f", "/mine", "/shared"]
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 1})
    assert [group["logGroupName"] for page in pages for group in page["logGroups"]] == names
    (found,) = logs.describe_log_groups(logGroupNamePrefix="/aws/")["logGroups"]
    assert found["arn"] == "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/f:*"
    assert abs(found["creationTime"] / 1_000 - time.time()) < 600
    listed = logs.list_log_groups(logGroupNamePattern="lambda|mine")["logGroups"]
    assert [group["logGroupName"] for group in listed] == ["/aws/lambda/f", "/mine"]
    logs.delete_log_group(logGroupName="/mine")


def test_a_stream_is_an_environment(seen: jlambda.Session, logs: Any) -> None:
    """As AWS names them; the latest first where that is asked for."""
    streams = logs.describe_log_streams(logGroupName=GROUP, orderBy="LastEventTime", descending=True)["logStreams"]
    records = seen.invocations("f")
    assert {stream["logStreamName"][-32:] for stream in streams} == set(records["environment_id"])
    assert "[1]" in streams[0]["logStreamName"] and "[$LATEST]" in streams[1]["logStreamName"]
    assert streams[0]["lastEventTimestamp"] >= streams[1]["lastEventTimestamp"]
    names = sorted(stream["logStreamName"] for stream in streams)
    assert [each["logStreamName"] for each in logs.describe_log_streams(logGroupIdentifier=GROUP)["logStreams"]] == names


def test_events_are_those_of_the_notebook(seen: jlambda.Session, logs: Any) -> None:
    """Every line, in the same order, each with its end."""
    found = logs.filter_log_events(logGroupName=GROUP)["events"]
    frame = seen.logs("f")
    assert sorted(event["message"] for event in found) == sorted(f"{text}\n" for text in frame["message"])
    assert [event["timestamp"] for event in found] == sorted(event["timestamp"] for event in found)
    assert len({event["eventId"] for event in found}) == len(found)
    (stream,) = [each for each in {event["logStreamName"] for event in found} if "[1]" in each]
    of_stream = messages(logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True))
    assert of_stream[0].startswith("INIT_START Runtime Version: python:")
    assert of_stream[1].startswith("START RequestId: ") and of_stream[2] == '{"level": "INFO", "n": 10}\n'
    assert of_stream[-1].startswith("REPORT RequestId: ")
    assert [event["message"] for event in found if event["logStreamName"] == stream] == of_stream


def test_patterns_times_and_streams_choose(logs: Any) -> None:
    """What is left out is not there, and pages give all of it."""
    both = {"logGroupName": GROUP}
    assert messages(logs.filter_log_events(**both, filterPattern='{ $.level = "ERROR" }')) == ['{"level": "ERROR", "n": 3}\n']
    assert len(messages(logs.filter_log_events(**both, filterPattern='"two words"'))) == 7
    assert messages(logs.filter_log_events(**both, filterPattern="ValueError"))[0].startswith("[ERROR] ValueError: went wrong")
    every = logs.filter_log_events(**both)["events"]
    middle = every[len(every) // 2]["timestamp"]
    late = logs.filter_log_events(**both, startTime=middle)["events"]
    early = logs.filter_log_events(**both, endTime=middle - 1)["events"]
    assert early + late == every
    pages = list(logs.get_paginator("filter_log_events").paginate(**both, PaginationConfig={"PageSize": 4}))
    assert [event for page in pages for event in page["events"]] == every and len(pages) == -(-len(every) // 4)
    stream = every[-1]["logStreamName"]
    chosen = logs.filter_log_events(**both, logStreamNames=[stream])["events"]
    assert chosen == [event for event in every if event["logStreamName"] == stream]
    with pytest.raises(ClientError, match="Invalid filter pattern"):
        logs.filter_log_events(**both, filterPattern='"open')


def test_a_stream_is_read_forwards_and_backwards(logs: Any) -> None:
    """From its head, from its end, and on from where a page ended; at the end the token stays."""
    stream = logs.describe_log_streams(logGroupName=GROUP)["logStreams"][-1]["logStreamName"]
    one = {"logGroupName": GROUP, "logStreamName": stream}
    every = messages(logs.get_log_events(**one, startFromHead=True))
    assert messages(logs.get_log_events(**one, limit=2)) == every[-2:]
    seen, token = list[str](), None
    while True:
        page = logs.get_log_events(**one, limit=3, startFromHead=True, **({"nextToken": token} if token else {}))
        seen += messages(page)
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert seen == every
    last = logs.get_log_events(**one, limit=1)
    assert messages(logs.get_log_events(**one, limit=2, nextToken=last["nextBackwardToken"])) == every[-3:-1]


def test_what_is_not_there_is_told_as_aws_does(logs: Any) -> None:
    """A group that no function has is the embedded service's; a stream that a group has not is ours."""
    nothing = "/aws/lambda/nothing"
    asked: list[tuple[str, dict[str, Any]]] = [
        ("filter_log_events", {"logGroupName": nothing}),
        ("get_log_events", {"logGroupName": nothing, "logStreamName": "s"}),
        ("get_log_events", {"logGroupName": GROUP, "logStreamName": "s"}),
        ("filter_log_events", {"logGroupName": GROUP, "logStreamNames": ["s"]}),
    ]
    for operation, given in asked:
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            getattr(logs, operation)(**given)
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        logs.create_log_group(logGroupName=GROUP)


def test_what_is_set_on_a_group_is_kept_and_shown(logs: Any) -> None:
    """Retention and tags; the group is still that of the function."""
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    (found,) = logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    assert found["retentionInDays"] == 7
    assert len(messages(logs.filter_log_events(logGroupName=GROUP))) > 10


def test_a_group_of_ones_own(logs: Any) -> None:
    """Where a function logs to it, and where a user does."""
    assert "of g\n" in messages(logs.filter_log_events(logGroupName="/shared"))
    logs.create_log_group(logGroupName="/mine")
    logs.create_log_stream(logGroupName="/mine", logStreamName="s")
    event = {"timestamp": int(time.time() * 1_000), "message": "by hand"}
    logs.put_log_events(logGroupName="/mine", logStreamName="s", logEvents=[event])
    assert messages(logs.get_log_events(logGroupName="/mine", logStreamName="s")) == ["by hand"]
    logs.delete_log_group(logGroupName="/mine")


def test_a_deleted_group_is_gone_until_it_is_written_to(tmp_path: Path) -> None:
    """And so is a stream; the notebook keeps its records."""
    with jlambda.Session(tmp_path / "state") as session:
        function, logs = session.deploy("def handler(event, context): print('text', event)", "f"), session.client("logs")
        function.invoke(1)
        (stream,) = logs.describe_log_streams(logGroupName=GROUP)["logStreams"]
        logs.delete_log_stream(logGroupName=GROUP, logStreamName=stream["logStreamName"])
        assert logs.describe_log_groups()["logGroups"] == []
        function.invoke(2)
        assert [text for text in messages(logs.filter_log_events(logGroupName=GROUP)) if "text" in text] == ["text 2\n"]
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
        logs.delete_log_group(logGroupName=GROUP)
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            logs.filter_log_events(logGroupName=GROUP)
        function.invoke(3)
        assert [text for text in messages(logs.filter_log_events(logGroupName=GROUP)) if "text" in text] == ["text 3\n"]
        assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]
        assert len(session.invocations("f")) == 3


def test_the_aws_cli_reads_them(seen: jlambda.Session) -> None:
    """As it reads any others."""
    address = seen.address
    command = [str(Path(sys.executable).parent / "aws"), "logs", "filter-log-events", "--log-group-name", GROUP]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_ENDPOINT_URL": address.url,
        "AWS_ACCESS_KEY_ID": address.access_key_id,
        "AWS_SECRET_ACCESS_KEY": address.secret_access_key,
        "AWS_DEFAULT_REGION": address.region,
    }
    pattern = ["--filter-pattern", "{ $.n = 11 }"]
    done = subprocess.run([*command, *pattern], env=environment, capture_output=True, text=True, check=True)
    assert [event["message"] for event in json.loads(done.stdout)["events"]] == ['{"level": "INFO", "n": 11}\n']
