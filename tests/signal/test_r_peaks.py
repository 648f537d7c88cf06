from __future__ import annotations

import warnings
from contextlib import suppress

import neurokit2
import numpy as np
import pytest
import wfdb

from skecg.signal import _r_peaks as module
from skecg.signal import detect_r_peaks, is_beat, split_windows, threshold_r_peaks


def rule_in_a_loop(X, threshold):
    """The published rule, sample by sample; heights within 1e-6 of the threshold reach it."""
    window, position = [], []
    for i, x in enumerate(X.astype(np.float64)):
        if not np.isfinite(x).all() or np.ptp(x) == 0:
            continue
        scaled = (x - x.min()) / np.ptp(x)
        start = 0
        while start < len(x):
            end = start
            while end + 1 < len(x) and x[end + 1] == x[start]:
                end += 1
            inside = start > 0 and end < len(x) - 1
            if (
                inside
                and x[start - 1] < x[start] > x[end + 1]
                and scaled[start] >= threshold - 1e-6
            ):
                window.append(i)
                position.append((start + end) // 2)
            start = end + 1
    return window, position


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i8", "u1"])
@pytest.mark.parametrize("block", [1, 200, 1 << 20])
@pytest.mark.parametrize("threshold", [0, 0.5, 0.9, 1])
def test_equals_the_rule_in_a_loop(dtype, block, threshold, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng(7)
    for levels in (2, 4, 12):  # few levels make many plateaus
        X = rng.integers(0, levels, size=(40, 30)).astype(dtype)
        if X.dtype.kind == "f":
            X /= 7
            X[rng.random(X.shape) < 0.005] = np.nan
        for same in (X, np.asfortranarray(X), np.repeat(X, 2, axis=0)[::2]):
            window, position = threshold_r_peaks(same, threshold)
            assert (window.tolist(), position.tolist()) == rule_in_a_loop(X, threshold)


def test_a_plateau_counts_once_at_its_middle():
    window, position = threshold_r_peaks([[0, 5, 5, 5, 0, 5, 5, 5, 5, 1, 0, 5, 0]])
    assert position.tolist() == [2, 6, 11]
    assert window.tolist() == [0, 0, 0]


def test_a_step_on_the_way_up_is_no_maximum():
    assert threshold_r_peaks([[0, 9.5, 9.5, 10, 9.5, 9.5, 0]])[1].tolist() == [3]


def test_first_and_last_run_of_a_window_are_no_maximum():
    X = [[9, 9, 0, 9, 0, 9, 9], [9, 0, 0, 0, 0, 0, 9], [0, 0, 9, 9, 9, 9, 9]]
    window, position = threshold_r_peaks(X)
    assert (window.tolist(), position.tolist()) == ([0], [3])


def test_maxima_below_the_threshold_are_left_out():
    X = [[0, 89, 0, 90, 0, 100, 0]]
    assert threshold_r_peaks(X)[1].tolist() == [3, 5]
    assert threshold_r_peaks(X, 0.89)[1].tolist() == [1, 3, 5]
    assert threshold_r_peaks(X, 1.0)[1].tolist() == [5]


def test_flat_and_unknown_windows_have_no_r_peaks():
    X = np.tile([0.0, 1.0, 0.0, 1.0, 0.0], (5, 1))
    X[0] = 3
    X[1, 0] = np.nan
    X[2, 1] = np.inf
    X[3, 2] = -np.inf
    window, position = threshold_r_peaks(X)
    assert (window.tolist(), position.tolist()) == ([4, 4], [1, 3])


def test_the_whole_range_of_int16_does_not_overflow():
    X = np.array([[-32768, 32767, -32768, 26214, -32768, 26213, -32768]], dtype=np.int16)
    # 0.9 of the way from -32768 to 32767 is 26213.5.
    assert threshold_r_peaks(X)[1].tolist() == [1, 3]


@pytest.mark.parametrize("shape", [(0, 10), (3, 2), (3, 0), (0, 0)])
def test_too_little_input_gives_no_r_peaks(shape):
    window, position = threshold_r_peaks(np.zeros(shape))
    assert window.shape == position.shape == (0,)
    assert window.dtype == position.dtype == np.int64


@pytest.mark.parametrize(
    ("X", "threshold", "error", "message"),
    [
        (np.zeros(5), 0.9, ValueError, r"one window per row, got \(5,\)"),
        (np.zeros((1, 5)), 1.1, ValueError, "between 0 and 1, got 1.1"),
        (np.zeros((1, 5)), float("nan"), ValueError, "between 0 and 1"),
        (np.array([["a", "b"]]), 0.9, TypeError, "real numbers"),
        (np.zeros((1, 5), complex), 0.9, TypeError, "complex128"),
    ],
)
def test_wrong_input_is_named(X, threshold, error, message):
    with pytest.raises(error, match=message):
        threshold_r_peaks(X, threshold)


def beats_found(found, reference, tolerance):
    """Count one-to-one matches of two rising lists of positions."""
    n_matches = i = 0
    for beat in reference:
        while i < len(found) and found[i] < beat - tolerance:
            i += 1
        if i < len(found) and found[i] <= beat + tolerance:
            n_matches += 1
            i += 1
    return n_matches


# Counted with the rule in a loop on the raw records, in 180 whole windows of 10 s.
@pytest.mark.parametrize(
    ("record", "n_beats", "n_found", "n_right"),
    [("100", 2265, 1305, 1302), ("104", 2222, 547, 460), ("121", 1856, 876, 819)],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_finds_only_part_of_the_beats_of_real_records(
    data_home, record, n_beats, n_found, n_right, dtype
):
    path = str(data_home / "mitdb" / record)
    adc = wfdb.rdrecord(path, physical=False).d_signal[:, 0].astype(np.int16)
    signal = adc if dtype == np.int16 else ((adc - 1024) / 200).astype(dtype)
    window, position = threshold_r_peaks(split_windows(signal, 3600))
    annotation = wfdb.rdann(path, "atr")
    beats = annotation.sample[is_beat(annotation.symbol)]
    beats = beats[beats < 180 * 3600]
    found = window * 3600 + position
    # 54 samples at 360 Hz are 150 ms, the tolerance of EC57.
    assert (len(beats), len(found)) == (n_beats, n_found)
    assert beats_found(found, beats, tolerance=54) == n_right


@pytest.fixture(scope="module")
def simulated():
    """Two windows of 10 s at 250 Hz, 70 and 90 beats per minute, and their R peaks."""
    windows = [
        neurokit2.ecg_simulate(duration=10, sampling_rate=250, heart_rate=rate, random_state=1)
        for rate in (70, 90)
    ]
    return np.array(windows)


@pytest.mark.parametrize("method", sorted(module._NEUROKIT_CLEANS))
def test_every_method_of_the_table_finds_beats(simulated, method):
    window, position = detect_r_peaks(simulated, 250, detector=method)
    counts = np.bincount(window, minlength=2)
    # 70 and 90 beats per minute are 11 to 12 and 14 to 16 beats in 10 s; the methods lose some
    # at the ends, and one of them counts twice.
    assert 8 <= counts[0] <= 24
    assert counts[1] >= 10
    assert (np.diff(window * 2500 + position) > 0).all()


@pytest.mark.parametrize("method", ["emrich2023", "manikandan2012", "promac"])
def test_methods_that_do_not_work_are_not_offered(simulated, method):
    with pytest.raises(
        ValueError, match=f"'{method}' is not known; choose 'threshold', 'sleepecg'"
    ):
        detect_r_peaks(simulated, 250, detector=method)


def test_a_threshold_that_has_no_effect_warns(simulated):
    with pytest.warns(UserWarning, match=r"threshold=0\.7 has no effect with detector='neurokit'"):
        found = detect_r_peaks(simulated, 250, detector="neurokit", threshold=0.7)
    np.testing.assert_array_equal(found, detect_r_peaks(simulated, 250, detector="neurokit"))


@pytest.mark.parametrize("method", sorted(module._NEUROKIT_CLEANS))
def test_short_windows_give_no_error_but_the_documented_one(method):
    X = np.random.default_rng(0).normal(size=(3, 12))
    with suppress(ValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NeuroKit2's own, of windows this short
        detect_r_peaks(X, 125, detector=method)


def test_neurokit_finds_the_beats_of_a_simulated_signal(simulated):
    window, position = detect_r_peaks(simulated, 250, detector="neurokit")
    interval = [np.median(np.diff(position[window == i])) for i in range(2)]
    np.testing.assert_allclose(interval, [250 * 60 / 70, 250 * 60 / 90], rtol=0.05)


def test_a_function_is_called_per_window_with_the_rate():
    calls = []

    def detector(signal, sampling_rate):
        calls.append((signal.tolist(), sampling_rate))
        return [2, 0, 2]

    window, position = detect_r_peaks([[1, 2, 3], [4, 4, 4], [3, 2, 1]], 125, detector)
    assert calls == [([1, 2, 3], 125), ([3, 2, 1], 125)]  # the flat window is not asked for
    assert (window.tolist(), position.tolist()) == ([0, 0, 2, 2], [0, 2, 0, 2])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([0, 3], "between 0 and 3 in window 0, which has the samples 0 to 2"),
        ([-1], "between -1"),
        ([0.5], "array of float64"),
        ([[0, 1]], r"shape \(1, 2\)"),
    ],
)
def test_a_function_must_return_positions(answer, message):
    with pytest.raises(ValueError, match=message):
        detect_r_peaks([[1, 2, 3]], 125, lambda signal, rate: answer)


def test_an_error_of_a_detector_names_the_window():
    def detector(signal, sampling_rate):
        raise KeyError("broken")

    with pytest.raises(KeyError) as caught:
        detect_r_peaks([[1, 1], [1, 2]], 125, detector)
    assert caught.value.__notes__ == ["raised by the R-peak detector in window 1"]


def test_unknown_detector_is_refused_with_the_names():
    with pytest.raises(ValueError, match=r"'pantompkin' is not known.*pantompkins1985"):
        detect_r_peaks(np.zeros((1, 5)), 125, "pantompkin")
    with pytest.raises(TypeError, match="a name or a function, got 3"):
        detect_r_peaks(np.zeros((1, 5)), 125, 3)


def test_no_windows_have_no_r_peaks_with_any_detector():
    for detector in ("threshold", "neurokit", lambda signal, rate: [0]):
        window, position = detect_r_peaks(np.empty((0, 5)), 125, detector)
        assert window.shape == position.shape == (0,)
        assert window.dtype == position.dtype == np.int64
