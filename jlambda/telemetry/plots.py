"""Plots of invocations: how long each took, and which environment was at work when.

Draws with matplotlib, imported when this module is; opens no window of its own in a notebook. Text and marks have
middling brightness on a transparent ground, so that they can be read on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from jlambda.model.invocation import InvocationRecord
from jlambda.telemetry import frames

if TYPE_CHECKING:
    from jlambda.telemetry.tuning import Tuning

# Contrast of at least 4 with white and with JupyterLab's dark #111111 for text, 3 for marks (held by the tests).
TEXT = "#7a7a7a"
# Notebooks put white behind a transparent picture whose tick labels are all darker than middle grey, and black behind one
# whose labels are all lighter. So one axis has labels on the other side of it, and the picture takes the page's colour.
TEXT_OF_Y = "#818181"
WARM, COLD, FAILED = "#2f86d0", "#d9730d", "#d64545"
#: from this ratio of longest to shortest on, the axis of durations is logarithmic
WIDE = 20.0


def durations(invocations: pd.DataFrame | Sequence[InvocationRecord], axes: Axes | None = None) -> Axes:
    """Duration in ms by invocation, in order of start: a dot for a warm start, a diamond for a cold one, a cross for a failure.

    A cold start's mark stands at init and duration together, with a line for its init, or for the restore in place of it.
    Takes the frame of `invocations()` or records; what was throttled did not run and is left out. Draws on `axes` if
    they are given.
    """
    frame = invocations if isinstance(invocations, pd.DataFrame) else frames.invocations(invocations)
    ran = frame[frame["status"] != "throttled"].sort_values("started_at", kind="stable").reset_index(drop=True)
    number = ran.index.to_numpy() + 1
    total_ms = (ran["duration_ms"] + frames.ahead_ms(ran)).to_numpy()
    is_cold = ran["cold_start"].to_numpy(dtype=bool)
    has_failed = (ran["status"] != "success").to_numpy(dtype=bool)
    axes = axes or _axes()
    for label, color, marker, size, shown in (
        ("warm start", WARM, "o", 16, ~is_cold),
        ("cold start (init + duration)", COLD, "D", 36, is_cold),
        ("failed", FAILED, "x", 64, has_failed),
    ):
        if shown.any():
            axes.scatter(number[shown], total_ms[shown], s=size, c=color, marker=marker, label=label, zorder=3)
    axes.vlines(number[is_cold], ran["duration_ms"].to_numpy()[is_cold], total_ms[is_cold], colors=COLD, linewidth=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("invocation, in order of start")
    axes.set_ylabel("duration (ms)")
    if len(ran) and total_ms.min() > 0 and total_ms.max() / total_ms.min() > WIDE:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    else:
        axes.set_ylim(bottom=0)
    if len(ran):
        _legend(axes)
    return axes


def environments(invocations: pd.DataFrame | Sequence[InvocationRecord], axes: Axes | None = None) -> Axes:
    """A lane for each execution environment, from its first invocation on: when it was initialised or restored, and at work.

    The axis is in seconds from the first start. A cross above the lanes is an invocation that was throttled: it had no
    environment. Takes the frame of `invocations()` or records; draws on `axes` if they are given.
    """
    frame = invocations if isinstance(invocations, pd.DataFrame) else frames.invocations(invocations)
    frame = frame.sort_values("started_at", kind="stable").reset_index(drop=True)
    seconds = (frame["started_at"] - frame["started_at"].min()).dt.total_seconds()
    init_s, work_s = frames.ahead_ms(frame) / 1000, frame["duration_ms"] / 1000
    has_run, has_failed = frame["status"] != "throttled", ~frame["status"].isin(["success", "throttled"])
    lanes = {name: number for number, name in enumerate(frame.loc[has_run, "environment_id"].unique(), 1)}
    lane = frame["environment_id"].map(lanes)
    axes = axes or _axes()
    for label, color, shown, begin, length in (
        ("init", COLD, has_run & (init_s > 0), seconds, init_s),
        ("invoke", WARM, has_run & ~has_failed, seconds + init_s, work_s),
        ("failed", FAILED, has_run & has_failed, seconds + init_s, work_s),
    ):
        if shown.any():
            axes.barh(lane[shown], length[shown], left=begin[shown], height=0.7, color=color, label=label, zorder=3)
    refused = seconds[~has_run]
    if len(refused):
        above = [len(lanes) + 1] * len(refused)
        axes.scatter(refused, above, s=36, c=FAILED, marker="x", label="throttled", zorder=3)
    axes.set_xlabel("seconds")
    axes.set_ylabel("environment")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(0.4, len(lanes) + (1.6 if len(refused) else 0.6))
    if len(frame):
        _legend(axes)
    return axes


def tuning(found: Tuning, axes: Axes | None = None) -> Axes:
    """Duration of a warm call and price of a million of them by memory size, on an axis each; marks name the sizes to take.

    Draws on `axes` if they are given, and returns those of the durations. Sizes at which a call failed are crosses.
    """
    axes = axes or _axes()
    prices = axes.twinx()
    sizes = [size for size in found.sizes if size.duration_ms is not None and size.cost_usd is not None]
    memory = [size.memory_mb for size in sizes]
    lines: list[Artist] = [
        *axes.plot(memory, [size.duration_ms or 0.0 for size in sizes], "-o", color=WARM, label="duration (ms)", zorder=3),
        *prices.plot(
            memory, [(size.cost_usd or 0.0) * 1e6 for size in sizes], "--s", color=COLD, label="price of a million calls ($)"
        ),
    ]
    failed = [size.memory_mb for size in found.sizes if size.failures]
    if failed:
        lines.append(axes.scatter(failed, [0] * len(failed), s=64, c=FAILED, marker="x", label="failed", zorder=4))
    for size in sizes:
        if choices := found.choices(size.memory_mb):
            at = (size.memory_mb, size.duration_ms or 0.0)
            axes.annotate("\n".join(choices), at, (0, 8), textcoords="offset points", color=TEXT, ha="center", fontsize="small")
    axes.set_xscale("log", base=2)
    axes.set_xticks([size.memory_mb for size in found.sizes], [str(size.memory_mb) for size in found.sizes])
    axes.minorticks_off()
    axes.set_ylim(bottom=0, top=1.25 * max((size.duration_ms or 0.0 for size in sizes), default=1.0))
    prices.set_ylim(bottom=0)
    axes.set_xlabel("memory (MB)")
    axes.set_ylabel("duration (ms)")
    prices.set_ylabel("price of a million calls ($)")
    _colour(prices)
    axes.legend(
        handles=lines, labelcolor=TEXT, framealpha=0.0, edgecolor="none", loc="lower left", bbox_to_anchor=(0, 1), ncols=3
    )
    return axes


def _legend(axes: Axes) -> None:
    axes.legend(
        labelcolor=TEXT, framealpha=0.0, edgecolor="none", loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0
    )


def _axes() -> Axes:
    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    figure.patch.set_alpha(0.0)
    _colour(axes)
    axes.grid(axis="y", color=TEXT, alpha=0.25, linewidth=0.8)
    return axes


def _colour(axes: Axes) -> None:
    """Give what is drawn around the marks colours that can be read on any page."""
    axes.patch.set_alpha(0.0)
    axes.tick_params(which="both", colors=TEXT)
    axes.tick_params(which="both", axis="y", labelcolor=TEXT_OF_Y)
    for part in (axes.xaxis.label, axes.yaxis.label, axes.title):
        part.set_color(TEXT)
    for side, spine in axes.spines.items():
        spine.set_color(TEXT)
        spine.set_visible(side in ("left", "bottom"))
