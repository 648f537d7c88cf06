from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt

from skecg.datasets import load_mitbih, load_ptbxl
from skecg.inspection import ECGDisplay

STANDARD = ["I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6"]
PAGE = ["I", "aVR", "V1", "V4", "II", "aVL", "V2", "V5", "III", "aVF", "V3", "V6", "II"]


def record_of(names, seconds=12, rate=100, **more):
    signals = np.random.default_rng(0).normal(0, 0.3, (len(names), round(seconds * rate)))
    return SimpleNamespace(signals=signals, sampling_rate=rate, lead_names=names, **more)


@pytest.fixture
def twelve():
    return record_of(STANDARD, name="a")


def names(display) -> list[str]:
    return [text.get_text() for text in display.text_]


def assert_shows(line, part):
    """Assert that a line shows a part of a lead, around its median."""
    drawn = line.get_ydata()
    np.testing.assert_allclose(drawn - np.median(drawn), part - np.median(part), atol=1e-9)


def test_twelve_leads_are_three_by_four_above_a_rhythm_strip(twelve):
    display = ECGDisplay.from_record(twelve)
    assert names(display) == PAGE
    assert len(display.calibration_) == 4
    for k, name in enumerate(PAGE[:12]):
        start = 250 * (k % 4)
        lead = twelve.signals[STANDARD.index(name.upper())]
        # One sample more than 2.5 s, where there is one, joins the next lead.
        assert_shows(display.lines_[k], lead[start : start + 251][: 1000 - start])
        assert display.lines_[k].get_xdata()[0] == pytest.approx(2.5 * (k % 4))
    assert_shows(display.lines_[12], twelve.signals[1, :1000])
    assert display.ax_.get_title("left") == "Record a"
    display.figure_.canvas.draw()


def test_a_rhythm_lead_of_choice_or_none(twelve):
    assert names(ECGDisplay.from_record(twelve, rhythm_lead="V1"))[12:] == ["V1"]
    assert names(ECGDisplay.from_record(twelve, rhythm_lead=None)) == PAGE[:12]


def test_other_leads_are_rows(twelve):
    display = ECGDisplay.from_record(twelve, leads=["V1", "avr"], start=1.5, duration=4)
    assert names(display) == ["V1", "aVR"]
    assert_shows(display.lines_[0], twelve.signals[6, 150:550])
    assert_shows(display.lines_[1], twelve.signals[3, 150:550])
    assert display.ax_.get_title("left") == "Record a   from 0:00:01"
    assert len(ECGDisplay.from_record(twelve, layout="rows").lines_) == 12


def test_the_end_of_a_record_is_shorter():
    display = ECGDisplay.from_record(record_of(["MLII"], seconds=3))
    assert display.ax_.get_xlim()[1] == 3


def test_traces_do_not_leave_the_paper_and_rows_do_not_overlap(twelve):
    display = ECGDisplay.from_record(twelve, layout="rows")
    ranges = [(line.get_ydata().min(), line.get_ydata().max()) for line in display.lines_]
    assert ranges[0][1] < display.ax_.get_ylim()[1]
    assert ranges[-1][0] > display.ax_.get_ylim()[0]
    for above, below in pairwise(ranges):
        assert below[1] < above[0]


def test_leads_are_drawn_around_their_median_with_room_for_the_pulse(twelve):
    signals = 0.01 * twelve.signals + 5 * np.arange(12)[:, None]
    record = SimpleNamespace(signals=signals, sampling_rate=100, lead_names=STANDARD)
    display = ECGDisplay.from_record(record)
    for row, pulse in enumerate(display.calibration_):
        low, high = pulse.get_ydata().min(), pulse.get_ydata().max()
        assert np.median(display.lines_[4 * row].get_ydata()) == pytest.approx(low)
        if row == 0:
            assert high < display.ax_.get_ylim()[1]
        else:
            assert high < display.calibration_[row - 1].get_ydata().min()


def test_true_scale(twelve):
    display = ECGDisplay.from_record(twelve, true_scale=True)
    display.figure_.canvas.draw()
    dots = np.diff(display.ax_.transData.transform([(0, 0), (1, 1)]), axis=0)
    np.testing.assert_allclose(dots[0] / display.figure_.dpi * 25.4, [25, 10])
    long = record_of(["II"], seconds=60)
    assert ECGDisplay.from_record(long, duration=60).figure_.get_figwidth() < 11
    assert ECGDisplay.from_record(long, duration=60, true_scale=True).figure_.get_figwidth() > 59


def test_gaps_interrupt_the_trace_and_an_empty_lead_is_drawn(twelve):
    twelve.signals[0, 100:200] = np.nan
    twelve.signals[2] = np.nan
    display = ECGDisplay.from_record(twelve)
    assert np.isnan(display.lines_[0].get_ydata()[100:200]).all()
    assert np.isnan(display.lines_[8].get_ydata()).all()
    display.figure_.canvas.draw()


def test_draws_on_a_given_axes_and_takes_keywords(twelve):
    figure = matplotlib.figure.Figure()
    ax = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    display = ECGDisplay.from_record(twelve, ax=ax, line_kw={"lw": 2}, text_kw={"size": 5})
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert display.lines_[0].get_linewidth() == 2
    assert display.text_[0].get_fontsize() == 5
    assert not plt.get_fignums()


def test_real_records_are_drawn(data_home):
    ecg = load_mitbih(data_home=data_home, records=[208], leads=["MLII", "V1"])
    record = SimpleNamespace(signals=ecg.data[0], sampling_rate=360, lead_names=["MLII", "V1"])
    ECGDisplay.from_record(record, start=60).figure_.canvas.draw()
    twelve = load_ptbxl(data_home=data_home)
    record = SimpleNamespace(
        signals=twelve.data[0], sampling_rate=twelve.sampling_rate, lead_names=twelve.lead_names
    )
    display = ECGDisplay.from_record(record)
    assert names(display) == PAGE
    display.figure_.canvas.draw()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"leads": ["V9"]}, "no lead 'V9'; it has I, II"),
        ({"leads": []}, "1 to 12 leads to draw; got 0"),
        ({"start": 12}, "start must lie in the record of 12.0 s; got 12"),
        ({"duration": 61}, "duration must be positive and at most 60 s; got 61"),
        ({"duration": 0.001}, "at least one sample long; got 0.001 s at 100 Hz"),
        ({"layout": "6x2"}, "layout must be .*got '6x2'"),
        ({"leads": ["I", "II"], "layout": "3x4"}, "needs the twelve .* no aVR, V1"),
        ({"rhythm_lead": "X"}, "no lead 'X'"),
        ({"true_scale": True, "ax": matplotlib.figure.Figure().subplots()}, "ax must be None"),
    ],
)
def test_wrong_input_is_one_clear_error(twelve, options, message):
    with pytest.raises(ValueError, match=message):
        ECGDisplay.from_record(twelve, **options)
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"signals": np.zeros(5)}, ValueError, r"shape \(n_leads, n_timesteps\)"),
        ({"lead_names": ["I"]}, ValueError, "12, 1200.*and 1 names"),
        ({"sampling_rate": 0}, ValueError, "sampling_rate must be a positive number"),
    ],
)
def test_a_wrong_record_is_one_clear_error(twelve, change, error, message):
    with pytest.raises(error, match=message):
        ECGDisplay.from_record(SimpleNamespace(**{**vars(twelve), **change}))


def test_something_else_than_a_record_is_a_type_error():
    with pytest.raises(TypeError, match="got ndarray without signals, sampling_rate, lead_names"):
        ECGDisplay.from_record(np.zeros((2, 100)))
