from __future__ import annotations

import numpy as np
import pytest
from sklearn.utils import Bunch

from skecg.datasets import beat_windows_from_records, load_mitbih, make_records
from skecg.signal import rr_ratios


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
