"""A card: a title and labelled rows, as HTML and as text.

Everything is escaped, nothing is a script. Knows nothing of functions; colours are `styles`' part.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest
from typing import Literal, NamedTuple

from jlambda.notebook.styles import BAD, BORDER, BRAND, CODE, FONT, GOOD, MUTED, NO_MATH

Kind = Literal["text", "code", "folded"]
Mood = Literal["good", "bad", "plain"]

_COLOURS: dict[Mood, str] = {"good": GOOD, "bad": BAD, "plain": BRAND}
# a front end's own rules for tables (equal columns, stripes, text to the right) are undone one by one
_TABLE = f"border: none; border-collapse: collapse; table-layout: auto; {FONT}"
_CELL = "text-align: left; vertical-align: top; border: none; padding: 1px 10px 1px 0"

#: characters that a cell of a table has in one line, however narrow the page
_SHORT = 24
#: and of two columns of text side by side, each
_NARROW = 48


class Row(NamedTuple):
    """One labelled row; `kind` says how the text is set: as it is, as code, or as code behind a click.

    `picture` is HTML of ours that stands below the text, and says nothing that this does not.
    """

    label: str
    text: str
    kind: Kind = "text"
    picture: str = ""


class Card(NamedTuple):
    """What is shown of one thing. `note` stands beside the title."""

    title: str
    note: str
    rows: Sequence[Row]
    mood: Mood = "plain"

    def html(self) -> str:
        """The card as HTML with its styles inline, for a front end that strips style elements."""
        label = f"{_CELL}; font-weight: normal; white-space: nowrap; color: {MUTED}"
        rows = "".join(
            f'<tr style="background: none"><th scope="row" style="{label}">{escape(row.label)}</th>'
            f'<td style="{_CELL}">{_value(row)}{row.picture}</td></tr>'
            for row in self.rows
        )
        return (
            f'<div class="{NO_MATH}" style="{FONT}; border: 1px solid {BORDER}; border-left: 3px solid {_COLOURS[self.mood]}; '
            f'border-radius: 3px; padding: 6px 10px; margin: 2px 0; max-width: 60em">'
            f'<div><b>{escape(self.title)}</b> <span style="color: {MUTED}">{escape(self.note)}</span></div>'
            f'<table style="{_TABLE}; margin: 2px 0 0 0">{rows}</table></div>'
        )

    def text(self) -> str:
        """The card as lines of plain text."""
        width = max((len(row.label) for row in self.rows), default=0)
        lines = [f"{self.title}  {self.note}"]
        for row in self.rows:
            first, *rest = row.text.rstrip("\n").split("\n")
            lines += [f"  {row.label:<{width}}  {first}", *(f"  {'':<{width}}  {line}" for line in rest)]
        return "\n".join(line.rstrip() for line in lines)


def _value(row: Row) -> str:
    if row.kind == "text" and "\n" in row.text:
        return f'<div style="white-space: pre-line">{escape(row.text)}</div>'
    if row.kind == "text":
        return escape(row.text)
    code = f'<pre style="{CODE}">{escape(row.text)}</pre>'
    if row.kind == "code":
        return code
    lines = row.text.count("\n") + 1
    return f'<details><summary style="cursor: pointer">{lines} {"line" if lines == 1 else "lines"}</summary>{code}</details>'


def size(of_bytes: int) -> str:
    """A number of bytes for people: ``312 B``, ``1.2 KB``, ``3.4 MB``."""
    if of_bytes < 1_000:
        return f"{of_bytes} B"
    return f"{of_bytes / 1_000:.1f} KB" if of_bytes < 1_000_000 else f"{of_bytes / 1_000_000:.1f} MB"


class Table(NamedTuple):
    """Rows of text under a header; `nothing` is said where there are none."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    nothing: str

    def html(self) -> str:
        """The table as HTML."""
        return table_html(self.header, self.rows) if self.rows else f'<i style="{FONT}">{escape(self.nothing)}</i>'

    def text(self) -> str:
        """The same as text."""
        return table_text(self.header, self.rows) if self.rows else self.nothing


def table_html(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A plain table: a header and rows of text, of which only long ones are broken into lines."""
    cell = f"{_CELL}; padding-right: 18px"
    whole = f"{cell}; white-space: nowrap"
    head = "".join(f'<th scope="col" style="{whole}; color: {MUTED}">{escape(text)}</th>' for text in header)
    cells = ("".join(f'<td style="{whole if len(t) <= _SHORT else cell}">{escape(t)}</td>' for t in row) for row in rows)
    body = "".join(f'<tr style="background: none">{row}</tr>' for row in cells)
    return (
        f'<table class="{NO_MATH}" style="{_TABLE}; margin: 8px 0"><thead style="border-bottom: 1px solid {BORDER}">'
        f"<tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def table_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same table in columns of text; a cell may have several lines."""
    table = [[text.split("\n") for text in row] for row in (header, *rows)]
    widths = [max(len(line) for row in table for line in row[i]) for i in range(len(header))]
    lines = (line for row in table for line in zip_longest(*row, fillvalue=""))
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def side_by_side_html(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of labelled rows whose columns share the width; what they hold is code, broken wherever it has to be."""
    cell = f"{_CELL}; padding-right: 18px"
    label = f"{cell}; width: 6em"
    head = "".join(f'<th scope="col" style="{cell if text else label}; color: {MUTED}">{escape(text)}</th>' for text in header)
    body = "".join(
        f'<tr style="background: none"><th scope="row" style="{cell}; font-weight: normal; color: {MUTED}">{escape(label)}</th>'
        + "".join(f'<td style="{cell}"><pre style="{CODE}">{escape(text)}</pre></td>' for text in texts)
        + "</tr>"
        for label, *texts in rows
    )
    return (
        f'<table class="{NO_MATH}" style="{_TABLE}; table-layout: fixed; width: 100%; max-width: 70em; margin: 8px 0">'
        f'<thead style="border-bottom: 1px solid {BORDER}"><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def side_by_side_text(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same in columns of text, none of which is so wide that it puts the next one out of sight."""
    return table_text(header, ([label, *map(_narrow, texts)] for label, *texts in rows))


def _narrow(text: str) -> str:
    return "\n".join(line[i : i + _NARROW] for line in text.split("\n") for i in range(0, max(1, len(line)), _NARROW))
