"""The form that one trigger is written in: its kind, the fields of that kind, and the line that they make.

A view: which fields there are and what they mean is in `trigger_fields`. Fields and line say the same; either can be edited.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import ipywidgets as widgets

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.model.schedule import parse_schedule
from jlambda.model.trigger import EXAMPLES, Trigger, parse_trigger
from jlambda.notebook.filter_tester import FilterTester
from jlambda.notebook.trigger_fields import TITLES, Field, fields, read, written
from jlambda.notebook.views import BAD, MUTED, close, said
from jlambda.service.inventory import source_of
from jlambda.session import Session

_SCHEDULES = ("rate", "cron", "at")
_TIMES = 3
_FULL = widgets.Layout(width="auto")
_GRID = widgets.Layout(grid_template_columns="1fr 1fr", grid_gap="2px 16px", width="auto")
_LABELLED = {"description_width": "9.5em"}


class TriggerForm:
    """One trigger, being written; `done` is called with its specification when Add is pressed."""

    def __init__(self, session: Session, done: Callable[[str], None]) -> None:
        self._session, self._done, self._is_loading = session, done, False
        self.fields: dict[str, Any] = {}
        self._by_kind: dict[str, dict[Field, Any]] = {}
        self.kind = widgets.Dropdown(
            options=[(title, kind) for kind, title in TITLES.items()], value="sqs", description="new trigger", style=_LABELLED
        )
        self.grid = widgets.GridBox(layout=_GRID)
        self.wide = widgets.VBox()
        self.text = widgets.Text(description="--trigger", style=_LABELLED, layout=widgets.Layout(flex="1 1 auto", width="auto"))
        self.add_button = widgets.Button(description="Add", icon="plus", tooltip="Apply attaches it", disabled=True)
        self.message = widgets.HTML(layout=widgets.Layout(margin="0 0 0 10.3em"))
        self.tester = FilterTester(session)
        self.kind.observe(lambda _: self._arrange(), "value")
        self.text.observe(lambda _: self._typed(), "value")
        self.add_button.on_click(lambda _: self.add())
        self._more = widgets.Accordion([self.tester.view], titles=["Try it on an event"], selected_index=None)
        self.view = widgets.VBox(
            [self.kind, self.grid, self.wide, widgets.HBox([self.text, self.add_button]), self.message, self._more]
        )
        self._arrange()

    def add(self) -> None:
        """Hand the trigger on, and begin anew."""
        try:
            trigger = parse_trigger(self.text.value)
        except LambdaError as error:
            self._say(str(error), BAD)
            return
        self._done(str(trigger))
        self._arrange()

    def edit(self, text: str) -> None:
        """Show a trigger to change it."""
        self._load(parse_trigger(text))
        self._check()

    def close(self) -> None:
        """Close the fields of every kind."""
        for made in self._by_kind.values():
            for each in made.values():
                close(each)
        close(self.view)

    def _arrange(self) -> None:
        """Empty fields of the kind that is chosen."""
        kind = self.kind.value
        if kind not in self._by_kind:  # never closed before the form is: a page that is still showing them would break
            self._by_kind[kind] = {field: self._made(field) for field in fields(kind)}
        every = self._by_kind[kind]
        self._is_loading = True
        for field, made in every.items():
            if field.place:
                made.options = tuple(self._session.inventory.offered(field.place))
            made.value = False if field.is_flag else field.choices[0] if field.choices else ""
        self._is_loading = False
        self.fields = {field.name: made for field, made in every.items()}
        self.grid.children = [made for field, made in every.items() if not field.is_json]
        self.wide.children = [made for field, made in every.items() if field.is_json]
        self.text.placeholder = EXAMPLES[self.kind.value]
        self._more.layout.display = "" if self.tester.show(self.kind.value) else "none"
        self._is_loading = True
        self.text.value = "" if self.fields else "url"
        self._is_loading = False
        self._check()

    def _made(self, field: Field) -> Any:
        given: dict[str, Any] = {"description": field.label, "style": _LABELLED, "layout": _FULL}
        made: Any
        if field.is_flag:
            made = widgets.Checkbox(**{**given, "indent": True})
        elif field.choices:
            made = widgets.Dropdown(options=[(each or "usual", each) for each in field.choices], **given)
        elif field.is_json:
            made = widgets.Textarea(rows=3, placeholder=field.hint, **given)
        elif field.place or field.suggestions:
            hint = field.hint if field.suggestions else f"choose a {field.place}, or name a new one"
            made = widgets.Combobox(options=field.suggestions, ensure_option=False, placeholder=hint, **given)
        else:
            made = widgets.Text(placeholder=field.hint, **given)
        made.tooltip = field.hint or field.label
        made.observe(lambda _: self._filled(), "value")
        return made

    def _filled(self) -> None:
        """A field was edited: the line says the same."""
        if self._is_loading:
            return
        try:
            text = written(self.kind.value, {name: made.value for name, made in self.fields.items()})
        except LambdaError as error:
            self.add_button.disabled = True
            self._say(str(error), BAD if any(made.value for made in self.fields.values()) else MUTED)
            return
        self._is_loading = True
        self.text.value = text
        self._is_loading = False
        self._check()

    def _typed(self) -> None:
        """The line was edited: the fields say the same, once it is right."""
        if self._is_loading:
            return
        try:
            trigger = parse_trigger(self.text.value)
        except LambdaError:
            self._check()
            return
        self._load(trigger, self.text.value)
        self._check()

    def _load(self, trigger: Trigger, text: str | None = None) -> None:
        self._is_loading = True
        try:
            if trigger.kind != self.kind.value:
                self.kind.value = trigger.kind
                self._is_loading = True
            for name, value in read(trigger).items():
                self.fields[name].value = value
            self.text.value = str(trigger) if text is None else text
        finally:
            self._is_loading = False

    def _check(self) -> None:
        """Say what is wrong with the line, when a schedule would fire, or whether what it names is there."""
        text = self.text.value.strip()
        self.add_button.disabled = not text
        if not text:
            self._say("fill in the form, or write the line yourself", MUTED)
            return
        try:
            trigger = parse_trigger(text)
            times = next_times(trigger, self._session.clock.now())
        except LambdaError as error:
            self.add_button.disabled = True
            self._say(str(error), BAD)
            return
        self.tester.trigger = trigger
        self._say(times or self._presence(trigger), MUTED)

    def _presence(self, trigger: Trigger) -> str:
        source = source_of(trigger)
        if source is None:
            return ""
        place, name = source
        if name in self._session.inventory.known(place):
            return f"{place} {name} is there"
        return f"{place} {name} is not there yet: Apply creates it"

    def _say(self, text: str, colour: str) -> None:
        self.message.value = said(escape(text), colour)


def next_times(trigger: Trigger, now: float) -> str:
    """When a schedule fires next, in words; empty for every other kind of trigger."""
    if trigger.kind not in _SCHEDULES:
        return ""
    try:
        zone = ZoneInfo(str(trigger.get("timezone") or "UTC"))
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidParameter(f"there is no time zone {trigger.get('timezone')}: use one such as Europe/Berlin") from None
    schedule = parse_schedule(f"{trigger.kind}({trigger.target})", zone, is_rule=False)
    times: list[float] = []
    while len(times) < _TIMES and (due := schedule.next_after(times[-1] if times else now, now)) is not None:
        times.append(due)
    shown = ", ".join(f"{datetime.fromtimestamp(due, zone):%a %d %b %H:%M}" for due in times)
    return f"next {shown} {zone.key}" if times else "never fires again"
