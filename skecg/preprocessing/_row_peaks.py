"""The R peaks of whole rows, told by the windows that they lie in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..signal import find_r_peaks, split_windows

RPeaks = tuple[NDArray[np.int64], NDArray[np.int64]]


def row_peaks(X: NDArray, sampling_rate: float, detector: str, window_length: int | None) -> RPeaks:
    """Find the R peaks of whole rows, in the form of :func:`skecg.signal.detect_r_peaks`.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_timesteps)
        One lead a row; gaps are NaN.
    sampling_rate : float
        Samples per second (Hz).
    detector : str
        A detector of :func:`skecg.signal.find_r_peaks`.
    window_length : int or None
        Samples in the windows into which the rows are cut, the last of a row moved back to end
        with it; None makes each row one window.

    Returns
    -------
    window : ndarray of int64 of shape (n_peaks,)
        The window that each R peak lies in, numbered on from row to row.
    position : ndarray of int64 of shape (n_peaks,)
        Its sample in that window. An R peak in two windows is given in both; windows that hold a
        gap have none.
    """
    length = X.shape[1] if window_length is None else window_length
    starts = split_windows(np.arange(X.shape[1]), length, tail="overlap")[:, 0]
    windows, positions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for i, row in enumerate(X):
        found, _ = find_r_peaks(row, sampling_rate, detector)
        has_gap = np.isnan(split_windows(row, length, tail="overlap").min(axis=1))
        for k in np.flatnonzero(~has_gap):
            inside = found[slice(*np.searchsorted(found, (starts[k], starts[k] + length)))]
            windows.append(np.full(inside.size, i * len(starts) + k))
            positions.append(inside - starts[k])
    return np.concatenate(windows), np.concatenate(positions)
