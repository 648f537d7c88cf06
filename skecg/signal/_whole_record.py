"""R peaks of one lead of a whole record, past what cannot be read."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._r_peaks import Detector, detect_r_peaks
from ._sleepecg import REFRACTORY, check_sleepecg_rate
from ._unreadable import overlapping_blocks, runs, unreadable_samples

# Seconds. A gap up to the first is crossed on a straight line, up to the second so well that a
# beat beside it can be trusted; beside a longer one, the third is left out. A stretch between two
# gaps must hold the fourth.
_CROSSED, _MENDED, _BESIDE, _SHORTEST = 1.0, 0.02, 0.05, 3.0

# Seconds in a block, and those before and behind it that let the detector find its thresholds.
_BLOCK, _LEAD_IN, _LEAD_OUT = 3600.0, 60.0, 5.0
# Hz; more is a mistake.
_FASTEST = 1_000_000


def find_r_peaks(
    signal: ArrayLike, sampling_rate: float, detector: str | Detector = "sleepecg"
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the R peaks of one lead of a whole record, of any length and with any gaps.

    What cannot be read is left out, and no beat is found in it: values that are not finite, a
    constant value for 3 s or longer, saturation (the lead's lowest or highest value for 0.25 s or
    longer, a quarter of the lead's range or more away from its median), and stretches between two
    gaps that hold less than 3 s. A gap of up to 1 s is crossed on a straight line, so that the
    beats behind it are found as if it were not there; what lies between longer ones is read by
    itself. Beats within 50 ms of a gap of more than 20 ms are left out too.

    Parameters
    ----------
    signal : array-like of shape (n_timesteps,)
        One lead in any unit, of any real type; gaps are NaN.
    sampling_rate : float
        Samples per second (Hz).
    detector : str or callable, default="sleepecg"
        A detector of :func:`detect_r_peaks`, which is given blocks of up to an hour. The default
        needs more than 60 Hz and finds 99.6 % of the beats of the 48 records of the MIT-BIH
        Arrhythmia Database within 150 ms, where 99.0 % of its R peaks are beats.

    Returns
    -------
    r_peak : ndarray of int64 of shape (n_peaks,)
        Rising sample positions.
    unreadable : ndarray of int64 of shape (n_stretches, 2)
        First sample of each stretch that could not be read, and the first one behind it.

    Raises
    ------
    TypeError
        If the signal does not hold real numbers, the sampling rate is no number, or the detector
        is neither a string nor callable.
    ValueError
        If the signal is not one-dimensional, if the sampling rate is not positive or too low for
        the detector, if the detector's name is not known, or if the detector fails.

    See Also
    --------
    detect_r_peaks : R peaks of many windows of one length.

    Notes
    -----
    Blocks of an hour with a minute in front of them bound the memory. A day at 250 Hz (21.6
    million samples) takes some 2 s and 0.1 GB beside the signal.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import find_r_peaks
    >>> beat = np.exp(-0.5 * ((np.arange(200) - 100) / 4) ** 2)  # one R wave, 0.8 s
    >>> signal = np.tile(beat, 15)
    >>> signal[1000:1450] = np.nan
    >>> r_peak, unreadable = find_r_peaks(signal, 250)
    >>> r_peak
    array([ 100,  300,  500,  700,  900, 1500, 1700, 1900, 2100, 2300, 2500,
           2700, 2900])
    >>> unreadable
    array([[1000, 1450]])
    """
    signal = _as_lead(signal)
    _check_sampling_rate(sampling_rate)
    # What is wrong with the detector is said where nothing can be read, too.
    detect_r_peaks(np.empty((0, 1)), sampling_rate, detector)
    if isinstance(detector, str) and detector == "sleepecg":
        check_sleepecg_rate(sampling_rate)
    is_gap = unreadable_samples(signal, sampling_rate)
    found = [np.empty(0, np.int64)]
    for first, last in _stretches(is_gap, sampling_rate):
        if np.count_nonzero(~is_gap[first:last]) < _SHORTEST * sampling_rate:
            is_gap[first:last] = True
        else:
            found += _stretch_peaks(signal, is_gap, first, last, sampling_rate, detector)
    unreadable = runs(is_gap)
    r_peak = _trusted(np.concatenate(found), unreadable, sampling_rate)
    return r_peak, unreadable


def _as_lead(signal: ArrayLike) -> NDArray:
    signal = np.asarray(signal)
    if signal.dtype.kind == "b":
        signal = signal.view(np.uint8)
    if signal.size and signal.dtype.kind not in "iuf":
        raise TypeError(f"signal must hold real numbers, got an array of {signal.dtype}")
    if signal.dtype.itemsize > 8:
        with np.errstate(over="ignore"):  # what float64 does not hold is infinite, a gap
            signal = signal.astype(np.float64)
    if signal.ndim != 1:
        raise ValueError(
            f"signal must be one lead of shape (n_timesteps,), got {signal.shape}; choose a lead, "
            "such as signals[0] of (n_leads, n_timesteps)"
        )
    return signal


def _check_sampling_rate(sampling_rate: float) -> None:
    if not isinstance(sampling_rate, Real) or isinstance(sampling_rate, bool):
        raise TypeError(f"sampling_rate must be a number of Hz, got {sampling_rate!r}")
    if not 0 < sampling_rate <= _FASTEST:
        raise ValueError(
            f"sampling_rate must be positive and at most {_FASTEST:,} Hz, got {sampling_rate}"
        )


def _stretches(is_gap: NDArray[np.bool_], sampling_rate: float) -> list[tuple[int, int]]:
    """Return the stretches between gaps that are too long to cross."""
    readable = runs(~is_gap)
    if not len(readable):
        return [(0, is_gap.size)]
    is_long = readable[1:, 0] - readable[:-1, 1] > _CROSSED * sampling_rate
    firsts = readable[np.append(True, is_long), 0]
    lasts = readable[np.append(is_long, True), 1]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def _stretch_peaks(
    signal: NDArray,
    is_gap: NDArray[np.bool_],
    first: int,
    last: int,
    sampling_rate: float,
    detector: str | Detector,
) -> list[NDArray[np.int64]]:
    """Return the R peaks of a stretch, block by block."""
    length, before, behind, refractory = (
        int(seconds * sampling_rate) for seconds in (_BLOCK, _LEAD_IN, _LEAD_OUT, REFRACTORY)
    )
    found, start = [], first
    for core, piece in overlapping_blocks(first, last, length, before, behind):
        crossed = _crossed(signal[piece], is_gap[piece])
        r_peak = detect_r_peaks(crossed[None], sampling_rate, detector)[1] + piece.start
        # A beat at the seam may be found from both sides, a sample apart.
        r_peak = r_peak[(r_peak >= max(start, core.start)) & (r_peak < core.stop)]
        found.append(r_peak)
        start = r_peak[-1] + refractory if r_peak.size else start
    return found


def _crossed(signal: NDArray, is_gap: NDArray[np.bool_]) -> NDArray:
    """Return the signal with straight lines across its gaps."""
    if not is_gap.any():
        return signal
    signal = signal.astype(np.float64)
    gap, readable = np.flatnonzero(is_gap), np.flatnonzero(~is_gap)
    signal[gap] = np.interp(gap, readable, signal[readable])
    return signal


def _trusted(
    r_peak: NDArray[np.int64], unreadable: NDArray[np.int64], sampling_rate: float
) -> NDArray[np.int64]:
    """Return the R peaks without those in or beside gaps; one in a mended gap is put before it."""
    is_mended = unreadable[:, 1] - unreadable[:, 0] <= max(1, _MENDED * sampling_rate)
    for first, last in unreadable[is_mended]:
        inside = slice(*np.searchsorted(r_peak, (first, last)))
        r_peak[inside] = first - 1
    margin = int(_BESIDE * sampling_rate)
    first, last = unreadable[~is_mended, 0] - margin, unreadable[~is_mended, 1] + margin
    # In a margin, or in several that overlap: more have begun than ended.
    n_begun, n_ended = (np.searchsorted(bound, r_peak, side="right") for bound in (first, last))
    return np.unique(r_peak[n_begun == n_ended])
