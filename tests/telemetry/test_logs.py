"""Log text: AWS's lines, and the output of an invocation as log events."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jlambda.model.frames import CONTINUED, INIT_END, STAMP
from jlambda.model.invocation import InvocationRecord
from jlambda.model.log_settings import default_log_group
from jlambda.telemetry import logs
from jlambda.telemetry.logs import LogEvent
from tests.samples import NOON, a_record

NOON_MS = int(NOON * 1_000)
ID = a_record().request_id
COLD = a_record(cold_start=True, init_ms=110.1, billed_ms=114)

texts = st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), max_size=20)
messages = st.lists(texts, min_size=1, max_size=4)
written = st.lists(st.tuples(st.integers(0, 9_999_999_999_999), messages), max_size=8)


def stamped(at_ms: int, *parts: str) -> bytes:
    """One event as the environment writes it."""
    return STAMP + b"%013d" % at_ms + (CONTINUED + b"\n").join(part.encode() for part in parts) + b"\n"


def text_of(events: list[LogEvent]) -> list[str]:
    """The messages alone."""
    return [event.message for event in events]


# -- what the environment wrote


@given(written)
def test_events_are_what_was_written(events: list[tuple[int, list[str]]]) -> None:
    """Each stamped line is an event with its time, and continued lines are one event."""
    parsed = logs.parse(b"".join(stamped(at_ms, *parts) for at_ms, parts in events), NOON_MS)
    assert [(event.timestamp_ms, event.message) for event in parsed] == [(at_ms, "\n".join(parts)) for at_ms, parts in events]


@given(st.binary() | st.lists(st.sampled_from([STAMP, b"0123456789012", b"\n", b"x", b"\xff", b"init"])).map(b"".join))
def test_any_bytes_can_be_read(raw: bytes) -> None:
    """Whatever a function wrote gives events, without loss of printable text and without line breaks at the end."""
    parsed = logs.parse(raw, NOON_MS)
    assert len(parsed) <= raw.count(b"\n") + raw.count(STAMP) + 1
    assert sum(event.message.count("x") for event in parsed) == raw.count(b"x")
    assert all(event.timestamp_ms >= 0 for event in parsed)


def test_a_line_without_a_time_has_that_of_the_line_before() -> None:
    """Output past Python, by C code or a child process, is not stamped."""
    raw = b"first\n" + stamped(NOON_MS + 5, "second") + b"third\n"
    assert [(event.timestamp_ms, event.message) for event in logs.parse(raw, NOON_MS)] == [
        (NOON_MS, "first"),
        (NOON_MS + 5, "second"),
        (NOON_MS + 5, "third"),
    ]


def test_the_last_line_need_not_end() -> None:
    """What a killed function had begun to write is an event too."""
    assert text_of(logs.parse(b"done\nhalf a li", NOON_MS)) == ["done", "half a li"]
    assert text_of(logs.parse(stamped(NOON_MS, "Traceback", "  File")[:-1] + CONTINUED, NOON_MS)) == ["Traceback\n  File"]


def test_a_carriage_return_stays_inside_its_line() -> None:
    """Only a line feed ends an event (recorded on AWS)."""
    assert text_of(logs.parse(b"one\rtwo\n", NOON_MS)) == ["one\rtwo"]


@pytest.mark.parametrize(
    ("message", "level"),
    [
        ("[WARNING]\t2026-11-23T12:00:00.000Z\tid\ttext", "WARNING"),
        ("[ERROR] ValueError: boom\nTraceback (most recent call last):", "ERROR"),
        ('{"timestamp": "2026-11-23T12:00:00Z", "level": "INFO", "message": "m", "logger": "root"}', "INFO"),
        ('{"timestamp": "2026-11-23T12:00:00Z","log_level":"ERROR", "errorMessage": "m"}', "ERROR"),
        ('{"message": "level"}', None),
        ("[1, 2, 3]", None),
        ("plain print", None),
        ("", None),
    ],
)
def test_level_is_read_from_the_text(message: str, level: str | None) -> None:
    """The level is what `logging` wrote in AWS's text or JSON format; a print has none."""
    (event,) = logs.parse(message.replace("\n", "\0\n").encode() + b"\n", NOON_MS)
    assert event == LogEvent(NOON_MS, message, level)


# -- what Lambda adds


def test_report_of_a_cold_start() -> None:
    """Init Duration comes after Max Memory Used, and the line ends with a tab (recorded on AWS, 2025-11-25)."""
    assert logs.report_line(COLD) == (
        f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 114 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 36 MB\tInit Duration: 110.10 ms\t"
    )


@pytest.mark.parametrize(
    ("status", "error_type", "end"),
    [
        ("success", None, ""),
        ("error", "ValueError", ""),
        ("error", "Runtime.MarshalError", ""),
        ("error", "Function.ResponseSizeTooLarge", ""),
        ("timeout", "Sandbox.Timedout", "Status: timeout"),
        ("error", "Runtime.ExitError", "Status: error\tError Type: Runtime.ExitError"),
        ("error", "Runtime.ImportModuleError", "Status: error\tError Type: Runtime.ImportModuleError"),
        ("out_of_memory", "Runtime.ExitError", "Status: error\tError Type: Runtime.OutOfMemory"),
    ],
)
def test_report_says_how_the_environment_failed(status: str, error_type: str | None, end: str) -> None:
    """A timeout, an exit, a failed init and lack of memory stand in REPORT; what the runtime reported itself does not."""
    report = logs.report_line(a_record(status=status, error_type=error_type))
    assert report.partition("Max Memory Used: 36 MB\t")[2] == end


def test_lines_of_a_warm_invocation() -> None:
    """START, the output, END, REPORT."""
    events = logs.lines(a_record(), stamped(NOON_MS + 1, "hello"))
    assert text_of(events) == [
        f"START RequestId: {ID} Version: $LATEST",
        "hello",
        f"END RequestId: {ID}",
        logs.report_line(a_record()),
    ]
    assert [event.timestamp_ms - NOON_MS for event in events] == [0, 1, 3, 3]


def test_lines_of_a_cold_start() -> None:
    """INIT_START opens the log; what the init phase wrote stands before START."""
    raw = stamped(NOON_MS + 50, "importing") + stamped(NOON_MS + 112, "handling")
    events = logs.lines(COLD, raw)
    assert text_of(events)[1:4] == ["importing", f"START RequestId: {ID} Version: $LATEST", "handling"]
    assert re.fullmatch(
        r"INIT_START Runtime Version: python:3\.\d+\.v\d+\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:[0-9a-f]{64}",
        events[0].message,
    )
    assert [event.timestamp_ms - NOON_MS for event in events] == [0, 50, 110, 112, 113, 113]


def test_output_says_where_init_ends() -> None:
    """A line INIT_END decides where START stands, whatever the times say, and is no event itself."""
    raw = stamped(NOON_MS + 115, "late import") + INIT_END + b"\n" + stamped(NOON_MS + 116, "handling")
    assert text_of(logs.lines(COLD, raw))[1:4] == ["late import", logs.start_line(COLD), "handling"]


def test_a_timeout_is_told_after_the_output() -> None:
    """The line has the time, the request id and the seconds that ran, as AWS writes them."""
    record = a_record(status="timeout", error_type="Sandbox.Timedout", duration_ms=3_000.0, billed_ms=3_000)
    events = logs.lines(record, stamped(NOON_MS + 10, "waiting"))
    assert text_of(events)[1:3] == ["waiting", f"2026-11-23T12:00:03.000Z {ID} Task timed out after 3.00 seconds"]


def test_an_exit_is_one_event_behind_the_output() -> None:
    """The error document of a process that ended becomes what AWS logs: message and type, two lines of one event."""
    message = f"RequestId: {ID} Error: Runtime exited with error: exit status 3"
    payload = json.dumps({"errorType": "Runtime.ExitError", "errorMessage": message}).encode()
    raw = b"half a line" + logs.exit_output(payload, NOON_MS + 2)
    assert text_of(logs.parse(raw, NOON_MS)) == ["half a line", f"{message}\nRuntime.ExitError"]


def test_a_throttled_invocation_has_no_log() -> None:
    """No environment took it, so nothing wrote."""
    throttled = a_record(status="throttled", log_stream="")
    assert logs.lines(throttled, b"") == []
    assert logs.tail(throttled, b"") == ""


def test_times_do_not_go_back() -> None:
    """END is not before the last output and START not after the first, though durations leave out the way there and back."""
    raw = stamped(NOON_MS - 1, "early") + stamped(NOON_MS + 9, "late")
    assert [event.timestamp_ms - NOON_MS for event in logs.lines(a_record(), raw)] == [-1, -1, 9, 9, 9]


def test_tail_is_start_to_report() -> None:
    """The tail leaves out INIT_START and what init wrote; REPORT ends with a tab and a line feed."""
    raw = stamped(NOON_MS + 50, "importing") + stamped(NOON_MS + 112, "handling")
    assert logs.tail(COLD, raw).splitlines() == [
        f"START RequestId: {ID} Version: $LATEST",
        "handling",
        f"END RequestId: {ID}",
        logs.report_line(COLD),
    ]
    assert logs.tail(COLD, raw).endswith("110.10 ms\t\n")


@given(st.text(max_size=200), st.integers(0, 60))
def test_tail_is_the_last_4_kb(line: str, times: int) -> None:
    """At most 4,096 bytes, cut between characters, with REPORT always there."""
    tail = logs.tail(a_record(), (line + "\n").encode() * times)
    assert len(tail.encode()) <= 4_096
    assert tail.endswith(logs.report_line(a_record()) + "\n")


@given(st.builds(a_record, cold_start=st.just(True), init_ms=st.floats(0, 1e4), duration_ms=st.floats(0, 9e5)), written)
def test_lines_hold_every_event_of_the_output(record: InvocationRecord, events: list[tuple[int, list[str]]]) -> None:
    """Lambda's lines are added to the output, in whatever order its times are; nothing of it is lost."""
    raw = b"".join(stamped(at_ms, *parts) for at_ms, parts in events)
    ours = ("INIT_START ", "START ", "END ", "REPORT ")
    rest = [event for event in logs.lines(record, raw) if not event.message.startswith(ours)]
    assert rest == [event for event in logs.parse(raw, NOON_MS) if not event.message.startswith(ours)]


def test_names_of_group_and_stream() -> None:
    """AWS's own: a group for the function, a stream for the environment, dated in UTC."""
    assert default_log_group("hello") == "/aws/lambda/hello"
    assert logs.log_stream(NOON, "$LATEST", "0123456789abcdef" * 2) == a_record().log_stream
