"""The triggers of a function, to look at, switch, take away and add; with the next times of a schedule and a filter tester."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape

import ipywidgets as widgets

from jlambda.errors import LambdaError
from jlambda.model.event_pattern import is_pattern
from jlambda.model.matching import matches
from jlambda.model.samples.catalog import SAMPLES, sample_event
from jlambda.model.schedule import parse_schedule
from jlambda.model.trigger import EXAMPLES, Trigger, parse_trigger
from jlambda.service.triggers import Attached
from jlambda.session import Session

_SCHEDULES = ("rate", "cron", "at")
_TIMES = 3


class TriggerEditor:
    """The rows of a function's triggers, and a line to add one. Each change happens at once."""

    def __init__(self, session: Session, name: str, changed: Callable[[], None]) -> None:
        self._session, self._name, self._changed = session, name, changed
        self._rows = widgets.VBox()
        self.kind = widgets.Dropdown(options=list(EXAMPLES), value="sqs", layout=widgets.Layout(width="8em"))
        self.text = widgets.Text(placeholder=EXAMPLES["sqs"], layout=widgets.Layout(flex="1 1 auto", width="auto"))
        self.add_button = widgets.Button(description="Add", icon="plus", tooltip="Attach this trigger now", disabled=True)
        self.message = widgets.HTML()
        self.tester = FilterTester(session)
        self.kind.observe(self._kind_chosen, "value")
        self.text.observe(lambda _: self._check(), "value")
        self.add_button.on_click(lambda _: self.add())
        line = widgets.HBox([self.kind, self.text, self.add_button])
        more = widgets.Accordion([self.tester.view], titles=["Try a filter pattern"], selected_index=None)
        self.view = widgets.VBox([self._rows, line, self.message, more])
        self.refresh()

    def refresh(self) -> None:
        """Show the triggers that there are."""
        found = self._session.triggers.list(self._name)
        self._rows.children = [self._row(each) for each in found] or [widgets.HTML("<i>no triggers yet</i>")]

    def add(self) -> None:
        """Attach what the line says; what it needs and is not there is made."""
        try:
            made = self._session.triggers.add(self._name, parse_trigger(self.text.value))
        except LambdaError as error:
            self._say(str(error))
            return
        self.text.value = ""
        self._say("; ".join(made) or "attached")
        self._after()

    def switch(self, trigger: str, is_on: bool) -> None:
        """Enable or disable one."""
        act = self._session.triggers.enable if is_on else self._session.triggers.disable
        self._try(lambda: act(self._name, trigger))

    def remove(self, trigger: str) -> None:
        """Take one away."""
        self._try(lambda: self._session.triggers.remove(self._name, trigger))

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except LambdaError as error:
            self._say(str(error))
        self._after()

    def _after(self) -> None:
        self.refresh()
        self._changed()

    def _row(self, each: Attached) -> widgets.HBox:
        is_on = widgets.Checkbox(
            value=each.state in ("Enabled", "Enabling", "Creating"), indent=False, layout=widgets.Layout(width="2em")
        )
        is_on.tooltip = "on or off"
        is_on.observe(lambda change: self.switch(each.id, change["new"]), "value")
        note = " · ".join(filter(None, (each.state, each.note, next_times(each.trigger, self._session.clock.now()))))
        text = widgets.HTML(f"<code>{escape(str(each.trigger))}</code> {escape(note)}", layout=widgets.Layout(flex="1 1 auto"))
        remove = widgets.Button(icon="trash", tooltip=f"Remove {each.trigger}", layout=widgets.Layout(width="3em"))
        remove.on_click(lambda _: self.remove(each.id))
        return widgets.HBox([is_on, text, remove])

    def _kind_chosen(self, change: dict[str, str]) -> None:
        self.text.placeholder = EXAMPLES[change["new"]]
        self._check()

    def _check(self) -> None:
        """Say what is wrong with the line as it stands, or when a schedule would fire."""
        text = self.text.value.strip()
        self.add_button.disabled = not text
        if not text:
            self._say("")
            return
        try:
            trigger = parse_trigger(text)
        except LambdaError as error:
            self.add_button.disabled = True
            self._say(str(error))
            return
        self._say(next_times(trigger, self._session.clock.now()))

    def _say(self, text: str) -> None:
        self.message.value = f'<span role="status">{escape(text)}</span>'


def next_times(trigger: Trigger, now: float) -> str:
    """When a schedule fires next, in words; empty for every other kind of trigger."""
    if trigger.kind not in _SCHEDULES:
        return ""
    schedule = parse_schedule(f"{trigger.kind}({trigger.target})", is_rule=False)
    times: list[float] = []
    while len(times) < _TIMES and (due := schedule.next_after(times[-1] if times else now, now)) is not None:
        times.append(due)
    shown = ", ".join(f"{datetime.fromtimestamp(due, UTC):%a %d %b %H:%M}" for due in times)
    return f"next {shown} UTC" if times else "never fires again"


class FilterTester:
    """A pattern and an event: does the one let the other through?"""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.sample = widgets.Dropdown(options=list(SAMPLES), description="event of", layout=widgets.Layout(width="20em"))
        self.pattern = widgets.Textarea(
            value='{"source": ["my.app"]}', description="pattern", rows=5, layout=widgets.Layout(width="auto")
        )
        self.event = widgets.Textarea(description="event", rows=8, layout=widgets.Layout(width="auto"))
        self.answer = widgets.HTML()
        self.sample.observe(lambda _: self._fill(), "value")
        for field in (self.pattern, self.event):
            field.observe(lambda _: self._try(), "value")
        self.view = widgets.VBox([self.sample, self.pattern, self.event, self.answer])
        self._fill()

    def _fill(self) -> None:
        self.event.value = json.dumps(sample_event(self.sample.value, {}, self._session.account), indent=2, ensure_ascii=False)
        self._try()

    def _try(self) -> None:
        try:
            event = json.loads(self.event.value)
        except ValueError as error:
            self._say(f"the event is not JSON: {error}")
            return
        if not is_pattern(self.pattern.value):
            self._say("this is not a pattern: each member is a list of what it may be, or an object of such members")
            return
        is_match = matches(json.loads(self.pattern.value), event)
        self._say("✓ lets this event through" if is_match else "✗ does not let this event through")

    def _say(self, text: str) -> None:
        self.answer.value = f'<span role="status">{escape(text)}</span>'
