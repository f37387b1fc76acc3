"""The log of a function whose log format is JSON: Lambda's own lines are system events, filtered by level."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.frames import STAMP
from jlambda.model.invocation import FailedInit
from jlambda.telemetry import frames, logs
from tests.samples import NOON, STREAM, a_record

ID = a_record().request_id
RAW = STAMP + b"%013dhello\n" % int(NOON * 1000 + 111)


def events(level: str = "DEBUG", raw: bytes = b"", **changes: Any) -> list[dict[str, Any]]:
    """Lambda's own events in the log of one invocation, output left out."""
    lines = logs.lines(a_record()._replace(system_log_level=level, **changes), raw)
    return [json.loads(event.message) for event in lines if event.message.startswith("{")]


def kinds(found: list[dict[str, Any]]) -> list[str]:
    """The types without what all have in common."""
    return [event["type"].removeprefix("platform.") for event in found]


def test_events_of_a_cold_start() -> None:
    """Init, the invocation and the report, with the members of AWS's telemetry schema."""
    found = events(raw=RAW, cold_start=True, init_ms=110.1, billed_ms=114)
    assert kinds(found) == ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"]
    init, init_done, init_report, start, done, report = (event["record"] for event in found)
    version_arn = init.pop("runtimeVersionArn")
    assert version_arn.startswith("arn:aws:lambda:us-east-1::runtime:")
    assert init.pop("runtimeVersion").startswith("python:3.")
    assert init == {
        "initializationType": "on-demand",
        "phase": "init",
        "functionName": "hello",
        "functionVersion": "$LATEST",
        "instanceId": STREAM[-32:],
        "instanceMaxMemory": 128,
    }
    assert init_done == {"initializationType": "on-demand", "phase": "init", "status": "success"}
    assert init_report == {**init_done, "metrics": {"durationMs": 110.1}}
    assert start == {"requestId": ID, "version": "$LATEST"}
    assert done == {"requestId": ID, "status": "success", "metrics": {"durationMs": 3.01, "producedBytes": 16}}
    assert report == {
        "requestId": ID,
        "status": "success",
        "metrics": {
            "durationMs": 3.01,
            "billedDurationMs": 114,
            "memorySizeMB": 128,
            "maxMemoryUsedMB": 36,
            "initDurationMs": 110.1,
        },
    }
    assert found[0]["time"] == "2026-11-23T12:00:00.000Z"


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("DEBUG", ["initStart", "initRuntimeDone", "initReport", "start", "runtimeDone", "report"]),
        ("INFO", ["initStart", "start", "report"]),
        ("WARN", []),
    ],
)
def test_system_log_level_of_a_success(level: str, expected: list[str]) -> None:
    """INFO leaves out what a runtime reports of a success, WARN all of a success."""
    assert kinds(events(level, cold_start=True, init_ms=1.0)) == expected


@pytest.mark.parametrize(
    ("status", "error_type", "outcome"),
    [
        ("timeout", "Sandbox.Timedout", {"status": "timeout"}),
        ("error", "ValueError", {"status": "error", "errorType": "Function.Unknown"}),
        ("error", "Runtime.ExitError", {"status": "error", "errorType": "Runtime.ExitError"}),
        ("out_of_memory", "Runtime.ExitError", {"status": "error", "errorType": "Runtime.OutOfMemory"}),
    ],
)
def test_a_failure_is_a_warning(status: str, error_type: str, outcome: dict[str, str]) -> None:
    """What failed is logged at WARN, and says how; a timeout has no line of text."""
    found = events("WARN", status=status, error_type=error_type)
    assert kinds(found) == ["runtimeDone", "report"]
    for event in found:
        assert {key: event["record"].get(key) for key in outcome} == outcome


def test_a_failed_init_is_a_warning() -> None:
    """Each init phase that failed has events of its own, where it did."""
    failed = (
        FailedInit("init", "error", "Runtime.ImportModuleError", 5.0, NOON + 0.005, 0),
        FailedInit("invoke", "timeout", None, 3_000.0, NOON + 3.005, 0),
    )
    raw = logs.with_failed_inits(b"", failed)
    found = events("WARN", raw, status="timeout", error_type="Sandbox.Timedout", cold_start=True, duration_ms=3_000.0)
    assert kinds(found) == ["initRuntimeDone", "initReport"] * 2 + ["runtimeDone", "report"]
    first, second = found[1]["record"], found[3]["record"]
    assert (first["phase"], first["status"], first["errorType"]) == ("init", "error", "Runtime.ImportModuleError")
    assert (second["phase"], second["status"], second["metrics"]) == ("invoke", "timeout", {"durationMs": 3000.0})


def test_output_stands_between_start_and_report() -> None:
    """The function's own lines are neither filtered nor changed, and the tail begins with platform.start."""
    record = a_record(system_log_level="INFO", cold_start=True, init_ms=110.1)
    raw = STAMP + b"%013dimporting\n" % int(NOON * 1000 + 50) + RAW
    said = [event.message for event in logs.lines(record, raw)]
    assert said[1] == "importing"
    assert said[3] == "hello"
    tail = logs.tail(record, raw).splitlines()
    assert [json.loads(tail[0])["type"], tail[1], json.loads(tail[2])["type"]] == ["platform.start", "hello", "platform.report"]
    assert logs.tail(record._replace(system_log_level="WARN"), raw) == "hello\n"


def test_the_frame_has_their_levels() -> None:
    """`logs()` shows the level of each system event, as it shows those of the function's records."""
    record = a_record(system_log_level="DEBUG")
    frame = frames.logs([(record, STAMP + b'%013d{"level": "ERROR", "message": "m"}\n' % int(NOON * 1000 + 1))])
    assert list(frame["level"]) == ["INFO", "ERROR", "DEBUG", "INFO"]


@given(st.sampled_from(["DEBUG", "INFO", "WARN"]), st.text(), st.sampled_from(["success", "error", "timeout"]))
def test_every_event_is_one_line_of_json(level: str, error_type: str, status: str) -> None:
    """Whatever the exception is called."""
    record = a_record(system_log_level=level, status=status, error_type=None if status == "success" else error_type)
    for event in logs.lines(record, b""):
        assert "\n" not in event.message
        assert json.loads(event.message)["record"]["requestId"] == ID
