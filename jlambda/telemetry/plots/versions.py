"""The plot of traffic: which version served what was asked for, and how much of it failed."""

from __future__ import annotations

from matplotlib.axes import Axes

from jlambda.model.arn import LATEST
from jlambda.telemetry.plots import style


def versions(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """For each alias and version that was asked for, the parts of its invocations that each version served.

    Failures of a version are at the end of its part. What was throttled was served by none. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ran = frame[frame["status"] != "throttled"]
    ax = style.axes_for(ax)
    if ran.empty:
        return style.nothing_ran(ax, frame)
    names = ran["function"].nunique()
    asked = ran["qualifier"].fillna(LATEST)
    if names > 1:
        asked = ran["function"] + ":" + asked
    served = sorted(ran["version"].unique(), key=lambda version: (version != LATEST, int(version) if version.isdigit() else 0))
    rows = sorted(asked.unique(), reverse=True)
    colors = {version: style.SERIES[number % len(style.SERIES)] for number, version in enumerate(served)}
    for place, name in enumerate(rows):
        mine, at = ran[asked == name], 0.0
        for version in served:
            part = mine[mine["version"] == version]
            if part.empty:
                continue
            percent = 100 * len(part) / len(mine)
            failed = 100 * int((part["status"] != "success").sum()) / len(mine)
            ax.barh(place, percent - 0.15, left=at, height=0.6, color=colors[version], zorder=3)
            if failed:
                ax.barh(place, failed - 0.15, left=at + percent - failed, height=0.6, color=style.FAILED, zorder=3)
            room = percent - failed
            label = next((text for text in (f"{len(part):,} · {percent:.0f} %", f"{percent:.0f} %") if len(text) < room), "")
            ax.text(at + room / 2, place, label, ha="center", va="center", color=style.ON_MARK, fontsize="small", zorder=4)
            at += percent
    ax.set_yticks(range(len(rows)), rows)
    ax.set_ylim(-0.6, max(len(rows), 3) - 0.4)
    ax.set_xlim(0, 100)
    ax.set_xlabel("invocations (%)")
    ax.grid(False)
    handles = [ax.barh(0, 0, color=colors[version], label=f"version {version}") for version in served]
    if (ran["status"] != "success").any():
        handles.append(ax.barh(0, 0, color=style.FAILED, label="failed"))
    style.legend(ax)
    return ax
