from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import cut_beats, scale_windows, threshold_r_peaks


def rows_with_peaks(*peaks, n_timesteps=60, height=10):
    """Rows of slowly rising signal with a peak at each of the given samples."""
    X = np.tile(np.arange(n_timesteps) / n_timesteps, (len(peaks), 1))
    for row, at in zip(X, peaks, strict=True):
        row[at] = height
    return X


def test_beat_runs_from_its_r_peak_for_1_2_median_periods():
    X = rows_with_peaks([5, 15, 35])  # R-R 10 and 20, median 15, piece 18
    found = cut_beats(X, *threshold_r_peaks(X), beat_length=25)
    assert found.period.tolist() == [15, 15, 15]
    assert found.r_peak.tolist() == [5, 15, 35]
    scaled = scale_windows(X)[0].astype(np.float32)
    for beat, start in zip(found.beats, (5, 15, 35), strict=True):
        np.testing.assert_array_equal(beat[:18], scaled[start : start + 18])
        np.testing.assert_array_equal(beat[18:], 0)


def test_each_window_has_its_own_period():
    X = rows_with_peaks([5, 15, 25, 40], [10], [3, 33])
    found = cut_beats(X, *threshold_r_peaks(X), period_factor=0.5)
    assert found.row.tolist() == [0, 0, 0, 0, 2, 2]  # one R peak alone has no R-R
    assert found.window.tolist() == [0] * 6
    assert found.period.tolist() == [10, 10, 10, 10, 30, 30]
    assert (found.beats != 0).sum(axis=1).tolist() == [5, 5, 5, 5, 15, 15]


def test_piece_past_the_end_of_its_row_is_dropped():
    X = rows_with_peaks([8, 28, 48], [16, 36, 47])
    # Row 0: 48 + 24 > 60. Row 1: R-R 20 and 11, piece 18.6, rounded to 19: 47 + 19 > 60.
    found = cut_beats(X, *threshold_r_peaks(X))
    assert list(zip(found.row.tolist(), found.r_peak.tolist(), strict=True)) == [
        (0, 8),
        (0, 28),
        (1, 16),
        (1, 36),
    ]


def test_piece_that_ends_with_the_row_is_kept():
    X = rows_with_peaks([10, 20, 30, 40, 48], n_timesteps=60)
    found = cut_beats(X, *threshold_r_peaks(X), period_factor=1.2)
    assert found.r_peak[-1] == 48  # 48 + 12 = 60
    assert found.beats[-1, 11] == scale_windows(X)[0, -1].astype(np.float32)


def test_long_beats_follow_the_choice():
    X = rows_with_peaks([5, 15, 25], [5, 30])  # pieces of 12 and 30 samples
    peaks = threshold_r_peaks(X)
    truncated = cut_beats(X, *peaks, beat_length=20)
    assert truncated.beats.shape == (5, 20)
    assert (truncated.beats[3] != 0).all()
    dropped = cut_beats(X, *peaks, beat_length=20, on_long="drop")
    assert dropped.row.tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="2 of 5 beats are longer than beat_length=20; the lon"):
        cut_beats(X, *peaks, beat_length=20, on_long="raise")
    assert len(cut_beats(X, *peaks, beat_length=30, on_long="raise").beats) == 5


@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_each_beat_is_scaled_by_its_whole_piece(dtype):
    X = (100 * rows_with_peaks([4, 14, 24, 34], height=8)).astype(dtype)
    X[0, 24] = 900
    found = cut_beats(X, *threshold_r_peaks(X, 0.8), scale="beat", beat_length=5)
    for beat, start in zip(found.beats, (4, 14, 24, 34), strict=True):
        # The maximum of the piece from 14 on is the R peak at 24, which truncation takes away.
        piece = X[0, start : start + 12].astype(np.float64)
        expected = (piece - piece.min()) / np.ptp(piece)
        np.testing.assert_allclose(beat, expected[:5], rtol=1e-6)


def test_flat_piece_scaled_alone_is_zero():
    X = np.zeros((1, 40))
    X[0, -1] = 1
    found = cut_beats(X, [0, 0], [5, 15], scale="beat")
    assert found.beats.shape == (2, 187)
    assert (found.beats == 0).all()


def test_beats_run_on_from_their_window_into_the_row():
    X = rows_with_peaks([5, 15, 28, 35, 45], n_timesteps=60)
    X[0, 40:] += 20  # the second window is higher
    windows = X.reshape(2, 30)
    window, r_peak = threshold_r_peaks(windows)
    assert (window.tolist(), r_peak.tolist()) == ([0, 0, 0, 1], [5, 15, 28, 15])
    found = cut_beats(X, window, r_peak, window_length=30, beat_length=20)
    # R-R of the first window: 10 and 13; the second has one R peak and so no period.
    assert found.r_peak.tolist() == [5, 15, 28]
    assert found.period.tolist() == [11.5] * 3
    assert found.window.tolist() == [0, 0, 0]
    # Scaled by the limits of its own window, 0 and 10, wherever it runs to.
    np.testing.assert_allclose(found.beats[2, :14], X[0, 28:42] / 10, rtol=1e-6)
    assert found.beats[2].max() > 2


def test_overlapping_last_window_gives_no_beat_twice():
    X = np.tile(rows_with_peaks(range(4, 70, 8), n_timesteps=70), (2, 1))
    windows = np.stack([X[:, 0:30], X[:, 30:60], X[:, 40:70]], axis=1).reshape(-1, 30)
    window, r_peak = threshold_r_peaks(windows)
    found = cut_beats(X, window, r_peak, window_length=30)
    for row in (0, 1):
        of_row = found.row == row
        # 68 + 10 would run past the end of the row.
        assert found.r_peak[of_row].tolist() == [4, 12, 20, 28, 36, 44, 52, 60]
        assert found.window[of_row].tolist() == [0, 0, 0, 0, 1, 1, 1, 2]


def test_blocks_do_not_change_the_result(monkeypatch):
    from skecg.signal import _beats as module

    X = np.random.default_rng(0).normal(size=(30, 200))
    peaks = threshold_r_peaks(X, 0.7)
    whole = cut_beats(X, *peaks)
    monkeypatch.setattr(module, "_BLOCK", 3)
    for a, b in zip(whole, cut_beats(X, *peaks), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(whole.beats) > 50


def test_strided_input_gives_the_same_beats():
    X = np.random.default_rng(1).normal(size=(10, 120)).astype(np.float32)
    peaks = threshold_r_peaks(X, 0.7)
    expected = cut_beats(X, *peaks).beats
    np.testing.assert_array_equal(cut_beats(np.asfortranarray(X), *peaks).beats, expected)
    assert expected.dtype == np.float32


@pytest.mark.parametrize("shape", [(0, 50), (3, 50), (3, 0)])
@pytest.mark.parametrize("scale", ["window", "beat"])
def test_no_r_peaks_give_no_beats(shape, scale):
    found = cut_beats(np.zeros(shape), [], [], scale=scale)
    assert found.beats.shape == (0, 187)
    assert all(len(column) == 0 for column in found)


@pytest.mark.parametrize(
    ("window", "r_peak", "options", "message"),
    [
        ([0], [1, 2], {}, r"shapes \(1,\) and \(2,\)"),
        ([0, 0], [5, 5], {}, "sorted"),
        ([1, 0], [5, 9], {}, "sorted"),
        ([0, 2], [5, 9], {}, "2 windows of 40 samples, but .* windows 0 to 2"),
        ([0, 0], [5, 40], {}, "samples 5 to 40"),
        ([0.0, 0.0], [5, 9], {}, "integers"),
        ([0], [1], {"window_length": 50}, "longer than the rows"),
        ([0], [1], {"window_length": 0}, "window_length must be at least 1"),
        ([0], [1], {"period_factor": 0}, "period_factor must be a positive"),
        ([0], [1], {"beat_length": 0}, "beat_length must be at least 1"),
        ([0], [1], {"on_long": "keep"}, "on_long must be .* 'keep'"),
        ([0], [1], {"scale": "row"}, "scale must be .* 'row'"),
    ],
)
def test_wrong_arguments_are_refused(window, r_peak, options, message):
    with pytest.raises(ValueError, match=message):
        cut_beats(np.zeros((2, 40)), window, r_peak, **options)
