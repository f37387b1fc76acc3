"""What a notebook shows of triggers: a table. Asks nobody; it shows what it is handed."""

from __future__ import annotations

from jlambda.notebook.cards import table_html, table_text
from jlambda.notebook.display import Printer
from jlambda.service.triggers import Attached


class TriggerList(list[Attached]):
    """Triggers, shown as a table."""

    _HEADER = ("function", "trigger", "state", "from", "")
    _NONE = "no triggers: %lambda trigger add NAME sqs:QUEUE, or --trigger sqs:QUEUE in the first line of the cell"

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (each.reference, str(each.trigger), each.state, "cell" if each.is_deployed else each.id, each.note) for each in self
        ]

    def _repr_html_(self) -> str:
        return table_html(self._HEADER, self._rows()) if self else f"<i>{self._NONE}</i>"

    def __repr__(self) -> str:
        return table_text(self._HEADER, self._rows()) if self else self._NONE

    def _repr_pretty_(self, printer: Printer, _cycle: bool) -> None:
        printer.text(repr(self))
