from __future__ import annotations

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_hex
from resources import call_within

from skecg.datasets import load_mitbih, make_records
from skecg.paper import class_color
from skecg.records import BeatAnnotations, BeatStripDisplay


@pytest.fixture(autouse=True)
def pictures_without_a_screen():
    before = matplotlib.get_backend()
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")
    matplotlib.use(before)


def of_record(ecg, k, **options) -> BeatAnnotations:
    beats = ecg.target[k] >= 0
    options = {"signal": ecg.data[k], "name": str(ecg.records[k]), **options}
    return BeatAnnotations(
        ecg.annotations[k].sample[beats], ecg.target_names[ecg.target[k][beats]],
        ecg.sampling_rate, ecg.data.shape[1], **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ecg():
    return make_records(1, duration=50, random_state=0)


@pytest.fixture(scope="module")
def long_beats():
    """Beats of an hour with an S beat in the first and V beats in the second half."""
    sample = np.arange(100, 3600 * 100, 80)
    label = np.where(sample > 180_000, np.where(np.arange(len(sample)) % 4, "N", "V"), "N")
    label[5] = "S"
    gaps = [[30_000, 60_000]]
    inside = (sample >= 30_000) & (sample < 60_000)
    return BeatAnnotations(sample[~inside], label[~inside], 100, 360_000, unreadable=gaps)


def test_a_short_record_is_drawn_whole_in_rows_of_ten_seconds(ecg):
    beats = of_record(ecg, 0)
    display = beats.plot()
    assert isinstance(display, BeatStripDisplay)
    assert (display.start, display.duration) == (0.0, 50.0)
    assert len(display.lines_) == 5
    assert [tick.get_text() for tick in display.ax_.get_yticklabels()] == [
        f"0:00:{10 * k:02d}" for k in range(5)
    ]
    assert [text.get_text() for text in display.text_] == beats.label.tolist()
    # The third row shows 20 to 30 s, around its median.
    drawn = display.lines_[2].get_ydata()
    expected = ecg.data[0, 7200:10_800].astype(float)
    np.testing.assert_allclose(drawn - np.median(drawn), expected - np.median(expected), atol=1e-9)
    np.testing.assert_allclose(display.lines_[2].get_xdata(), np.arange(3600) / 360)
    display.figure_.canvas.draw()


def test_beats_have_letters_and_colours_at_their_place(ecg):
    beats = of_record(ecg, 0)
    display = BeatStripDisplay.from_annotations(beats, start=12.0, duration=8.0)
    seen = (beats.time >= 12) & (beats.time < 20)
    np.testing.assert_allclose(
        [text.get_position()[0] for text in display.text_], beats.time[seen] - 12
    )
    for text in display.text_:
        assert to_hex(text.get_color()) == class_color(text.get_text()).lower()
    assert set(display.beat_lines_) == set(beats.label[seen]) - {"N"}
    for name, lines in display.beat_lines_.items():
        (line,) = lines
        colored = 12 + line.get_xdata()[~np.isnan(line.get_ydata())]
        distance = np.abs(colored[:, None] - beats.time)
        own = distance[:, beats.label == name].min(axis=1)
        # No other beat is nearer; half-way between two beats both are as near.
        assert (own < distance.min(axis=1) + 1e-9).all()
        assert own.max() <= 0.4 + 1e-9
        assert set(beats.time[seen & (beats.label == name)]) <= set(np.round(colored * 360) / 360)


def test_a_long_record_is_an_overview(long_beats):
    display = long_beats.plot()
    by_class = {name: (long_beats.label == name) for name in "NVS"}
    for line, (name, mine) in zip(display.lines_, by_class.items()):
        shown = mine & ~np.isnan(long_beats.rr)
        np.testing.assert_allclose(line.get_xdata(), long_beats.time[shown])
        np.testing.assert_allclose(line.get_ydata(), long_beats.rr[shown])
        if name != "N":
            assert to_hex(line.get_color()) == class_color(name).lower()
    # Bars of a minute; the S beat is one of 75 beats of its minute, V is one in four later.
    assert len(display.bars_["V"]) == 60
    assert display.bars_["S"][0].get_height() == pytest.approx(100 / 74)
    assert display.bars_["V"][45].get_height() == pytest.approx(25, abs=1)
    assert [area.get_x() for area in display.unreadable_] == [300, 300]
    assert [area.get_width() for area in display.unreadable_] == [300, 300]
    assert display.burden_ax_.get_xlabel() == "Time (h:mm)"
    assert display.burden_ax_.get_ylabel().endswith("(% per minute)")
    display.figure_.canvas.draw()


def test_the_panels_of_an_overview_fill_its_figure(long_beats):
    display = long_beats.plot()
    for _ in range(2):
        display.figure_.canvas.draw()
        heights = [ax.get_position().height for ax in (display.ax_, display.burden_ax_)]
        assert sum(heights) > 0.6  # 0.20, then 0.03, where a line without points took part


def test_bars_of_s_and_v_are_stacked():
    label = np.tile(list("NSVV"), 100)
    beats = BeatAnnotations(np.arange(400) * 80, label, 100, 32_000)
    bars = beats.plot().bars_
    np.testing.assert_allclose([bar.get_height() for bar in bars["S"]], 25, atol=3)
    np.testing.assert_allclose([bar.get_height() for bar in bars["V"]], 50, atol=3)
    for lower, upper in zip(bars["S"], bars["V"]):
        assert upper.get_y() == pytest.approx(lower.get_height())


def test_a_part_of_a_long_record_is_a_strip(long_beats):
    assert len(long_beats.plot(start=10.0).text_) == 37  # 30 s at 75/min
    assert long_beats.plot(duration=10.0).start == 0
    assert long_beats.plot(start=3595).duration == 5


def test_intervals_beyond_the_axis_are_arrows_at_its_edge():
    sample = np.cumsum(np.full(3000, 80))
    sample[2000:] += 2000
    beats = BeatAnnotations(sample, np.full(3000, "N"), 100, int(sample[-1]) + 1)
    display = beats.plot()
    arrows = display.lines_[-1]
    assert arrows.get_xdata().tolist() == [sample[2000] / 100]
    assert arrows.get_ydata()[0] == display.ax_.get_ylim()[1]
    assert len(display.lines_[0].get_xdata()) == 2998


def test_gaps_are_shaded_and_interrupt_the_trace(ecg):
    signal = ecg.data[0].copy()
    signal[3240:4320] = np.nan
    beats = of_record(ecg, 0, signal=signal, unreadable=[[3240, 4320]])
    display = beats.plot()
    # 9 to 12 s: the end of the first row and the beginning of the second.
    found = [(area.get_x(), area.get_width()) for area in display.unreadable_]
    np.testing.assert_allclose(found, [(9, 1), (0, 2)])
    assert np.isnan(display.lines_[1].get_ydata()[:720]).all()
    display.figure_.canvas.draw()


def test_beats_without_a_signal_are_bars(ecg):
    beats = of_record(ecg, 0, signal=None)
    display = beats.plot(start=0, duration=10)
    seen = beats.time < 10
    assert [line.get_xdata()[0] for line in display.lines_] == beats.time[seen].tolist()
    assert not display.beat_lines_


@pytest.mark.parametrize("overview", [True, False])
def test_draws_on_a_given_axes_and_makes_no_figure(long_beats, overview, pictures_without_a_screen):
    figure = matplotlib.figure.Figure()
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    display = long_beats.plot(ax=ax, start=None if overview else 0.0)
    assert display.figure_ is figure
    assert (display.bounding_ax_ is ax) == overview
    assert (display.ax_ is ax) != overview
    assert not pictures_without_a_screen.get_fignums()


@pytest.mark.parametrize("n_timesteps", [1000, 100_000])
@pytest.mark.parametrize("signal", [None, np.nan])
def test_a_record_without_beats_is_drawn(n_timesteps, signal):
    signal = None if signal is None else np.full(n_timesteps, signal)
    beats = BeatAnnotations([], [], 100, n_timesteps, signal=signal)
    display = beats.plot()
    display.figure_.canvas.draw()
    assert not display.text_


def test_a_day_is_drawn_in_well_under_a_second():
    rng = np.random.default_rng(0)
    sample = np.cumsum(rng.integers(180, 250, 100_000))
    label = rng.choice(list("NNNNNNSVFQ"), len(sample))
    beats = BeatAnnotations(sample, label, 250, sample[-1] + 1)
    call_within(1, beats.plot)


def test_real_records_are_drawn(data_home):
    ecg = load_mitbih(data_home=data_home, records=[208, 232])
    for k in range(2):
        beats = of_record(ecg, k)
        beats.plot().figure_.canvas.draw()
        strip = beats.plot(start=60)
        strip.figure_.canvas.draw()
        assert len(strip.text_) == ((beats.time >= 60) & (beats.time < 90)).sum()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": 50}, "start must lie in the record of 50.0 s; got 50"),
        ({"start": -1}, "start must lie in the record"),
        ({"start": "0"}, "start must lie in the record"),
        ({"duration": 0}, "duration must be positive and at most 300 s; got 0"),
        ({"start": 0, "duration": 301}, "duration must be positive and at most 300 s; got 301"),
    ],
)
def test_wrong_input_is_one_clear_error(ecg, options, message, pictures_without_a_screen):
    with pytest.raises(ValueError, match=message):
        of_record(ecg, 0).plot(**options)
    assert not pictures_without_a_screen.get_fignums()


def test_import_leaves_matplotlib_and_wfdb_alone():
    code = (
        "import sys, skecg.records, skecg.paper; "
        "print({'matplotlib.pyplot', 'wfdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_display_made_with_a_start_alone_shows_thirty_seconds(ecg):
    display = BeatStripDisplay(of_record(ecg, 0), start=5.0).plot()
    assert len(display.lines_) == 3  # rows of ten seconds
