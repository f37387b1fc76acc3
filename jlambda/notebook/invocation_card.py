"""What a notebook shows of an invocation: what came back, when it did what, memory, cost and logs; and of a replay.

Shows only what it is handed. Widths and patterns tell what colours do, and the text beside them says it in numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from jlambda import billing
from jlambda.model.invocation import InvocationRecord
from jlambda.notebook.cards import Card, Row, side_by_side_html, side_by_side_text, size
from jlambda.notebook.styles import BAD, BRAND, GOOD, MUTED, TRACK, WARN

if TYPE_CHECKING:
    from jlambda.invocation import Invocation, Replay

_RESULT_CHARS = 2_000
_ONE_LINE_CHARS, _INDENTED_CHARS = 100, 20_000
_LOG_LINES = 200
#: from here on memory is nearly used up
_FULL = 0.9
_BAR = "position: relative; max-width: 28em; overflow: hidden; border-radius: 2px"
_INIT = f"repeating-linear-gradient(135deg, {WARN} 0 3px, transparent 3px 5px)"


def invocation_card(invocation: Invocation) -> Card:
    """The card of one invocation: what it gave, what it took, what it wrote."""
    record, error = invocation.record, invocation.error
    logs = "\n".join(event.message.rstrip("\n") for event in invocation.logs[-_LOG_LINES:])
    rows = [_came_back(invocation), *_figures(record), *([Row("logs", logs, "folded")] if logs else [])]
    return Card(f"{'✗' if error else '✓'} {invocation.function}", record.status, rows, "bad" if error else "good")


def record_card(record: InvocationRecord) -> Card:
    """The card of a record alone, without what came back and what was written."""
    is_good = record.status == "success"
    rows = [*([] if is_good else [Row("error", record.error_type or record.status)]), *_figures(record)]
    return Card(f"{'✓' if is_good else '✗'} {record.function}", record.status, rows, "good" if is_good else "bad")


def _figures(record: InvocationRecord) -> list[Row]:
    """What an invocation took: time, memory, money. One that was throttled took nothing."""
    request = Row("request", record.request_id, "code")
    if record.status == "throttled":
        return [request]
    start = "cold start, init repeated" if record.cold_start else "warm start"
    if record.init_ms is not None:
        start = f"cold start, init {record.init_ms:.2f} ms"
    if record.restore_ms is not None:
        start = f"cold start, restored in {record.restore_ms:.2f} ms"
    took = f"{record.duration_ms:.2f} ms ({start}) · billed {record.billed_ms} ms"
    used = record.max_memory_mb / record.memory_mb
    full = " ⚠ all of it" if used >= 1 else " ⚠ nearly all" if used >= _FULL else ""
    memory = f"{record.max_memory_mb} of {record.memory_mb} MB{full}"
    cost = billing.cost(record)
    parts = {"request": cost.request_usd, "compute": cost.compute_usd, "storage": cost.storage_usd, "restore": cost.restore_usd}
    told = " + ".join(f"{name} {usd:.10f}" for name, usd in parts.items() if usd)
    return [
        Row("took", took, picture=_timeline(record)),
        Row("memory", memory, picture=_filled(min(1.0, used), 6, BAD if used >= _FULL else GOOD)),
        Row("cost", f"${cost.total_usd:.10f} = {told}"),  # a second dollar sign, and a page would set it as mathematics
        request,
    ]


def _timeline(record: InvocationRecord) -> str:
    """Init (or restore) and invoke one after the other, and below them what is billed of it."""
    ahead_ms = (record.init_ms or 0.0) + (record.restore_ms or 0.0)
    whole_ms = max(ahead_ms + record.duration_ms, float(record.billed_ms)) or 1.0
    init = f'<div style="width: {ahead_ms / whole_ms:.1%}; background: {_INIT}"></div>' if ahead_ms else ""
    invoke = f'<div style="width: {record.duration_ms / whole_ms:.1%}; min-width: 1px; background: {BRAND}"></div>'
    names = f"{'init · ' if record.init_ms else 'restore · ' if record.restore_ms else ''}invoke"
    label = f"a timeline: {names}, and below it what is billed"
    return (
        f'<div role="img" aria-label="{label}" style="margin: 3px 0 1px 0">'
        f'<div style="{_BAR}; display: flex; height: 10px; background: {TRACK}">{init}{invoke}</div>'
        f"{_filled(record.billed_ms / whole_ms, 3, MUTED)}</div>"
    )


def _filled(part: float, height_px: int, colour: str) -> str:
    """A bar that is filled to a part, 0 to 1."""
    ground = "currentColor" if colour == MUTED else colour
    return (
        f'<div style="{_BAR}; height: {height_px}px; margin: 2px 0; background: {TRACK}">'
        f'<div style="width: {part:.1%}; height: 100%; background: {ground}"></div></div>'
    )


def _came_back(invocation: Invocation) -> Row:
    if invocation.error:
        return Row("error", error_text(invocation), "code")
    if not invocation.is_whole:
        return Row("result", f"not kept: {size(invocation.record.response_bytes)}")
    return Row("result", _shortened(invocation.result), "code")


def _replay_rows(replay: Replay) -> list[tuple[str, str, str]]:
    """What both invocations gave and took, a line for each thing."""
    pair = (replay.before, replay.after)

    def row(label: str, tell: Callable[[Invocation], str]) -> tuple[str, str, str]:
        then, now = map(tell, pair)
        return label, then, now

    rows = [
        row("status", lambda it: it.record.status),
        row("result", lambda it: "" if it.error else _came_back(it).text),
        row("error", lambda it: f"{it.error.error_type}: {it.error.message}" if it.error else ""),
        row("duration", lambda it: f"{it.record.duration_ms:.2f} ms"),
        row("init", lambda it: "" if it.record.init_ms is None else f"{it.record.init_ms:.2f} ms"),
        row("memory", lambda it: f"{it.record.max_memory_mb} of {it.record.memory_mb} MB"),
        row("cost", lambda it: f"${it.cost.total_usd:.10f}"),
        row("started", lambda it: f"{datetime.fromtimestamp(it.record.started_at, UTC):%Y-%m-%d %H:%M:%S} UTC"),
    ]
    return [each for each in rows if each[1] or each[2]]


_REPLAY_HEADER = ("", "then", "now")


def replay_html(replay: Replay) -> str:
    """Both invocations of a replay side by side."""
    return side_by_side_html(_REPLAY_HEADER, _replay_rows(replay))


def replay_text(replay: Replay) -> str:
    """The same as text."""
    return side_by_side_text(_REPLAY_HEADER, _replay_rows(replay))


def error_text(invocation: Invocation) -> str:
    """The error of a failed invocation as a call that raised it would show it."""
    return "\n".join(invocation.error._render_traceback_()) if invocation.error else ""


def _shortened(result: object) -> str:
    try:
        text = json.dumps(result, ensure_ascii=False)
        if _ONE_LINE_CHARS < len(text) <= _INDENTED_CHARS:  # indenting megabytes would take seconds
            text = json.dumps(result, ensure_ascii=False, indent=2)
    except (TypeError, ValueError):  # bytes, where the handler returned bytes
        text = repr(result)
    return text if len(text) <= _RESULT_CHARS else f"{text[:_RESULT_CHARS]}\n… {len(text) - _RESULT_CHARS} characters more"
