"""What all widgets of functions need: how they are shown where there are no widgets, and how they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets

from jlambda.handle import Function
from jlambda.notebook.display import function_card


def with_card(view: widgets.Widget, function: Function, options: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a notebook shows of a widget, and of the function where it has no widgets."""
    bundle = view._repr_mimebundle_(**options)
    data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
    card = function_card(function)
    return {**data, "text/plain": card.text(), "text/html": card.html()}


def close(widget: widgets.Widget) -> None:
    """Close a widget with all that is in it: ipywidgets keeps every one that is open, and what it calls."""
    for child in getattr(widget, "children", ()):
        close(child)
    widget.close()
