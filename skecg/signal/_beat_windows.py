"""Windows around R peaks, and the rhythm that a single beat does not show."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._limits import require_memory
from ._windows import check_rate

# Seconds on either side of the R peak within which the R amplitude is looked for: about as far
# as the QRS complex reaches.
_R_REACH = 0.08

# Seconds on either side of the R peak that a window may have.
_LONGEST = 60


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
        and last values are repeated.

    Raises
    ------
    ValueError
        If a peak lies outside the signal, or the window would be empty.

    See Also
    --------
    skecg.BeatWindows : Finds the R peaks and cuts the windows.
    scale_beat_windows : Scales the windows.

    Examples
    --------
    >>> from skecg.signal import beat_windows
    >>> beat_windows([0, 1, 9, 1, 0, 0], [2, 5], n_before=2, n_after=3)
    array([[0, 1, 9, 1, 0],
           [1, 0, 0, 0, 0]])
    """
    signal = _as_lead(signal)
    r_peak = _as_positions(r_peak, signal.size)
    if not (isinstance(n_before, Integral) and isinstance(n_after, Integral)):
        raise ValueError(f"n_before and n_after must be integers, got {n_before!r}, {n_after!r}")
    if n_before < 0 or n_after < 0 or n_before + n_after == 0:
        raise ValueError(f"a window of {n_before} + {n_after} samples is empty")
    n_before, n_after = int(n_before), int(n_after)  # not of a small type
    n_values = (n_before + n_after) * (len(r_peak) + 1)
    require_memory(8 * n_values, "the windows", "choose a smaller n_before and n_after")
    return np.take(signal, r_peak[:, None] + np.arange(-n_before, n_after), mode="clip")


def scale_beat_windows(
    windows: ArrayLike, n_before: int, sampling_rate: float
) -> NDArray[np.float32]:
    """Scale the beat windows of one record, so that gain and baseline do not tell the person.

    Each window loses its own median, the baseline. All windows are then divided by one number,
    the record's R amplitude: the median over its beats of the highest absolute value within
    0.08 s of the R peak. So the R wave of a usual beat is about 1 high, and the difference
    between a high and a low beat of the same record is kept. No labels are used.

    Parameters
    ----------
    windows : array-like of shape (n_beats, n_timesteps)
        Windows of the beats of one record and lead, as :func:`beat_windows` returns them, in any
        unit.
    n_before : int
        Samples in front of the R peak.
    sampling_rate : float
        Samples per second (Hz).

    Returns
    -------
    ndarray of float32 of shape (n_beats, n_timesteps)
        The scaled windows. Those of a flat record are zero.

    Raises
    ------
    ValueError
        If the windows are not two-dimensional or hold NaN or infinite values, if the R peak is
        not in them, or if the sampling rate is not a positive number.

    See Also
    --------
    beat_windows : Cuts the windows.

    Examples
    --------
    >>> from skecg.signal import scale_beat_windows
    >>> scale_beat_windows([[7, 7, 11, 7, 7], [2, 2, 4, 2, 2], [5, 5, 9, 5, 5]], 2, 20)
    array([[0. , 0. , 1. , 0. , 0. ],
           [0. , 0. , 0.5, 0. , 0. ],
           [0. , 0. , 1. , 0. , 0. ]], dtype=float32)
    """
    windows = np.asarray(windows)
    if windows.ndim != 2 or windows.dtype.kind not in "iuf":
        raise ValueError(
            "windows must be numbers of shape (n_beats, n_timesteps), got "
            f"{windows.dtype} of shape {windows.shape}"
        )
    check_rate("sampling_rate", sampling_rate)
    if not isinstance(n_before, Integral) or not 0 <= n_before < windows.shape[1]:
        raise ValueError(
            f"the R peak must lie in the windows of {windows.shape[1]} samples, got "
            f"n_before={n_before}"
        )
    if not np.isfinite(windows).all():
        raise ValueError("windows hold NaN or infinite values, got a beat that touches a gap")
    scaled = np.empty(windows.shape, dtype=np.float32)
    if not len(windows):
        return scaled
    scaled[:] = windows - np.median(windows, axis=1, keepdims=True)
    reach = max(1, round(_R_REACH * sampling_rate))
    around_r = scaled[:, max(n_before - reach, 0) : n_before + reach]
    amplitude = np.median(np.abs(around_r).max(axis=1))
    scaled /= amplitude if amplitude > 0 else 1.0
    return scaled


def _as_lead(signal: ArrayLike) -> NDArray:
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise ValueError(f"signal must have shape (n_timesteps,), got {signal.shape}")
    if signal.dtype.kind not in "biuf":
        raise ValueError(f"signal must hold real numbers, got {signal.dtype}")
    return signal


def _as_positions(r_peak: ArrayLike, n_timesteps: int) -> NDArray[np.int64]:
    r_peak = np.asarray(r_peak)
    if r_peak.ndim != 1 or (r_peak.size and r_peak.dtype.kind not in "iuf"):
        raise ValueError(
            f"r_peak must be sample positions of shape (n_beats,), got {r_peak.dtype} of shape "
            f"{r_peak.shape}"
        )
    if r_peak.size and not (r_peak.min() >= 0 and r_peak.max() < n_timesteps):
        raise ValueError(
            f"R peaks must lie in [0, {n_timesteps}), the samples of the signal, got "
            f"{r_peak.min()} to {r_peak.max()}"
        )
    return r_peak.astype(np.int64)
