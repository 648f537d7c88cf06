"""Windows around R peaks, and the rhythm that a single beat does not show."""

from __future__ import annotations

from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._limits import in_range, require_memory
from ._windows import check_rate, resample

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


def beats_with_rhythm(
    signal: ArrayLike,
    r_peak: ArrayLike,
    sampling_rate: float,
    *,
    before: float = 0.5,
    after: float = 0.75,
    rate: float = 120.0,
) -> NDArray[np.float32]:
    """Cut and scale the window around every R peak of one lead, with its rhythm beside it.

    Parameters
    ----------
    signal : array-like of shape (n_timesteps,)
        One lead of one record, in any unit.
    r_peak : array-like of int of shape (n_beats,)
        Positions of the R peaks in the signal, ascending.
    sampling_rate : float
        Samples per second (Hz) of the signal.
    before, after : float, default=0.5 and 0.75
        Seconds before and after the R peak.
    rate : float, default=120.0
        Samples per second (Hz) of the windows; the lead is resampled to it by :func:`resample`.

    Returns
    -------
    ndarray of float32 of shape (n_beats, 3, n_timesteps)
        The lead, scaled by :func:`scale_beat_windows`, and as two constant channels the
        logarithms of the preceding and the following R-R interval over the median interval, see
        :func:`rr_ratios`. Both scales take the whole record into account.

    Raises
    ------
    ValueError
        If an R peak lies outside the signal or not behind the one before it, if the signal has
        a gap (NaN or infinite values), or if a number of seconds or Hz is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import beats_with_rhythm
    >>> lead = np.tile(np.exp(-0.5 * ((np.arange(250) - 125) / 4) ** 2), 4)  # four beats, 250 Hz
    >>> beats = beats_with_rhythm(lead, [125, 375, 625, 875], 250)
    >>> beats.shape, beats[1, 0].argmax(), beats[1, 0].max().round(2)
    ((4, 3, 150), np.int64(60), np.float32(1.0))
    """
    signal = _as_lead(signal)
    check_rate("sampling_rate", sampling_rate)
    check_rate("rate", rate)
    are_numbers = isinstance(before, Real) and isinstance(after, Real)
    if not are_numbers or not (0 <= before <= _LONGEST and 0 < after <= _LONGEST):
        raise ValueError(
            f"before must be 0 to {_LONGEST} s and after more than 0 and up to {_LONGEST} s, got "
            f"{before!r} and {after!r}"
        )
    r_peak = _as_positions(r_peak, signal.size)
    ratios = rr_ratios(r_peak)
    if signal.dtype.kind == "f" and not np.isfinite(signal).all():
        first = int(np.argmin(np.isfinite(signal)))
        raise ValueError(
            f"signal has a gap, got NaN or an infinite value from sample {first} on "
            f"({first / sampling_rate:.1f} s): cut the record there, or fill the gap"
        )
    lead = resample(signal, sampling_rate, rate)
    # The resampled signal may end half a sample before the place of the last R peak.
    place = np.minimum(np.round(r_peak * (rate / sampling_rate)), len(lead) - 1)
    n_before = round(before * rate)
    windows = beat_windows(lead, place.astype(np.int64), n_before, round(after * rate))
    samples = np.empty((len(windows), 3, windows.shape[1]), dtype=np.float32)
    samples[:, 0] = scale_beat_windows(windows, n_before, rate)
    samples[:, 1:] = ratios[:, :, np.newaxis]
    return samples


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
        whole record: no labels are used, but later beats are.

    References
    ----------
    P. de Chazal, M. O'Dwyer, R. B. Reilly, "Automatic classification of heartbeats using ECG
    morphology and heartbeat interval features", IEEE Trans. Biomed. Eng. 51(7), 1196-1206, 2004,
    section III (RR-interval features).

    Raises
    ------
    ValueError
        If a position is not finite or not behind the one before it.

    Examples
    --------
    >>> from skecg.signal import rr_ratios
    >>> rr_ratios([0, 100, 200, 250, 400, 500]).round(2).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, -0.69], [-0.69, 0.41], [0.41, 0.0], [0.0, 0.0]]
    """
    with in_range("r_peak"):
        r_peak = np.asarray(r_peak, dtype=np.float64)
    if r_peak.ndim != 1:
        raise ValueError(f"r_peak must have shape (n_beats,), got {r_peak.shape}")
    ratios = np.zeros((r_peak.size, 2))
    intervals = np.diff(r_peak)
    if not np.all(intervals > 0) or not np.isfinite(r_peak).all():
        raise ValueError(_not_ascending(r_peak))
    if intervals.size:
        logarithms = np.clip(np.log(intervals / np.median(intervals)), -2, 2)
        ratios[1:, 0] = logarithms
        ratios[:-1, 1] = logarithms
    return ratios


def _not_ascending(r_peak: NDArray) -> str:
    wrong = np.flatnonzero(~(np.diff(r_peak) > 0))
    i = int(wrong[0]) if wrong.size else int(np.argmin(np.isfinite(r_peak)))
    return (
        f"R peaks must be ascending, each of them once, got {r_peak[i : i + 2].tolist()} as number "
        f"{i} and the next"
    )


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
