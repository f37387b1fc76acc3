"""What a notebook shows of an HTTP request: request, event, result and response side by side, and the record above.

In the event stands out what the request brought; all else is what API Gateway, or whoever stood before the function, added.
"""

from __future__ import annotations

import json
import re
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from jlambda.notebook.cards import table_text
from jlambda.notebook.styles import BAD, BORDER, BRAND, CODE, FONT, GOOD, MUTED, NO_MATH, WARN

if TYPE_CHECKING:
    from jlambda.http import Exchange

_CHARS = 4_000
_COLUMN = (
    f"flex: {{share}} 1 12em; min-width: 11em; box-sizing: border-box; padding: 6px 10px; border: 1px solid {BORDER}; "
    f"border-top: 3px solid {{colour}}; border-radius: 3px"
)
_TEXT = f"{CODE}; font-size: var(--jp-code-font-size, 13px); margin: 4px 0 0 0"
#: members of an event, of any format, that say what was asked; of headers those that the client sent
_ASKED = frozenset(
    {
        *("rawPath", "rawQueryString", "path", "httpMethod", "cookies", "body", "routeKey", "resource", "pathParameters"),
        *("queryStringParameters", "multiValueQueryStringParameters"),
    }
)
_HEADERS = frozenset({"headers", "multiValueHeaders"})
#: what the path of a front begins with, where its name cannot be resolved
_FORM = re.compile(r"^/_[a-z-]+/[^/?]+")
#: why somebody other than the function answered
_REASON = "x-jlambda-reason"


class _Line(NamedTuple):
    """A line of a column: a `plain` one is there, and does not stand out."""

    text: str
    is_plain: bool = False
    colour: str = ""


class _Column(NamedTuple):
    title: str
    caption: str
    lines: list[_Line]
    share: float = 1.0

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


def exchange_html(exchange: Exchange) -> str:
    """Four columns, beneath each other where the page is narrow."""
    colour = _colour(exchange)
    columns = _columns(exchange)
    shown = "".join(_column(each, colour if each is columns[-1] else BRAND) for each in columns)
    status = f'<b style="color: {colour}; white-space: nowrap">{escape(_status(exchange))}</b>'
    return (
        f'<div class="{NO_MATH}" style="{FONT}">'
        f"<div><b>{escape(f'{exchange.method} {_within(exchange)}')}</b> → {status} "
        f'<span style="color: {MUTED}">{escape(_record(exchange))}</span></div>'
        f'<div style="display: flex; flex-wrap: wrap; gap: 6px; margin: 4px 0 2px 0">{shown}</div></div>'
    )


def _column(column: _Column, colour: str) -> str:
    lines = "\n".join(_line(each) for each in column.lines)
    return (
        f'<div style="{_COLUMN.format(share=column.share, colour=colour)}"><b>{escape(column.title)}</b>'
        f'<div style="color: {MUTED}">{escape(column.caption)}</div><pre style="{_TEXT}">{lines}</pre></div>'
    )


def _line(line: _Line) -> str:
    colour = MUTED if line.is_plain else line.colour
    return f'<span style="color: {colour}">{escape(line.text)}</span>' if colour else escape(line.text)


def exchange_text(exchange: Exchange) -> str:
    """The same beneath each other."""
    rows = [(each.title, each.text) for each in _columns(exchange)]
    return table_text(("", ""), [*rows, ("record", _record(exchange))]).lstrip("\n")


def _columns(exchange: Exchange) -> list[_Column]:
    head = [f"{exchange.method} {_target(exchange)} HTTP/1.1", f"host: {urlsplit(exchange.url).netloc}"]
    head += [f"{name}: {value}" for name, value in exchange.request_headers.items()]
    request = _Column("request", "what the client sends", [_Line(each) for each in _message(head, exchange.request_body)])
    first = _Line(f"HTTP/1.1 {_status(exchange)}", colour=_colour(exchange))
    answered = _message([f"{name}: {value}" for name, value in exchange.header_pairs], exchange.body)
    lines = [_Line(each, colour=WARN if each.startswith(f"{_REASON}:") else "") for each in answered]
    response = _Column("response", "what the client gets", [first, *lines])
    if exchange.invocation is None:
        return [request, _Column("event", "none is made", [_Line("no function was reached")]), response]
    invocation = exchange.invocation
    if invocation.error is None and isinstance(invocation.result, bytes):  # which is no JSON
        result = [_Line("streamed, as the response says")]
    elif invocation.error is None:
        result = [_Line(each) for each in _json(invocation.result).split("\n")]
    else:
        result = [_Line(each, colour=BAD) for each in str(invocation.error).split("\n")]
    event = _Column("event", f"what {_maker(exchange.event)} makes of it", _event_lines(exchange), 1.6)
    return [request, event, _Column("result", "what the function returns", result), response]


def _event_lines(exchange: Exchange) -> list[_Line]:
    """The event as JSON, member by member."""
    event, sent = exchange.event, {"host", "content-length", *exchange.request_headers}
    text = _json(event)
    if not isinstance(event, dict) or len(text) >= _CHARS:
        return [_Line(each) for each in text.split("\n")]
    lines: list[_Line] = []
    member = ""
    for each in text.split("\n"):
        name = _name(each)
        if each.startswith('  "'):
            member = name
        is_sent = member in _HEADERS and name.lower() in sent
        lines.append(_Line(each, is_plain=not (member in _ASKED or is_sent)))
    return lines


def _name(line: str) -> str:
    """The member whose line of indented JSON this is."""
    return line.strip().partition('":')[0].removeprefix('"')


def _maker(event: Any) -> str:
    """Who made an event of a request."""
    context = event.get("requestContext", {}) if isinstance(event, dict) else {}
    if "elb" in context:
        return "the load balancer"
    return "the function URL" if ".lambda-url." in context.get("domainName", "") else "API Gateway"


def _target(exchange: Exchange) -> str:
    parts = urlsplit(exchange.url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _within(exchange: Exchange) -> str:
    """The target without what a path form begins with."""
    return _FORM.sub("", _target(exchange), count=1) or "/"


def _status(exchange: Exchange) -> str:
    try:
        return f"{exchange.status} {HTTPStatus(exchange.status).phrase}"
    except ValueError:
        return str(exchange.status)


def _colour(exchange: Exchange) -> str:
    return GOOD if exchange.status < 300 else BRAND if exchange.status < 400 else BAD


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


def _message(head: list[str], body: bytes) -> list[str]:
    if not body:
        return head
    try:
        text = _cut(body.decode())
    except UnicodeDecodeError:
        text = f"({len(body)} bytes that are no text)"
    return [*head, "", *text.split("\n")]


def _json(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=repr))


def _cut(text: str) -> str:
    return text if len(text) <= _CHARS else f"{text[:_CHARS]}\n… {len(text) - _CHARS} characters more"
