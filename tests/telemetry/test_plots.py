"""The plots: what is marked, and that it can be read on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from jlambda.telemetry import frames, plots
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


def test_without_invocations_the_plot_is_empty() -> None:
    """No marks, no legend, no error."""
    axes = plots.durations([])
    assert points(axes) == {}
    assert axes.get_legend() is None


def test_it_draws_on_axes_that_are_given() -> None:
    """Somebody else's figure keeps its look."""
    _, mine = plt.subplots()
    color = mine.get_facecolor()
    assert plots.durations(RECORDS, mine) is mine
    assert mine.get_facecolor() == color


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
    bars = {str(bar.get_label()): [cast(Any, patch).get_bbox() for patch in cast(Any, bar)] for bar in axes.containers}
    spans = {label: [(round(box.y0 + 0.35), box.x0, box.x1) for box in boxes] for label, boxes in bars.items()}
    assert spans == {
        "init": [(1, 0.0, 0.5), (2, 1.0, 1.5)],
        "invoke": [(1, 0.5, 1.5), (2, 1.5, 3.5)],
        "failed": [(1, 2.0, 2.25)],
    }
    assert points(axes) == {"throttled": [(3.0, 3.0)]}
    assert plots.environments([]).get_legend() is None


@pytest.mark.parametrize("page", ["white", "#111111"])
@pytest.mark.parametrize(("color", "least"), [(plots.TEXT, 4.0), (plots.WARM, 3.0), (plots.COLD, 3.0), (plots.FAILED, 3.0)])
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
    (durations,) = axes.lines
    assert np.asarray(durations.get_xydata()).tolist() == [[256, 40], [512, 30]]
    assert [text.get_text() for text in axes.texts] == ["cheapest", "fastest\nbalanced"]
    assert points(axes)["failed"] == [(128, 0)]
    (prices,) = (other for other in axes.figure.axes if other is not axes)
    assert [float(usd) for usd in np.asarray(prices.lines[0].get_ydata())] == pytest.approx(
        [0.2 + 0.1667, 0.2 + 0.25], rel=0.01
    )
