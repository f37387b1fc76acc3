"""A table of environment variables, or of secrets, to edit: names and values, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import ipywidgets as widgets

from jlambda.notebook.views import close

#: shown in a secret's field while it keeps its value
_KEPT = "keeps its value"


class _Row(NamedTuple):
    """One variable: its line on the page, and the two fields in it."""

    line: widgets.HBox
    name: widgets.Text
    value: widgets.Text


class VariablesEditor:
    """Rows of name and value. `value` is a dict of them; of secrets that are not given a new one the value is None."""

    def __init__(self, what: str, is_secret: bool) -> None:
        self._what, self._is_secret = what, is_secret
        self._watchers: list[Callable[[object], None]] = []
        self._rows: list[_Row] = []
        self._held: set[str] = set()
        self._table = widgets.VBox()
        add = widgets.Button(description=f"Add {what}", icon="plus", tooltip=f"One more {what}")
        add.on_click(lambda _: self.add())
        self.view = widgets.VBox([widgets.HTML(f"<b>{what.capitalize()}s</b>"), self._table, add])

    @property
    def value(self) -> dict[str, str | None]:
        """Names and values; rows without a name are left out."""
        found: dict[str, str | None] = {}
        for row in self._rows:
            key = row.name.value.strip()
            if key:
                found[key] = None if self._is_secret and not row.value.value else row.value.value
        return found

    @value.setter
    def value(self, wanted: Mapping[str, str | None]) -> None:
        held = set(wanted) if self._is_secret else set()
        if self.value == wanted and len(self._rows) == len(wanted) and self._held == held:
            return
        gone, self._held = self._rows, held
        self._rows = [self._row(key, value or "") for key, value in wanted.items()]
        self._arrange(gone)

    def observe(self, changed: Callable[[object], None], _: str = "value") -> None:
        """Have `changed` called with every edit."""
        self._watchers.append(changed)

    def add(self, name: str = "", value: str = "") -> None:
        """One more row."""
        self._rows.append(self._row(name, value))
        self._arrange()
        self._tell(None)

    def remove(self, name: str) -> None:
        """Take the row of `name` away."""
        self._take_away([row for row in self._rows if row.name.value.strip() == name])

    def _row(self, name: str, value: str) -> _Row:
        kind = widgets.Password if self._is_secret else widgets.Text
        key = widgets.Text(value=name, placeholder="NAME", layout=widgets.Layout(width="14em"))
        held = _KEPT if name in self._held else "value"
        text = kind(value=value, placeholder=held, layout=widgets.Layout(flex="1 1 auto", width="auto"))
        key.observe(self._tell, "value")
        text.observe(self._tell, "value")
        remove = widgets.Button(icon="trash", tooltip=f"Remove this {self._what}", layout=widgets.Layout(width="3em"))
        row = _Row(widgets.HBox([key, text, remove]), key, text)
        remove.on_click(lambda _: self._take_away([row]))
        return row

    def _take_away(self, gone: Sequence[_Row]) -> None:
        self._rows = [row for row in self._rows if row not in gone]
        self._arrange(gone)
        self._tell(None)

    def _arrange(self, gone: Sequence[_Row] = ()) -> None:
        self._table.children = [row.line for row in self._rows]
        for row in gone:
            close(row.line)

    def _tell(self, change: Any) -> None:
        for watcher in self._watchers:
            watcher(change)
