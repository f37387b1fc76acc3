"""Plots of invocations on matplotlib: each takes the frame of `invocations()`, or records, and returns the Axes it drew on.

matplotlib is imported when this package is. How all of them look is `style`'s; no plot opens a window of its own in a notebook.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from matplotlib.axes import Axes

from jlambda.telemetry.plots.concurrency import concurrency, environments
from jlambda.telemetry.plots.cost import cost
from jlambda.telemetry.plots.flame import flame
from jlambda.telemetry.plots.starts import durations, memory
from jlambda.telemetry.plots.style import Invocations, png
from jlambda.telemetry.plots.tuning import tuning
from jlambda.telemetry.plots.versions import versions

__all__ = ["KINDS", "concurrency", "cost", "durations", "environments", "flame", "memory", "png", "tuning", "versions"]


class Plot(Protocol):
    """Draws invocations, on `ax` if it is given."""

    def __call__(self, invocations: Invocations, ax: Axes | None = None, /) -> Axes: ...


#: what `fn.plot` can be asked for
KINDS: Mapping[str, Plot] = MappingProxyType(
    {
        "durations": durations,
        "memory": memory,
        "concurrency": concurrency,
        "environments": environments,
        "cost": cost,
        "flame": flame,
        "versions": versions,
    }
)
