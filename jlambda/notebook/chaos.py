"""What `%lambda chaos` shows: what was done to the events of a function, and a table of those that ran more than once. Pure."""

from __future__ import annotations

from jlambda.notebook.cards import Card, Row, table_html, table_text
from jlambda.telemetry.chaos import ChaosEvent, ChaosReport

_HEADER = ("event", "number", "what happened", "runs")
#: rows of the table
_SHOWN = 50


def chaos_html(report: ChaosReport) -> str:
    """A report as a card and a table."""
    card = chaos_card(report).html()
    return card + table_html(_HEADER, _rows(report)) if report.twice else card


def chaos_text(report: ChaosReport) -> str:
    """The same as text."""
    card = chaos_card(report).text()
    return f"{card}\n\n{table_text(_HEADER, _rows(report))}" if report.twice else card


def chaos_card(report: ChaosReport) -> Card:
    """The figures of a report."""
    chaos, events = report.chaos, report.events
    twice, more = report.twice, len(report.twice) - _SHOWN
    rows = [
        Row("asked for", f"{chaos.duplicates:.0%} delivered twice · {chaos.kills:.0%} killed · seed {chaos.seed}"),
        Row("delivered", f"{len(events)} event{'' if len(events) == 1 else 's'}"),
        Row("of these", f"{sum(e.delivered_twice for e in events)} twice · {sum(e.killed for e in events)} killed"),
        Row("ran more than once", f"{len(twice)}{f' · the first {_SHOWN} are shown' if more > 0 else ''}"),
    ]
    return Card(f"λ chaos {report.function}", "on" if report.is_on else "off", rows, "bad" if report.is_on else "plain")


def _rows(report: ChaosReport) -> list[tuple[str, ...]]:
    return [(event.event, str(event.number), _what_happened(event), str(event.runs)) for event in report.twice[:_SHOWN]]


def _what_happened(event: ChaosEvent) -> str:
    told = [
        *(["killed, retried"] if event.killed else []),
        *(["delivered twice"] if event.delivered_twice else []),
    ]
    return " · ".join(told) or "failed, retried"
