"""Lambda's own log events in JSON: ``platform.initStart`` to ``platform.report``, and which of them a level lets through.

Makes texts of a record and a time; where in a log they stand is decided in `jlambda.telemetry.logs`.
https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html has the members of each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from jlambda.model.invocation import ON_DEMAND, FailedInit, InvocationRecord

_LEVELS = ("DEBUG", "INFO", "WARN")


class SystemEvent(NamedTuple):
    """One event: its level, and the JSON that is logged."""

    level: str
    text: str

    def is_logged(self, system_log_level: str) -> bool:
        """Whether a function with this system log level has the event in its log."""
        return _LEVELS.index(self.level) >= _LEVELS.index(system_log_level)


def runtime_version(runtime: str, region: str) -> tuple[str, str]:
    """The version that Lambda shows of a runtime such as ``python3.11`` or ``nodejs22.x``, and its ARN."""
    language, number = re.fullmatch(r"([a-z]+)(.*)", runtime).groups()  # type: ignore[union-attr]  # all begin so
    version = f"{language}:{number.removeprefix('.').removesuffix('.x')}.v1"
    return version, f"arn:aws:lambda:{region}::runtime:{hashlib.sha256(version.encode()).hexdigest()}"


def utc(at_s: float) -> str:
    """Seconds since the epoch as Lambda writes a time."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def failure_of(record: InvocationRecord) -> str | None:
    """The error type that Lambda itself gives a failure: those of runtimes are its own, any other is the function's."""
    if record.status == "out_of_memory":
        return "Runtime.OutOfMemory"
    return record.error_type and _known(record.error_type)


def _known(error_type: str) -> str:
    return error_type if error_type.startswith(("Runtime.", "Function.", "Sandbox.")) else "Function.Unknown"


# The levels: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html, its table of events.


def init_start(record: InvocationRecord, at_ms: int, runtime: str, region: str) -> SystemEvent:
    """The init phase begins."""
    members = {"initializationType": record.initialization, "phase": "init", **_environment(record, runtime, region)}
    return _event("INFO", at_ms, "initStart", members)


def restore_start(record: InvocationRecord, at_ms: int, runtime: str, region: str) -> SystemEvent:
    """The restore of a snapshot begins."""
    return _event("INFO", at_ms, "restoreStart", _environment(record, runtime, region))


def restore_end(record: InvocationRecord, at_ms: int) -> list[SystemEvent]:
    """The restore is over, or has failed: what the runtime says of it, and the report."""
    members: dict[str, object] = {"status": "success"}
    if not record.duration_ms and record.error_type is not None:
        members = {"status": "timeout" if record.status == "timeout" else "error", "errorType": failure_of(record)}
    has_failed = members["status"] != "success"
    report = {**members, "metrics": {"durationMs": _ms(record.restore_ms or 0.0)}}
    return [
        _event("WARN" if has_failed else "DEBUG", at_ms, "restoreRuntimeDone", members),
        _event("WARN" if has_failed else "INFO", at_ms, "restoreReport", report),
    ]


def _environment(record: InvocationRecord, runtime: str, region: str) -> dict[str, object]:
    version, arn = runtime_version(runtime, region)
    return {
        "runtimeVersion": version,
        "runtimeVersionArn": arn,
        "functionName": record.function,
        "functionVersion": record.version,
        "instanceId": record.environment_id,
        "instanceMaxMemory": record.memory_mb,
    }


def init_end(record: InvocationRecord, at_ms: int) -> list[SystemEvent]:
    """The init phase is over: what the runtime says of it, and the report."""
    members = {"initializationType": record.initialization, "phase": "init", "status": "success"}
    report = "DEBUG" if record.initialization == ON_DEMAND else "INFO"
    return _both("DEBUG", report, at_ms, members, record.init_ms or 0.0)


def init_failed(record: InvocationRecord, failed: FailedInit, at_ms: int) -> list[SystemEvent]:
    """An init phase did not come to its end, the first ("init") or the one within the invocation ("invoke")."""
    members = {"initializationType": record.initialization, "phase": failed.phase, "status": failed.status}
    if failed.error_type:
        members["errorType"] = _known(failed.error_type)
    return _both("WARN", "WARN", at_ms, members, failed.duration_ms)


def _both(done: str, reported: str, at_ms: int, members: dict[str, str], duration_ms: float) -> list[SystemEvent]:
    report = {**members, "metrics": {"durationMs": _ms(duration_ms)}}
    return [_event(done, at_ms, "initRuntimeDone", members), _event(reported, at_ms, "initReport", report)]


def start(record: InvocationRecord, at_ms: int) -> SystemEvent:
    """An invocation begins."""
    return _event("INFO", at_ms, "start", {"requestId": record.request_id, "version": record.version})


def end(record: InvocationRecord, at_ms: int) -> list[SystemEvent]:
    """An invocation is over: what the runtime says of it, and the report."""
    outcome: dict[str, object] = {"requestId": record.request_id, "status": "success"}
    if record.status == "timeout":
        outcome["status"] = "timeout"
    elif record.error_type is not None:
        outcome |= {"status": "error", "errorType": failure_of(record)}
    done = {"durationMs": _ms(record.duration_ms), "producedBytes": record.response_bytes}
    figures: dict[str, object] = {
        "durationMs": _ms(record.duration_ms),
        "billedDurationMs": record.billed_ms,
        "memorySizeMB": record.memory_mb,
        "maxMemoryUsedMB": record.max_memory_mb,
    }
    if record.init_ms is not None:
        figures["initDurationMs"] = _ms(record.init_ms)
    if record.restore_ms is not None:
        figures["restoreDurationMs"] = _ms(record.restore_ms)
    has_failed = outcome["status"] != "success"
    return [
        _event("WARN" if has_failed else "DEBUG", at_ms, "runtimeDone", {**outcome, "metrics": done}),
        _event("WARN" if has_failed else "INFO", at_ms, "report", {**outcome, "metrics": figures}),
    ]


def _ms(duration_ms: float) -> float:
    return round(duration_ms, 3)


def _event(level: str, at_ms: int, kind: str, members: Mapping[str, object]) -> SystemEvent:
    event = {"time": utc(at_ms / 1_000), "type": f"platform.{kind}", "record": members}
    return SystemEvent(level, json.dumps(event, separators=(",", ":"), ensure_ascii=False))
