"""What every R-peak detector that has a name keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skecg.datasets import make_records
from skecg.signal import _r_peaks as module
from skecg.signal import detect_r_peaks, find_r_peaks, is_beat

ROOT = Path(__file__).resolve().parents[2]
RATE = 250
OURS = ["threshold", *module._DETECTORS]
every = pytest.mark.parametrize("detector", [*OURS, *module._NEUROKIT_CLEANS])
ours = pytest.mark.parametrize("detector", OURS)


@every
def test_the_detector_is_named_where_users_look_for_it(detector):
    assert f'``"{detector}"``' in detect_r_peaks.__doc__
    with pytest.raises(ValueError, match=rf"choose.*\b{detector}\b"):
        detect_r_peaks([[0, 1, 0]], RATE, "no such detector")


@ours
def test_flat_windows_and_windows_with_gaps_have_no_r_peaks(detector):
    windows = np.tile(np.sin(np.arange(10 * RATE) / 20) ** 20, (3, 1))
    windows[0] = 1.0
    windows[1, 500] = np.nan
    window, position = detect_r_peaks(windows, RATE, detector)
    assert window.dtype == position.dtype == np.int64
    assert set(window.tolist()) == {2}
    assert (np.diff(position) > 0).all()


@pytest.mark.parametrize("detector", module._DETECTORS)
@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e3])
def test_the_detector_finds_the_beats_of_a_record_in_any_unit(detector, gain):
    record = make_records(1, duration=60, sampling_rate=RATE, random_state=0)
    annotation = record.annotations[0]
    beats = annotation.sample[is_beat(annotation.symbol)]
    found, _ = find_r_peaks(gain * record.data[0], RATE, detector)
    distance = np.abs(found[:, None] - beats)
    assert (distance.min(axis=0) <= 0.15 * RATE).mean() > 0.95
    assert (distance.min(axis=1) <= 0.15 * RATE).mean() > 0.95


@pytest.mark.parametrize("detector", module._DETECTORS)
def test_the_accuracy_of_the_detector_has_been_measured(detector):
    details = ROOT / "benchmarks" / "results" / "r_peaks.md"
    assert f'"{detector}"' in details.read_text(encoding="utf-8")
