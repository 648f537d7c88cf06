"""Detect R peaks and beats: ours, NeuroKit2, sleepecg's C detector and wfdb's XQRS.

OMP_NUM_THREADS=1 pytest benchmarks/test_r_peaks.py --benchmark-only -s

The detectors have different aims: NeuroKit2, sleepecg and XQRS detect every beat, while ours, the
published threshold rule, selects clean beats and finds about 58 % of all (see
``skecg.signal.threshold_r_peaks``). The benchmark compares the cost of beats for a classifier.

NeuroKit2 would take minutes for 10,000 windows, and XQRS for 48 records. They process evenly spaced
windows and a part of one record, and their time is scaled to the whole.
"""

from __future__ import annotations

import neurokit2
import numpy as np
import pytest
from wfdb.processing import XQRS

from benchmarks.conftest import data_home, short
from skecg.datasets import load_mitbih, make_records
from skecg.preprocessing import BeatSegmenter
from skecg.signal import detect_r_peaks, resample, split_windows

sleepecg = pytest.importorskip("sleepecg")

RATE = 360
N_WINDOWS = 10_000

# The alternatives raise warnings: NeuroKit2 warns about windows that are too noisy for it.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def records():
    """Return records of 30 minutes at 360 Hz, one per row: those of MIT-BIH, or generated ones."""
    if (data_home() / "mitdb").is_dir():
        return load_mitbih(data_home(), records=[100, 105, 203, 207] if short() else None).data
    return make_records(4, duration=1800, sampling_rate=RATE, random_state=0).data


@pytest.fixture(scope="module")
def windows(records):
    """Return N_WINDOWS windows of 10 s at 125 Hz; windows are repeated if there are fewer."""
    cut = np.concatenate([split_windows(resample(x, RATE, 125), 1250) for x in records])
    return np.resize(cut, (N_WINDOWS, 1250))


def by_neurokit(signal, rate):
    """Clean the signal, find R peaks and cut the beats; return None if there are none."""
    try:
        signal = neurokit2.ecg_clean(signal, sampling_rate=rate)
        _, found = neurokit2.ecg_peaks(signal, sampling_rate=rate)
        return neurokit2.ecg_segment(signal, found["ECG_R_Peaks"], sampling_rate=rate)
    except (ValueError, IndexError, ZeroDivisionError):
        return None


def test_windows_of_ten_seconds(compare, windows):
    few = windows[:: N_WINDOWS // (5 if short() else 20)]
    segmenter = BeatSegmenter(sampling_rate=125)
    compare(
        lambda: segmenter.segment(windows),
        {
            "NeuroKit2": lambda: [by_neurokit(window, 125) for window in few],
            "detection alone": lambda: detect_r_peaks(windows, 125),
        },
        rounds=5,
        reach={"NeuroKit2": 100},
        floor={"NeuroKit2": 100},
        parts={"NeuroKit2": len(few) / N_WINDOWS},
    )


def test_records_of_thirty_minutes(compare, records):
    segmenter = BeatSegmenter(sampling_rate=RATE, beat_length=540)
    one = records[0].astype(np.float64)[: records.shape[1] // (20 if short() else 1)]

    def xqrs():
        XQRS(one, RATE).detect(verbose=False)

    compare(
        lambda: [detect_r_peaks(split_windows(x, 10 * RATE), RATE) for x in records],
        {
            "sleepecg": lambda: [sleepecg.detect_heartbeats(x, RATE) for x in records],
            "XQRS": xqrs,
            "ours, and beats": lambda: [segmenter.segment(x[None]) for x in records],
        },
        rounds=5,
        reach={"sleepecg": 3},
        floor={"sleepecg": 3, "XQRS": 300},
        parts={"XQRS": one.size / records.size},
    )
    for name, seconds in compare.times.items():
        compare.figure(name, 1e9 * seconds / records.size, "ns per sample")
