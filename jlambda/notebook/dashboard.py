"""The live dashboard of a session: a widget that follows what runs, for as long as somebody sees it.

What it shows is `dashboard_view`'s part. One thread draws while something happens, and sleeps otherwise; it ends with the
session, when the widget is closed, when its output is gone from the page, and when its cell runs again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
from IPython.core.getipython import get_ipython
from IPython.display import display, update_display
from traitlets import Bunch

from jlambda.errors import LambdaError
from jlambda.notebook.dashboard_view import chart_html, dashboard_text, lanes_html, tiles, tiles_html
from jlambda.notebook.lanes import SPAN_S, Lanes
from jlambda.notebook.views import close
from jlambda.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

#: how long it takes from one picture to the next: while something happens, and while what happened moves out of the picture
_BUSY_S, _QUIET_S = 0.3, 1.0


class Dashboard:
    """The widget. Shown by being the last line of a cell; `close` ends it."""

    def __init__(self, session: Session) -> None:
        self._session, self._clock = session, session.clock
        self._activity = session.activity
        self._lanes = Lanes()
        self._figures, self._chart, self._bars = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.view = widgets.VBox([self._figures, self._chart, self._bars], layout=widgets.Layout(max_width="72em"))
        self.view._view_count = 0  # have the page count on how many places it is shown
        self.view.observe(self._seen, "_view_count")
        self._lock = threading.Lock()
        self._end: Callable[[], None] | None = None
        self._shell: InteractiveShell | None = None
        self._cell: object = None
        self._id = f"jlambda-dashboard-{time.time_ns():x}"
        self._draw()

    def _draw(self) -> None:
        overview, clock_now = self._activity.overview(), self._clock.now()
        self._text = dashboard_text(overview, clock_now)
        self._figures.value = tiles_html(tiles(overview, clock_now))
        self._chart.value = chart_html(overview)
        self._bars.value = lanes_html(self._lanes.update(overview), overview.at)

    # -- when it draws ---------------------------------------------------------------------------------------------------

    @property
    def is_live(self) -> bool:
        """Whether it follows the session."""
        return self._end is not None

    def start(self) -> None:
        """Follow the session, if it does not; being shown starts it. Raises `EngineError` once the session was closed."""
        with self._lock:
            if self._end is not None:
                return
            ended, stirred = threading.Event(), threading.Event()
            unfollow = self._activity.follow(stirred.set)

            def end() -> None:
                unfollow()
                ended.set()
                stirred.set()

            self._end = end
        self._session.before_close(self.stop)
        threading.Thread(target=self._run, args=(ended, stirred), name="jlambda-dashboard", daemon=True).start()

    def _run(self, ended: threading.Event, stirred: threading.Event) -> None:
        moves_until = 0.0
        while not ended.is_set() and self.view.comm is not None:
            if stirred.is_set():
                stirred.clear()
                moves_until = time.monotonic() + SPAN_S + _QUIET_S
            try:
                self._draw()
            except LambdaError:  # the session is being closed
                break
            if not ended.wait(_BUSY_S):
                stirred.wait(_QUIET_S - _BUSY_S if time.monotonic() < moves_until else None)
        if not ended.is_set():
            self.stop()

    def stop(self) -> None:
        """Follow no more; what it shows stays as it is."""
        with self._lock:
            end, self._end = self._end, None
        if end is not None:
            end()

    def close(self) -> None:
        """Stop, and take the widget out of the page."""
        self.stop()
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.events.unregister("pre_run_cell", self._cell_begins)
            shell.events.unregister("post_run_cell", self._cell_ended)
        close(self.view)

    # -- how it is shown ---------------------------------------------------------------------------------------------------

    def _repr_mimebundle_(self, **options: Any) -> Mapping[str, Any]:
        """The widget, and for a page that has none what it shows now."""
        bundle = self.view._repr_mimebundle_(**options)
        data: dict[str, Any] = dict(bundle[0] if isinstance(bundle, tuple) else bundle or {})
        html = f'<div style="max-width: 72em">{self._figures.value}{self._chart.value}{self._bars.value}</div>'
        return {**data, "text/plain": self._text, "text/html": html}

    def _ipython_display_(self) -> None:
        display(dict(self._repr_mimebundle_()), raw=True, display_id=self._id)  # type: ignore[no-untyped-call]
        shell = get_ipython()
        if shell is None or not hasattr(shell, "kernel"):  # a terminal shows it as text, once
            return
        if self._shell is None:
            self._shell, self._cell = shell, _cell_id(shell)
            shell.events.register("pre_run_cell", self._cell_begins)
            shell.events.register("post_run_cell", self._cell_ended)
        self.start()

    def _seen(self, change: Bunch) -> None:
        """The page tells in how many places it is shown now."""
        if not change.new:
            self.stop()
        elif not self._activity.is_closed:
            self.start()

    def _cell_begins(self, info: ExecutionInfo) -> None:
        if self._cell is not None and info.cell_id == self._cell:  # its output is about to go
            self.close()

    def _cell_ended(self, result: ExecutionResult) -> None:
        """Where no page shows the widget, what the notebook keeps in its place is brought up to date."""
        is_its_own = self._cell is not None and result.info is not None and result.info.cell_id == self._cell
        if self.view._view_count or is_its_own or self._activity.is_closed:
            return
        self._draw()
        update_display(dict(self._repr_mimebundle_()), raw=True, display_id=self._id)  # type: ignore[no-untyped-call]

    def __repr__(self) -> str:
        return self._text


def _cell_id(shell: Any) -> object:
    """The id of the cell that runs now, None where the front end does not tell."""
    return shell.get_parent().get("metadata", {}).get("cellId")
