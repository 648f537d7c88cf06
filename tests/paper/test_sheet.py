from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from skecg.paper import (
    class_color,
    draw_calibration,
    draw_paper,
    draw_trace,
    paper_figure,
    shade,
    snap_height,
    visible_range,
)


@pytest.fixture
def ax():
    return matplotlib.figure.Figure(figsize=(6, 4)).subplots()


@pytest.fixture
def new_figure():
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    yield paper_figure
    plt.close("all")
    matplotlib.use(before)


def places(lines, axis) -> np.ndarray:
    """Return where the lines across an axis are."""
    ends = np.array(lines.get_segments())
    across = ends[:, 0, axis] == ends[:, 1, axis]
    return np.unique(ends[across][:, 0, axis])


def test_a_line_at_every_millimetre_and_a_heavy_one_at_every_fifth(ax):
    fine, heavy = draw_paper(ax, -0.4, 1.0, 0.0, 2.0)
    np.testing.assert_allclose(places(heavy, 0), np.arange(-0.4, 1.01, 0.2), atol=1e-9)
    np.testing.assert_allclose(places(heavy, 1), np.arange(0, 2.01, 0.5), atol=1e-9)
    # 35 mm by 20 mm: 36 and 21 lines, without the 8 and 5 heavy ones.
    assert (len(places(fine, 0)), len(places(fine, 1))) == (28, 16)
    np.testing.assert_allclose(np.diff(places(fine, 0)).min(), 0.04)


def test_squares_are_square_at_any_size(ax):
    draw_paper(ax, 0, 3, 0, 2)
    ax.figure.draw_without_rendering()
    corners = ax.transData.transform([(0, 0), (0.2, 0.5)])
    width, height = corners[1] - corners[0]
    assert width == pytest.approx(height)


def test_paper_of_a_new_figure_has_its_true_size(new_figure):
    ax = new_figure(10, 3)
    draw_paper(ax, 0, 10, 0, 3)
    ax.figure.canvas.draw()
    size = ax.get_window_extent().size / ax.figure.dpi * 25.4
    np.testing.assert_allclose(size, [250, 30])
    narrow = new_figure(10, 3, max_width=5)
    assert narrow.figure.get_figwidth() == pytest.approx(5)


def test_traces_and_pulses_have_their_place_and_leave_the_limits(ax):
    draw_paper(ax, 0, 4, 0, 3)
    line = draw_trace(ax, [0, 1, np.nan], 2, left=1, baseline=0.5, color="red")
    np.testing.assert_array_equal(line.get_xdata(), [1, 1.5, 2])
    np.testing.assert_array_equal(line.get_ydata(), [0.5, 1.5, np.nan])
    assert line.get_color() == "red"
    pulse = draw_calibration(ax, 1, 0.5).get_ydata()
    assert pulse.max() - pulse.min() == 1
    (area,) = shade(ax, [(1, 3)], 0, 2)
    assert area.get_bbox().bounds == (1, 0, 2, 2)
    assert (ax.get_xlim(), ax.get_ylim()) == ((0, 4), (0, 3))


def test_the_range_of_a_trace_is_bounded():
    assert visible_range(np.array([np.nan, np.nan])) == (-0.5, 0.5)
    assert visible_range(np.array([-0.2, 0.1, 1.3]))[1] == pytest.approx(1.3, abs=0.01)
    low, high = visible_range(np.linspace(-1000, 1000, 999))  # in microvolts, by mistake
    assert high - low <= 6


def test_heights_are_whole_heavy_squares():
    assert [snap_height(height) for height in (1.0, 1.01, 0.3 + 0.2)] == [1.0, 1.5, 0.5]


def test_classes_have_colours_of_their_own():
    names = ["N", "S", "V", "F", "Q", "another"]
    assert len({class_color(name) for name in names}) == 6
    assert class_color("another") == class_color("something else")
