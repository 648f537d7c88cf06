from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils import Bunch

from skecg.datasets import (
    beat_windows_from_records,
    beats_from_records,
    load_mitbih,
    make_records,
)
from skecg.signal import beats_with_rhythm, rr_ratios


@pytest.fixture(scope="module")
def records():
    return make_records(n_subjects=2, duration=20, random_state=0)


def test_one_sample_per_annotated_beat(records):
    beats = beat_windows_from_records(records, before=0.4, after=0.6, sampling_rate=100)
    n_beats = sum((codes >= 0).sum() for codes in records.target)
    assert beats.data.shape == (n_beats, 3, 100)
    assert beats.data.dtype == np.float32
    np.testing.assert_array_equal(beats.target, np.concatenate([c[c >= 0] for c in records.target]))


def test_the_r_peak_stands_where_the_window_says(records):
    beats = beat_windows_from_records(records)
    normal = beats.data[beats.symbol == "N", 0]
    assert np.median(np.abs(normal).argmax(1)) == pytest.approx(60, abs=1)  # 0.5 s at 120 Hz


def test_the_scale_of_a_record_does_not_matter(records):
    louder = Bunch(**records)
    louder.data = 3 * records.data
    np.testing.assert_allclose(
        beat_windows_from_records(louder).data, beat_windows_from_records(records).data, atol=1e-5
    )


def test_rhythm_channels_are_those_of_the_record(records):
    beats = beat_windows_from_records(records)
    first = beats.record == records.records[0]
    expected = rr_ratios(beats["sample"][first])
    np.testing.assert_allclose(beats.data[first, 1:, 0], expected, rtol=1e-6)
    assert np.ptp(beats.data[:, 1:], axis=2).max() == 0


def test_a_flat_record_gives_zeros(records):
    flat = Bunch(**records)
    flat.data = np.zeros_like(records.data)
    assert not beat_windows_from_records(flat).data[:, 0].any()


def test_premature_beats_of_the_database_come_early(data_home):
    # Record 209 holds 383 atrial premature beats.
    beats = beat_windows_from_records(load_mitbih(data_home, records=[209]))
    preceding = beats.data[:, 1, 0]
    assert np.median(preceding[beats.symbol == "A"]) < -0.15
    assert abs(np.median(preceding[beats.symbol == "N"])) < 0.05


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


def test_a_gap_in_a_record_is_refused_by_name(records):
    gap = Bunch(**records)
    gap.data = records.data.copy()
    gap.data[1, 3000:3100] = np.nan
    with pytest.raises(ValueError, match=r"record 101: signal has a gap.* 3000 on \(8\.3 s\)"):
        beat_windows_from_records(gap)


def test_the_windows_are_those_of_one_lead_after_the_other(records):
    beats = beat_windows_from_records(records)
    is_beat = records.target[0] >= 0
    alone = beats_with_rhythm(records.data[0], records.annotations[0].sample[is_beat], 360)
    np.testing.assert_array_equal(beats.data[: len(alone)], alone)


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
