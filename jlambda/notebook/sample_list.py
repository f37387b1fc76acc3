"""What a notebook shows of sample events: a table. Builds none."""

from __future__ import annotations

from jlambda.model.samples.catalog import Sample
from jlambda.notebook.cards import table_html, table_text


class SampleList(list[Sample]):
    """Sample events, shown as a table with what can be given to each."""

    _HEADER = ("sample event", "what has happened", "parameters")

    def _rows(self) -> list[tuple[str, ...]]:
        return [(each.name, each.summary, ", ".join(each.parameters)) for each in self]

    def _repr_html_(self) -> str:
        return table_html(self._HEADER, self._rows())

    def __repr__(self) -> str:
        return table_text(self._HEADER, self._rows())
