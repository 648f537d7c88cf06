from __future__ import annotations

import tracemalloc

import neurokit2
import numpy as np
import pytest
import wfdb
from numpy.testing import assert_array_equal

from skecg.datasets import make_records
from skecg.signal import _unreadable, _whole_record, detect_r_peaks, find_r_peaks, is_beat

RATE = 250


@pytest.fixture(scope="module")
def record():
    """Two minutes in mV, about 70 beats a minute."""
    signal = neurokit2.ecg_simulate(
        duration=120, sampling_rate=RATE, heart_rate=70, noise=0.03, random_state=0
    )
    return signal.astype(np.float32)


def distance(positions, others):
    """Samples from each position to the nearest of the others."""
    return np.abs(np.asarray(positions)[:, None] - np.asarray(others)).min(axis=1)


def test_finds_the_beats_of_a_whole_record():
    bunch = make_records(1, duration=120, sampling_rate=RATE, random_state=0)
    annotation = bunch.annotations[0]
    beats = annotation.sample[is_beat(annotation.symbol)]  # of all classes
    for signal in (bunch.data[0], -bunch.data[0]):
        r_peak, unreadable = find_r_peaks(signal, RATE)
        assert r_peak.dtype == unreadable.dtype == np.int64
        assert unreadable.shape == (0, 2)
        assert (np.diff(r_peak) >= 0.2 * RATE).all()
        assert (distance(beats, r_peak) <= 0.15 * RATE).mean() > 0.97
        assert (distance(r_peak, beats) <= 0.15 * RATE).mean() > 0.99
        assert np.median(distance(r_peak, beats)) <= 1


# What cannot be read -----------------------------------------------------------------------------


def spoiled(signal, first, last, how):
    signal = signal.copy()
    value = {"NaN": np.nan, "inf": np.inf, "flat": signal[first], "rail": 5.0}[how]
    signal[first:last] = value
    return signal


@pytest.mark.parametrize(
    ("how", "seconds"),
    [("NaN", 0.5), ("NaN", 4), ("inf", 0.3), ("flat", 3), ("flat", 20), ("rail", 0.3), ("rail", 9)],
)
@pytest.mark.parametrize("first", [7500, 7570, 7650])  # at several points of a beat
def test_no_beat_is_invented_in_a_gap_and_none_is_lost_beside_it(record, how, seconds, first):
    signal = record
    last = first + int(seconds * RATE)
    r_peak, unreadable = find_r_peaks(spoiled(signal, first, last, how), RATE)
    # A neighbour of the same value belongs to it.
    assert np.abs(unreadable - [[first, last]]).max() <= 1
    whole, _ = find_r_peaks(signal, RATE)
    for side in (lambda peaks: peaks[peaks < first], lambda peaks: peaks[peaks >= last]):
        expected = side(whole)
        # Half a beat at the edge need not be found, nor where it would be.
        away = expected[distance(expected, [first, last]) > 0.15 * RATE]
        assert distance(away, r_peak).max() <= 0.05 * RATE
        assert len(side(r_peak)) <= len(expected)
    assert not ((r_peak > first - 12) & (r_peak < last + 12)).any()


def test_a_few_missing_samples_cost_no_beat(record):
    signal = record.copy()
    whole, _ = find_r_peaks(signal, RATE)
    signal[whole[::2]] = np.nan
    signal[whole[1::2] + 3] = np.nan
    r_peak, unreadable = find_r_peaks(signal, RATE)
    assert len(r_peak) == len(whole)
    assert distance(whole, r_peak).max() <= 3
    assert len(unreadable) == len(whole)
    assert np.isfinite(signal[r_peak]).all()


def test_what_is_too_short_to_be_read_is_unreadable(record):
    signal = record.copy()
    signal[5000:5500] = np.nan
    signal[6000:6500] = np.nan  # 2 s lie between them
    signal[9000:9500] = np.nan
    r_peak, unreadable = find_r_peaks(signal, RATE)
    assert unreadable.tolist() == [[5000, 6500], [9000, 9500]]
    assert ((r_peak > 6500) & (r_peak < 9000)).any()


def test_a_baseline_of_one_value_is_neither_flat_nor_saturated():
    beat = np.maximum(0, 1 - np.abs(np.arange(300) - 150) / 8)
    for signal in (np.tile(beat, 20), np.tile(-beat, 20), np.tile(beat * 100, 20).astype(np.int8)):
        r_peak, unreadable = find_r_peaks(signal, RATE)
        assert unreadable.shape == (0, 2)
        assert_array_equal(r_peak, 150 + 300 * np.arange(20))


def test_the_top_of_a_clipped_r_wave_is_readable(record):
    signal = record
    whole, _ = find_r_peaks(signal, RATE)
    r_peak, unreadable = find_r_peaks(np.minimum(signal, np.quantile(signal, 0.99)), RATE)
    assert unreadable.shape == (0, 2)
    assert len(r_peak) == len(whole)


def test_a_record_of_nothing_but_gaps_has_no_beat():
    for signal in (np.full(5000, np.nan), np.full(5000, -np.inf), np.ones(5000, np.int16)):
        r_peak, unreadable = find_r_peaks(signal, RATE)
        assert r_peak.tolist() == []
        assert unreadable.tolist() == [[0, 5000]]


@pytest.mark.parametrize("n_timesteps", [1, 2, 500, 749])
def test_a_record_of_less_than_three_seconds_is_unreadable(record, n_timesteps):
    r_peak, unreadable = find_r_peaks(record[:n_timesteps], RATE)
    assert r_peak.tolist() == []
    assert unreadable.tolist() == [[0, n_timesteps]]


def test_an_empty_record_has_nothing():
    for signal in ([], np.empty(0, np.int16)):
        r_peak, unreadable = find_r_peaks(signal, RATE)
        assert r_peak.shape == (0,)
        assert unreadable.shape == (0, 2)


# Form and size of the signal ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.float16),
        lambda x: x.astype(np.longdouble),
        lambda x: x.astype(np.float64) * 1e200,
        lambda x: x.astype(np.float64) * 1e-200,
        lambda x: x * 1000 + 5e4,
        lambda x: (x * 1000).astype(np.int16),
        lambda x: (x * 1000).astype(np.int64),
        lambda x: np.repeat(x, 2)[::2],
        lambda x: x.tolist(),
    ],
)
def test_unit_and_type_do_not_matter(record, change):
    signal = record
    expected, _ = find_r_peaks(signal, RATE)
    r_peak, unreadable = find_r_peaks(change(signal), RATE)
    assert unreadable.shape == (0, 2)
    assert len(r_peak) == len(expected)
    assert distance(r_peak, expected).max() <= 1


def test_the_whole_range_of_a_small_type_is_read(record):
    signal = record
    expected, _ = find_r_peaks(signal, RATE)
    scaled = (signal - signal.min()) / np.ptp(signal)
    adc = np.round(scaled * 65535 - 32768).astype(np.int16)
    assert len(find_r_peaks(adc, RATE)[0]) == len(expected)


def test_the_signal_is_left_as_it_was(record):
    signal = record.copy()
    signal[5000:5100] = np.nan
    before = signal.copy()
    signal.setflags(write=False)
    find_r_peaks(signal, RATE)
    assert_array_equal(signal, before)


def test_blocks_give_the_beats_of_one_piece(record, monkeypatch):
    signal = np.tile(record, 4)
    signal[20_000:20_100] = np.nan
    signal[50_000:51_000] = 0
    expected, gaps = find_r_peaks(signal, RATE)
    monkeypatch.setattr(_whole_record, "_BLOCK", 70.0)
    monkeypatch.setattr(_unreadable, "_BLOCK", 1024)
    r_peak, unreadable = find_r_peaks(signal, RATE)
    assert_array_equal(unreadable, gaps)
    assert len(r_peak) == len(expected)
    assert distance(r_peak, expected).max() <= 0.05 * RATE


def test_a_beat_at_a_seam_is_given_once(record, monkeypatch):
    blocks = [
        (slice(0, 9_000), slice(0, 10_000)),
        (slice(9_000, 30_000), slice(8_000, 30_000)),
    ]
    monkeypatch.setattr(_whole_record, "overlapping_blocks", lambda *_: blocks)

    def detector(piece, sampling_rate):
        # The beat at 9000 is found a sample earlier from its left than from its right.
        return [500, 8_999] if piece.size == 10_000 else [1_000, 1_200]

    assert find_r_peaks(record, RATE, detector)[0].tolist() == [500, 8_999, 9_200]


def test_memory_does_not_grow_with_the_length(record):
    signal = np.tile(record, 60)  # two hours
    find_r_peaks(signal[:10_000], RATE)
    tracemalloc.start()
    find_r_peaks(signal, RATE)
    two_hours = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A block of an hour in float64 takes 7.3 MB; the mask of a day 22 MB.
    assert two_hours < 100e6


# Detectors ---------------------------------------------------------------------------------------


def test_any_detector_will_do(record):
    signal = record
    r_peak, _ = find_r_peaks(signal, RATE, "neurokit")
    assert_array_equal(r_peak, detect_r_peaks(signal[None], RATE, "neurokit")[1])
    gaps = signal.copy()
    gaps[10_000:11_000] = np.nan
    sizes = []

    def middle(piece, sampling_rate):
        sizes.append((piece.size, sampling_rate))
        return [piece.size // 2]

    r_peak, _ = find_r_peaks(gaps, RATE, middle)
    assert sizes == [(10_000, RATE), (19_000, RATE)]
    assert r_peak.tolist() == [5_000, 20_500]


@pytest.mark.parametrize(
    ("signal", "rate", "detector", "error", "message"),
    [
        (["a", "b"], RATE, "sleepecg", TypeError, "real numbers"),
        (np.zeros(9, complex), RATE, "sleepecg", TypeError, "complex128"),
        ([None, 1.0], RATE, "sleepecg", TypeError, "object"),
        (np.zeros((2, 900)), RATE, "sleepecg", ValueError, r"choose a lead.*signals\[0\]"),
        (5.0, RATE, "sleepecg", ValueError, r"got \(\)"),
        (np.zeros(900), 0, "sleepecg", ValueError, "positive and at most 1,000,000 Hz, got 0"),
        (np.zeros(900), np.nan, "sleepecg", ValueError, "got nan"),
        (np.zeros(900), np.inf, "sleepecg", ValueError, "got inf"),
        (np.zeros(900), "250", "sleepecg", TypeError, "got '250'"),
        (np.zeros(900), True, "sleepecg", TypeError, "got True"),
        (np.zeros(900), 50, "sleepecg", ValueError, "more than 60 Hz, got sampling_rate=50"),
        (np.zeros(900), RATE, "sleep", ValueError, "'sleep' is not known"),
        (np.zeros(900), RATE, 3, TypeError, "a name or a function, got 3"),
    ],
)
def test_wrong_input_is_named(signal, rate, detector, error, message):
    with pytest.raises(error, match=message):
        find_r_peaks(signal, rate, detector)


# Real records ------------------------------------------------------------------------------------


# Without the limit to the amplitude, SleepECG's detector finds 96.5 % of record 106 and 88.6 % of
# record 208, whose ventricular beats are lower and wider than the others.
@pytest.mark.parametrize(("record", "least"), [("100", 0.999), ("106", 0.98), ("208", 0.97)])
def test_finds_the_beats_of_real_records(data_home, record, least):
    path = str(data_home / "mitdb" / record)
    signal = wfdb.rdrecord(path).p_signal[:, 0]
    annotation = wfdb.rdann(path, "atr")
    beats = annotation.sample[is_beat(annotation.symbol)]
    r_peak, unreadable = find_r_peaks(signal, 360)
    assert unreadable.shape == (0, 2)
    assert (distance(beats, r_peak) <= 54).mean() >= least  # 150 ms
    assert (distance(r_peak, beats) <= 54).mean() >= 0.995
    assert np.median(distance(r_peak, beats)) <= 1


def test_no_two_r_peaks_of_a_real_record_are_of_one_beat(data_home):
    # In record 104, 38 pairs of waves lie within 200 ms.
    signal = wfdb.rdrecord(str(data_home / "mitdb" / "104")).p_signal[:, 0]
    assert np.diff(find_r_peaks(signal, 360)[0]).min() >= 72


def test_gaps_cost_no_beat_of_a_real_record(data_home):
    path = str(data_home / "mitdb" / "208")
    signal = wfdb.rdrecord(path).p_signal[:, 0]
    annotation = wfdb.rdann(path, "atr")
    beats = annotation.sample[is_beat(annotation.symbol)]
    first = np.arange(15_000, signal.size, 20_000)
    length = np.resize([100, 500, 4000], first.size)  # 0.3 s, 1.4 s, 11 s
    for start, n in zip(first, length):
        signal[start : start + n] = np.nan
    r_peak, unreadable = find_r_peaks(signal, 360)
    assert_array_equal(unreadable, np.stack([first, first + length], axis=1))
    assert np.isfinite(signal[r_peak]).all()
    away = beats[np.isfinite(signal[beats]) & (distance(beats, unreadable.ravel()) > 54)]
    assert (distance(away, r_peak) <= 54).mean() >= 0.97
    assert (distance(r_peak, beats) <= 54).mean() >= 0.995


def test_saturation_of_a_real_record_is_found(data_home):
    # Record 116 leaves the range of the converter several times in its last third.
    signal = wfdb.rdrecord(str(data_home / "mitdb" / "116")).p_signal[:, 0]
    _, unreadable = find_r_peaks(signal, 360)
    assert len(unreadable) == 4
    assert all(np.ptp(signal[first:last]) == 0 for first, last in unreadable)


@pytest.mark.slow
def test_a_day_at_250_hz(record):
    signal = np.resize(record, 24 * 3600 * RATE)
    signal[::1_000_000] = np.nan
    tracemalloc.start()
    r_peak, _ = find_r_peaks(signal, RATE)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    per_record = len(find_r_peaks(record, RATE)[0])
    assert abs(len(r_peak) - 720 * per_record) < 0.005 * len(r_peak)
    assert used < 250e6
