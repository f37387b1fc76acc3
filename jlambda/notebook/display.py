"""What a notebook shows of a function, of an invocation and of a list of functions; the formatters are IPython's.

Registered by type name, so that loading the extension imports none of the types. Shows only what it is handed: no
function is called and no log is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from jlambda.errors import FunctionError, LambdaError, ResourceNotFound
from jlambda.model.log_settings import default_log_group
from jlambda.notebook.cards import Card, Mood, Row, Table, size, table_html, table_text
from jlambda.notebook.chaos import chaos_html, chaos_text
from jlambda.notebook.exchange import exchange_html, exchange_text
from jlambda.notebook.invocation_card import invocation_card, record_card, replay_html, replay_text
from jlambda.notebook.namespace import python_name
from jlambda.notebook.tuning_table import tuning_html, tuning_text

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from jlambda.handle import Function
    from jlambda.model.alias import Alias
    from jlambda.model.function import FunctionConfiguration
    from jlambda.service.provisioned import ProvisionedConcurrency
    from jlambda.service.triggers import Attached

_SETTINGS = {
    "memory_mb": ("memory", " MB"),
    "timeout_s": ("timeout", " s"),
    "ephemeral_storage_mb": ("ephemeral storage", " MB"),
    "log_format": ("log format", ""),
    "application_log_level": ("log level", ""),
    "system_log_level": ("system log level", ""),
    "log_group": ("log group", ""),
}
#: of provisioned concurrency
_MOODS: dict[str, Mood] = {"READY": "good", "FAILED": "bad"}


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
                day(c.last_modified),
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


def versions_table(versions: Sequence[Function]) -> Table:
    """Published versions, oldest first."""
    rows = []
    for c in (version.configuration for version in versions):
        code = f"{size(c.code_size)} · {c.code_sha256[:8]}"
        rows.append((c.version, c.runtime, f"{c.memory_mb} MB", f"{c.timeout_s} s", code, day(c.last_modified), c.description))
    header = ("version", "runtime", "memory", "timeout", "code", "published", "description")
    return Table(header, rows, "no versions yet: fn.publish() keeps what is deployed now")


def aliases_table(aliases: Sequence[Alias]) -> Table:
    """Aliases with the parts of the invocations that go to each version."""
    rows = []
    for it in aliases:
        parts = {it.version: 1.0 - sum(it.weights.values()), **it.weights}
        split = " · ".join(f"version {version} {part:.0%}" for version, part in parts.items())
        rows.append((it.name, split if it.weights else f"version {it.version}", it.description))
    return Table(("alias", "invocations go to", "description"), rows, 'no aliases yet: fn.alias("live", 1) makes one')


def triggers_table(triggers: Sequence[Attached]) -> Table:
    """What starts a function."""
    rows = [(str(it.trigger), it.state, "cell" if it.is_deployed else it.id, it.note) for it in triggers]
    return Table(("trigger", "state", "from", ""), rows, 'no triggers yet: fn.triggers.add("sqs:jobs") makes one')


def provisioned_card(it: ProvisionedConcurrency) -> Card:
    """How many environments of a version or alias are ready ahead of need."""
    ready = f"{it.allocated} of {it.requested} initialised · {it.available} of them not at work"
    rows = [Row("environments", ready), *([Row("reason", it.reason)] if it.reason else [])]
    note = f"provisioned concurrency: {it.status}"
    return Card(f"λ {it.function}:{it.qualifier}", note, rows, _MOODS.get(it.status, "plain"))


def error_card(error: LambdaError) -> Card:
    """An error as a value: what it says, and AWS's word for it."""
    if isinstance(error, FunctionError):
        about = [Row("error", "\n".join(error._render_traceback_()), "code"), Row("request", error.request_id, "code")]
        return Card(f"✗ {error.function}", error.error_type, about, "bad")
    return Card(
        f"✗ {type(error).__name__}", "", [Row("error", str(error)), Row("AWS", f"{error.code} · {error.status}")], "bad"
    )


def day(at: float) -> str:
    """A time as a day and a minute, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def _table(make: Callable[[Any], Table]) -> Shown:
    return Shown(lambda thing: make(thing).html(), lambda thing: make(thing).text())


def _card(make: Callable[[Any], Card]) -> Shown:
    return Shown(lambda thing: make(thing).html(), lambda thing: make(thing).text())


_SHOWN = {
    ("jlambda.handle", "Function"): _card(function_card),
    ("jlambda.http", "Exchange"): Shown(exchange_html, exchange_text),
    ("jlambda.handle", "Versions"): _table(versions_table),
    ("jlambda.handle", "Aliases"): _table(aliases_table),
    ("jlambda.errors", "LambdaError"): _card(error_card),
    ("jlambda.invocation", "Invocation"): _card(invocation_card),
    ("jlambda.model.invocation", "InvocationRecord"): _card(record_card),
    ("jlambda.service.provisioned", "ProvisionedConcurrency"): _card(provisioned_card),
    ("jlambda.service.function_triggers", "FunctionTriggers"): _table(triggers_table),
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
