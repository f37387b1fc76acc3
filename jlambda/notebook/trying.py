"""The test-event widget of a function: choose or write an event, run the function with it, see what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from jlambda.errors import InvalidParameter, LambdaError
from jlambda.handle import Function
from jlambda.invocation import Invocation
from jlambda.model.samples.catalog import SAMPLES, sample_event
from jlambda.notebook.cards import Row
from jlambda.notebook.invocation_card import invocation_card
from jlambda.notebook.views import BAD, GOOD, close, heading, said, with_card

_WIDE = widgets.Layout(width="auto")
_BUTTON = widgets.Layout(width="8em", flex="0 0 auto")
_SAVED, _EARLIER, _SAMPLE = "saved", "earlier", "sample"
#: what stands for an event that was typed in; None would show an empty line
_WRITTEN = ("written", "")
#: how many of the latest invocations can be chosen
_LATEST = 20


class Trial:
    """The widget of one function. Shown by being the last line of a cell."""

    def __init__(self, function: Function) -> None:
        self._function, self._session = function, function._session
        self.invocation: Invocation | None = None
        self._as_chosen = ""
        self.choice = widgets.Dropdown(
            description="event", style={"description_width": "initial"}, layout=widgets.Layout(width="40em")
        )
        self.event = widgets.Textarea(value="{}", rows=10, layout=_WIDE)
        self.run_button = widgets.Button(
            description="Run", button_style="primary", icon="play", tooltip="Invoke with this event", layout=_BUTTON
        )
        self.name = widgets.Text(placeholder="name of the event", layout=widgets.Layout(width="14em"))
        self.save_button = widgets.Button(
            description="Save", icon="save", tooltip="Keep the event under this name", layout=_BUTTON
        )
        self.delete_button = widgets.Button(
            description="Delete", icon="trash", tooltip="Forget the saved event of this name", layout=_BUTTON
        )
        self.status = widgets.HTML()
        self.answer = widgets.HTML()
        self.choice.observe(lambda _: self._chosen(), "value")
        self.event.observe(lambda _: self._check(), "value")
        self.run_button.on_click(lambda _: self.run())
        self.save_button.on_click(lambda _: self.save())
        self.delete_button.on_click(lambda _: self.delete())
        buttons = widgets.HBox([self.run_button, self.name, self.save_button, self.delete_button])
        parts = [heading(f"λ {function.reference}"), self.choice, self.event, buttons, self.status, self.answer]
        self.view = widgets.VBox(parts, layout=widgets.Layout(max_width="60em"))
        self.refresh()

    def refresh(self) -> None:
        """Offer what there is to choose from now: saved events, those of earlier invocations, samples of every source."""
        saved = [(f"saved: {each.name}", (_SAVED, each.name)) for each in self._session.test_events.list(self._function.name)]
        latest = self._session.invocations(self._function.name).tail(_LATEST)
        earlier = [
            (f"earlier: {request_id[:8]} {started:%H:%M:%S} {status}", (_EARLIER, request_id))
            for request_id, started, status in zip(
                latest["request_id"], latest["started_at"], latest["status"].astype(str), strict=True
            )
        ]
        samples = [(f"sample: {name}", (_SAMPLE, name)) for name in SAMPLES]
        chosen = self.choice.value
        options = [("as written below", _WRITTEN), *saved, *reversed(earlier), *samples]
        self.choice.options = options
        self.choice.value = chosen if chosen in [value for _, value in options] else _WRITTEN

    def run(self) -> Invocation | None:
        """Invoke the function with the event as it is written, and show the invocation's card; None if it could not begin."""
        self.run_button.disabled = True
        try:
            self.invocation = self._function.invoke(self._parsed())
        except LambdaError as error:
            self._say(str(error))
            return None
        finally:
            self.run_button.disabled = False
        self._say("")
        self.answer.value = f'<div style="line-height: normal">{invocation_card(self.invocation).html()}</div>'
        self.refresh()
        return self.invocation

    def save(self) -> None:
        """Keep the event as it is written under the name that is given."""
        try:
            saved = self._session.test_events.save(self._function.name, self.name.value.strip(), self.event.value)
        except LambdaError as error:
            self._say(str(error))
            return
        self.refresh()
        self.choice.value = (_SAVED, saved.name)
        self._say(f"saved as {saved.name}", GOOD)

    def delete(self) -> None:
        """Forget the saved event of the name that is given."""
        try:
            self._session.test_events.delete(self._function.name, self.name.value.strip())
        except LambdaError as error:
            self._say(str(error))
            return
        self.refresh()
        self._say(f"deleted {self.name.value.strip()}", GOOD)

    def close(self) -> None:
        """Take the widget out of the page."""
        close(self.view)

    def _chosen(self) -> None:
        if self.choice.value in (None, _WRITTEN):
            return
        kind, name = self.choice.value
        try:
            if kind == _SAVED:
                text = self._session.test_events.get(self._function.name, name).text
                self.name.value = name
            else:
                made = self._session.invocation(name).event if kind == _EARLIER else self._sample(name)
                text = json.dumps(made, indent=2, ensure_ascii=False)
        except LambdaError as error:
            self._say(str(error))
            return
        self._as_chosen = self.event.value = text
        self._say("")

    def _sample(self, name: str) -> object:
        return sample_event(name, {}, self._session.account)

    def _parsed(self) -> object:
        try:
            return json.loads(self.event.value)
        except ValueError as error:
            raise InvalidParameter(f"the event is not JSON: {error}") from None

    def _check(self) -> None:
        if self.choice.value != _WRITTEN and self.event.value != self._as_chosen:
            self.choice.value = _WRITTEN  # it is no longer what was chosen
        try:
            self._parsed()
        except InvalidParameter as error:
            self.run_button.disabled = True
            self._say(str(error))
        else:
            self.run_button.disabled = False
            self._say("")

    def _say(self, text: str, colour: str = BAD) -> None:
        self.status.value = said(escape(text), colour)
        self.status.layout.display = "" if text else "none"

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, Any]:
        """The widget, and for a page that has none the card of the function with the event and what it has come to."""
        more = [Row("event", self.event.value, "folded")]
        if self.invocation is not None:
            card = invocation_card(self.invocation)
            more += [Row("outcome", card.note), *card.rows]
        return with_card(self.view, self._function, options, more)
