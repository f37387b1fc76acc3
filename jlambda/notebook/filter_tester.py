"""An event to try a trigger on: would it start the function?"""

from __future__ import annotations

import json
from html import escape

import ipywidgets as widgets

from jlambda.errors import LambdaError
from jlambda.model.samples.catalog import SAMPLES, sample_event
from jlambda.model.trigger import Trigger
from jlambda.notebook.filter_trial import SAMPLES_OF, outcome
from jlambda.notebook.views import BAD, GOOD, said
from jlambda.session import Session

_LABELLED = {"description_width": "9.5em"}


class FilterTester:
    """A sample event, which can be edited, and what `trigger` makes of it."""

    def __init__(self, session: Session) -> None:
        self._session, self._trigger = session, Trigger("url", "")
        self.sample = widgets.Dropdown(description="sample", style=_LABELLED, layout=widgets.Layout(width="24em"))
        self.event = widgets.Textarea(description="event", rows=8, style=_LABELLED, layout=widgets.Layout(width="auto"))
        self.answer = widgets.HTML(layout=widgets.Layout(margin="0 0 0 10.3em"))
        self.sample.observe(lambda _: self._fill(), "value")
        self.event.observe(lambda _: self._try(), "value")
        self.view = widgets.VBox([self.sample, self.event, self.answer])

    @property
    def trigger(self) -> Trigger:
        """What is tried."""
        return self._trigger

    @trigger.setter
    def trigger(self, trigger: Trigger) -> None:
        self._trigger = trigger
        self._try()

    def show(self, kind: str) -> bool:
        """Offer the samples of a kind of trigger; False if it lets every event through that it gets."""
        names = [name for name in SAMPLES if name.startswith(SAMPLES_OF.get(kind, "no sample"))]
        self.sample.options = names
        self.sample.value = names[0] if names else None
        return bool(names)

    def _fill(self) -> None:
        if self.sample.value is None:
            return
        event = sample_event(self.sample.value, {}, self._session.account)
        self.event.value = json.dumps(event, indent=2, ensure_ascii=False)

    def _try(self) -> None:
        if self._trigger.kind not in SAMPLES_OF:
            return
        try:
            is_through, words = outcome(self._trigger, json.loads(self.event.value))
        except LambdaError as error:
            self._say(str(error), BAD)
        except ValueError as error:
            self._say(f"the event is not JSON: {error}", BAD)
        else:
            self._say(f"{'✓' if is_through else '✗'} {words}", GOOD if is_through else BAD)

    def _say(self, text: str, colour: str) -> None:
        self.answer.value = said(escape(text), colour)
