"""What a notebook shows of a function, of an invocation and of a list of functions; the formatters are IPython's.

Registered by type name, so that loading the extension imports none of the types. Shows only what it is handed: no
function is called and no log is read here.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from jlambda.errors import ResourceNotFound
from jlambda.model.log_settings import default_log_group
from jlambda.notebook.cards import Card, Row, side_by_side_html, side_by_side_text, table_html, table_text
from jlambda.notebook.chaos import chaos_html, chaos_text
from jlambda.notebook.exchange import exchange_html, exchange_text
from jlambda.notebook.namespace import python_name

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jlambda.handle import Function
    from jlambda.invocation import Invocation, Replay
    from jlambda.model.function import FunctionConfiguration
    from jlambda.service.provisioned import ProvisionedConcurrency
    from jlambda.telemetry.tuning import Tuning

_RESULT_CHARS = 2_000
_ONE_LINE_CHARS, _INDENTED_CHARS = 100, 20_000
_LOG_LINES = 200
_SETTINGS = {
    "memory_mb": ("memory", " MB"),
    "timeout_s": ("timeout", " s"),
    "ephemeral_storage_mb": ("ephemeral storage", " MB"),
    "log_format": ("log format", ""),
    "application_log_level": ("log level", ""),
    "system_log_level": ("system log level", ""),
    "log_group": ("log group", ""),
}


class Printer(Protocol):
    """The part of IPython's pretty printer that is used here."""

    stack: list[int]

    def text(self, text: str) -> None: ...


class Shown(NamedTuple):
    """How things of one type are shown, as HTML and as text."""

    html: Callable[[Any], str]
    text: Callable[[Any], str]


class FunctionList(list["Function"]):
    """Functions, shown as a table."""

    _HEADER = ("function", "runtime", "memory", "timeout", "code", "last modified", "description")

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                c.name,
                c.runtime,
                f"{c.memory_mb} MB",
                f"{c.timeout_s} s",
                size(c.code_size),
                f"{datetime.fromtimestamp(c.last_modified, UTC):%Y-%m-%d %H:%M} UTC",
                c.description,
            )
            for c in (function.configuration for function in self)
        ]

    def _repr_html_(self) -> str:
        return table_html(self._HEADER, self._rows()) if self else "<i>no functions yet: begin a cell with %%lambda NAME</i>"

    def __repr__(self) -> str:
        return table_text(self._HEADER, self._rows()) if self else "no functions yet: begin a cell with %%lambda NAME"

    def _repr_pretty_(self, printer: Printer, _cycle: bool) -> None:
        printer.text(repr(self))


def _tuning_table(found: Tuning) -> tuple[list[str], list[list[str]], str]:
    """The header and rows of a tuning's table, and the line below it."""
    header = ["memory", "vCPU", "duration", "init", "most memory", "a million calls", ""]
    rows = [
        [
            f"{it.memory_mb} MB",
            f"{it.vcpu:.2f}",
            "" if it.duration_ms is None else f"{it.duration_ms:.2f} ms",
            "" if it.init_ms is None else f"{it.init_ms:.0f} ms",
            f"{it.max_memory_mb} MB",
            "" if it.cost_usd is None else f"${it.cost_usd * 1e6:.2f}",
            f"{it.failures} of {it.invocations} failed: {it.failure}"
            if it.failures
            else ", ".join(found.choices(it.memory_mb)),
        ]
        for it in found.sizes
    ]
    return header, rows, found.note


def tuning_html(found: Tuning) -> str:
    """What tuning found, as a table and a picture."""
    header, rows, note = _tuning_table(found)
    return f"{table_html(header, rows)}<div>{escape(note)}</div>{picture_html(found.picture(), 'time and price by memory')}"


def picture_html(png: bytes, about: str) -> str:
    """A picture within the page, as wide as there is room."""
    source = f"data:image/png;base64,{b64encode(png).decode()}"
    return f'<img alt="{escape(about)}" style="width: 100%; max-width: 640px; background: none" src="{source}">'


def tuning_text(found: Tuning) -> str:
    """The same as text."""
    header, rows, note = _tuning_table(found)
    return f"{table_text(header, rows)}\n{note}"


def size(of_bytes: int) -> str:
    """A number of bytes for people: ``312 B``, ``1.2 KB``, ``3.4 MB``."""
    if of_bytes < 1_000:
        return f"{of_bytes} B"
    return f"{of_bytes / 1_000:.1f} KB" if of_bytes < 1_000_000 else f"{of_bytes / 1_000_000:.1f} MB"


def function_card(function: Function) -> Card:
    """The card of a deployed function."""
    try:
        c = function.configuration
    except ResourceNotFound:
        return Card(f"λ {function.reference}", "has been deleted", [], "bad")
    call = python_name(c.name) if function.qualifier is None else f'jlambda.get("{function.reference}")'
    variables = [*(f"{key}={value}" for key, value in c.environment.items()), *(f"{key}=***" for key in c.secrets)]
    rows = [
        Row("ARN", function.arn, "code"),
        Row("runtime", f"{c.runtime} · {c.architecture} · handler {c.handler}"),
        Row("limits", f"{c.memory_mb} MB memory · {c.timeout_s} s timeout · {c.ephemeral_storage_mb} MB /tmp"),
        *([Row("SnapStart", "on, for published versions")] if c.snap_start else []),
        Row("code", f"{size(c.code_size)} · version {c.version}{f' · from {c.origin}' if c.origin else ''}"),
        *([Row("layers", "\n".join(map(layer_name, c.layers)), "code")] if c.layers else []),
        *_log_rows(c),
        *([Row("variables", "\n".join(variables), "code")] if variables else []),
        *([] if function.changes is None else [Row("changed", changes_text(function.changes))]),
        *_provisioned_rows(function.provisioned),
        *_trigger_rows(function),
        Row("call it", f"{call}(event)   {call}.invoke(event)   {call}.map(events)", "code"),
    ]
    return Card(f"λ {function.reference}", c.description, rows)


def _provisioned_rows(it: ProvisionedConcurrency | None) -> list[Row]:
    """How far the provisioned concurrency of a version or alias is."""
    if it is None:
        return []
    return [Row("provisioned", f"{it.allocated} of {it.requested} · {it.status}{f' · {it.reason}' if it.reason else ''}")]


def _trigger_rows(function: Function) -> list[Row]:
    """What starts the function, and what was made for that."""
    lines = [f"{each.trigger}{'' if each.state == 'Enabled' else f' · {each.state}'}" for each in function.triggers]
    rows = [Row("triggers", "\n".join(lines), "code")] if lines else []
    return [*rows, *([Row("made", "\n".join(function.notes))] if function.notes else [])]


def _log_rows(c: FunctionConfiguration) -> list[Row]:
    """How the function logs, where that is not as every function does."""
    told = [f"{c.log_format} · {c.application_log_level}, system {c.system_log_level}"] if c.system_log_level else []
    told += [c.log_group] if c.log_group != default_log_group(c.name) else []
    return [Row("log", " · ".join(told))] if told else []


def changes_text(changes: Mapping[str, tuple[object, object]]) -> str:
    """What changed since the last deploy, in words."""
    return ", ".join(_change(name, *values) for name, values in changes.items()) or "nothing since the last deploy"


def _change(setting: str, before: object, after: object) -> str:
    if setting == "code":
        return "code"
    if setting in ("environment", "secrets"):
        return f"{setting} ({_changed_keys(before, after)})"
    if setting == "layers":
        old, new = (", ".join(map(layer_name, value)) if isinstance(value, tuple) else "" for value in (before, after))
        return f"layers {old or 'none'} → {new or 'none'}"
    if setting == "snap_start":
        return f"SnapStart {'on' if after else 'off'}"
    label, unit = _SETTINGS.get(setting, (setting, ""))
    return f"{label} {before or 'none'} → {after or 'none'}{unit}"


def _changed_keys(before: object, after: object) -> str:
    """The names of variables that came (+), went (-) or got another value; of secrets only the names are known."""
    old, new = _as_mapping(before), _as_mapping(after)
    marks = {key: "+" if key not in old else "-" if key not in new else "" for key in sorted({*old, *new})}
    return ", ".join(f"{mark}{key}" for key, mark in marks.items() if mark or old[key] != new[key]) or "new values"


def _as_mapping(variables: object) -> Mapping[str, object]:
    return variables if isinstance(variables, Mapping) else dict.fromkeys(variables if isinstance(variables, tuple) else ())


def layer_name(arn: str) -> str:
    """A layer version's ARN in short: NAME:VERSION."""
    return ":".join(arn.split(":")[-2:])


def invocation_card(invocation: Invocation) -> Card:
    """The card of one invocation: what it gave, what it took, what it wrote."""
    record, error = invocation.record, invocation.error
    start = f"cold start, init {record.init_ms:.2f} ms" if record.init_ms is not None else "warm start"
    if record.restore_ms is not None:
        start = f"cold start, restored in {record.restore_ms:.2f} ms"
    figures = (
        f"{record.duration_ms:.2f} ms ({start}) · billed {record.billed_ms} ms · "
        f"{record.max_memory_mb} of {record.memory_mb} MB · ${invocation.cost.total_usd:.10f}"
    )
    logs = "\n".join(event.message.rstrip("\n") for event in invocation.logs[-_LOG_LINES:])
    rows = [
        _came_back(invocation),
        Row("took", figures),
        Row("request", record.request_id, "code"),
        *([Row("logs", logs, "folded")] if logs else []),
    ]
    return Card(f"{'✗' if error else '✓'} {invocation.function}", record.status, rows, "bad" if error else "good")


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


def _card(make: Callable[[Any], Card]) -> Shown:
    return Shown(lambda thing: make(thing).html(), lambda thing: make(thing).text())


_SHOWN = {
    ("jlambda.handle", "Function"): _card(function_card),
    ("jlambda.http", "Exchange"): Shown(exchange_html, exchange_text),
    ("jlambda.invocation", "Invocation"): _card(invocation_card),
    ("jlambda.invocation", "Replay"): Shown(replay_html, replay_text),
    ("jlambda.telemetry.chaos", "ChaosReport"): Shown(chaos_html, chaos_text),
    ("jlambda.telemetry.tuning", "Tuning"): Shown(tuning_html, tuning_text),
}


def as_text(thing: object) -> str:
    """What a terminal shows of something that a notebook would show."""
    shown = _SHOWN.get((type(thing).__module__, type(thing).__qualname__))
    if shown is not None:
        return shown.text(thing)
    to_string = getattr(thing, "to_string", None)  # a DataFrame's
    return str(to_string(index=False)) if callable(to_string) else repr(thing)


def register(shell: InteractiveShell) -> None:
    """Teach `shell` to show functions and invocations as cards."""
    html, plain = (_formatters(shell)[kind] for kind in ("text/html", "text/plain"))
    for (module, name), shown in _SHOWN.items():
        html.for_type_by_name(module, name, shown.html)
        plain.for_type_by_name(module, name, lambda thing, printer, _, shown=shown: _print(thing, printer, shown))


def unregister(shell: InteractiveShell) -> None:
    """Undo `register`."""
    for kind in ("text/html", "text/plain"):
        for module, name in _SHOWN:
            _formatters(shell)[kind].pop(f"{module}.{name}", None)


def _formatters(shell: InteractiveShell) -> Any:
    assert shell.display_formatter is not None
    return shell.display_formatter.formatters


def _print(thing: object, printer: Printer, shown: Shown) -> None:
    # inside of a list or a dictionary a card would tear the text apart
    printer.text(shown.text(thing) if len(printer.stack) == 1 else repr(thing))
