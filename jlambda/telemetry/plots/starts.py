"""Plots with a mark for each invocation, in order of start: how long it took, and how much memory it needed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from jlambda.telemetry import frames
from jlambda.telemetry.plots import style

#: from this ratio of longest to shortest on, the axis of durations is logarithmic
WIDE = 20.0


def durations(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """Duration in ms by invocation, in order of start: a dot for a warm start, a diamond for a cold one, a cross for a failure.

    A cold start's mark stands at init and duration together, with a line for its init, or for the restore in place of it.
    What was throttled did not run and is left out. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ran = frame[frame["status"] != "throttled"].reset_index(drop=True)
    ax = style.axes_for(ax)
    if ran.empty:
        return style.nothing_ran(ax, frame)
    number = ran.index.to_numpy() + 1
    total_ms = (ran["duration_ms"] + frames.ahead_ms(ran)).to_numpy()
    is_cold = ran["cold_start"].to_numpy(dtype=bool)
    has_failed = (ran["status"] != "success").to_numpy(dtype=bool)
    for label, color, marker, size, shown in (
        ("warm start", style.WARM, "o", 16, ~is_cold),
        ("cold start (init + duration)", style.COLD, "D", 36, is_cold),
        ("failed", style.FAILED, "x", 64, has_failed),
    ):
        if shown.any():
            ax.scatter(number[shown], total_ms[shown], s=size, c=color, marker=marker, label=label, zorder=3)
    ax.vlines(number[is_cold], ran["duration_ms"].to_numpy()[is_cold], total_ms[is_cold], colors=style.COLD, linewidth=1.5)
    style.count_starts(ax, ran)
    ax.set_ylabel("duration (ms)")
    if total_ms.min() > 0 and total_ms.max() / total_ms.min() > WIDE:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
    else:
        ax.set_ylim(bottom=0)
    style.legend(ax)
    return ax


def memory(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """The most memory that each invocation's environment used, in order of start, against its limit, a line.

    In MB for one function; in parts of the limit for several, whose limits differ. A cross is an invocation that was killed
    at its limit. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ran = frame[frame["status"] != "throttled"].reset_index(drop=True)
    ax = style.axes_for(ax)
    if ran.empty:
        return style.nothing_ran(ax, frame)
    number = ran.index.to_numpy() + 1
    functions = style.by_function(ran)
    is_one = len(functions) == 1
    unit = 1.0 if is_one else ran["memory_mb"] / 100
    used, limit = (ran["max_memory_mb"] / unit).to_numpy(), (ran["memory_mb"] / unit).to_numpy()
    for name, (color, rows) in functions.items():
        shown = rows.to_numpy(dtype=bool)
        label = "used" if is_one else name
        ax.scatter(number[shown], used[shown], s=16, c=color, label=label, zorder=3)
    killed = (ran["status"] == "out_of_memory").to_numpy(dtype=bool)
    if killed.any():
        ax.scatter(number[killed], used[killed], s=64, c=style.FAILED, marker="x", label="out of memory", zorder=4)
    # a step wherever the limit changes, half a place before the invocation that had another one
    begins = np.flatnonzero(np.diff(limit, prepend=np.nan))
    edges = [*(begins + 0.5), len(limit) + 0.5]
    ax.stairs(limit[begins], edges, baseline=None, color=style.COLD, linewidth=1.8, label="limit")
    style.count_starts(ax, ran)
    ax.set_ylabel("memory (MB)" if is_one else "memory (% of the limit)")
    ax.set_ylim(0, 1.08 * max(float(limit.max()), float(used.max())))
    style.legend(ax, columns=5)
    return ax
