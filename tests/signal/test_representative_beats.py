from __future__ import annotations

import numpy as np
import pytest

from skecg.signal import representative_beats

COUNTS = [3, 0, 1, 4, 3, 0]
ROW = np.repeat(np.arange(6), COUNTS)
BEATS = np.random.default_rng(0).normal(size=(11, 5)).astype(np.float32)


@pytest.mark.parametrize(
    ("how", "reduce"),
    [
        ("median", lambda beats: np.median(beats, axis=0)),
        ("mean", lambda beats: beats.mean(axis=0)),
        ("first", lambda beats: beats[0]),
    ],
)
def test_equals_the_reduction_of_each_row(how, reduce):
    found = representative_beats(BEATS, ROW, 6, how)
    assert found.shape == (6, 5)
    assert found.dtype == np.float32
    for row, count in enumerate(COUNTS):
        expected = reduce(BEATS[np.equal(ROW, row)]) if count else np.zeros(5)
        np.testing.assert_allclose(found[row], expected, rtol=1e-6)


def test_first_k_beats_are_padded_with_zero_beats():
    found = representative_beats(BEATS, ROW, 6, 2)
    assert found.shape == (6, 2, 5)
    np.testing.assert_array_equal(found[3], BEATS[4:6])
    np.testing.assert_array_equal(found[2], [BEATS[3], np.zeros(5)])
    np.testing.assert_array_equal(found[5], 0)


def test_no_beats_give_zeros():
    assert representative_beats(np.empty((0, 4)), [], 2).tolist() == [[0] * 4] * 2
    assert representative_beats(np.empty((0, 4)), [], 0, 3).shape == (0, 3, 4)


@pytest.mark.parametrize("how", ["max", 0, True, 1.5, None])
def test_unknown_reduction_is_refused(how):
    with pytest.raises(ValueError, match="how must be"):
        representative_beats(BEATS, ROW, 6, how)


@pytest.mark.parametrize("row", [[0, 1], [1, 0, 1], [0, 1, 2], [-1, 0, 0]])
def test_rows_must_rise_and_fit(row):
    with pytest.raises(ValueError, match="rising and between 0 and 1"):
        representative_beats(BEATS[:3], row, 2)


@pytest.mark.parametrize(
    ("beats", "row", "n_rows", "message"),
    [
        ([1.0, 2.0], [0, 0], 1, "beats must have shape"),
        ([[1.0]], 0, 1, "row must be integers"),
        ([[1.0]], [np.inf], 1, "row must be integers"),
        ([[1.0]], [0], None, "n_rows must be a number"),
        ([[1.0]], [0], 10**30, "n_rows must be a number"),
    ],
)
def test_wrong_forms_are_refused(beats, row, n_rows, message):
    with pytest.raises(ValueError, match=message):
        representative_beats(beats, row, n_rows)
