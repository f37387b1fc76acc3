"""What CloudWatch Logs would hold of an invocation: START, the function's output, END and REPORT.

Reads the output bytes of one invocation (layout in `jlambda.model.frames`) and its record; knows nothing of where
they are kept or how they are shown. Log text follows AWS's text format; for a function that logs JSON, what Lambda itself
says is JSON too (`jlambda.telemetry.system_events`).
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import NamedTuple

from jlambda.model.frames import CONTINUED, INIT_END, INIT_FAILED, STAMP, STAMP_DIGITS
from jlambda.model.invocation import FailedInit, InvocationRecord
from jlambda.model.runtime import THIS_PYTHON
from jlambda.telemetry import system_events
from jlambda.telemetry.system_events import SystemEvent, runtime_version, utc

# https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, LogType: the tail is the last 4 KB
TAIL_BYTES = 4_096

_STAMPED = re.compile(re.escape(STAMP) + rb"(\d{%d})" % STAMP_DIGITS)
# What was written past Python may have left a line open; a stamp begins a new one all the same.
_STAMP_INSIDE_LINE = re.compile(rb"(?<=[^\n])(?=%b)" % _STAMPED.pattern)
_LEVEL = re.compile(r"\[(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|CRITICAL)\]")
_JSON_LEVEL = re.compile(r'\{.*?"(?:level|log_level)": ?"([A-Z]+)"', re.DOTALL)
# Failures that the runtime itself reports to Lambda: REPORT does not mention them, as it does no exception.
_REPORTED_BY_RUNTIME = frozenset({"Runtime.MarshalError", "Runtime.UnmarshalError", "Runtime.LambdaContextUnmarshalError"})


class LogEvent(NamedTuple):
    """One log event: when it was written (ms since the epoch), its text without the last newline, its level if it has one."""

    timestamp_ms: int
    message: str
    level: str | None = None


def log_stream(started_at: float, version: str, environment_id: str) -> str:
    """The log stream of an execution environment that was started at `started_at` (seconds since the epoch)."""
    return f"{datetime.fromtimestamp(started_at, UTC):%Y/%m/%d}/[{version}]{environment_id}"


def parse(raw: bytes, start_ms: int) -> list[LogEvent]:
    """The events in `raw`, in the order of writing. A line without a time has that of the line before, at first `start_ms`."""
    return _parse(raw, start_ms)[0]


def lines(record: InvocationRecord, raw: bytes, runtime: str = THIS_PYTHON, region: str = "us-east-1") -> list[LogEvent]:
    """All log events of one invocation, as they stand in its log stream; times never go back where output's do not.

    A throttled invocation has none: no environment took it.
    """
    before, during = _lines(record, raw, runtime, region)
    return before + during


def tail(record: InvocationRecord, raw: bytes) -> str:
    """What ``LogType=Tail`` gives: the last 4 KB of START to REPORT, each line ended."""
    text = "".join(event.message + "\n" for event in _lines(record, raw)[1]).encode()
    return text[-TAIL_BYTES:].decode(errors="ignore")


def _lines(
    record: InvocationRecord, raw: bytes, runtime: str = THIS_PYTHON, region: str = "us-east-1"
) -> tuple[list[LogEvent], list[LogEvent]]:
    """The log events up to START, which only a cold start has, and those from START on."""
    if record.status == "throttled":
        return [], []
    began_ms = record.started_at * 1_000
    ahead_ms = (record.init_ms or 0.0) + (record.restore_ms or 0.0)
    invoked_ms = int(began_ms + ahead_ms)
    ended_ms = int(began_ms + ahead_ms + record.duration_ms)
    output, init_events = _parse(raw, invoked_ms, record)
    if init_events is None:
        init_events = next((i for i, event in enumerate(output) if event.timestamp_ms >= invoked_ms), len(output))
    before = output[:init_events] if record.cold_start else []
    during = output[len(before) :]
    if before and record.init_ms is record.restore_ms is None:  # the second init of two was a part of the invocation
        invoked_ms = before[-1].timestamp_ms
    # What the environment stamped is right; the rest was worked out from durations that leave out the way there and back.
    started_ms = min(invoked_ms, during[0].timestamp_ms) if during else invoked_ms
    ended_ms = max(ended_ms, started_ms, during[-1].timestamp_ms if during else 0)
    during = [*_start(record, started_ms), *during, *_end(record, ended_ms)]
    if record.cold_start:
        init_ms = min(int(began_ms), before[0].timestamp_ms) if before else int(began_ms)
        before = [*_init_start(record, init_ms, runtime, region), *before, *_init_end(record, started_ms)]
    return before, during


def _init_start(record: InvocationRecord, at_ms: int, runtime: str, region: str) -> list[LogEvent]:
    if record.system_log_level is None:
        line = init_start_line if record.restore_ms is None else restore_start_line
        return [LogEvent(at_ms, line(runtime, region))]
    if record.restore_ms is not None:
        return _logged(record.system_log_level, at_ms, [system_events.restore_start(record, at_ms, runtime, region)])
    return _logged(record.system_log_level, at_ms, [system_events.init_start(record, at_ms, runtime, region)])


def _init_end(record: InvocationRecord, at_ms: int) -> list[LogEvent]:
    if record.restore_ms is not None:
        if record.system_log_level is None:
            return [LogEvent(at_ms, restore_report_line(record.restore_ms))]
        return _logged(record.system_log_level, at_ms, system_events.restore_end(record, at_ms))
    if record.system_log_level is None or record.init_ms is None:  # those that failed are told where they did
        return []
    return _logged(record.system_log_level, at_ms, system_events.init_end(record, at_ms))


def _start(record: InvocationRecord, at_ms: int) -> list[LogEvent]:
    if record.system_log_level is None:
        return [LogEvent(at_ms, start_line(record))]
    return _logged(record.system_log_level, at_ms, [system_events.start(record, at_ms)])


def _end(record: InvocationRecord, at_ms: int) -> list[LogEvent]:
    if record.system_log_level is not None:
        return _logged(record.system_log_level, at_ms, system_events.end(record, at_ms))
    told = [timeout_line(record, at_ms)] if record.status == "timeout" else []
    return [LogEvent(at_ms, line) for line in (*told, end_line(record), report_line(record))]


def _logged(level: str, at_ms: int, events: list[SystemEvent]) -> list[LogEvent]:
    """Those of `events` that a function with this system log level has in its log."""
    return [LogEvent(at_ms, event.text, event.level) for event in events if event.is_logged(level)]


def init_start_line(runtime: str = THIS_PYTHON, region: str = "us-east-1") -> str:
    """The line that opens the log of a cold start, for a runtime identifier such as ``python3.11`` or ``nodejs22.x``."""
    version, arn = runtime_version(runtime, region)
    return f"INIT_START Runtime Version: {version}\tRuntime Version ARN: {arn}"


def restore_start_line(runtime: str = THIS_PYTHON, region: str = "us-east-1") -> str:
    """The line that opens the log of an environment that is restored from a snapshot."""
    version, arn = runtime_version(runtime, region)
    return f"RESTORE_START Runtime Version: {version}\tRuntime Version ARN: {arn}"


def restore_report_line(restore_ms: float) -> str:
    """The line after what the hooks of a restore have written."""
    return f"RESTORE_REPORT Restore Duration: {restore_ms:.2f} ms"


def start_line(record: InvocationRecord) -> str:
    """The line before the function's own output."""
    return f"START RequestId: {record.request_id} Version: {record.version}"


def end_line(record: InvocationRecord) -> str:
    """The line after the function's own output."""
    return f"END RequestId: {record.request_id}"


def report_line(record: InvocationRecord) -> str:
    """The line with the figures: durations in ms, memory in MB, and how the invocation failed if Lambda says so there."""
    figures = [
        f"REPORT RequestId: {record.request_id}",
        f"Duration: {record.duration_ms:.2f} ms",
        f"Billed Duration: {record.billed_ms} ms",
        f"Memory Size: {record.memory_mb} MB",
        f"Max Memory Used: {record.max_memory_mb} MB",
    ]
    if record.init_ms is not None:
        figures.append(f"Init Duration: {record.init_ms:.2f} ms")
    if record.restore_ms is not None:
        figures.append(f"Restore Duration: {record.restore_ms:.2f} ms")
        figures.append(f"Billed Restore Duration: {record.billed_restore_ms} ms")
    return "\t".join([*figures, _status(record)])


def timeout_line(record: InvocationRecord, ended_ms: int) -> str:
    """What Lambda writes when an invocation ran out of time, at `ended_ms` since the epoch."""
    what, took_ms = ("Task", record.duration_ms) if record.duration_ms else ("Restore", record.restore_ms or 0.0)
    return f"{utc(ended_ms / 1_000)} {record.request_id} {what} timed out after {took_ms / 1_000:.2f} seconds"


def init_report_line(failed: FailedInit) -> str:
    """What Lambda writes of an init phase that did not come to its end."""
    kind = f"\tError Type: {failed.error_type}" if failed.error_type else ""
    return f"INIT_REPORT Init Duration: {failed.duration_ms:.2f} ms\tPhase: {failed.phase}\tStatus: {failed.status}{kind}"


def with_failed_inits(output: bytes, failed: tuple[FailedInit, ...]) -> bytes:
    """The output of an invocation with a mark at each place where an init phase had failed, and one behind the last."""
    parts, start = [], 0
    for each in failed:
        end = min(max(start, each.log_end), len(output))
        part, start = output[start:end], end
        parts += [part, b"" if not part or part.endswith(b"\n") else b"\n", INIT_FAILED, json.dumps(each).encode(), b"\n"]
    if INIT_END not in output[start:].split(b"\n"):
        parts += [INIT_END, b"\n"]
    return b"".join([*parts, output[start:]])


def exit_output(payload: bytes, at_ms: int) -> bytes:
    """What Lambda adds to the output when the process of an environment has ended: the error document as one log event.

    `payload` is the document (``{"errorType": "Runtime.ExitError", "errorMessage": …}``), `at_ms` the time in ms since
    the epoch. The service puts it behind what the function wrote.
    """
    error: dict[str, str] = json.loads(payload)
    stamp = STAMP + b"%0*d" % (STAMP_DIGITS, at_ms)
    return stamp + error["errorMessage"].encode() + CONTINUED + b"\n" + stamp + error["errorType"].encode() + b"\n"


def _status(record: InvocationRecord) -> str:
    if record.status == "timeout":
        return "Status: timeout"
    if record.status == "out_of_memory":
        return "Status: error\tError Type: Runtime.OutOfMemory"
    kind = record.error_type or ""
    if kind.startswith("Runtime.") and kind not in _REPORTED_BY_RUNTIME:
        return f"Status: error\tError Type: {kind}"
    return ""


def _parse(raw: bytes, at_ms: int, record: InvocationRecord | None = None) -> tuple[list[LogEvent], int | None]:
    """The events, and how many of them the init phase wrote if the output says so; `record` is that of the invocation."""
    events: list[LogEvent] = []
    init_events: int | None = None
    parts: list[bytes] = []
    began_ms = at_ms
    rows = _STAMP_INSIDE_LINE.sub(b"\n", raw).split(b"\n")
    if not rows[-1]:
        rows.pop()
    for row in rows:
        if row == INIT_END:
            init_events = len(events)
            continue
        if row.startswith(INIT_FAILED) and (failed := _failed_init(row)):
            at_ms = int(failed.ended_at * 1_000)
            if record is None or record.system_log_level is None:
                events.append(LogEvent(at_ms, init_report_line(failed)))
            else:
                events += _logged(record.system_log_level, at_ms, system_events.init_failed(record, failed, at_ms))
            continue
        if stamped := _STAMPED.match(row):
            at_ms = int(stamped[1])
            row = row[stamped.end() :]
        if not parts:
            began_ms = at_ms
        parts.append(row.removesuffix(CONTINUED))
        if not row.endswith(CONTINUED):
            events.append(_event(began_ms, parts))
            parts = []
    if parts:
        events.append(_event(began_ms, parts))
    return events, init_events


def _failed_init(row: bytes) -> FailedInit | None:
    """What stands behind the mark; None where a function wrote it, and nonsense after it."""
    try:
        failed = FailedInit(*json.loads(row.removeprefix(INIT_FAILED)))
        return failed if math.isfinite(failed.duration_ms) and 0 <= failed.ended_at < 1e11 else None
    except (ValueError, TypeError):
        return None


def _event(at_ms: int, parts: list[bytes]) -> LogEvent:
    message = b"\n".join(parts).decode(errors="replace")
    found = _LEVEL.match(message) or _JSON_LEVEL.match(message)
    return LogEvent(at_ms, message, found[1] if found else None)
