"""How every plot looks: colours that can be read on a light page and on a dark one, axes, legends, what an empty one says.

Text and marks have middling brightness on a transparent ground. Nothing is set for other figures: no `rcParams`, no style
sheet, and axes that a caller brings keep their look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from io import BytesIO

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry import frames

#: what can be drawn: the frame of `invocations()`, or records
Invocations = pd.DataFrame | Sequence[InvocationRecord]

# Contrast of at least 4 with white and with JupyterLab's dark #111111 for text, 3 for marks (held by the tests).
TEXT = "#7a7a7a"
# Notebooks put white behind a transparent picture whose tick labels are all darker than middle grey, and black behind one
# whose labels are all lighter. So one axis has labels on the other side of it, and the picture takes the page's colour.
TEXT_OF_Y = "#818181"
WARM, COLD, FAILED, RESTORED = "#2f86d0", "#d9730d", "#d64545", "#a8801a"
#: the functions of a plot, in order; further ones are drawn together
SERIES = (WARM, "#2f9e62", "#9b6bd3", COLD, "#0f98a0", "#d0559a", "#8c8b1f")
OTHERS, OTHERS_NAME = "#7a7a7a", "others"
#: on a mark
ON_MARK = "#ffffff"

_PICTURE_INCHES = (8.0, 3.5)
#: sharp on screens that have two points for each
_DOTS_PER_INCH = 160


def in_order(given: Invocations) -> pd.DataFrame:
    """What was given as a frame, in order of start, numbered from 0."""
    frame = given if isinstance(given, pd.DataFrame) else frames.invocations(given)
    return frame.sort_values("started_at", kind="stable").reset_index(drop=True)


def axes_for(ax: Axes | None) -> Axes:
    """The axes that are given, as they are, or those of a new picture."""
    if ax is not None:
        return ax
    return _dressed(plt.figure(figsize=_PICTURE_INCHES, layout="constrained"))


def png(draw: Callable[[Axes], object]) -> bytes:
    """What `draw` draws on axes of our own, as a picture that no window or notebook shows by itself."""
    figure, picture = Figure(figsize=_PICTURE_INCHES, layout="constrained"), BytesIO()
    draw(_dressed(figure))
    figure.savefig(picture, format="png", dpi=_DOTS_PER_INCH)
    return picture.getvalue()


def _dressed(figure: Figure) -> Axes:
    ax = figure.add_subplot()
    figure.patch.set_alpha(0.0)
    colour(ax)
    ax.grid(axis="y", color=TEXT, alpha=0.25, linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


def no_y_ticks(ax: Axes) -> None:
    """Nothing to read beside the picture; an empty label stays, for whose colour see `TEXT_OF_Y`."""
    ax.set_yticks([0.0], [""])
    ax.tick_params(axis="y", length=0)


def colour(ax: Axes) -> None:
    """Give what is drawn around the marks colours that can be read on any page."""
    ax.patch.set_alpha(0.0)
    ax.tick_params(which="both", colors=TEXT)
    ax.tick_params(which="both", axis="y", labelcolor=TEXT_OF_Y)
    for part in (ax.xaxis.label, ax.yaxis.label, ax.title):
        part.set_color(TEXT)
    for side, spine in ax.spines.items():
        spine.set_color(TEXT)
        spine.set_visible(side in ("left", "bottom"))


def legend(ax: Axes, handles: Iterable[Artist] | None = None, columns: int = 4) -> None:
    """Name the marks above the picture, where no mark can be; of `handles` alone if they are given."""
    given = {} if handles is None else {"handles": list(handles)}
    ax.legend(
        labelcolor=TEXT,
        framealpha=0.0,
        edgecolor="none",
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=columns,
        borderaxespad=0,
        **given,
    )


def say(ax: Axes, text: str) -> Axes:
    """Where there is nothing to draw: what is missing, in the middle of the axes."""
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=TEXT)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def nothing_ran(ax: Axes, frame: pd.DataFrame) -> Axes:
    """`say` for a plot of what ran, where none of `frame` did."""
    return say(ax, "no invocation yet" if frame.empty else "every invocation was throttled")


class _FromOne(MaxNLocator):
    """Whole numbers, of which the first is 1 and not 0."""

    def tick_values(self, vmin: float, vmax: float) -> list[float]:
        places = super().tick_values(vmin, vmax)
        return sorted({float(place) or 1.0 for place in places})


def count_starts(ax: Axes, frame: pd.DataFrame) -> None:
    """Have the x axis count invocations in order of start, and tell when the marked ones started."""
    times = frame["started_at"].dt.strftime("%H:%M:%S").tolist()

    def tick(place: float, _: float | None = None) -> str:
        number = round(place)
        return f"{number}\n{times[number - 1]}" if 1 <= number <= len(times) else ""

    ax.xaxis.set_major_locator(_FromOne(integer=True, nbins=8, min_n_ticks=1))
    margin = 0.5 + 0.03 * len(times)
    ax.set_xlim(1 - margin, len(times) + margin)
    ax.xaxis.set_major_formatter(tick)
    ax.set_xlabel("invocation, in order of start (UTC)")


def tell_time(ax: Axes) -> None:
    """Have the x axis, on which there are times in UTC, say so, and be short about it."""
    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]  # matplotlib types its dates nowhere
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]  # nor their format
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(formatter)
    ax.xaxis.get_offset_text().set_color(TEXT)
    ax.set_xlabel("time (UTC)")


def by_function(frame: pd.DataFrame) -> dict[str, tuple[str, pd.Series[bool]]]:
    """Each function's colour and its rows, in order of their names; where there are too many, the last ones are one."""
    names = sorted(frame["function"].unique())
    shown = names if len(names) <= len(SERIES) else names[: len(SERIES) - 1]
    found = {name: (color, frame["function"] == name) for name, color in zip(shown, SERIES, strict=False)}
    if len(shown) < len(names):
        found[OTHERS_NAME] = (OTHERS, ~frame["function"].isin(shown))
    return found
