from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import beat_windows, scale_beat_windows


def test_windows_are_slices_of_the_signal():
    signal = np.random.default_rng(0).normal(size=500).astype(np.float32)
    peaks = [50, 51, 300]
    windows = beat_windows(signal, peaks, 20, 30)
    assert windows.dtype == np.float32
    for window, peak in zip(windows, peaks):
        np.testing.assert_array_equal(window, signal[peak - 20 : peak + 30])


def test_the_ends_of_the_signal_go_on():
    windows = beat_windows(np.arange(10), [0, 9], 3, 3)
    assert windows.tolist() == [[0, 0, 0, 0, 1, 2], [6, 7, 8, 9, 9, 9]]


def test_no_peak_gives_no_window():
    assert beat_windows(np.arange(10), [], 3, 3).shape == (0, 6)


@pytest.mark.parametrize("peaks", [[-1], [10]])
def test_a_peak_outside_the_signal_is_refused(peaks):
    with pytest.raises(ValueError, match=r"\[0, 10\)"):
        beat_windows(np.arange(10), peaks, 3, 3)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(n_timesteps,\), got \(2, 5\)"):
        beat_windows(np.zeros((2, 5)), [1], 3, 3)
    with pytest.raises(ValueError, match=r"0 \+ 0 samples is empty"):
        beat_windows(np.zeros(5), [1], 0, 0)


def test_scaled_windows_lose_their_median_and_have_a_usual_r_wave_of_one():
    windows = np.array([[7, 7, 11, 7, 7], [2, 2, 4, 2, 2], [5, 5, 9, 5, 5]])
    scaled = scale_beat_windows(windows, n_before=2, sampling_rate=20)
    # The R amplitudes are 4, 2 and 4; their median is 4.
    assert scaled[:, 2].tolist() == [1, 0.5, 1]
    assert not scaled[:, [0, 1, 3, 4]].any()


def test_gaps_are_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        scale_beat_windows([[1.0, np.nan]], 1, 250)


@pytest.mark.parametrize(
    ("windows", "n_before", "message"),
    [
        (np.zeros(5), 2, r"shape \(5,\)"),
        (np.zeros((2, 5)), 5, "n_before=5"),
        ([["a"]], 0, "must be numbers"),
    ],
)
def test_windows_to_scale_are_checked(windows, n_before, message):
    with pytest.raises(ValueError, match=message):
        scale_beat_windows(windows, n_before, 250)
