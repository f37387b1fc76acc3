"""The triggers of a function, to look at, switch, change, take away and add. Nothing is attached here: Apply does that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import NamedTuple

import ipywidgets as widgets

from jlambda.model.trigger import parse_trigger
from jlambda.notebook.trigger_form import TriggerForm, next_times
from jlambda.notebook.views import MUTED, close
from jlambda.service.triggers import Attached
from jlambda.session import Session


class _Row(NamedTuple):
    """What a trigger is shown with. It is kept, and not closed before the editor is: a page may be showing it still."""

    view: widgets.HBox
    switch: widgets.Checkbox
    shown: widgets.HTML


class TriggerEditor:
    """A row for each trigger, and a form to add one. `value` maps specifications to whether they are on."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._watchers: list[Callable[[object], None]] = []
        self._value: dict[str, bool] = {}
        self._attached: dict[str, Attached] = {}
        self._others: list[Attached] = []
        self._made: dict[str, _Row] = {}
        #: what has nothing to edit: a line each
        self._fixed: list[widgets.HTML] = []
        self._nothing = widgets.HTML(_muted("nothing starts this function yet: add a trigger"))
        self._is_arranging = False
        self.rows = widgets.VBox()
        self.form = TriggerForm(session, self.add)
        line = "border-top: 1px solid var(--jp-border-color2, rgba(128, 128, 128, 0.4)); margin: 6px 0"
        self.view = widgets.VBox([self.rows, widgets.HTML(f'<div style="{line}"></div>'), self.form.view])

    @property
    def value(self) -> dict[str, bool]:
        """What the function is to be started by."""
        return dict(self._value)

    @value.setter
    def value(self, wanted: Mapping[str, bool]) -> None:
        self._value = dict(wanted)
        self._arrange()

    def observe(self, changed: Callable[[object], None], _: str = "value") -> None:
        """Have `changed` called with every edit."""
        self._watchers.append(changed)

    def attached(self, found: Sequence[Attached]) -> None:
        """Say what there is: states and notes are shown, and triggers of versions and aliases, which are not edited here."""
        self._attached = {str(each.trigger): each for each in found if each.qualifier is None}
        self._others = [each for each in found if each.qualifier is not None]
        self._arrange()

    def add(self, text: str) -> None:
        """One more, or other options for one that there is."""
        key = parse_trigger(text).key
        self._value = {each: is_on for each, is_on in self._value.items() if parse_trigger(each).key != key}
        self._changed({**self._value, text: True})

    def switch(self, text: str, is_on: bool) -> None:
        """Have it enabled or disabled."""
        self._changed({**self._value, text: is_on})

    def remove(self, text: str) -> None:
        """Have it taken away."""
        self._changed({each: is_on for each, is_on in self._value.items() if each != text})

    def _changed(self, value: dict[str, bool]) -> None:
        self.value = value
        for watcher in self._watchers:
            watcher(None)

    def _arrange(self) -> None:
        rows, fixed = list[widgets.Widget](), self._fixed
        self._fixed = []
        for text, is_on in self._value.items():
            row = self._made.get(text) or self._made.setdefault(text, self._row(text))
            self._is_arranging = True
            row.switch.value, row.shown.value = is_on, _line(text, self._note(text, is_on))
            self._is_arranging = False
            rows.append(row.view)
        for each in self._others:
            self._fixed.append(widgets.HTML(f"{_code(str(each.trigger))} {_muted(f'starts {each.reference}')}"))
        self.rows.children = [*rows, *self._fixed] or [self._nothing]
        for each_gone in fixed:
            close(each_gone)

    def close(self) -> None:
        """Close all rows that were shown, and the form."""
        for row in self._made.values():
            close(row.view)
        close(self._nothing)
        self.form.close()
        close(self.view)

    def _row(self, text: str) -> _Row:
        small = widgets.Layout(width="2.8em", flex="0 0 auto")
        switch = widgets.Checkbox(indent=False, layout=widgets.Layout(width="1.8em", flex="0 0 auto"))
        switch.tooltip = "on or off"
        switch.observe(lambda change: None if self._is_arranging else self.switch(text, change["new"]), "value")
        shown = widgets.HTML(layout=widgets.Layout(flex="1 1 auto"))
        edit = widgets.Button(icon="pencil", tooltip=f"Change {text}", layout=small)
        edit.on_click(lambda _: self.form.edit(text))
        remove = widgets.Button(icon="trash", tooltip=f"Remove {text}", layout=small)
        remove.on_click(lambda _: self.remove(text))
        view = widgets.HBox([switch, shown, edit, remove], layout=widgets.Layout(align_items="center"))
        return _Row(view, switch, shown)

    def _note(self, text: str, is_on: bool) -> str:
        found = self._attached.get(text)
        state = "new" if found is None else found.state if is_on == found.is_enabled else "to be switched"
        times = next_times(parse_trigger(text), self._session.clock.now()) if is_on else ""
        return " · ".join(filter(None, (state, found.note if found else "", times)))


def _line(text: str, note: str) -> str:
    return f'<div style="line-height: 1.4; padding: 4px 0">{_code(text)} {_muted(note)}</div>'


def _code(text: str) -> str:
    style = "font-family: var(--jp-code-font-family, monospace); color: var(--jp-ui-font-color1, inherit); background: none"
    return f'<code style="{style}">{escape(text)}</code>'


def _muted(text: str) -> str:
    return f'<span style="color: {MUTED}">{escape(text)}</span>'
