"""What tuning found, as a table and a picture."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

from jlambda.notebook.cards import table_html, table_text

if TYPE_CHECKING:
    from jlambda.telemetry.tuning import Tuning


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
