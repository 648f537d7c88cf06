from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import resample, scale_windows, split_windows


def test_windows_of_one_signal_are_a_view():
    signal = np.arange(10)
    windows = split_windows(signal, 3)
    assert windows.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert np.shares_memory(windows, signal)


def test_leads_stay_together_in_each_window():
    signal = np.arange(12).reshape(2, 6)
    windows = split_windows(signal, 3)
    assert windows.shape == (2, 2, 3)
    assert windows[1].tolist() == [[3, 4, 5], [9, 10, 11]]


def test_step_sets_the_overlap_and_the_gap():
    assert split_windows(np.arange(7), 3, step=2).tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert split_windows(np.arange(7), 2, step=5).tolist() == [[0, 1], [5, 6]]


@pytest.mark.parametrize(
    ("n_timesteps", "step", "last"), [(7, 3, [4, 5, 6]), (6, 3, [3, 4, 5]), (8, 2, [5, 6, 7])]
)
def test_overlapping_tail_ends_with_the_signal(n_timesteps, step, last):
    windows = split_windows(np.arange(n_timesteps), 3, step=step, tail="overlap")
    assert windows[-1].tolist() == last
    assert len(np.unique(windows, axis=0)) == len(windows)


def test_samples_in_a_gap_are_no_tail():
    # Windows of 2 samples begin at 0 and 5; sample 2, 3 and 4 lie in the gap.
    assert split_windows(np.arange(5), 2, step=5, tail="raise").tolist() == [[0, 1]]


def test_tail_raises_when_asked_to():
    with pytest.raises(ValueError, match="7 samples leave a tail of 1 after 2 windows of 3"):
        split_windows(np.arange(7), 3, tail="raise")


def test_signal_shorter_than_a_window_gives_none():
    assert split_windows(np.arange(2), 3).shape == (0, 3)
    assert split_windows(np.ones((2, 0)), 3).shape == (0, 2, 3)
    with pytest.raises(ValueError, match="tail of 2 after 0 windows"):
        split_windows(np.arange(2), 3, tail="overlap")


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((2, 3, 4), {"length": 2}, r"got \(2, 3, 4\)"),
        ((9,), {"length": 0}, "at least 1"),
        ((9,), {"length": 2, "step": 0}, "at least 1"),
        ((9,), {"length": 2, "tail": "pad"}, "'pad'"),
    ],
)
def test_wrong_arguments_are_named(shape, options, message):
    with pytest.raises(ValueError, match=message):
        split_windows(np.zeros(shape), **options)


def test_each_window_is_scaled_alone():
    scaled = scale_windows([[2, 4, 3], [-10, 0, 30]])
    assert scaled.tolist() == [[0, 1, 0.5], [0, 0.25, 1]]


def test_flat_window_becomes_zeros_and_unknown_values_become_nan():
    X = [[5.0, 5, 5], [1, np.nan, 3], [1, np.inf, 3], [0, 1, 2]]
    expected = [[0, 0, 0], [np.nan] * 3, [np.nan] * 3, [0, 0.5, 1]]
    np.testing.assert_array_equal(scale_windows(X), expected)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [("f4", "f4"), ("i2", "f4"), ("u1", "f4"), ("f8", "f8"), ("i4", "f8"), ("i8", "f8")],
)
def test_scaling_keeps_small_types_small(dtype, result):
    low, high = (0, 255) if dtype == "u1" else (-30_000, 30_000)
    scaled = scale_windows(np.array([[low, high]], dtype=dtype))
    assert scaled.dtype == np.dtype(result)
    assert scaled.tolist() == [[0, 1]]  # no overflow of the difference


def test_no_windows_stay_no_windows():
    assert scale_windows(np.empty((0, 5))).shape == (0, 5)
    assert scale_windows(np.empty((3, 0))).shape == (3, 0)


@pytest.mark.parametrize(
    ("n_timesteps", "rate_in", "rate_out", "expected"),
    [
        (3600, 360, 125, 1250),
        (3601, 360, 125, 1251),  # ceil(1250.35)
        (650_000, 360, 125, 225_695),  # ceil(225694.4)
        (2573, 257.3, 100, 1000),  # 257.3 is no binary fraction
        (1000, 100, 250.5, 2505),
    ],
)
def test_resampled_length_is_rounded_up(n_timesteps, rate_in, rate_out, expected):
    assert resample(np.zeros(n_timesteps), rate_in, rate_out).shape == (expected,)


@pytest.mark.parametrize("rate_in", [360, 257.3, 99.5])
def test_a_slow_sine_keeps_its_time_and_height(rate_in):
    sine = np.sin(2 * np.pi * 1.3 * np.arange(0, 20, 1 / rate_in))
    found = resample(sine, rate_in, 125)
    expected = np.sin(2 * np.pi * 1.3 * np.arange(found.size) / 125)
    # The filter of scipy.signal.resample_poly ripples by less than 1 % in its pass band.
    np.testing.assert_allclose(found[125:-125], expected[125:-125], atol=0.01)


def test_frequencies_above_the_new_limit_are_removed():
    hum = np.sin(2 * np.pi * 120 * np.arange(0, 10, 1 / 360))
    assert np.abs(resample(hum, 360, 125)[50:-50]).max() < 0.01


def test_an_offset_does_not_ring_at_the_ends():
    # With zeros beyond the ends, the first samples would be off by about a hundred.
    np.testing.assert_allclose(resample(np.full(3600, 1024.0), 360, 125), 1024, atol=0.05)


def test_a_missing_sample_spreads_only_over_the_filter():
    X = np.ones(3600)
    X[1800] = np.nan
    # scipy's filter reaches 10 samples of the slower rate to either side, here 0.08 s.
    missing = np.flatnonzero(np.isnan(resample(X, 360, 125))) / 125
    assert 4.9 < missing.min() < 5 < missing.max() < 5.1


def test_resampling_keeps_float32_and_works_on_any_axis():
    X = np.random.default_rng(0).normal(size=(720, 3)).astype(np.float32)
    found = resample(X, 360, 125, axis=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 1], resample(X[:, 1], 360, 125), atol=1e-6)
    assert resample(X.astype(np.int16), 360, 125, axis=0).dtype == np.float64


def test_equal_rates_return_a_copy():
    X = np.arange(5.0)
    found = resample(X, 125, 125)
    np.testing.assert_array_equal(found, X)
    assert not np.shares_memory(found, X)


@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf])
def test_rates_must_be_positive(rate):
    with pytest.raises(ValueError, match="rate_out must be a positive number of Hz"):
        resample(np.zeros(10), 360, rate)


@pytest.mark.parametrize("place", [slice(0, 40), slice(500, 540), slice(1760, 1800)])
def test_a_gap_spreads_no_further_than_the_filter(place):
    signal = np.sin(np.arange(1800) / 20) + 5
    signal[place] = np.nan
    resampled = resample(signal, 360, 125)
    whole = resample(np.sin(np.arange(1800) / 20) + 5, 360, 125)
    time = np.arange(len(resampled)) * 360 / 125
    # The filter reaches 10 samples of the lower rate to either side, 29 of the higher one.
    far = (time < place.start - 35) | (time > place.stop + 35)
    assert far.sum() > 550
    np.testing.assert_allclose(resampled[far][25:-25], whole[far][25:-25], atol=0.01)
    assert np.isnan(resampled[(time > place.start) & (time < place.stop - 1)]).all()


@pytest.mark.parametrize("rate", [1e9, 1e-9, "360", None, True])
def test_absurd_rates_are_refused(rate):
    with pytest.raises(ValueError, match="rate_out must be"):
        resample(np.zeros(100), 360, rate)


def test_anything_but_numbers_is_refused():
    for X in (None, {}, ["a"], 3.0):
        with pytest.raises(TypeError, match="real numbers"):
            scale_windows(X)
        with pytest.raises(TypeError, match="real numbers"):
            resample(X, 360, 125)
    for axis in (2, -3, 10**30, None):
        with pytest.raises(ValueError, match="one of the 2 axes"):
            resample(np.zeros((3, 100)), 360, 125, axis=axis)
