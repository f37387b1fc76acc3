"""What a notebook shows of an HTTP request: request, event, result and response side by side, and the record below."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from jlambda.notebook.cards import table_text
from jlambda.notebook.styles import NO_MATH

if TYPE_CHECKING:
    from jlambda.http import Exchange

_CHARS = 4_000
_COLUMN = (
    "flex: {share} 1 12em; min-width: 11em; box-sizing: border-box; padding: 6px 10px; "
    "border: 1px solid var(--jp-border-color2, rgba(128, 128, 128, 0.4)); border-radius: 3px"
)
_CODE = (
    "font-family: var(--jp-code-font-family, monospace); font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; "
    "word-break: normal; "
    "margin: 4px 0 0 0; color: inherit; background: none"
)


class _Column(NamedTuple):
    title: str
    text: str
    share: float = 1.0


def exchange_html(exchange: Exchange) -> str:
    """Four columns, beneath each other where the page is narrow."""
    columns = "".join(
        f'<div style="{_COLUMN.format(share=each.share)}">'
        f"<b>{escape(each.title)}</b><pre style='{_CODE}'>{escape(each.text)}</pre></div>"
        for each in _columns(exchange)
    )
    return (
        f'<div class="{NO_MATH}" style="font-size: var(--jp-ui-font-size1, 13px); color: var(--jp-ui-font-color1, inherit)">'
        f'<div style="display: flex; flex-wrap: wrap; gap: 6px; margin: 2px 0">{columns}</div>'
        f"<div>{escape(_record(exchange))}</div></div>"
    )


def exchange_text(exchange: Exchange) -> str:
    """The same beneath each other."""
    rows = [(each.title, each.text) for each in _columns(exchange)]
    return table_text(("", ""), [*rows, ("record", _record(exchange))]).lstrip("\n")


def _columns(exchange: Exchange) -> list[_Column]:
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = [f"{exchange.method} {target} HTTP/1.1", f"host: {parts.netloc}"]
    head += [f"{name}: {value}" for name, value in exchange.request_headers.items()]
    request = _message(head, exchange.request_body)
    response = _message([f"HTTP/1.1 {exchange.status}", *(f"{n}: {v}" for n, v in exchange.header_pairs)], exchange.body)
    if exchange.invocation is None:
        return [_Column("request", request), _Column("event", "no function was reached"), _Column("response", response)]
    invocation = exchange.invocation
    result = _json(invocation.result) if invocation.error is None else str(invocation.error)
    middle = [_Column("event", _json(exchange.event), 1.6), _Column("result of the function", result)]
    return [_Column("request", request), *middle, _Column("response", response)]


def _record(exchange: Exchange) -> str:
    took = f"{exchange.seconds * 1000:.1f} ms for the client"
    if exchange.invocation is None:
        return took
    record = exchange.invocation.record
    start = ", cold start" if record.cold_start else ""
    return (
        f"{record.function} {record.version}, {record.status}: {record.duration_ms:.2f} ms, {record.billed_ms} ms billed{start}"
        f", {record.max_memory_mb} MB, trigger {record.trigger}, request id {record.request_id}; {took}"
    )


def _message(head: list[str], body: bytes) -> str:
    if not body:
        return "\n".join(head)
    try:
        text = _cut(body.decode())
    except UnicodeDecodeError:
        text = f"({len(body)} bytes that are no text)"
    return "\n".join([*head, "", text])


def _json(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=repr))


def _cut(text: str) -> str:
    return text if len(text) <= _CHARS else f"{text[:_CHARS]}\n… {len(text) - _CHARS} characters more"
