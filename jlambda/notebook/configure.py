"""The configuration widget of a function: what it may use, its variables, its concurrency, its triggers, its destinations.

A view: what a draft means is in `draft`, how it is read and applied in `applying`. Nothing is changed before Apply is
pressed.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import ipywidgets as widgets

from jlambda.errors import LambdaError
from jlambda.handle import Function
from jlambda.model import limits
from jlambda.notebook import applying
from jlambda.notebook.cards import Row
from jlambda.notebook.destination_form import DestinationForm
from jlambda.notebook.draft import EVENT_AGE_S, RETRIES, Draft, boto3_calls, cell_line, price_line
from jlambda.notebook.provisioned_editor import ProvisionedEditor
from jlambda.notebook.trigger_editor import TriggerEditor
from jlambda.notebook.variables_editor import VariablesEditor
from jlambda.notebook.views import BAD, GOOD, MUTED, close, code, heading, said, with_card

_WIDE = widgets.Layout(width="auto")
_FIXED = widgets.Layout(width="9em", flex="0 0 auto")
_LABELLED = {"description_width": "10em"}
#: the latest invocations from which the price of one is worked out
_LATEST = 200


class Configuration:
    """The widget of one function. Shown by being the last line of a cell; all widgets of a function stay in step."""

    def __init__(self, function: Function) -> None:
        self._session, self._name = function._session, function.name
        self._is_loading = self._is_applying = False
        self._before = applying.read(self._session, self._name)
        self._duration_ms = self._known_duration()
        self._make_fields(function)
        self.line = self.calls = ""
        self.code = widgets.HTML()
        self.status = widgets.HTML(layout=widgets.Layout(flex="1 1 auto", margin="2px 0 2px 8px"))
        self.apply_button = widgets.Button(
            description="Apply", button_style="primary", tooltip="Change the function now", layout=_FIXED
        )
        self.revert_button = widgets.Button(description="Revert", tooltip="Show what the function has now", layout=_FIXED)
        self.apply_button.on_click(lambda _: self.apply())
        self.revert_button.on_click(lambda _: self.refresh())
        self.view = self._arranged()
        for field in self._fields():
            field.observe(self._changed, "value")
        self._load(self._before)
        self._end_watch = self._session.watch(_weakly(self))
        self._session.before_close(self._end_watch)

    def _make_fields(self, function: Function) -> None:
        size = limits.MEMORY_MB
        self.memory = widgets.IntSlider(
            description="memory (MB)", min=size[0], max=size[-1], step=1, style=_LABELLED, layout=_WIDE, continuous_update=True
        )
        self.price = widgets.HTML(layout=widgets.Layout(margin="0 0 0 10.8em"))
        self.timeout = _whole("timeout (s)", limits.TIMEOUT_S)
        self.storage = _whole("/tmp (MB)", limits.EPHEMERAL_STORAGE_MB)
        self.description = widgets.Text(description="description", style=_LABELLED, layout=_WIDE)
        self.variables = VariablesEditor("variable", is_secret=False)
        self.secrets = VariablesEditor("secret", is_secret=True)
        self.is_reserved = widgets.Checkbox(
            description="reserved for this function", indent=False, layout=widgets.Layout(width="auto")
        )
        self.reserved = _whole("concurrency", range(limits.CONCURRENT_EXECUTIONS + 1))
        self.provisioned = ProvisionedEditor(function)
        self.retries = _whole("retries", RETRIES)
        self.event_age = _whole("event age (s)", EVENT_AGE_S)
        kinds = ("queue", "topic", "event bus", "function")
        self.on_success = DestinationForm(self._session, self._name, "on success", kinds)
        # https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: buckets take failures only
        self.on_failure = DestinationForm(self._session, self._name, "on failure", (*kinds, "bucket"))
        self.triggers = TriggerEditor(self._session)

    def _fields(self) -> list[Any]:
        return [
            *(self.memory, self.timeout, self.storage, self.description, self.variables, self.secrets),
            *(
                self.is_reserved,
                self.reserved,
                self.provisioned,
                self.retries,
                self.event_age,
                self.on_success,
                self.on_failure,
            ),
            self.triggers,
        ]

    def _arranged(self) -> widgets.VBox:
        tabs = {
            "Limits": [
                *(self.memory, self.price, self.timeout, self.storage),
                widgets.HBox([self.reserved, self.is_reserved]),
                self.provisioned.view,
                self.description,
            ],
            "Variables": [self.variables.view, self.secrets.view],
            "Events": [self.retries, self.event_age, self.on_success.view, self.on_failure.view],
            "Triggers": [self.triggers.view],
            "As code": [self.code],
        }
        pages = widgets.Tab(children=[widgets.VBox(children) for children in tabs.values()], titles=list(tabs))
        title = heading(f"λ {self._name}")
        buttons = widgets.HBox([self.apply_button, self.revert_button, self.status])
        return widgets.VBox([title, pages, buttons], layout=widgets.Layout(max_width="60em"))

    # -- what it holds -------------------------------------------------------------------------------------------------

    @property
    def draft(self) -> Draft:
        """What the fields say now."""
        return Draft(
            self.memory.value,
            self.timeout.value,
            self.storage.value,
            self.description.value,
            {key: value or "" for key, value in self.variables.value.items()},
            self.secrets.value,
            self.reserved.value if self.is_reserved.value else None,
            self.provisioned.value,
            self.retries.value,
            self.event_age.value,
            self.on_success.value,
            self.on_failure.value,
            self.triggers.value,
        )

    def apply(self) -> None:
        """Make the function what the fields say: all of it, or nothing where a part is refused."""
        try:
            self._is_applying = True
            made = applying.apply(self._session, self._name, self._before, self.draft)
        except LambdaError as error:
            self._say(str(error), BAD)
            return
        finally:
            self._is_applying = False
        self.refresh()
        self._say("\n".join(["applied: the next invocation runs with it", *made]), GOOD)

    def refresh(self) -> None:
        """Show what the function has now; what was edited and not applied is dropped."""
        try:
            self._before = applying.read(self._session, self._name)
        except LambdaError:
            self._say("the function has been deleted", BAD)
            self.apply_button.disabled = True
            return
        self._load(self._before)

    def close(self) -> None:
        """Take the widget out of the page, and let go of the function."""
        self._end_watch()
        self.triggers.close()
        close(self.view)

    def _load(self, draft: Draft) -> None:
        self._is_loading = True
        try:
            self.memory.value, self.timeout.value, self.storage.value = (
                draft.memory_mb,
                draft.timeout_s,
                draft.ephemeral_storage_mb,
            )
            self.description.value = draft.description
            self.variables.value, self.secrets.value = dict(draft.environment), dict(draft.secrets)
            self.is_reserved.value, self.reserved.value = draft.reserved is not None, draft.reserved or 0
            self.provisioned.value = draft.provisioned
            self.retries.value, self.event_age.value = draft.retries, draft.event_age_s
            self.on_success.value, self.on_failure.value = draft.on_success, draft.on_failure
            self.triggers.attached(self._session.triggers.list(self._name))
            self.triggers.value = draft.triggers
        finally:
            self._is_loading = False
        self._show()

    def _changed(self, _: object) -> None:
        if not self._is_loading:
            self._show()

    def _show(self) -> None:
        """Bring what follows from the fields up to date."""
        draft, configuration = self.draft, self._session.control.get(self._name)
        self.reserved.disabled = not self.is_reserved.value
        price = price_line(draft.memory_mb, self._duration_ms, configuration.architecture)
        self.price.value = said(price)
        self.line, self.calls = cell_line(configuration, draft), boto3_calls(self._name, draft, self._session.account)
        self.code.value = f"{code('as a cell', self.line)}{code('with boto3', self.calls)}"
        problem = draft.problem(configuration) or self.on_success.problem or self.on_failure.problem
        is_changed = draft != self._before
        self.apply_button.disabled = bool(problem) or not is_changed
        self.revert_button.disabled = not is_changed
        if problem:
            self._say(problem, BAD)
            return
        notes = filter(None, (self.on_success.note, self.on_failure.note))
        self._say("\n".join(["not applied yet", *notes]) if is_changed else "", MUTED)

    def _elsewhere(self) -> None:
        """The function was changed by somebody else: fields that were not edited follow."""
        if self._is_applying:
            return
        try:
            now = applying.read(self._session, self._name)
        except LambdaError:
            self.refresh()
            return
        self.provisioned.offer()
        if self.draft == self._before:
            self.refresh()
        elif now != self._before:
            self._before = now
            self._show()
            self._say("the function was changed elsewhere: Apply overrides that, Revert shows it", BAD)

    def _say(self, text: str, colour: str) -> None:
        self.status.value = said("<br>".join(map(escape, text.split("\n"))), colour)

    def _known_duration(self) -> float | None:
        """The median duration of the latest invocations in ms, None if it never ran."""
        frame = self._session.invocations(self._name).tail(_LATEST)
        ran = frame[frame["status"] == "success"]["duration_ms"]
        return float(ran.median()) if len(ran) else None

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, Any]:
        """The widget, and for a page that has none the card of the function with the code that says the same."""
        more = [Row("as a cell", self.line, "code"), Row("with boto3", self.calls, "folded")]
        return with_card(self.view, self._session.get(self._name), options, more)


def _weakly(it: Configuration) -> Callable[[str], None]:
    """A watcher that does not keep the widget, and ends with it."""
    kept = weakref.ref(it)

    def changed(name: str) -> None:
        found = kept()
        if found is not None and name == found._name:
            found._elsewhere()

    return changed


def _whole(label: str, allowed: range) -> widgets.BoundedIntText:
    return widgets.BoundedIntText(description=label, min=allowed[0], max=allowed[-1], style=_LABELLED)
