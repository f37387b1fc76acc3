"""What a dashboard draws: its figures, its chart, its lanes; all escaped, nothing told by colour alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from jlambda.notebook.dashboard_view import chart_html, dashboard_text, lanes_html, money, span, tiles, tiles_html
from jlambda.notebook.lanes import Lanes
from jlambda.telemetry.overview import EnvironmentOverview, InvocationOverview, Overview, Phase, QueueOverview
from jlambda.telemetry.tally import Tally
from tests.notebook.reading import read_safe
from tests.samples import NOON, a_record

EMPTY = QueueOverview()


def overview(tally: Tally, at: float, *environments: EnvironmentOverview, queue: QueueOverview = EMPTY) -> Overview:
    """What there is to see at a time."""
    counts = tally.seconds(at), tally.minute(at), tally.cost_today_usd(at), tally.cost_month_usd(at)
    return Overview(at, (), environments, queue, tally.recent(), *counts)


def environment(phase: Phase, number: int = 0, function: str = "hello") -> EnvironmentOverview:
    """An environment."""
    return EnvironmentOverview(f"{number:032x}", function, "$LATEST", phase, False)


def invocation(started_at: float, duration_ms: float, init_ms: float | None = None) -> InvocationOverview:
    """An invocation in the first environment."""
    about = ("success", None, init_ms is not None, "direct", 1, f"{0:032x}", 0.0)
    return InvocationOverview("id", "hello", "$LATEST", started_at, duration_ms, init_ms, *about)  # type: ignore[arg-type]


def test_figures_are_those_of_the_minute() -> None:
    """What ran, failed and was throttled, durations, the queue and money."""
    tally = Tally()
    for number in range(50):
        tally.add(a_record(number, status="error" if number < 5 else "success", duration_ms=20.0))
    tally.add(a_record(50, status="throttled"))
    queue = QueueOverview(waiting=2, retrying=1, dead=4, oldest_accepted_at=NOON)
    seen = overview(tally, NOON + 55, environment("busy"), environment("frozen", 1), queue=queue)
    shown = {tile.label: tile for tile in tiles(seen, NOON + 130)}
    assert shown["invocations a second"].note == "50 in the last minute"
    assert (shown["errors"].value, shown["errors"].note, shown["errors"].is_bad) == ("5", "10.0% of what ran", True)
    assert (shown["throttles"].value, shown["environments"].note) == ("1", "1 at work")
    assert re.fullmatch(r"(19|20)\.\d ms", shown["p50"].value)
    assert (shown["queue"].value, shown["queue"].note) == ("3", "oldest 2 min · 4 dead")
    text = dashboard_text(seen, NOON + 130)
    assert "environments          2  (1 busy, 1 frozen)" in text
    read = read_safe(tiles_html(tiles(seen, NOON + 130)))
    assert "⚠ 5" in read.text  # what is bad is told without its colour


def test_nothing_has_run_yet() -> None:
    """An empty session says so."""
    seen = overview(Tally(), NOON)
    assert {tile.value for tile in tiles(seen, NOON)} == {"0.0", "0", "–", "$0"}
    assert not [tile for tile in tiles(seen, NOON) if tile.is_bad]
    assert "nothing ran" in read_safe(chart_html(seen)).text
    assert "the first invocation starts one" in read_safe(lanes_html([], NOON)).text


def test_the_chart_has_a_bar_for_each_second() -> None:
    """Of a second each kind of end has its part; the second that is not over has none."""
    tally = Tally()
    for status in ("success", "success", "error", "throttled"):
        tally.add(a_record(10, status=status))
    tally.add(a_record(20))
    html = chart_html(overview(tally, NOON + 20.5))
    assert [html.count(f'background:var(--jl-{look})"></div>') for look in ("ran", "failed", "throttled")] == [1, 1, 1]
    assert "most in a second: 4" in read_safe(html).text
    legend = html.partition("role=")[0]
    assert all(f"</span>{look}</span>" in legend for look in ("ran", "failed", "throttled"))


def test_lanes_follow_phases() -> None:
    """A phase lasts from when it was first seen to when another was."""
    lanes, tally = Lanes(), Tally()
    for at, phase in ((0, "starting"), (1, "busy"), (3, "frozen"), (5, "frozen")):
        (lane,) = lanes.update(overview(tally, NOON + at, environment(phase)))  # type: ignore[arg-type]
    found = [(it.start - NOON, it.end - NOON, it.phase) for it in lane.phases]
    assert found == [(0, 1, "starting"), (1, 3, "busy"), (3, 5, "frozen")]
    html = lanes_html([lane], NOON + 5)
    assert "frozen 2 s" in read_safe(html).text


def test_invocations_between_two_looks_are_drawn() -> None:
    """A busy moment that no overview has seen is taken from the record, the init phase apart."""
    lanes, seen = Lanes(), overview(Tally(), NOON, environment("frozen"))
    lanes.update(seen)
    first = invocation(NOON + 1, 5.0, init_ms=500.0)
    lanes.update(replace(seen, at=NOON + 2, recent=(first,)))
    later = [invocation(NOON + 3 + number / 10, 5.0) for number in range(3)]
    (lane,) = lanes.update(replace(seen, at=NOON + 4, recent=(*reversed(later), first)))
    found = [(round(it.start - NOON, 3), round(it.end - NOON, 3), it.phase) for it in lane.work]
    assert found == [(1, 1.5, "starting"), (1.5, 1.505, "busy"), (3, 3.205, "busy")]


def test_lanes_of_environments_that_ended_go_after_a_minute() -> None:
    """Until then they stand at the end, and say so."""
    lanes, tally = Lanes(), Tally()
    lanes.update(overview(tally, NOON, environment("busy"), environment("idle", 1)))
    both = lanes.update(overview(tally, NOON + 1, environment("idle", 1)))
    assert [lane.is_gone for lane in both] == [False, True]
    assert "ended" in read_safe(lanes_html(both, NOON + 1)).text
    assert len(lanes.update(overview(tally, NOON + 70, environment("idle", 1)))) == 1


def test_names_are_escaped_and_many_lanes_summed_up() -> None:
    """A name is text; what has no lane of its own is counted by phase."""
    many = [environment("busy" if number % 2 else "frozen", number, function="<b>&'\"") for number in range(40)]
    html = lanes_html(Lanes().update(overview(Tally(), NOON, *many)), NOON)
    assert "<b>&'\"" in read_safe(html).text
    assert "<b>&" not in html
    assert "and 16 more: 8 frozen, 8 busy" in read_safe(html).text or "and 16 more: 8 busy, 8 frozen" in read_safe(html).text


@pytest.mark.parametrize(
    ("usd", "told"), [(0, "$0"), (1234.5, "$1,234.50"), (0.25, "$0.25"), (0.00041, "$0.00041"), (2.1e-7, "$0.00000021")]
)
def test_money_shows_the_digits_that_count(usd: float, told: str) -> None:
    """However little it is."""
    assert money(usd) == told


@pytest.mark.parametrize(("seconds", "told"), [(-1, "0 s"), (59.9, "59 s"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d")])
def test_spans_are_in_whole_units(seconds: float, told: str) -> None:
    """The largest that fits."""
    assert span(seconds) == told
