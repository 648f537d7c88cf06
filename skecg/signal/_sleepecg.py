"""SleepECG's detector of R peaks, between a limit to the amplitude and a check of what it found."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

# The detector's own band, in Hz. It needs a sampling rate above twice the upper edge.
_BAND = (5.0, 30.0)
# It learns from two seconds and reads them unasked: a shorter signal would be read past its end.
_SHORTEST = 2.0
# Seconds of mirrored signal behind the end, and of zeros behind these; see _padded.
_MIRRORED, _ZEROS = 2.0, 1.0

# Chosen on the records of DS1 of the MIT-BIH Arrhythmia Database (benchmarks/accuracy_r_peaks.py).
# Of the usual height of a QRS complex, where the amplitude is cut off, so that tall beats do not
# raise the threshold above the wide and low ones that stand between them.
_LIMIT = 0.65
# Of the usual size, below which a peak that follows or precedes another too soon is a T or P wave.
_SMALL = 0.2
_SOON = 0.8
# Beats and intervals whose median is usual.
_N_BEATS, _N_INTERVALS = 31, 15
# Seconds on either side of a detected peak in which its R peak lies.
_REACH = 0.05


def sleepecg_r_peaks(signal: NDArray, sampling_rate: float) -> NDArray[np.int64]:
    """Find the R peaks of one finite signal of one lead.

    The signal is limited to SleepECG's pass band of 5 to 30 Hz, and there to 0.65 of the median
    height of a QRS complex, and given to ``sleepecg.detect_heartbeats``, a modified detector of
    Pan and Tompkins. A peak of less than a fifth of the usual size that stands too near to another
    is dropped. An R peak is the largest deflection, up or down, within 50 ms of what was found.

    Parameters
    ----------
    signal : ndarray of shape (n_timesteps,)
        In any unit. A signal of less than two seconds has no R peaks.
    sampling_rate : float
        Samples per second (Hz).

    Returns
    -------
    ndarray of int64 of shape (n_peaks,)
        Rising sample positions.

    Raises
    ------
    ValueError
        If the sampling rate is 60 Hz or less.

    References
    ----------
    F. Hofer, C. Brunner, SleepECG: a Python package for sleep staging based on heart rate,
    Journal of Open Source Software 8 (2023). https://doi.org/10.21105/joss.05411
    J. Pan, W. J. Tompkins, A real-time QRS detection algorithm (1985).
    https://doi.org/10.1109/TBME.1985.325532
    """
    check_sleepecg_rate(sampling_rate)
    if signal.size < _SHORTEST * sampling_rate:
        return np.empty(0, np.int64)
    # Imported here because it takes a second.
    from sleepecg import detect_heartbeats

    filtered = _filtered(signal, sampling_rate)
    height = _usual_height(filtered, sampling_rate)
    if not height > 0:
        return np.empty(0, np.int64)
    limited = np.clip(filtered / height, -_LIMIT, _LIMIT)
    found = detect_heartbeats(_padded(limited, sampling_rate), float(sampling_rate))
    around = _around(filtered, found[found < signal.size], round(_REACH * sampling_rate))
    return _r_peaks(filtered, _large_or_alone(filtered, around))


def check_sleepecg_rate(sampling_rate: float) -> None:
    """Raise ValueError if the sampling rate is too low for the detector's pass band."""
    if not sampling_rate > 2 * _BAND[1]:
        raise ValueError(
            f"the R-peak detector 'sleepecg' needs more than {2 * _BAND[1]:g} Hz, got "
            f"sampling_rate={sampling_rate}; check the rate, or use another detector"
        )


def _filtered(signal: NDArray, sampling_rate: float) -> NDArray[np.float64]:
    from scipy.signal import sosfiltfilt

    signal = signal.astype(np.float64)
    # Squares of what is in an odd unit could leave the range of float64.
    signal /= max(float(np.abs(signal).max()), np.finfo(np.float64).tiny)
    return sosfiltfilt(_filter(float(sampling_rate)), signal)


@functools.lru_cache(maxsize=16)
def _filter(sampling_rate: float) -> NDArray[np.float64]:
    from scipy.signal import butter

    return butter(2, _BAND, btype="bandpass", output="sos", fs=sampling_rate)


def _usual_height(filtered: NDArray[np.float64], sampling_rate: float) -> float:
    """Return the median of the largest deflections in pieces of two seconds."""
    length = int(2 * sampling_rate)
    n_pieces = filtered.size // length
    pieces = filtered[: n_pieces * length].reshape(n_pieces, length)
    return float(np.median(np.maximum(pieces.max(axis=1), -pieces.min(axis=1))))


def _padded(limited: NDArray[np.float64], sampling_rate: float) -> NDArray[np.float64]:
    """Return the signal with more behind its end.

    The mirrored part holds the rhythm, so that no beat is looked for in what is missing. If the
    signal begins with a constant, the detector skips it; two seconds to learn from remain. It has
    room for a beat every 200 ms, which the zeros make so large that a faster rhythm cannot use it
    up: it would write past the end.
    """
    mirrored = np.pad(limited, (0, int(_MIRRORED * sampling_rate)), mode="symmetric")
    return np.pad(mirrored, (0, int(_ZEROS * sampling_rate)))


def _around(
    filtered: NDArray[np.float64], peaks: NDArray[np.int64], reach: int
) -> NDArray[np.int64]:
    """Return the samples within reach of every peak, (n_peaks, 2 * reach + 1)."""
    around = peaks[:, None] + np.arange(-reach, reach + 1)
    return np.clip(around, 0, filtered.size - 1, out=around)


def _large_or_alone(filtered: NDArray[np.float64], around: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of ``around`` without those of T and P waves."""
    from scipy.ndimage import median_filter

    if len(around) < 3:
        return around
    deflection = filtered[around]
    size = np.ptp(deflection, axis=1)
    interval = np.diff(around[:, around.shape[1] // 2]).astype(np.float64)
    usual_size = median_filter(size, _N_BEATS, mode="nearest")
    is_short = interval < _SOON * median_filter(interval, _N_INTERVALS, mode="nearest")
    is_near = np.append(is_short, False) | np.append(False, is_short)
    return around[~(is_near & (size < _SMALL * usual_size))]


def _r_peaks(filtered: NDArray[np.float64], around: NDArray[np.int64]) -> NDArray[np.int64]:
    largest = np.abs(filtered[around]).argmax(axis=1)
    return np.unique(around[np.arange(len(around)), largest])
