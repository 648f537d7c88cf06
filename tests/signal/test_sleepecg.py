from __future__ import annotations

import numpy as np
import pytest
import sleepecg
from numpy.testing import assert_array_equal

from skecg.signal import detect_r_peaks

RATE = 250


def ecg(*beats, n_timesteps=5000):
    """A lead with Gaussian waves: (position, width in samples, height) each."""
    time = np.arange(n_timesteps)
    waves = [height * np.exp(-0.5 * ((time - at) / width) ** 2) for at, width, height in beats]
    return np.sum(waves, axis=0)


def found(signal, rate=RATE):
    window, position = detect_r_peaks(np.asarray(signal)[None], rate, "sleepecg")
    assert window.dtype == position.dtype == np.int64
    return position.tolist()


NORMAL = [(at, 3, 1.0) for at in range(100, 5000, 200)]


def test_rows_are_searched_one_by_one():
    X = np.array([ecg(*NORMAL), np.zeros(5000), ecg(*NORMAL[::2])])
    window, position = detect_r_peaks(X, RATE, "sleepecg")
    assert_array_equal(position[window == 0], range(100, 5000, 200))
    assert_array_equal(position[window == 2], range(100, 5000, 400))
    assert 1 not in window


def test_tall_beats_hide_no_others_and_make_none():
    beats = [(at, 3, 8.0) if 8 <= i < 12 else (at, 3, 1.0) for i, (at, _, _) in enumerate(NORMAL)]
    signal = ecg(*beats)
    assert len(sleepecg.detect_heartbeats(signal, RATE)) == 29  # with four of their side lobes
    assert found(signal) == list(range(100, 5000, 200))


def test_an_r_peak_may_point_down():
    assert found(-ecg(*NORMAL)) == found(ecg(*NORMAL)) == list(range(100, 5000, 200))
    # A small positive wave goes before a deep negative one.
    beats = [wave for at, _, _ in NORMAL for wave in ((at - 12, 4, 0.4), (at, 3, -1.0))]
    assert np.abs(np.array(found(ecg(*beats))) - range(100, 5000, 200)).max() <= 1


def test_a_beat_has_one_r_peak():
    # Two narrow waves 100 ms apart, as in a bundle branch block.
    beats = [wave for at, _, _ in NORMAL for wave in ((at - 13, 3, 0.8), (at + 12, 3, -1.0))]
    positions = found(ecg(*beats))
    assert len(positions) == 25
    assert (np.diff(positions) >= 50).all()


def test_less_than_two_seconds_has_no_r_peak():
    # SleepECG would read its first two seconds past the end of the signal.
    signal = ecg(*((at, 3, 1.0) for at in (60, 260, 460)), n_timesteps=500)
    assert found(signal[:499]) == []
    assert found(signal) == [60, 260, 460]


def test_a_signal_that_begins_with_a_constant_is_read_to_its_end():
    signal = np.concatenate([np.zeros(20_000), ecg((100, 3, 1.0), n_timesteps=150)])
    assert set(found(signal)) <= set(range(20_000 - 50, 20_150))


@pytest.mark.parametrize("rate", [100, 125, 250, 360])
def test_a_rhythm_of_300_beats_a_minute_needs_no_more_than_its_memory(rate):
    # SleepECG has room for a beat every 200 ms of its input.
    period = int(0.2 * rate) + 1
    for n_beats in range(11, 60, 4):
        signal = np.zeros(n_beats * period)
        signal[3::period] = 1
        n_samples = signal.size + 3 * rate  # as it is padded
        assert len(found(signal, rate)) < n_samples // int(0.2 * rate) - 1


def test_no_beat_is_looked_for_behind_the_end():
    # With nothing behind the end, the last pause would look long and noise in it be taken.
    rng = np.random.default_rng(0)
    n_wrong = 0
    for n_timesteps in range(2500, 2700, 10):
        beats = [(at, 3, 1.0) for at in range(100, n_timesteps, 200)]
        noise = rng.normal(0, 0.03, n_timesteps)
        positions = np.array(found(ecg(*beats, n_timesteps=n_timesteps) + noise))
        n_wrong += np.count_nonzero(np.abs(positions % 200 - 100) > 5)
    assert n_wrong <= 2  # 9 with zeros in the place of the mirrored signal


def test_a_rate_below_the_pass_band_is_refused():
    for rate in (60, 12.5, np.nan):
        with pytest.raises(ValueError, match="more than 60 Hz, got sampling_rate"):
            detect_r_peaks(np.ones((1, 5)) * [1, 2, 3, 2, 1], rate, "sleepecg")
    assert len(found(ecg(*NORMAL), 61)) > 0


def test_the_whole_range_of_int16_is_not_flat():
    signal = np.round(ecg(*NORMAL) * 65535 - 32768).astype(np.int16)
    assert signal.min() == -32768
    assert signal.max() == 32767
    assert found(signal) == list(range(100, 5000, 200))


def test_a_threshold_has_no_effect():
    with pytest.warns(UserWarning, match="threshold=0.5 has no effect with detector='sleepecg'"):
        detect_r_peaks(np.zeros((1, 5)), RATE, "sleepecg", threshold=0.5)
