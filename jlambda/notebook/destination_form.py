"""Where results of asynchronous events go: a kind of place and a name, chosen from what there is or new; and its ARN."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import ipywidgets as widgets

from jlambda.session import Session

_NOTHING, _OTHER = "nowhere", "another ARN"


class Place(NamedTuple):
    """A place by kind (queue, topic, event bus, bucket, function) and name."""

    kind: str
    name: str


def place_of(session: Session, arn: str) -> Place | None:
    """The place of this account that an ARN names, None for any other."""
    for kind in ("queue", "topic", "event bus", "bucket"):
        start = session.inventory.arn(kind, "")
        if arn.startswith(start):
            return Place(kind, arn.removeprefix(start))
    start = session.account.function_arn("")
    return Place("function", arn.removeprefix(start)) if arn.startswith(start) else None


class DestinationForm:
    """One destination. `value` is its ARN, empty for none."""

    def __init__(self, session: Session, function: str, label: str, kinds: tuple[str, ...]) -> None:
        self._session, self._function, self._label = session, function, label
        self._watchers: list[Callable[[object], None]] = []
        self._is_loading = False
        self.kind = widgets.Dropdown(
            options=[_NOTHING, *kinds, _OTHER],
            description=label,
            style={"description_width": "10em"},
            layout=widgets.Layout(width="20em"),
        )
        self.name = widgets.Combobox(ensure_option=False, layout=widgets.Layout(flex="1 1 auto", width="auto"))
        self.kind.observe(lambda _: self._chosen(), "value")
        self.name.observe(lambda _: self._changed(), "value")
        self.view = widgets.HBox([self.kind, self.name])
        self._offer()

    @property
    def value(self) -> str:
        """The ARN that the form says."""
        kind, name = str(self.kind.value), str(self.name.value).strip()
        if kind == _NOTHING or not name:
            return ""
        if kind == _OTHER:
            return name
        return self._session.account.function_arn(name) if kind == "function" else self._session.inventory.arn(kind, name)

    @value.setter
    def value(self, arn: str) -> None:
        place = place_of(self._session, arn) if arn else Place(_NOTHING, "")
        self._is_loading = True
        known = place is not None and place.kind in self.kind.options
        self.kind.value = place.kind if known and place else _OTHER
        self._offer()
        self.name.value = place.name if known and place else arn
        self._is_loading = False

    @property
    def problem(self) -> str | None:
        """What is missing, None if nothing is."""
        if self.kind.value != _NOTHING and not self.name.value.strip():
            return f"{self._label}: name the {self.kind.value}, or choose one that is there"
        return None

    @property
    def note(self) -> str:
        """What Apply makes for it, in words; empty if all is there."""
        place = place_of(self._session, self.value)
        if place is None or place.kind == "function" or place.name in self._session.inventory.known(place.kind):
            return ""
        return f"{place.kind} {place.name} is not there yet: Apply creates it"

    def observe(self, changed: Callable[[object], None], _: str = "value") -> None:
        """Have `changed` called with every edit."""
        self._watchers.append(changed)

    def _chosen(self) -> None:
        self._offer()
        if not self._is_loading:
            self.name.value = ""
            self._changed()

    def _offer(self) -> None:
        kind = self.kind.value
        self.name.layout.visibility = "hidden" if kind == _NOTHING else "visible"
        self.name.placeholder = {_NOTHING: "", _OTHER: "arn:aws:…"}.get(kind, f"choose a {kind}, or name a new one")
        self.name.options = tuple(self._names(kind))

    def _names(self, kind: str) -> list[str]:
        if kind in (_NOTHING, _OTHER):
            return []
        if kind == "function":
            return [function.name for function in self._session.functions() if function.name != self._function]
        return self._session.inventory.offered(kind)

    def _changed(self) -> None:
        if not self._is_loading:
            for watcher in self._watchers:
                watcher(None)
