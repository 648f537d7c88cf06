from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import beat_windows, rr_ratios


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


def test_a_premature_beat_has_a_short_interval_before_and_a_long_one_after():
    # Intervals 100 100 60 140 100: the third beat comes at 0.6 of the usual interval.
    ratios = rr_ratios([0, 100, 200, 260, 400, 500])
    np.testing.assert_allclose(ratios[3], np.log([0.6, 1.4]))
    np.testing.assert_array_equal(ratios[1], 0)


def test_ratios_do_not_depend_on_the_rate():
    peaks = np.cumsum(np.random.default_rng(0).integers(200, 400, 30))
    np.testing.assert_allclose(rr_ratios(peaks), rr_ratios(peaks / 3))


def test_ratios_are_bounded_and_defined_for_any_number_of_beats():
    assert rr_ratios([0, 10, 20, 2000]).max() == 2
    assert rr_ratios([5]).tolist() == [[0, 0]]
    assert rr_ratios([]).shape == (0, 2)


def test_unsorted_peaks_are_refused():
    with pytest.raises(ValueError, match="ascending"):
        rr_ratios([0, 5, 5])
