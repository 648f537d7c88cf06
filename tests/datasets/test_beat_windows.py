from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils import Bunch

from skecg import BeatWindows
from skecg.datasets import (
    beat_windows_from_records,
    beats_from_records,
    load_mitbih,
    make_records,
)


@pytest.fixture(scope="module")
def records():
    return make_records(n_subjects=2, duration=20, random_state=0)


def test_one_row_per_annotated_beat(records):
    beats = beat_windows_from_records(records)
    n_beats = sum((codes >= 0).sum() for codes in records.target)
    assert beats.data.shape == (n_beats, len(beats.feature_names)) == (n_beats, 150 + 28)
    assert beats.data.dtype == np.float32
    assert beats.n_numbers == 28
    assert beats.sampling_rate == 120
    np.testing.assert_array_equal(beats.target, np.concatenate([c[c >= 0] for c in records.target]))


def test_rows_are_what_the_windows_make_of_the_records(records):
    windows = BeatWindows(360, rate=100, channels=("late_deviation",), numbers=("rr_after",))
    beats = beat_windows_from_records(records, windows)
    peaks = [m.sample[t >= 0] for m, t in zip(records.annotations, records.target)]
    found = windows.segment(records.data, r_peaks=peaks)
    np.testing.assert_array_equal(beats.data, found.beats)
    np.testing.assert_array_equal(beats.feature_names, windows.get_feature_names_out())
    assert (beats.n_numbers, beats.sampling_rate) == (1, 100)
    assert windows.channels == ("late_deviation",)


def test_windows_of_another_rate_are_refused(records):
    with pytest.raises(ValueError, match="of the records, 360 Hz, got 250 Hz"):
        beat_windows_from_records(records, BeatWindows(250))


@pytest.mark.parametrize("windows", [(), {}, [1], "lead"])
def test_what_is_no_beat_windows_is_refused(records, windows):
    with pytest.raises(TypeError, match="must be BeatWindows or None, got"):
        beat_windows_from_records(records, windows)


def test_the_r_peak_stands_where_the_window_says(records):
    beats = beat_windows_from_records(records)
    normal = beats.data[beats.symbol == "N", :150]
    assert np.median(np.abs(normal).argmax(1)) == pytest.approx(60, abs=1)  # 0.5 s at 120 Hz


def test_premature_beats_of_the_database_come_early(data_home):
    # Record 209 holds 383 atrial premature beats.
    beats = beat_windows_from_records(load_mitbih(data_home, records=[209]))
    before = beats.data[:, beats.feature_names.tolist().index("rr_before_60")]
    assert np.median(before[beats.symbol == "A"]) < -0.15
    assert abs(np.median(before[beats.symbol == "N"])) < 0.05


def damaged(records, change):
    """Return the records with the annotations of the second one changed in place."""
    copy = Bunch(**records)
    copy.annotations = [Bunch(**marks) for marks in records.annotations]
    copy.annotations[1].sample = records.annotations[1].sample.copy()
    change(copy.annotations[1].sample)
    return copy


def run_backwards(sample):
    sample[3] = sample[1]


def leave_the_signal(sample):
    sample[-4:] += 1_000_000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (run_backwards, "record 101: annotations must be in the order of their samples"),
        (leave_the_signal, "record 101: annotations must lie in the signal, .* got 4 of"),
    ],
)
def test_annotations_that_do_not_fit_the_signal_are_refused(records, change, message):
    with pytest.raises(ValueError, match=message):
        beat_windows_from_records(damaged(records, change))


def test_what_the_windows_refuse_is_refused_by_name(records):
    gap = Bunch(**records)
    gap.data = records.data.copy()
    gap.data[1, 3000:3100] = np.nan
    with pytest.raises(ValueError, match=r"record 101: .*NaN"):
        beat_windows_from_records(gap, BeatWindows(360, on_gap="raise"))


@pytest.mark.parametrize("make", [beat_windows_from_records, beats_from_records])
@pytest.mark.parametrize("records", [None, "100", np.zeros((2, 100)), Bunch(data=[])])
def test_what_is_no_bunch_of_records_is_refused(make, records):
    with pytest.raises(ValueError, match="records must be what load_mitbih or make_records"):
        make(records)


@pytest.mark.parametrize("make", [beat_windows_from_records, beats_from_records])
def test_records_of_several_leads_are_refused_with_the_choice(make, records):
    several = Bunch(**records)
    several.data = np.stack([records.data, records.data], axis=1)
    with pytest.raises(ValueError, match=r"one lead each, got .* choose one, .*leads='MLII'"):
        make(several)
