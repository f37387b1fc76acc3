"""What the panel shows of one function, and of one invocation, as JSON documents."""

from __future__ import annotations

import json
from collections.abc import Callable

from jlambda.errors import InvalidParameter
from jlambda.invocation import Invocation
from jlambda.model.samples.catalog import SAMPLES, sample_event
from jlambda.notebook.panel.messages import Document
from jlambda.session import Session

#: how many of a function's invocations its page lists
LISTED = 200
#: what is longer is shown up to here
_SHOWN_CHARS, _SHOWN_LINES = 50_000, 2_000


def function_page(session: Session, name: str) -> Document:
    """A function's settings and latest invocations. Raises `ResourceNotFound`."""
    function = session.get(name)
    c = function.configuration
    return {
        "name": c.name,
        "arn": function.arn,
        "url": function.url,
        "runtime": c.runtime,
        "handler": c.handler,
        "architecture": c.architecture,
        "memory_mb": c.memory_mb,
        "timeout_s": c.timeout_s,
        "ephemeral_storage_mb": c.ephemeral_storage_mb,
        "description": c.description,
        "origin": c.origin,
        "code_size": c.code_size,
        "last_modified": c.last_modified,
        "environment": dict(c.environment),
        "secrets": list(c.secrets),
        "layers": list(c.layers),
        "versions": [each.qualifier for each in function.versions()],
        "aliases": {each.name: each.version for each in function.aliases()},
        "invocations": _invocations(session, c.name),
    }


def triggers(session: Session, name: str) -> list[Document]:
    """What starts a function; services are asked for it, which may take a while. Raises `ResourceNotFound`."""
    function = session.get(name)
    return [
        {"id": each.id, "reference": each.reference, "trigger": str(each.trigger), "state": each.state, "note": each.note}
        for each in session.triggers.list(function.name)
    ]


def _invocations(session: Session, name: str) -> list[Document]:
    """The newest first."""
    return [
        {
            "request_id": it.request_id,
            "attempt": it.attempt,
            "version": it.version,
            "status": it.status,
            "error_type": it.error_type,
            "trigger": it.trigger,
            "started_at": it.started_at,
            "duration_ms": it.duration_ms,
            "cold_start": it.cold_start,
        }
        for it in reversed(session.latest(name, LISTED))
    ]


def invocation_page(session: Session, request_id: str) -> Document:
    """One invocation: what went in, what came out, what was logged, and what it took. Raises `ResourceNotFound`."""
    found = session.invocation(request_id)
    record, error = found.record, found.error
    return {
        "request_id": record.request_id,
        "function": record.function,
        "version": record.version,
        "status": record.status,
        "trigger": record.trigger,
        "attempt": record.attempt,
        "started_at": record.started_at,
        "init_ms": record.init_ms,
        "restore_ms": record.restore_ms,
        "duration_ms": record.duration_ms,
        "billed_ms": record.billed_ms,
        "memory_mb": record.memory_mb,
        "max_memory_mb": record.max_memory_mb,
        "environment_id": record.environment_id,
        "cold_start": record.cold_start,
        "cost_usd": found.cost.total_usd,
        "event": _event(found),
        "result": None if error or not found.is_whole else shown(found.result),
        "error": None if error is None else shown_text("\n".join(error._render_traceback_())),
        "logs": [
            {"at_ms": event.timestamp_ms, "level": event.level, "message": event.message}
            for event in found.logs[-_SHOWN_LINES:]
        ],
    }


def _event(found: Invocation) -> str | None:
    try:
        return shown(found.event)
    except InvalidParameter:  # it was not kept
        return None


def choices(session: Session, name: str) -> Document:
    """The events that a function can be invoked with: its saved ones, and the names of samples."""
    saved = session.test_events.list(session.get(name).name)
    return {"saved": [{"name": each.name, "text": each.text} for each in saved], "samples": list(SAMPLES)}


def sample(session: Session, name: str) -> str:
    """A sample event, as text that can be edited. Raises `InvalidParameter`."""
    return json.dumps(sample_event(name, {}, session.account), indent=2, ensure_ascii=False)


def shown(value: object) -> str:
    """A value as JSON for people; as Python writes it where it is none."""
    return shown_text(_written(value, lambda it: json.dumps(it, indent=2, ensure_ascii=False)))


def shown_text(text: str) -> str:
    """A text, cut where it would only slow the page down."""
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}\n… {len(text) - _SHOWN_CHARS} characters more"


def _written(value: object, write: Callable[[object], str]) -> str:
    try:
        return write(value)
    except (TypeError, ValueError):
        return repr(value)
