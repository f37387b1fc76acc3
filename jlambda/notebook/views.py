"""What all widgets of functions need: how they are shown where there are no widgets, and how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets as widgets

from jlambda.handle import Function
from jlambda.notebook.cards import Row
from jlambda.notebook.display import function_card

#: colours of a theme of JupyterLab's, and where there is none
MUTED = "var(--jp-ui-font-color2, #767676)"
GOOD, BAD = "var(--jp-success-color1, #2e7d32)", "var(--jp-error-color1, #c62828)"


def said(html: str, colour: str = MUTED) -> str:
    """A line that tells how something stands, for screen readers too; `html` is escaped."""
    return f'<span role="status" style="color: {colour}; display: inline-block; line-height: 1.4; padding: 4px 0">{html}</span>'


def code(title: str, text: str) -> str:
    """Code under a title, as HTML; a click selects all of it, to copy."""
    look = (
        "font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px); line-height: 1.35; "
        "color: var(--jp-ui-font-color1, inherit); background: var(--jp-layout-color2, rgba(128, 128, 128, 0.1)); "
        "padding: 6px 10px; margin: 0 0 8px 0; max-height: 24em; overflow: auto; white-space: pre-wrap; user-select: all"
    )
    return f'<div style="color: {MUTED}; line-height: 1.8">{escape(title)}</div><pre style="{look}">{escape(text)}</pre>'


def heading(text: str) -> widgets.HTML:
    """The title of a widget, or of a part of it."""
    return widgets.HTML(f'<b style="color: var(--jp-ui-font-color1, inherit)">{escape(text)}</b>')


def with_card(
    view: widgets.Widget, function: Function, options: Mapping[str, Any], more: Sequence[Row] = ()
) -> Mapping[str, Any]:
    """What a notebook shows of a widget; and where it has no widgets, the function's card with `more` rows."""
    bundle = view._repr_mimebundle_(**options)
    data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    card = function_card(function)
    card = card._replace(rows=[*card.rows, *more])
    return {**data, "text/plain": card.text(), "text/html": card.html()}


def close(widget: widgets.Widget) -> None:
    """Close a widget with all that is in it: ipywidgets keeps every one that is open, and what it calls."""
    for child in getattr(widget, "children", ()):
        close(child)
    widget.close()
    style = getattr(widget, "style", None)
    if isinstance(style, widgets.Widget):  # each has its own; layouts are shared
        style.close()
