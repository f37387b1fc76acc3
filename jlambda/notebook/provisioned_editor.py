"""A row for each version or alias of a function that has provisioned concurrency, to edit, and one to give it to another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import ipywidgets as widgets

from jlambda.handle import Function
from jlambda.model.limits import CONCURRENT_EXECUTIONS
from jlambda.notebook.views import MUTED, close

_LABELLED = {"description_width": "10em"}


class ProvisionedEditor:
    """`value` maps versions and aliases to how many environments each is to have ready."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._watchers: list[Callable[[object], None]] = []
        self._value: dict[str, int] = {}
        self._rows: dict[str, widgets.HBox] = {}
        self.numbers: dict[str, widgets.BoundedIntText] = {}
        self.choice = widgets.Dropdown(description="provisioned", style=_LABELLED, layout=widgets.Layout(width="22em"))
        self.add_button = widgets.Button(
            description="Provision",
            icon="plus",
            tooltip="Have environments of it initialised ahead of need",
            layout=widgets.Layout(width="9em"),
        )
        self.add_button.on_click(lambda _: self.add(str(self.choice.value)))
        self._none = widgets.HTML(layout=widgets.Layout(margin="0 0 0 10.8em"))
        self._none.value = (
            f'<span style="color: {MUTED}">provisioned concurrency is for versions: {function.name} has none yet</span>'
        )
        self._table = widgets.VBox()
        self._offers = widgets.HBox([self.choice, self.add_button])
        self.view = widgets.VBox([self._table, self._offers, self._none])
        self.offer()

    @property
    def value(self) -> dict[str, int]:
        """Versions and aliases, and how many environments of each."""
        return dict(self._value)

    @value.setter
    def value(self, wanted: Mapping[str, int]) -> None:
        self._value = dict(wanted)
        for qualifier in self._rows.keys() - wanted.keys():
            close(self._rows.pop(qualifier))
            del self.numbers[qualifier]
        for qualifier, concurrency in wanted.items():
            if qualifier not in self._rows:
                self._rows[qualifier] = self._row(qualifier, concurrency)
            self.numbers[qualifier].value = concurrency
        self._table.children = [self._rows[qualifier] for qualifier in self._value]
        self.offer()

    def observe(self, changed: Callable[[object], None], _: str = "value") -> None:
        """Have `changed` called with every edit."""
        self._watchers.append(changed)

    def offer(self) -> None:
        """Offer the versions and aliases that there are now and that have no row."""
        aliases = {each.name: f"{each.name} (version {each.version})" for each in self._function.aliases()}
        versions = {str(each.qualifier): f"version {each.qualifier}" for each in self._function.versions()}
        left = [(label, it) for it, label in {**aliases, **dict(reversed(versions.items()))}.items() if it not in self._value]
        if list(self.choice.options) != left:
            chosen = self.choice.value
            self.choice.options = left
            if left:
                self.choice.value = chosen if chosen in [it for _, it in left] else left[0][1]
        self._offers.layout.display = "" if left else "none"
        self._none.layout.display = "none" if aliases or versions else ""

    def add(self, qualifier: str, concurrency: int = 1) -> None:
        """Give it to one more version or alias."""
        self._changed({**self._value, qualifier: concurrency})

    def remove(self, qualifier: str) -> None:
        """Take it from a version or alias."""
        self._changed({each: concurrency for each, concurrency in self._value.items() if each != qualifier})

    def _changed(self, value: dict[str, int]) -> None:
        self.value = value
        for watcher in self._watchers:
            watcher(None)

    def _row(self, qualifier: str, concurrency: int) -> widgets.HBox:
        number = widgets.BoundedIntText(
            value=concurrency, min=1, max=CONCURRENT_EXECUTIONS, description=qualifier, style=_LABELLED
        )
        number.observe(lambda change: self._counted(qualifier, change["new"]), "value")
        remove = widgets.Button(icon="trash", tooltip=f"Take it from {qualifier}", layout=widgets.Layout(width="3em"))
        remove.on_click(lambda _: self.remove(qualifier))
        self.numbers[qualifier] = number
        told = widgets.HTML(f'<span style="color: {MUTED}">environments are kept ready</span>')
        return widgets.HBox([number, remove, told])

    def _counted(self, qualifier: str, concurrency: int) -> None:
        if self._value.get(qualifier) != concurrency:
            self._changed({**self._value, qualifier: concurrency})
