"""The plot of what invocations would cost on AWS."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from jlambda.telemetry.plots import style

#: the least that an axis in this unit goes up to, how many of the unit are a dollar, and its name
_UNITS = ((0.1, 1.0, "US dollars"), (1e-4, 1e3, "thousandths of a US dollar"), (0.0, 1e6, "millionths of a US dollar"))


def cost(invocations: style.Invocations, ax: Axes | None = None) -> Axes:
    """What the invocations of each day (UTC) would cost on AWS before the free tier, one function above the other.

    Of a single day it is a bar for each function, the dearest first. Draws on `ax` if it is given.
    """
    frame = style.in_order(invocations)
    ax = style.axes_for(ax)
    if frame.empty:
        return style.say(ax, "no invocation yet")
    functions = style.by_function(frame)
    day = frame["started_at"].dt.floor("D").dt.tz_localize(None)
    days = pd.date_range(day.min(), day.max(), freq="D")
    usd = pd.DataFrame(
        {
            name: frame.loc[rows, "cost_usd"].groupby(day[rows]).sum().reindex(days, fill_value=0.0)
            for name, (_, rows) in functions.items()
        }
    )
    if len(days) == 1:
        _of_one_day(ax, usd.iloc[0], {name: color for name, (color, _) in functions.items()}, f"{days[0]:%Y-%m-%d}")
        return ax
    per_usd, unit = _unit(float(usd.sum(axis=1).max()))
    below = pd.Series(0.0, index=days)
    for name, (color, _) in functions.items():
        height = usd[name] * per_usd
        label = f"{name} · {dollars(float(usd[name].sum()))}"
        ax.bar(days, height, bottom=below, width=0.8, color=color, label=label, zorder=3)
        below += height
    ax.set_ylabel(f"cost ({unit})")
    style.tell_time(ax)
    ax.set_xlabel("day (UTC)")
    style.legend(ax)
    return ax


def _of_one_day(ax: Axes, usd: pd.Series[float], colors: dict[str, str], day: str) -> None:
    ordered = usd.sort_values(kind="stable")
    per_usd, unit = _unit(float(ordered.max()))
    names = [str(name) for name in ordered.index]
    bars = ax.barh(names, ordered * per_usd, height=0.6, color=[colors[name] for name in names], zorder=3)
    ax.bar_label(bars, [dollars(each) for each in ordered], padding=4, color=style.TEXT)
    ax.set_ylim(-0.6, max(len(names), 3) - 0.4)
    ax.margins(x=0.25)
    ax.set_xlim(left=0)
    ax.grid(False)
    ax.set_xlabel(f"cost on {day} UTC ({unit})")


def _unit(most_usd: float) -> tuple[float, str]:
    return next((per_usd, name) for least, per_usd, name in _UNITS if most_usd >= least)


def dollars(usd: float) -> str:
    """An amount with three digits that count, however small: ``$0.00000213``."""
    if usd == 0 or usd >= 1:
        return f"${usd:,.2f}"
    digits = f"{usd:.2e}"
    return f"${usd:.{2 - int(digits.partition('e')[2])}f}"
