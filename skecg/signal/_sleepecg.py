"""SleepECG's detector of R peaks, after a limit to the amplitude."""

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

# Of the usual height of a QRS complex, where the amplitude is cut off, so that tall beats do not
# raise the threshold above the wide and low ones between them. Chosen on the records of DS1 of the
# MIT-BIH Arrhythmia Database: see benchmarks/results/r_peaks.md.
_LIMIT = 0.55
# Of the largest deflection: what the filter makes of a constant.
_EMPTY = 1e-6
# Seconds that a step from a detected peak to its R peak may have, and the number of steps: more
# than one reach an R peak that points down from the smaller wave beside it.
_REACH, _N_STEPS = 0.05, 3
# Seconds between two beats, at least.
REFRACTORY = 0.2


def sleepecg_r_peaks(signal: NDArray, sampling_rate: float) -> NDArray[np.int64]:
    """Find the R peaks of one finite signal of one lead.

    The signal is limited to SleepECG's pass band of 5 to 30 Hz, and there to 0.55 of the median
    height of a QRS complex, and given to ``sleepecg.detect_heartbeats``, a modified detector of
    Pan and Tompkins. From what it finds, up to three steps of at most 50 ms lead to the R
    peak, the largest deflection up or down; of two R peaks within 200 ms the larger one is kept.

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
    C. Brunner, F. Hofer, SleepECG: a Python package for sleep staging based on heart rate,
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
    r_peak = found[found < signal.size]
    for _ in range(_N_STEPS):
        r_peak = _largest_near(filtered, r_peak, round(_REACH * sampling_rate))
    return _one_each(filtered, r_peak, int(REFRACTORY * sampling_rate))


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
    """Return the median of the largest deflections in pieces of two seconds, of empty ones not."""
    length = int(2 * sampling_rate)
    n_pieces = filtered.size // length
    pieces = filtered[: n_pieces * length].reshape(n_pieces, length)
    height = np.maximum(pieces.max(axis=1), -pieces.min(axis=1))
    return float(np.median(height[height >= _EMPTY * height.max()]))


def _padded(limited: NDArray[np.float64], sampling_rate: float) -> NDArray[np.float64]:
    """Return the signal with more behind its end.

    The mirrored part holds the rhythm, so that no beat is looked for in what is missing. If the
    signal begins with a constant, the detector skips it; two seconds to learn from remain. It has
    room for a beat every 200 ms, which the zeros make so large that a faster rhythm cannot use it
    up: it would write past the end.
    """
    mirrored = np.pad(limited, (0, int(_MIRRORED * sampling_rate)), mode="symmetric")
    return np.pad(mirrored, (0, int(_ZEROS * sampling_rate)))


def _largest_near(
    filtered: NDArray[np.float64], peaks: NDArray[np.int64], reach: int
) -> NDArray[np.int64]:
    around = peaks[:, None] + np.arange(-reach, reach + 1)
    np.clip(around, 0, filtered.size - 1, out=around)
    largest = np.abs(filtered[around]).argmax(axis=1)
    return np.unique(around[np.arange(len(around)), largest])


def _one_each(
    filtered: NDArray[np.float64], r_peak: NDArray[np.int64], refractory: int
) -> NDArray[np.int64]:
    """Keep the larger of two R peaks of one beat, until there are no two."""
    while (first := np.flatnonzero(np.diff(r_peak) < refractory)).size:
        size = np.abs(filtered[r_peak])
        r_peak = np.delete(r_peak, np.where(size[first] < size[first + 1], first, first + 1))
    return r_peak
