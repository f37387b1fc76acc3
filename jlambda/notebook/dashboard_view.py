"""The dashboard as HTML, and as text: figures, a chart of the last minute, a lane for each environment.

Pure, escaped, without scripts. What colours say is said by patterns and words too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from jlambda.model.arn import LATEST
from jlambda.notebook.lanes import SPAN_S, Lane
from jlambda.notebook.styles import BAD, BORDER, BRAND, FONT, GOOD, MUTED, TRACK, WARN
from jlambda.telemetry.overview import Overview, Window

#: how many environments have a lane of their own
MOST_LANES = 24
#: seconds whose mean is told as the rate of now
_NOW_S = 5
_SECONDS = int(SPAN_S)
_CHART_PX = 64
_TEXT = f"{FONT}; line-height: 18px"  # a widget's own is 28
_GREY = "var(--jp-ui-font-color3, #8a8a8a)"
#: how each thing is drawn: a colour and, but for the usual, a pattern that tells it from the others without the colour
_LOOK = {
    "starting": f"repeating-linear-gradient(135deg, {WARN} 0 3px, transparent 3px 5px)",
    "busy": BRAND,
    "idle": f"repeating-linear-gradient(0deg, {GOOD} 0 2px, transparent 2px 4px)",
    "frozen": f"repeating-linear-gradient(90deg, {_GREY} 0 1px, transparent 1px 4px)",
    "ran": BRAND,
    "failed": f"repeating-linear-gradient(45deg, {BAD} 0 3px, transparent 3px 4px)",
    "throttled": f"repeating-linear-gradient(0deg, {WARN} 0 2px, transparent 2px 4px)",
}
_PHASES = ("starting", "busy", "idle", "frozen")


class Tile(NamedTuple):
    """One figure: what it is, how much, and a line below it; `is_bad` draws the eye."""

    label: str
    value: str
    note: str = ""
    is_bad: bool = False


def tiles(overview: Overview, clock_now: float) -> list[Tile]:
    """The figures; `clock_now` is the session's clock, by which events in the queue age."""
    minute, queue = overview.minute, overview.queue
    rate = _rate_now(overview)
    share = f"{minute.errors / minute.invocations:.1%} of what ran" if minute.errors else "in the last minute"
    age = "" if queue.oldest_accepted_at is None else f"oldest {span(clock_now - queue.oldest_accepted_at)}"
    dead = f"{queue.dead:,} dead" if queue.dead else ""
    at_work = sum(each.phase in ("busy", "starting") for each in overview.environments)
    return [
        Tile(
            "invocations a second",
            f"{rate:,.1f}" if rate < 100 else f"{rate:,.0f}",
            f"{minute.invocations:,} in the last minute",
        ),
        Tile("errors", f"{minute.errors:,}", share, is_bad=minute.errors > 0),
        Tile("throttles", f"{minute.throttles:,}", "in the last minute", is_bad=minute.throttles > 0),
        Tile("p50", duration(minute.p50_ms), "half were faster"),
        Tile("p90", duration(minute.p90_ms), "9 of 10 were faster"),
        Tile("p99", duration(minute.p99_ms), "99 of 100 were faster"),
        Tile("environments", f"{len(overview.environments):,}", f"{at_work:,} at work"),
        Tile("queue", f"{queue.depth:,}", " · ".join(filter(None, (age, dead))) or "nothing waits", is_bad=queue.dead > 0),
        Tile("money per hour", money(minute.usd_per_hour), "as in the last minute"),
        Tile("today", money(overview.cost_today_usd), f"{money(overview.cost_month_usd)} this month"),
    ]


def _rate_now(overview: Overview) -> float:
    """Invocations a second, the mean of the last seconds that are over."""
    end = int(overview.at)
    return sum(each.invocations for each in overview.seconds if end - _NOW_S <= each.start < end) / _NOW_S


def duration(ms: float | None) -> str:
    """A duration for people: ``0.04 ms``, ``12.3 ms``, ``1.25 s``; a dash where there is none."""
    if ms is None:
        return "–"
    if ms >= 1_000:
        return f"{ms / 1_000:.2f} s"
    return f"{ms:.2f} ms" if ms < 10 else f"{ms:.1f} ms"


def span(seconds: float) -> str:
    """A length of time in whole units: ``12 s``, ``3 min``, ``2 h``, ``4 d``."""
    whole = max(0, int(seconds))
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if whole >= length:
            return f"{whole // length} {unit}"
    return f"{whole} s"


def money(usd: float) -> str:
    """An amount with two digits that count: ``$0``, ``$0.00041``, ``$1.25``."""
    if usd == 0:
        return "$0"
    if usd >= 0.1:
        return f"${usd:,.2f}"
    return f"${usd:.9f}"[:13].rstrip("0") if usd < 0.000_1 else f"${usd:.5f}"


def tiles_html(of: Sequence[Tile]) -> str:
    """The figures side by side, as many to a row as there is room for."""
    cells = "".join(
        f'<div style="border: 1px solid {BORDER}; border-left: 3px solid {BAD if it.is_bad else BORDER}; '
        f'border-radius: 3px; padding: 4px 8px; min-width: 0; overflow: hidden">'
        f'<div style="color: {MUTED}; font-size: 11px; white-space: nowrap">{escape(it.label)}</div>'
        f'<div style="font-size: 18px; line-height: 24px; white-space: nowrap; font-variant-numeric: tabular-nums">'
        f"{'⚠ ' if it.is_bad else ''}{escape(it.value)}</div>"
        f'<div style="color: {MUTED}; font-size: 11px; line-height: 14px; min-height: 14px; white-space: nowrap">'
        f"{escape(it.note)}</div></div>"
        for it in of
    )
    grid = "display: grid; grid-template-columns: repeat(auto-fit, minmax(152px, 1fr)); gap: 6px"
    return f'<div style="{_TEXT}; {grid}">{cells}</div>'


def chart_html(overview: Overview) -> str:
    """A bar for each of the last 60 seconds: what ran, what failed, what was throttled."""
    end = int(overview.at)
    bars = {int(each.start) - (end - _SECONDS): each for each in overview.seconds if end - _SECONDS <= each.start < end}
    most = max((it.invocations + it.throttles for it in bars.values()), default=0)
    drawn = "".join(_bar(at, it, most) for at, it in sorted(bars.items()))
    told = f"most in a second: {most:,}" if most else "nothing ran"
    label = f"invocations by second over the last minute; {told}"
    chart = (
        f'<div role="img" aria-label="{label}" style="position: relative; height: {_CHART_PX}px; overflow: hidden; '
        f'border-bottom: 1px solid {BORDER}">{drawn}</div>'
    )
    scale = f"<span>60 s ago</span><span>{told}</span><span>now</span>"
    return (
        f'<div style="{_variables("ran", "failed", "throttled")} {_TEXT}; margin-top: 10px">'
        f"{_heading('last minute', ('ran', 'failed', 'throttled'))}{chart}"
        f'<div style="display: flex; justify-content: space-between; color: {MUTED}; font-size: 11px">{scale}</div></div>'
    )


def _bar(at: int, it: Window, most: int) -> str:
    drawn, bottom = "", 0.0
    for look, count in (("ran", it.invocations - it.errors), ("failed", it.errors), ("throttled", it.throttles)):
        if count:
            height = max(2.0, count / most * (_CHART_PX - 4))
            place = f"left:{at / _SECONDS:.2%};width:{0.8 / _SECONDS:.2%};bottom:{bottom:.0f}px;height:{height:.0f}px"
            drawn += f'<div style="position:absolute;{place};background:var(--jl-{look})"></div>'
            bottom += height
    return drawn


def lanes_html(lanes: Sequence[Lane], now: float) -> str:
    """A lane for each environment, coloured by phase; the name of its phase stands behind it."""
    if not lanes:
        body = f'<div style="color: {MUTED}">no environments: the first invocation starts one</div>'
    else:
        shown = "".join(_lane(lane, now) for lane in lanes[:MOST_LANES])
        grid = (
            "display: grid; grid-template-columns: fit-content(16em) 1fr fit-content(9em); gap: 2px 10px; align-items: center"
        )
        body = f'<div style="{grid}">{shown}</div>{_more(lanes[MOST_LANES:])}'
    return f'<div style="{_variables(*_PHASES)} {_TEXT}; margin-top: 10px">{_heading("environments", _PHASES)}{body}</div>'


def _lane(lane: Lane, now: float) -> str:
    it = lane.environment
    name = it.function if it.version == LATEST else f"{it.function}:{it.version}"
    begun = now - SPAN_S
    drawn = ""
    for segment in lane.segments():
        start, end = max(segment.start, begun), min(segment.end, now)
        if end >= begun:
            place = f"left:{(start - begun) / SPAN_S:.2%};width:max(2px,{max(0.0, end - start) / SPAN_S:.2%})"
            drawn += f'<div style="position:absolute;{place};top:0;bottom:0;background:var(--jl-{segment.phase})"></div>'
    told = "ended" if lane.is_gone else f"{it.phase} {span(now - lane.since)}"
    clip = "overflow: hidden; text-overflow: ellipsis; white-space: nowrap"
    mark = " · provisioned" if it.is_provisioned else ""
    return (
        f'<div style="display: flex; gap: 4px; align-items: baseline; min-width: 0" title="{escape(name)} {it.id}">'
        f'<span style="{clip}">{escape(name)}</span> '
        f'<span style="color: {MUTED}; font-size: 11px; white-space: nowrap">{it.id[:6]}{mark}</span></div>'
        f'<div style="position: relative; height: 14px; background: {TRACK}; border-radius: 2px; overflow: hidden">'
        f"{drawn}</div>"
        f'<div style="white-space: nowrap; color: {MUTED}; font-size: 11px">{told}</div>'
    )


def _more(lanes: Sequence[Lane]) -> str:
    """What is told of environments that have no lane of their own."""
    if not lanes:
        return ""
    counts = Counter("ended" if lane.is_gone else str(lane.environment.phase) for lane in lanes)
    told = ", ".join(f"{count:,} {phase}" for phase, count in counts.most_common())
    return f'<div style="color: {MUTED}; margin-top: 2px">and {len(lanes):,} more: {told}</div>'


def _variables(*looks: str) -> str:
    return "".join(f"--jl-{look}: {_LOOK[look]}; " for look in looks)


def _heading(title: str, looks: Sequence[str]) -> str:
    legend = "".join(
        f'<span style="display: inline-flex; gap: 4px; align-items: center; color: {MUTED}; font-size: 11px">'
        f'<span style="width: 14px; height: 10px; background: var(--jl-{look})"></span>{look}</span>'
        for look in looks
    )
    return (
        f'<div style="display: flex; flex-wrap: wrap; gap: 2px 14px; align-items: baseline; margin-bottom: 3px">'
        f"<b>{escape(title)}</b>{legend}</div>"
    )


def dashboard_text(overview: Overview, clock_now: float) -> str:
    """The figures as lines of text, and how many environments do what."""
    of = tiles(overview, clock_now)
    width = max(len(it.label) for it in of)
    counts = Counter(each.phase for each in overview.environments)
    phases = ", ".join(f"{count} {phase}" for phase, count in counts.most_common())
    lines = [
        f"  {it.label:<{width}}  {it.value}{f'  ({it.note})' if it.note else ''}" for it in of if it.label != "environments"
    ]
    environments = f"  {'environments':<{width}}  {len(overview.environments)}{f'  ({phases})' if phases else ''}"
    return "\n".join(["λ dashboard", *lines, environments])
