"""An address that a notebook shows as a link, and that is text everywhere else."""

from __future__ import annotations

from html import escape

from jlambda.notebook.display import Printer


class Link(str):
    """An address."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return f'<a href="{escape(self)}" target="_blank" rel="noreferrer">{escape(self)}</a>'

    def _repr_pretty_(self, printer: Printer, _cycle: bool) -> None:
        printer.text(str(self))
