"""A table of environment variables, or of secrets, to edit: names and values, one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ipywidgets as widgets

#: shown in a secret's field while it keeps its value
_KEPT = "keeps its value"


class VariablesEditor:
    """Rows of name and value. `value` is a dict of them; of secrets that are not given a new one the value is None."""

    def __init__(self, what: str, is_secret: bool) -> None:
        self._what, self._is_secret = what, is_secret
        self._watchers: list[Callable[[object], None]] = []
        self._rows: list[tuple[widgets.Text, widgets.Text]] = []
        self._held: set[str] = set()
        self._table = widgets.VBox()
        add = widgets.Button(description=f"Add {what}", icon="plus", tooltip=f"One more {what}")
        add.on_click(lambda _: self.add())
        self.view = widgets.VBox([widgets.HTML(f"<b>{what.capitalize()}s</b>"), self._table, add])

    @property
    def value(self) -> dict[str, str | None]:
        """Names and values; rows without a name are left out."""
        found: dict[str, str | None] = {}
        for name, value in self._rows:
            key = name.value.strip()
            if key:
                found[key] = None if self._is_secret and not value.value else value.value
        return found

    @value.setter
    def value(self, wanted: Mapping[str, str | None]) -> None:
        self._rows = []
        self._held = set(wanted) if self._is_secret else set()
        for key, value in wanted.items():
            self._rows.append(self._row(key, value or ""))
        self._arrange()

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
        self._rows = [row for row in self._rows if row[0].value.strip() != name]
        self._arrange()
        self._tell(None)

    def _row(self, name: str, value: str) -> tuple[widgets.Text, widgets.Text]:
        kind = widgets.Password if self._is_secret else widgets.Text
        key = widgets.Text(value=name, placeholder="NAME", layout=widgets.Layout(width="14em"))
        held = _KEPT if name in self._held else "value"
        text = kind(value=value, placeholder=held, layout=widgets.Layout(flex="1 1 auto", width="auto"))
        key.observe(self._tell, "value")
        text.observe(self._tell, "value")
        return key, text

    def _arrange(self) -> None:
        self._table.children = [self._line(row) for row in self._rows]

    def _line(self, row: tuple[widgets.Text, widgets.Text]) -> widgets.HBox:
        remove = widgets.Button(icon="trash", tooltip=f"Remove this {self._what}", layout=widgets.Layout(width="3em"))

        def take_away(_: object) -> None:
            self._rows.remove(row)
            self._arrange()
            self._tell(None)

        remove.on_click(take_away)
        return widgets.HBox([*row, remove])

    def _tell(self, change: Any) -> None:
        for watcher in self._watchers:
            watcher(change)
