"""The picture of power tuning: what a memory size does to time and price, on an axis each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from jlambda.telemetry.plots import style

if TYPE_CHECKING:
    from jlambda.telemetry.tuning import Tuning

#: the axes go as far beyond what is highest
_ROOM = 1.3


def tuning(found: Tuning, ax: Axes | None = None) -> Axes:
    """Duration of a warm call and price of a million of them by memory size, on an axis each; marks name the sizes to take.

    Draws on `ax` if it is given, and returns the axes of the durations. Sizes at which a call failed are crosses.
    """
    ax = style.axes_for(ax)
    prices = ax.twinx()
    sizes = [size for size in found.sizes if size.duration_ms is not None and size.cost_usd is not None]
    memory = [size.memory_mb for size in sizes]
    lines: list[Artist] = [
        *ax.plot(memory, [size.duration_ms or 0.0 for size in sizes], "-o", color=style.WARM, label="duration (ms)", zorder=3),
        *prices.plot(
            memory,
            [(size.cost_usd or 0.0) * 1e6 for size in sizes],
            "--s",
            color=style.COLD,
            label="price of a million calls ($)",
        ),
    ]
    failed = [size.memory_mb for size in found.sizes if size.failures]
    if failed:
        lines.append(ax.scatter(failed, [0] * len(failed), s=64, c=style.FAILED, marker="x", label="failed", zorder=4))
    for size in sizes:
        if choices := found.choices(size.memory_mb):
            ax.axvline(size.memory_mb, color=style.TEXT, linewidth=0.8, linestyle=":", zorder=1)
            # above both lines, whose axes leave room for it
            is_first = size is found.sizes[0]  # to the left of it there is no room
            ax.annotate(
                "\n".join(choices),
                (size.memory_mb, 1.0),
                (4 if is_first else -4, -2),
                ha="left" if is_first else "right",
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                va="top",
                color=style.TEXT,
                fontsize="small",
            )
    ax.set_xscale("log", base=2)
    ax.set_xticks([size.memory_mb for size in found.sizes], [str(size.memory_mb) for size in found.sizes])
    ax.minorticks_off()
    ax.set_ylim(bottom=0, top=_ROOM * max((size.duration_ms or 0.0 for size in sizes), default=1.0))
    prices.set_ylim(bottom=0, top=_ROOM * 1e6 * max((size.cost_usd or 0.0 for size in sizes), default=1e-6))
    ax.set_xlabel("memory (MB)")
    ax.set_ylabel("duration (ms)")
    prices.set_ylabel("price of a million calls ($)")
    style.colour(prices)
    style.legend(ax, lines)
    return ax
