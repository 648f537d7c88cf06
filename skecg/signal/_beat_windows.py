"""Windows around R peaks, and the rhythm that a single beat does not show."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def beat_windows(
    signal: ArrayLike, r_peak: ArrayLike, n_before: int, n_after: int
) -> NDArray[np.floating]:
    """Cut the window around every R peak.

    Parameters
    ----------
    signal : array-like of shape (n_timesteps,)
        One lead.
    r_peak : array-like of int of shape (n_beats,)
        Positions of the R peaks in the signal.
    n_before, n_after : int
        Samples before the R peak and from it on.

    Returns
    -------
    ndarray of shape (n_beats, n_before + n_after)
        The windows, in the number format of the signal. Beyond the ends of the signal its first
        and last values go on.

    Raises
    ------
    ValueError
        If a peak lies outside the signal, or the window would be empty.

    Examples
    --------
    >>> from skecg.signal import beat_windows
    >>> beat_windows([0, 1, 9, 1, 0, 0], [2, 5], n_before=2, n_after=3)
    array([[0, 1, 9, 1, 0],
           [1, 0, 0, 0, 0]])
    """
    signal, r_peak = np.asarray(signal), np.asarray(r_peak, dtype=np.int64)
    if signal.ndim != 1:
        raise ValueError(f"signal must have shape (n_timesteps,), got {signal.shape}")
    if n_before < 0 or n_after < 0 or n_before + n_after == 0:
        raise ValueError(f"a window of {n_before} + {n_after} samples is empty")
    if r_peak.size and not (r_peak.min() >= 0 and r_peak.max() < signal.size):
        raise ValueError(f"R peaks must lie in [0, {signal.size}), the samples of the signal")
    return np.take(signal, r_peak[:, None] + np.arange(-n_before, n_after), mode="clip")


def rr_ratios(r_peak: ArrayLike) -> NDArray[np.float64]:
    """Compare the R-R intervals before and after every beat with the usual one.

    A premature beat is told from a normal one by its rhythm rather than by its shape, and by
    ratios rather than by seconds, because people differ in their heart rates.

    Parameters
    ----------
    r_peak : array-like of shape (n_beats,)
        Positions of the R peaks of one record, ascending, in any unit.

    Returns
    -------
    ndarray of shape (n_beats, 2)
        Natural logarithms of the preceding and of the following interval over the median interval
        of the record, within [-2, 2]; 0 where there is no interval. The median is one of the
        whole record: no labels are used, but beats to come are.

    References
    ----------
    P. de Chazal, M. O'Dwyer, R. B. Reilly, "Automatic classification of heartbeats using ECG
    morphology and heartbeat interval features", IEEE Trans. Biomed. Eng. 51(7), 1196-1206, 2004,
    section III (RR-interval features).

    Examples
    --------
    >>> from skecg.signal import rr_ratios
    >>> rr_ratios([0, 100, 200, 250, 400, 500]).round(2).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, -0.69], [-0.69, 0.41], [0.41, 0.0], [0.0, 0.0]]
    """
    r_peak = np.asarray(r_peak, dtype=np.float64)
    ratios = np.zeros((r_peak.size, 2))
    intervals = np.diff(r_peak)
    if np.any(intervals <= 0):
        raise ValueError("R peaks must be ascending")
    if intervals.size:
        logarithms = np.clip(np.log(intervals / np.median(intervals)), -2, 2)
        ratios[1:, 0] = logarithms
        ratios[:-1, 1] = logarithms
    return ratios
