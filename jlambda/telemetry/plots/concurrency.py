"""Plots of how much ran at one time: the number of invocations, and which environment was at work when."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.ticker import MaxNLocator

from jlambda.telemetry import frames
from jlambda.telemetry.plots import style

#: how high a bar is in its lane
_LANE = 0.7
#: parts that an outline is drawn in where there is more than could be seen
_PARTS = 1_500
_LEAST_MARGIN = np.timedelta64(1_000, "us")


def concurrency(invocations: style.Invocations, ax: Axes | None = None, limit: int | None = None) -> Axes:
    """How many invocations ran at one time, init phases included, one function above the other.

    A cross is an invocation that was throttled, at what ran then; `limit`, if there is one, is a line. Draws on `ax` if it is
    given.
    """
    frame = style.in_order(invocations)
    ax = style.axes_for(ax)
    if frame.empty:
        return style.say(ax, "no invocation yet")
    has_run = frame["status"] != "throttled"
    ran = frame[has_run].reset_index(drop=True)
    took = pd.to_timedelta(ran["duration_ms"] + frames.ahead_ms(ran), unit="ms")
    starts, ends = _naive(ran["started_at"]), _naive(ran["started_at"] + took)
    times = np.unique(np.concatenate([starts, ends]))
    times = times[_outline(times, _running(starts, ends, times))]
    functions = style.by_function(ran)
    levels = [_running(starts[rows], ends[rows], times) for _, rows in functions.values()]
    top = np.zeros(len(times), dtype=int)
    for (name, (color, _)), level in zip(functions.items(), levels, strict=True):
        below, top = top, top + level
        label = "running" if len(functions) == 1 else name
        ax.fill_between(times, below, top, step="post", color=color, alpha=0.55, linewidth=0, label=label)
        # an outline, without which what is shorter than a pixel could not be seen; lower ones before those that they carry
        ax.step(times, top, where="post", color=color, linewidth=1.2, zorder=3 - len(ax.lines) / 100)
    refused = _naive(frame.loc[~has_run, "started_at"])
    if len(refused):
        at = np.searchsorted(times, refused, side="right") - 1
        height = np.where(at >= 0, top[at] if len(top) else 0, 0)
        ax.scatter(refused, height, s=48, c=style.FAILED, marker="x", label="throttled", zorder=3)
    if limit is not None:
        ax.axhline(limit, color=style.COLD, linestyle="--", linewidth=1.5, label=f"reserved: {limit}")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.set_ylim(0, 1.1 * max(1, int(top.max(initial=0)), limit or 0))
    ax.set_ylabel("running at one time")
    first, last = (edge([*times[[0, -1]], *refused] if len(times) else refused) for edge in (min, max))
    margin = max((last - first) // 20, _LEAST_MARGIN)
    ax.set_xlim(first - margin, last + margin)  # type: ignore[arg-type]  # an axis of times takes times
    style.tell_time(ax)
    style.legend(ax)
    return ax


def environments(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """A lane for each execution environment, from its first invocation on: when it was initialised or restored, and at work.

    The axis is in seconds from the first start. A cross above the lanes is an invocation that was throttled: it had no
    environment. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ax = style.axes_for(ax)
    if frame.empty:
        return style.say(ax, "no invocation yet")
    seconds = (frame["started_at"] - frame["started_at"].min()).dt.total_seconds()
    init_s, work_s = frames.ahead_ms(frame) / 1000, frame["duration_ms"] / 1000
    has_run, has_failed = frame["status"] != "throttled", ~frame["status"].isin(["success", "throttled"])
    lanes = {name: number for number, name in enumerate(frame.loc[has_run, "environment_id"].unique(), 1)}
    lane = frame["environment_id"].map(lanes)
    for label, color, shown, begin, length in (
        ("init", style.COLD, has_run & (init_s > 0), seconds, init_s),
        ("invoke", style.WARM, has_run & ~has_failed, seconds + init_s, work_s),
        ("failed", style.FAILED, has_run & has_failed, seconds + init_s, work_s),
    ):
        if shown.any():
            ax.add_collection(_bars(begin[shown], length[shown], lane[shown], color, label))
    refused = seconds[~has_run]
    if len(refused):
        above = [len(lanes) + 1] * len(refused)
        ax.scatter(refused, above, s=36, c=style.FAILED, marker="x", label="throttled", zorder=3, clip_on=False)
    ax.set_xlabel("seconds")
    ax.set_ylabel("environment")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.autoscale_view(scaley=False)
    ax.set_xlim(left=0)
    ax.set_ylim(0.4, len(lanes) + (1.6 if len(refused) else 0.6))
    style.legend(ax)
    return ax


def _bars(begin: pd.Series[float], length: pd.Series[float], lane: pd.Series[float], color: str, label: str) -> PolyCollection:
    """Bars in their lanes, as one thing: a patch for each of thousands would take minutes."""
    left, right = begin.to_numpy(float), (begin + length).to_numpy(float)
    low, high = lane.to_numpy(float) - _LANE / 2, lane.to_numpy(float) + _LANE / 2
    corners = np.stack([left, low, left, high, right, high, right, low], axis=1).reshape(-1, 4, 2)
    # edges of the same colour: what is shorter than a pixel can be seen
    return PolyCollection(list(corners), facecolor=color, edgecolor=color, linewidth=0.5, label=label, zorder=3)


def _outline(
    times: np.ndarray[tuple[int], np.dtype[np.datetime64]], running: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The places of `times` that make the picture: all, or the highest and the last of each part that is less than a pixel."""
    if len(times) <= 2 * _PARTS:
        return np.arange(len(times))
    part = ((times - times[0]) * _PARTS // (times[-1] - times[0] + np.timedelta64(1, "us"))).astype(np.int64)
    by_height = np.lexsort((running, part))
    last_of_each = np.flatnonzero(np.diff(part, append=_PARTS))
    highest_of_each = by_height[np.flatnonzero(np.diff(part[by_height], append=_PARTS))]
    return np.union1d(last_of_each, highest_of_each)


def _naive(times: pd.Series[pd.Timestamp]) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    """Times in UTC as NumPy has them, which matplotlib and searching need."""
    return times.to_numpy("datetime64[us]")


def _running(
    starts: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    ends: np.ndarray[tuple[int], np.dtype[np.datetime64]],
    times: np.ndarray[tuple[int], np.dtype[np.datetime64]],
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many of what starts and ends so runs from each of `times` on."""
    begun = np.searchsorted(np.sort(starts), times, side="right")
    return np.asarray(begun - np.searchsorted(np.sort(ends), times, side="right"), dtype=np.int64)
