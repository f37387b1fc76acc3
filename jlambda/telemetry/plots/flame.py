"""The flame: where the time of all invocations went, init phases against the work itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from jlambda.telemetry.plots import style

#: width of a character of a label, as a part of the axes' width in a picture of the usual size
_CHARACTER = 0.0115
_HEIGHT = 0.92
_GROUND, _START = "#6f7478", "#7c8287"
_PHASES = {"init": style.COLD, "restore": style.RESTORED, "invoke": style.WARM, "failed": style.FAILED}


class Box(NamedTuple):
    """A part of the time: on which level, where it begins and how long it is in ms, what it is, and which colour it has."""

    level: int
    begin_ms: float
    length_ms: float
    name: str
    color: str


def flame(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """All time added up: of each function, of its cold and warm starts, and above those of init or restore, and invoke.

    What fails is apart. Boxes are as wide as their time, the widest first. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ran = frame[frame["status"] != "throttled"]
    ax = style.axes_for(ax)
    found = list(boxes(ran))
    if not found:
        return style.nothing_ran(ax, frame)
    whole_ms = found[0].length_ms
    per_ms, unit = (1e-3, "s") if whole_ms >= 1_000 else (1.0, "ms")
    gap = whole_ms * 0.0015 * per_ms
    for box in found:
        begin, length = box.begin_ms * per_ms, box.length_ms * per_ms
        patch = Rectangle((begin, box.level), max(length - gap, gap), _HEIGHT, color=box.color, linewidth=0)
        ax.add_patch(patch)
        if label := _label(box, whole_ms):
            middle = (begin + (length - gap) / 2, box.level + _HEIGHT / 2)
            text = ax.text(*middle, label, ha="center", va="center", fontsize="small", color=style.ON_MARK)
            text.set_clip_path(patch)
    ax.set_xlim(0, whole_ms * per_ms)
    ax.set_ylim(-0.05, max(box.level for box in found) + 1)
    style.no_y_ticks(ax)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"time, all invocations added up ({unit})")
    shown = {box.name: box.color for box in found if box.name in _PHASES}
    style.legend(ax, [Rectangle((0, 0), 1, 1, color=color, label=name) for name, color in shown.items()])
    return ax


def boxes(ran: pd.DataFrame) -> Iterator[Box]:
    """The boxes of a flame, what holds others before these; none where no time was taken."""
    functions: dict[str, dict[str, _Starts]] = {}
    columns = ("function", "cold_start", "status", "init_ms", "restore_ms", "duration_ms")
    for function, is_cold, status, init, restore, work in zip(*(ran[name] for name in columns), strict=True):
        starts = functions.setdefault(function, {}).setdefault("cold" if is_cold else "warm", _Starts())
        starts.number += 1
        work_phase = "invoke" if status == "success" else "failed"
        for phase, took in (("init", init), ("restore", restore), (work_phase, work)):
            starts.phases[phase] += 0.0 if pd.isna(took) else took
    whole_ms = sum(starts.ms for each in functions.values() for starts in each.values())
    if whole_ms <= 0:
        return
    first = 1 if len(functions) > 1 else 0
    if first:
        yield Box(0, 0.0, whole_ms, "all functions", _GROUND)
    at = 0.0
    for function, each in sorted(functions.items(), key=lambda it: -sum(starts.ms for starts in it[1].values())):
        yield Box(first, at, sum(starts.ms for starts in each.values()), function, _GROUND)
        for start, starts in sorted(each.items(), key=lambda it: -it[1].ms):
            yield Box(first + 1, at, starts.ms, f"{starts.number:,} {start}", _START)
            for phase, taken in starts.phases.items():
                if taken > 0:
                    yield Box(first + 2, at, taken, phase, _PHASES[phase])
                    at += taken


class _Starts:
    """How many invocations started cold or warm, and what their phases took together, in ms."""

    def __init__(self) -> None:
        self.number = 0
        self.phases = dict.fromkeys(_PHASES, 0.0)

    @property
    def ms(self) -> float:
        return sum(self.phases.values())


def _label(box: Box, whole_ms: float) -> str:
    """As much of what is to be said as fits."""
    took = f"{box.length_ms / 1e3:.3g} s" if box.length_ms >= 1_000 else f"{box.length_ms:.3g} ms"
    part = box.length_ms / whole_ms
    for text in (f"{box.name} · {took} · {100 * part:.0f} %", f"{box.name} · {took}", box.name):
        if len(text) * _CHARACTER < part:
            return text
    return ""
