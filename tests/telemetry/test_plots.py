"""The plots: what is marked, and that it can be read on light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from jlambda.telemetry import frames, plots
from jlambda.telemetry.plots import style
from jlambda.telemetry.plots.cost import dollars
from jlambda.telemetry.plots.flame import boxes
from jlambda.telemetry.tuning import Tuning
from tests.samples import a_record

RECORDS = [
    a_record(0, cold_start=True, init_ms=100.0, duration_ms=20.0),
    a_record(2, duration_ms=30.0, status="error"),
    a_record(1, duration_ms=10.0),
    a_record(3, status="throttled"),
]


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Draw without a screen, and close what was drawn."""
    mpl.use("agg")
    yield
    plt.close("all")
    assert plt.get_fignums() == []


def points(axes: Axes) -> dict[str, list[tuple[float, float]]]:
    """The marks by what the legend calls them."""
    marks = {str(marks.get_label()): cast(Any, marks).get_offsets() for marks in axes.collections}
    return {name: [(float(x), float(y)) for x, y in np.asarray(at)] for name, at in marks.items() if name[0] != "_"}


@pytest.mark.parametrize("given", [RECORDS, frames.invocations(RECORDS)], ids=["records", "frame"])
def test_every_invocation_is_marked_once_by_its_start(given: Any) -> None:
    """In order of start; a cold start at init and duration together; a failure marked besides; no throttles."""
    marks = points(plots.durations(given))
    assert marks == {"warm start": [(2, 10), (3, 30)], "cold start (init + duration)": [(1, 120)], "failed": [(3, 30)]}


def test_cold_starts_differ_in_shape_as_well_as_color() -> None:
    """Who does not tell the colors apart still finds them."""
    shapes = {
        str(marks.get_label()): len(cast(Any, marks).get_paths()[0].vertices) for marks in plots.durations(RECORDS).collections
    }
    assert shapes["warm start"] != shapes["cold start (init + duration)"] != shapes["failed"]


def test_a_wide_range_is_shown_on_a_logarithmic_axis() -> None:
    """A cold start of a second does not press the warm ones flat."""
    assert plots.durations(RECORDS[2:3]).get_yscale() == "linear"
    assert plots.durations([*RECORDS, a_record(5, duration_ms=9_000.0)]).get_yscale() == "log"


@pytest.mark.parametrize("kind", sorted(plots.KINDS))
def test_without_invocations_a_plot_says_so(kind: str) -> None:
    """No marks, no legend, no error, but a line in the middle."""
    axes = plots.KINDS[kind]([])
    assert [text.get_text() for text in axes.texts] == ["no invocation yet"]
    assert (points(axes), axes.get_legend(), list(axes.get_xticks())) == ({}, None, [])


@pytest.mark.parametrize("kind", sorted(plots.KINDS))
def test_it_draws_on_axes_that_are_given(kind: str) -> None:
    """Somebody else's figure keeps its look, and nothing is set for figures that come after."""
    settings = dict(mpl.rcParams)
    _, mine = plt.subplots()
    color = mine.get_facecolor()
    assert plots.KINDS[kind](RECORDS, mine) is mine
    assert mine.get_facecolor() == color
    assert mine.has_data()
    assert dict(mpl.rcParams) == settings


@pytest.mark.parametrize("kind", sorted(plots.KINDS))
def test_plots_can_be_drawn_without_a_screen(kind: str) -> None:
    """Labels, ticks and legends find their places, the ground being transparent."""
    figure = plots.KINDS[kind](RECORDS).figure
    figure.canvas.draw()
    assert figure.patch.get_alpha() == 0.0


TUNED = Tuning("f", {128: [a_record(0)], 256: [a_record(1, duration_ms=2.0, billed_ms=2, memory_mb=256)]})


@pytest.mark.parametrize("draw", [*(partial(plots.KINDS[kind], RECORDS) for kind in sorted(plots.KINDS)), TUNED.plot])
def test_notebooks_put_nothing_behind_a_plot(draw: Callable[[], Axes]) -> None:
    """Neither white nor black, as they do where all tick labels are on one side of middle grey (`matplotlib_inline`)."""
    labels = [label for axes in draw().figure.axes for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()]
    assert {float(np.dot(to_rgb(label.get_color()), (0.299, 0.587, 0.114))) > 0.5 for label in labels} == {True, False}


def test_a_picture_is_nobodys_figure() -> None:
    """It is drawn where neither a window nor a notebook sees it."""
    assert TUNED.picture().startswith(b"\x89PNG")
    assert plt.get_fignums() == []


def test_ticks_tell_number_and_time_of_a_start() -> None:
    """The first one is 1, and there is no invocation 0."""
    axes = plots.durations([a_record(number) for number in range(12)])
    axes.figure.canvas.draw()
    shown = [label.get_text() for label in axes.get_xticklabels() if label.get_text()]
    assert shown[:2] == ["1\n12:00:00", "2\n12:00:01"]


def test_memory_is_shown_against_its_limit() -> None:
    """In MB for one function, whose limit may change; what was killed at its limit is marked."""
    axes = plots.memory(
        [
            a_record(0, memory_mb=128, max_memory_mb=60),
            a_record(1, memory_mb=128, max_memory_mb=128, status="out_of_memory"),
            a_record(2, memory_mb=256, max_memory_mb=140),
        ]
    )
    assert points(axes) == {"used": [(1, 60), (2, 128), (3, 140)], "out of memory": [(2, 128)]}
    (limit,) = (patch for patch in axes.patches if patch.get_label() == "limit")
    values, edges, _ = cast(Any, limit).get_data()
    assert (values.tolist(), edges.tolist()) == ([128, 256], [0.5, 2.5, 3.5])
    assert axes.get_ylabel() == "memory (MB)"


def test_memory_of_several_functions_is_a_part_of_their_limits() -> None:
    """What is 60 MB to one is next to nothing to another."""
    axes = plots.memory(
        [a_record(0, memory_mb=128, max_memory_mb=64), a_record(1, function="f", memory_mb=640, max_memory_mb=64)]
    )
    assert points(axes) == {"f": [(2, 10)], "hello": [(1, 50)]}
    assert axes.get_ylabel() == "memory (% of the limit)"


def test_concurrency_counts_what_runs_at_one_time() -> None:
    """From start to end, init included; what was throttled is marked at what ran then, and a reservation is a line."""
    records = [
        a_record(0, duration_ms=3_000.0),
        a_record(1, init_ms=500.0, cold_start=True, duration_ms=500.0),
        a_record(1.5, status="throttled", duration_ms=0.0),
        a_record(5, duration_ms=1_000.0),
    ]
    axes = plots.concurrency(records, limit=2)
    steps = next(line for line in axes.lines if line.get_drawstyle() == "steps-post")
    assert list(cast(Any, steps.get_ydata())) == [1, 2, 1, 0, 1, 0]
    assert [height for _, height in points(axes)["throttled"]] == [2]
    assert [label for line in axes.lines if (label := str(line.get_label()))[0] != "_"] == ["reserved: 2"]


def test_an_outline_keeps_peaks_and_gaps() -> None:
    """Of many invocations no more is drawn than can be seen: how many ran at most, and that nothing did, stays."""
    records = [a_record(number / 100, duration_ms=5.0) for number in range(4_000)]
    records += [a_record(20.001, duration_ms=1.0), a_record(60, duration_ms=1.0)]
    steps = plots.concurrency(records).lines[0]
    heights, times = np.asarray(cast(Any, steps.get_ydata())), np.asarray(cast(Any, steps.get_xdata()))
    assert len(heights) < 3_100
    assert (heights.max(), heights[-1]) == (2, 0)
    gap = np.argmax(np.diff(times))
    assert heights[gap] == 0


def test_an_instant_has_an_axis() -> None:
    """One invocation that took no time is shown in the middle of some milliseconds."""
    first, last = plots.concurrency([a_record(0, duration_ms=0.0)]).get_xlim()
    assert 0 < (last - first) * 86_400 < 0.01


def test_functions_are_stacked_and_the_many_are_one() -> None:
    """Nine functions at one time make nine; more than there are colours for are drawn together."""
    axes = plots.concurrency([a_record(0, function=f"f{number}", duration_ms=10.0) for number in range(9)])
    assert max(max(cast(Any, line.get_ydata())) for line in axes.lines) == 9
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["f0", "f1", "f2", "f3", "f4", "f5", "others"]


def test_cost_is_by_function_and_day() -> None:
    """Stacked, a column for each day from first to last in UTC, also for one on which nothing ran."""
    day = 86_400
    records = [a_record(0), a_record(1, function="f"), a_record(2 * day)]
    each = frames.invocations(records)["cost_usd"][0]
    axes = plots.cost(records)
    bars = {str(bars.get_label()): [cast(Any, bar).get_height() for bar in cast(Any, bars)] for bars in axes.containers}
    assert bars == {
        f"f · {dollars(each)}": [pytest.approx(each * 1e6), 0, 0],
        f"hello · {dollars(2 * each)}": [pytest.approx(each * 1e6), 0, pytest.approx(each * 1e6)],
    }
    assert axes.get_ylabel() == "cost (millionths of a US dollar)"


def test_cost_of_one_day_is_a_bar_for_each_function() -> None:
    """The dearest is on top, and each says what it cost."""
    axes = plots.cost([a_record(0), a_record(1, function="f", billed_ms=1_000)])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["hello", "f"]
    assert [text.get_text() for text in axes.texts] == ["$0.000000208", "$0.00000228"]
    assert axes.get_xlabel() == "cost on 2026-11-23 UTC (millionths of a US dollar)"


@pytest.mark.parametrize(
    ("usd", "text"), [(0, "$0.00"), (2.084e-7, "$0.000000208"), (0.0456, "$0.0456"), (0.9876, "$0.988"), (1234.5, "$1,234.50")]
)
def test_dollars_have_three_digits_that_count(usd: float, text: str) -> None:
    """However little it is."""
    assert dollars(usd) == text


def test_the_flame_sets_init_against_invoke() -> None:
    """From the ground up: all, each function, its cold and warm starts, their phases; what failed apart, the widest first."""
    records = [
        a_record(0, cold_start=True, init_ms=100.0, duration_ms=20.0),
        a_record(1, duration_ms=300.0),
        a_record(2, duration_ms=80.0, status="error"),
        a_record(3, function="f", cold_start=True, restore_ms=15.0, duration_ms=5.0),
    ]
    assert [box[:4] for box in boxes(frames.invocations(records))] == [
        (0, 0, 520, "all functions"),
        (1, 0, 500, "hello"),
        (2, 0, 380, "2 warm"),
        (3, 0, 300, "invoke"),
        (3, 300, 80, "failed"),
        (2, 380, 120, "1 cold"),
        (3, 380, 100, "init"),
        (3, 480, 20, "invoke"),
        (1, 500, 20, "f"),
        (2, 500, 20, "1 cold"),
        (3, 500, 15, "restore"),
        (3, 515, 5, "invoke"),
    ]
    texts = [text.get_text() for text in plots.flame(records).texts]
    assert texts[:3] == ["all functions · 520 ms · 100 %", "hello · 500 ms · 96 %", "2 warm · 380 ms · 73 %"]


def test_traffic_is_shown_by_what_was_asked_for() -> None:
    """An alias of two versions in the parts that each served, a version by itself, what failed at the end of a part."""
    records = [
        *(a_record(number, version="1", qualifier="live") for number in range(3)),
        a_record(3, version="2", qualifier="live", status="error"),
        a_record(4),
    ]
    axes = plots.versions(records)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["live", "$LATEST"]
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["3 · 75 %", "1 · 100 %"]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["version $LATEST", "version 1", "version 2", "failed"]


def test_every_environment_has_a_lane() -> None:
    """In order of their first work: init, then the invocation; a failure in another color; throttles above all lanes."""
    one, two = "2026/11/24/[$LATEST]" + "1" * 32, "2026/11/24/[$LATEST]" + "2" * 32
    records = [
        a_record(100, log_stream=one, cold_start=True, init_ms=500.0, duration_ms=1_000.0),
        a_record(101, log_stream=two, cold_start=True, init_ms=500.0, duration_ms=2_000.0),
        a_record(102, log_stream=one, duration_ms=250.0, status="error"),
        a_record(103, status="throttled", log_stream=""),
    ]
    axes = plots.environments(frames.invocations(records))
    bars = {str(bars.get_label()): [path.get_extents() for path in cast(Any, bars).get_paths()] for bars in axes.collections}
    spans = {label: [(round(box.y0 + 0.35), box.x0, box.x1) for box in boxes] for label, boxes in bars.items()}
    assert len(spans.pop("throttled")) == 1
    assert spans == {
        "init": [(1, 0.0, 0.5), (2, 1.0, 1.5)],
        "invoke": [(1, 0.5, 1.5), (2, 1.5, 3.5)],
        "failed": [(1, 2.0, 2.25)],
    }
    assert points(axes)["throttled"] == [(3.0, 3.0)]
    assert axes.get_xlim()[0] == 0 and axes.get_xlim()[1] > 3.5


@pytest.mark.parametrize("page", ["white", "#111111"])
@pytest.mark.parametrize(
    ("color", "least"),
    [(style.TEXT, 4.0), *((mark, 3.0) for mark in sorted({*style.SERIES, style.COLD, style.FAILED, style.RESTORED}))],
)
def test_colors_can_be_read_on_light_and_dark_pages(page: str, color: str, least: float) -> None:
    """Contrast as https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio defines it; the ground is transparent."""
    bright, dark = sorted((_luminance(color), _luminance(page)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= least
    figure = plots.durations(RECORDS).get_figure()
    assert figure is not None
    assert figure.patch.get_alpha() == 0.0


def _luminance(color: str) -> float:
    parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return float(np.dot(parts, (0.2126, 0.7152, 0.0722)))


def test_tuning_is_drawn_on_two_axes() -> None:
    """Durations to the left, prices to the right, the sizes to take named, and failures marked."""
    measured = {
        128: [a_record(0, status="timeout", memory_mb=128)],
        256: [a_record(1, memory_mb=256, duration_ms=40.0, billed_ms=40)],
        512: [a_record(2, memory_mb=512, duration_ms=30.0, billed_ms=30)],
    }
    axes = plots.tuning(Tuning("f", measured))
    durations, *marks = axes.lines
    assert [list(cast(Any, mark.get_xdata())) for mark in marks] == [[256, 256], [512, 512]]
    assert np.asarray(durations.get_xydata()).tolist() == [[256, 40], [512, 30]]
    assert [text.get_text() for text in axes.texts] == ["cheapest", "fastest\nbalanced"]
    assert points(axes)["failed"] == [(128, 0)]
    (prices,) = (other for other in axes.figure.axes if other is not axes)
    assert [float(usd) for usd in np.asarray(prices.lines[0].get_ydata())] == pytest.approx(
        [0.2 + 0.1667, 0.2 + 0.25], rel=0.01
    )
