from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skecg.datasets import beats_from_records, load_mitbih, make_beats
from skecg.inspection import BeatDisplay


@pytest.fixture(scope="module")
def beats():
    return make_beats(200, random_state=0)


def edges(band) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper bound that a fill_between drew, by time."""
    points = band.get_paths()[0].vertices
    by_time = {}
    for time, value in points:
        by_time.setdefault(round(time, 9), []).append(value)
    bounds = [(min(values), max(values)) for _, values in sorted(by_time.items())]
    return np.array(bounds).T


def assert_mean_and_bands(display, k, lead, members):
    mean = members.astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(display.lines_[lead, k].get_ydata(), mean, atol=1e-6)
    for band, (low, high) in zip(display.bands_[lead, k], [(0.05, 0.95), (0.25, 0.75)]):
        expected = np.quantile(members, [low, high], axis=0)
        np.testing.assert_allclose(edges(band), expected, atol=1e-6)


def test_mean_and_central_bands_of_every_class(beats):
    display = BeatDisplay.from_beats(
        beats.data, beats.target, sampling_rate=120, display_labels=beats.target_names
    )
    assert display.axes_.shape == (1, 5)
    for k in range(5):
        assert_mean_and_bands(display, k, 0, beats.data[beats.target == k])
    titles = [ax.get_title() for ax in display.axes_[0]]
    counts = np.bincount(beats.target)
    assert titles == [f"{name}: {n} beats" for name, n in zip("NSVFQ", counts)]


def test_classes_have_the_order_of_the_standard(beats):
    y = beats.target_names[beats.target]
    display = BeatDisplay.from_beats(beats.data, y)
    assert list(display.display_labels) == ["N", "S", "V", "F", "Q"]
    assert_mean_and_bands(display, 3, 0, beats.data[y == "F"])
    other = BeatDisplay.from_beats(beats.data, np.where(y == "N", "usual", "ectopic"))
    assert list(other.display_labels) == ["ectopic", "usual"]


def test_mean_and_central_bands_of_real_beats(data_home):
    real = beats_from_records(load_mitbih(data_home, records=[119]))
    display = BeatDisplay.from_beats(real.data, real.target, sampling_rate=real.sampling_rate)
    labels = np.unique(real.target)
    assert len(labels) == 2  # record 119 holds normal and ventricular beats
    for k, label in enumerate(labels):
        assert_mean_and_bands(display, k, 0, real.data[real.target == label])


def test_time_is_in_seconds_from_the_start_that_was_given(beats):
    X = beats.data[:, :61]
    display = BeatDisplay.from_beats(X, beats.target, sampling_rate=120, start=-0.25)
    seconds = display.lines_[0, 0].get_xdata()
    assert seconds[0] == -0.25
    assert seconds[-1] == pytest.approx(0.25)  # 60 steps of 1/120 s later
    assert display.ax_.get_xlabel() == "Time (s)"


def test_the_unit_stands_on_the_axis(beats):
    def label(X, **parameters):
        return BeatDisplay.from_beats(X, beats.target, **parameters).ax_.get_ylabel()

    assert label(beats.data) == "Amplitude (scaled to 0..1)"
    assert label(beats.data - 0.5) == "Amplitude"
    assert label(beats.data, unit="mV") == "Amplitude (mV)"


def test_a_row_of_panels_for_every_lead(beats):
    X = np.stack([beats.data, 2 * beats.data, -beats.data], axis=1)
    display = BeatDisplay.from_beats(
        X, beats.target, labels=[2, 0], lead_names=["I", "II", "aVR"], unit="mV"
    )
    assert display.axes_.shape == (3, 2)
    for lead in range(3):
        assert_mean_and_bands(display, 0, lead, X[beats.target == 2, lead])
    assert [ax.get_ylabel() for ax in display.axes_[:, 0]] == ["I (mV)", "II (mV)", "aVR (mV)"]


def test_overlay_draws_all_classes_in_the_axes_given(beats):
    _, ax = plt.subplots()
    display = BeatDisplay.from_beats(beats.data, beats.target, overlay=True, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is ax.figure
    assert display.axes_.shape == (1, 1)
    assert_mean_and_bands(display, 4, 0, beats.data[beats.target == 4])
    styles = {(line.get_color(), line.get_linestyle()) for line in display.lines_[0]}
    assert len(styles) == 5


def test_panels_share_the_place_of_the_axes_given(beats):
    figure, (left, right) = plt.subplots(1, 2)
    display = BeatDisplay.from_beats(beats.data, beats.target, ax=right)
    assert display.bounding_ax_ is right
    bounds = right.get_position()
    for panel in display.axes_.flat:
        place = panel.get_position()
        assert bounds.x0 - 1e-9 <= place.x0 < place.x1 <= bounds.x1 + 1e-9
    assert len(figure.axes) == 7
    assert not left.lines


def test_an_array_of_axes_is_used_as_it_is(beats):
    _, axes = plt.subplots(5, 1)
    display = BeatDisplay.from_beats(beats.data, beats.target, ax=axes)
    assert display.axes_[0].tolist() == axes.tolist()
    with pytest.raises(ValueError, match=r"each of the 5 panels \(1 x 5\).*; got 4 Axes"):
        BeatDisplay.from_beats(beats.data, beats.target, ax=axes[:4])


def test_examples_are_picked_evenly(beats):
    display = BeatDisplay.from_beats(beats.data, beats.target, n_examples=3)
    members = beats.data[beats.target == 0]
    drawn = [line.get_ydata() for line in display.example_lines_[0, 0]]
    middle = round((len(members) - 1) / 2)
    np.testing.assert_array_equal(drawn, members[[0, middle, -1]])


def test_from_estimator_parts_the_recognised_from_the_missed(beats):
    model = make_pipeline(StandardScaler(), NearestCentroid()).fit(beats.data, beats.target)
    missed = model.predict(beats.data) != beats.target
    display = BeatDisplay.from_estimator(model, beats.data, beats.target, n_examples=1000)
    for k in range(5):
        of_class = beats.target == k
        assert_mean_and_bands(display, k, 0, beats.data[of_class & ~missed])
        wrong = beats.data[of_class & missed]
        assert display.axes_[0, k].get_title().endswith(f"beats\n{len(wrong)} missed")
        assert len(display.example_lines_[0, k]) == len(wrong)
    assert 0 < missed.sum() < len(missed)


def test_a_class_that_is_never_recognised_has_no_mean(beats):
    model = NearestCentroid().fit(beats.data, np.where(beats.target == 2, 2, 0))
    y = np.full(len(beats.data), 4)
    display = BeatDisplay.from_estimator(model, beats.data, y, n_examples=7)
    assert np.isnan(display.lines_[0, 0].get_ydata()).all()
    assert len(display.example_lines_[0, 0]) == 7
    display.figure_.canvas.draw()


def test_keywords_reach_the_artists_under_any_alias(beats):
    display = BeatDisplay.from_beats(
        beats.data, beats.target, n_examples=1,
        line_kw={"c": "#123456", "lw": 3}, band_kw={"fc": "#654321"}, example_kw={"ls": ":"},
    )  # fmt: skip
    assert display.lines_[0, 0].get_color() == "#123456"
    assert display.lines_[0, 0].get_linewidth() == 3
    assert to_hex(display.bands_[0, 0, 0].get_facecolor()) == "#654321"
    assert display.example_lines_[0, 0][0].get_linestyle() == ":"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"X": np.zeros((4, 2, 3, 5))}, r"got an array of shape \(4, 2, 3, 5\)"),
        ({"X": np.full((4, 9), np.nan)}, "X contains NaN"),
        ({"y": [0, 1]}, "inconsistent numbers of samples"),
        ({"labels": [0, 7]}, r"among the labels of y, \[0, 1\]; got \[0, 7\]"),
        ({"display_labels": ["N"]}, "display_labels must .* each of the 2 classes; got 1"),
        ({"lead_names": ["I", "II"]}, "lead_names must .* each of the 1 leads of X; got 2"),
        ({"coverages": (0.5, 90)}, "between 0 and 1"),
        ({"sampling_rate": 0}, "sampling_rate must be"),
    ],
)
def test_wrong_input_is_one_clear_error(change, message):
    right = {"X": np.zeros((4, 9)), "y": [0, 1, 0, 1]}
    with pytest.raises(ValueError, match=message):
        BeatDisplay.from_beats(**{**right, **change})
    assert not plt.get_fignums()


def test_import_leaves_matplotlib_pyplot_alone():
    code = "import sys, skecg.inspection; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
