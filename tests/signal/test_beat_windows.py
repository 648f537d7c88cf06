from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import beat_windows, beats_with_rhythm, rr_ratios, scale_beat_windows


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


def waves(*r_peaks, n_timesteps=2000, height=1.0):
    """One narrow R wave of 10 samples at each place."""
    time = np.arange(n_timesteps)
    return height * sum(np.exp(-0.5 * ((time - at) / 4) ** 2) for at in r_peaks)


def test_scaled_windows_lose_their_median_and_have_a_usual_r_wave_of_one():
    windows = np.array([[7, 7, 11, 7, 7], [2, 2, 4, 2, 2], [5, 5, 9, 5, 5]])
    scaled = scale_beat_windows(windows, n_before=2, sampling_rate=20)
    # The R amplitudes are 4, 2 and 4; their median is 4.
    assert scaled[:, 2].tolist() == [1, 0.5, 1]
    assert not scaled[:, [0, 1, 3, 4]].any()


def test_one_lead_gives_windows_that_know_neither_gain_nor_baseline():
    peaks = [250, 500, 750, 900, 1250, 1500]
    lead = waves(*peaks)
    beats = beats_with_rhythm(lead, peaks, 250, before=0.4, after=0.6, rate=125)
    assert beats.shape == (6, 3, 125)
    np.testing.assert_allclose(beats[:, 0].max(axis=1), 1, atol=0.02)
    assert set(beats[:, 0].argmax(axis=1)) == {50}  # 0.4 s at 125 Hz
    np.testing.assert_allclose(beats[:, 1:, 0], rr_ratios(peaks), rtol=1e-6)
    louder = beats_with_rhythm(3 * lead + 40, peaks, 250, before=0.4, after=0.6, rate=125)
    np.testing.assert_allclose(louder, beats, atol=1e-4)


def test_a_lead_without_r_peaks_gives_no_window():
    assert beats_with_rhythm(waves(100), [], 250).shape == (0, 3, 150)
    assert not beats_with_rhythm(np.zeros(1000), [250, 500], 250)[:, 0].any()


def test_a_gap_is_refused_with_its_place():
    lead = waves(250, 500)
    lead[600:700] = np.nan
    with pytest.raises(ValueError, match=r"gap, got NaN .* sample 600 on \(2\.4 s\)"):
        beats_with_rhythm(lead, [250, 500], 250)
    with pytest.raises(ValueError, match="NaN or infinite"):
        scale_beat_windows([[1.0, np.nan]], 1, 250)


@pytest.mark.parametrize(
    ("peaks", "message"),
    [
        ([500, 250], r"ascending.*got \[500\.?0?, 250\.?0?\] as number 0"),
        ([250, 250], "ascending"),
        ([250, 2000], r"\[0, 2000\).*got 250 to 2000"),
        ([-1, 250], r"got -1 to 250"),
        ([[250]], r"of shape \(1, 1\)"),
        (["250"], "sample positions"),
    ],
)
def test_r_peaks_that_cannot_be_are_refused(peaks, message):
    with pytest.raises(ValueError, match=message):
        beats_with_rhythm(waves(250), peaks, 250)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate must be a positive number of Hz, got 0"),
        ({"rate": np.inf}, "rate must be a positive number of Hz, got inf"),
        ({"before": -1}, "before must be 0 to 60 s"),
        ({"after": np.nan}, "after more than 0"),
        ({"after": 1e308}, "up to 60 s"),
        ({"before": None}, "before must be"),
        ({"rate": 1e9}, "within a factor of 10000"),
    ],
)
def test_rates_and_seconds_are_checked(parameters, message):
    with pytest.raises(ValueError, match=message):
        beats_with_rhythm(waves(250), [250], **{"sampling_rate": 250, **parameters})


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
