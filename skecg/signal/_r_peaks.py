"""R peaks: the published threshold rule, and other detectors by name or as a function."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._sleepecg import sleepecg_r_peaks

# Windows are worked on in blocks of about this many samples, so that the second pass over a
# block finds it in the cache.
_BLOCK = 1 << 20

# Maxima this little below the threshold reach it. Digitised signals often hold heights of exactly
# 0.9; without the slack, rounding would decide on them, and each unit would give other R peaks.
_SLACK = 1e-6

# The methods of NeuroKit2 that work with the tested versions and nothing else installed, and
# whether it has a cleaning of its own for the method; the others work on the signal as it is.
# Not here: emrich2023 (needs ts2vg), manikandan2012 (fails with NumPy 2.4), promac (votes with it).
_NEUROKIT_CLEANS = {
    "neurokit": True,
    "pantompkins1985": True,
    "hamilton2002": True,
    "elgendi2010": True,
    "engzeemod2012": True,
    "gamboa2008": True,
    "zong2003": False,
    "martinez2004": False,
    "christov2004": False,
    "khamis2016": False,
    "kalidas2017": False,
    "nabian2018": False,
    "rodrigues2021": False,
}

# The published threshold; only another one is worth a warning where it has no effect.
_THRESHOLD = 0.9

Detector = Callable[[NDArray, float], ArrayLike]
RPeaks = tuple[NDArray[np.int64], NDArray[np.int64]]

# Other detectors by name than the threshold rule, which works on all windows at once, and the
# methods of NeuroKit2.
_DETECTORS: dict[str, Detector] = {"sleepecg": sleepecg_r_peaks}


def threshold_r_peaks(X: ArrayLike, threshold: float = _THRESHOLD) -> RPeaks:
    """Find R peaks as the high local maxima of each window.

    The window is scaled to the interval from 0 to 1; its local maxima, where the first derivative
    changes its sign from plus to minus, are R peaks when they reach ``threshold``. A plateau
    counts once, at its middle (the earlier of two middle samples); the run of samples with which
    a window begins or ends is no maximum, since nothing is known of what lies beyond it. A window
    that is flat or holds NaN or infinite values has no R peaks.

    This is a sampler of clean beats and not a detector: it finds only about 58 % of the beats of
    real records. In 10-second windows of the 48 records of the MIT-BIH Arrhythmia Database it
    finds 60 % of the beats within 150 ms at 360 Hz (11 % of record 207), where one in six of its
    R peaks is no beat, and 57 % when they are resampled to 125 Hz. Never take a heart rate or R-R
    intervals from it; for these, use another detector of :func:`detect_r_peaks`.

    Parameters
    ----------
    X : array-like of shape (n_windows, n_timesteps)
        One window per row, in any unit; integers and float32 are not converted.
    threshold : float, default=0.9
        Height in the scaled window from which a local maximum counts.

    Returns
    -------
    window : ndarray of int64 of shape (n_peaks,)
        The row of ``X`` that each R peak lies in, in rising order.
    position : ndarray of int64 of shape (n_peaks,)
        Its sample in that row, rising within a row.

    Raises
    ------
    TypeError
        When ``X`` does not hold real numbers.
    ValueError
        When ``X`` is not two-dimensional or the threshold is not between 0 and 1.

    See Also
    --------
    detect_r_peaks : Other detectors.

    References
    ----------
    M. Kachuee, S. Fazeli, M. Sarrafzadeh, ECG heartbeat classification: a deep transferable
    representation (2018), section III-A. https://arxiv.org/abs/1805.00794

    Examples
    --------
    >>> from skecg.signal import threshold_r_peaks
    >>> threshold_r_peaks([[0, 9, 10, 0, 5, 0, 10, 10, 10, 1]])
    (array([0, 0]), array([2, 7]))
    """
    X = _as_windows(X)
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be between 0 and 1, got {threshold}")
    n_windows, n_timesteps = X.shape
    if n_timesteps < 3:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    n_rows = max(1, _BLOCK // n_timesteps)
    found = [
        first * n_timesteps + _high_maxima(X[first : first + n_rows], threshold)
        for first in range(0, n_windows, n_rows)
    ]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    return np.divmod(np.concatenate(found), n_timesteps)


def _high_maxima(X: NDArray, threshold: float) -> NDArray[np.int64]:
    """Return the flat positions of the local maxima that reach the threshold of their row."""
    n_timesteps = X.shape[1]
    flat = np.ascontiguousarray(X).reshape(-1)
    level = _cut_levels(X, threshold)
    # A maximum lies at or above the level with its whole plateau, so that these few candidates
    # are all that the rest must look at.
    at = np.flatnonzero(np.greater_equal(X, level[:, None]))
    value = flat[at]
    rising = at[value > flat[at - 1]]
    falling = at[value > flat.take(at + 1, mode="clip")]
    # Neighbours in the block that belong to different windows are not compared.
    rising = rising[rising % n_timesteps != 0]
    falling = falling[(falling + 1) % n_timesteps != 0]
    if not (rising.size and falling.size):
        return np.empty(0, np.int64)
    # A plateau runs from a rise to the next fall, with no other rise between, in one window.
    end = falling[np.minimum(np.searchsorted(falling, rising), falling.size - 1)]
    next_rise = np.append(rising[1:], flat.size)
    whole = (end >= rising) & (end < next_rise) & (rising // n_timesteps == end // n_timesteps)
    return (rising[whole] + end[whole]) // 2


def _cut_levels(X: NDArray, threshold: float) -> NDArray:
    """Return the value that reaches the threshold in each row, in X's dtype; NaN for none."""
    with np.errstate(invalid="ignore", over="ignore"):
        low = X.min(axis=1).astype(np.float64)
        high = X.max(axis=1).astype(np.float64)
        level = low + (threshold - _SLACK) * (high - low)
        level[~np.isfinite(high - low)] = np.nan
    return (np.ceil(level) if X.dtype.kind in "iu" else level).astype(X.dtype)


def detect_r_peaks(
    X: ArrayLike,
    sampling_rate: float,
    detector: str | Detector = "threshold",
    threshold: float = _THRESHOLD,
) -> RPeaks:
    """Find the R peaks of every window with a detector of choice.

    The default is the published threshold rule, a fast sampler of clean beats that finds only
    about 58 % of the beats of real records (see :func:`threshold_r_peaks`): never take a heart
    rate from it. ``"sleepecg"`` finds 99.6 % of them and is the one to use wherever every beat
    matters: on whole records, by :func:`find_r_peaks`, or on rows of several seconds.

    Parameters
    ----------
    X : array-like of shape (n_windows, n_timesteps)
        One window per row.
    sampling_rate : float
        Samples per second (Hz).
    detector : str or callable, default="threshold"
        ``"threshold"``; ``"sleepecg"``, which needs rows of two seconds or more and over 60 Hz;
        the name of a method of NeuroKit2's ``ecg_findpeaks`` (``"neurokit"``,
        ``"pantompkins1985"``, ...; see Notes), before which the signal is cleaned by
        ``ecg_clean`` where NeuroKit2 has a cleaning for the method; or a function
        ``(signal, sampling_rate) -> positions`` that is called with one window at a time. Flat
        windows and windows with NaN or infinite values have no R peaks with any detector.
    threshold : float, default=0.9
        For ``detector="threshold"`` only; another value warns with another detector.

    Returns
    -------
    window : ndarray of int64 of shape (n_peaks,)
        The row of ``X`` that each R peak lies in, in rising order.
    position : ndarray of int64 of shape (n_peaks,)
        Its sample in that row, rising within a row.

    Raises
    ------
    TypeError
        When the detector is neither a string nor callable.
    ValueError
        When the detector's name is not known, when ``X`` is not two-dimensional, when
        ``sampling_rate`` is too low for ``"sleepecg"``, when a method of NeuroKit2 fails on a
        window, or when a callable returns anything but sample positions of its window.

    Warns
    -----
    UserWarning
        When a threshold other than 0.9 is given with another detector.

    See Also
    --------
    find_r_peaks : The R peaks of a whole record.
    threshold_r_peaks : The sampler of beats of Kachuee et al.

    Notes
    -----
    Measured on record 100 of the MIT-BIH Arrhythmia Database (360 Hz, one core): the threshold
    rule takes about 1 ns a sample, ``"sleepecg"`` about 60 ns. ``"kalidas2017"``,
    ``"pantompkins1985"`` and ``"neurokit"`` take some 50 to 120 ns a sample on a whole record, and
    200 to 500 ns in windows of 10 seconds, where every call costs about a millisecond. The
    slowest, ``"zong2003"`` and ``"christov2004"``, take about 20 us a sample. All methods:
    ``"neurokit"``, ``"pantompkins1985"``, ``"hamilton2002"``, ``"elgendi2010"``,
    ``"engzeemod2012"``, ``"gamboa2008"``, ``"zong2003"``, ``"martinez2004"``,
    ``"christov2004"``, ``"khamis2016"``, ``"kalidas2017"``, ``"nabian2018"``,
    ``"rodrigues2021"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import detect_r_peaks
    >>> detect_r_peaks([[0, 3, 0, 1, 0]], 1, detector=lambda signal, rate: [np.argmax(signal)])
    (array([0]), array([1]))
    """
    if isinstance(detector, str) and detector == "threshold":
        return threshold_r_peaks(X, threshold)
    find = _named_detector(detector) if isinstance(detector, str) else detector
    if not callable(find):
        raise TypeError(f"detector must be a name or a function, got {detector!r}")
    if threshold != _THRESHOLD:
        warnings.warn(
            f"threshold={threshold} has no effect with detector={detector!r}: it belongs to "
            "detector='threshold'",
            UserWarning,
            stacklevel=2,
        )
    X = _as_windows(X)
    positions = [_window_peaks(find, signal, sampling_rate, i) for i, signal in enumerate(X)]
    window = np.repeat(np.arange(len(X)), [len(found) for found in positions])
    return window, np.concatenate([np.empty(0, np.int64), *positions])


def _window_peaks(
    find: Detector, signal: NDArray, sampling_rate: float, window: int
) -> NDArray[np.int64]:
    if not (np.isfinite(signal).all() and signal.max() > signal.min()):
        return np.empty(0, np.int64)
    try:
        found = np.asarray(find(signal, sampling_rate))
    except Exception as error:
        error.add_note(f"raised by the R-peak detector in window {window}")
        raise
    if found.size == 0:
        return np.empty(0, np.int64)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError(
            "a detector must return a list of sample positions (integers), got for window "
            f"{window} an array of {found.dtype} of shape {found.shape}"
        )
    found = np.unique(found).astype(np.int64)
    if found[0] < 0 or found[-1] >= signal.size:
        raise ValueError(
            f"the detector placed R peaks between {found[0]} and {found[-1]} in window {window}, "
            f"which has the samples 0 to {signal.size - 1}"
        )
    return found


def _named_detector(name: str) -> Detector:
    if name in _DETECTORS:
        return _DETECTORS[name]
    if name in _NEUROKIT_CLEANS:
        return _neurokit_detector(name)
    known = ", ".join(map(repr, ("threshold", *_DETECTORS)))
    raise ValueError(
        f"the R-peak detector {name!r} is not known; choose {known} or a method of "
        f"NeuroKit2 ({', '.join(_NEUROKIT_CLEANS)}), or pass a function "
        "(signal, sampling_rate) -> positions"
    )


def _neurokit_detector(method: str) -> Detector:
    import neurokit2

    def find(signal: NDArray, sampling_rate: float) -> NDArray:
        try:
            if _NEUROKIT_CLEANS[method]:
                signal = neurokit2.ecg_clean(signal, sampling_rate=sampling_rate, method=method)
            found = neurokit2.ecg_findpeaks(signal, sampling_rate=sampling_rate, method=method)
        except Exception as error:
            # Windows that are too short or hold no beat bring out errors of every kind.
            raise ValueError(
                f"the R-peak detector {method!r} fails on a window of {signal.size} samples at "
                f"{sampling_rate} Hz ({type(error).__name__}: {error}); check sampling_rate, take "
                "longer windows or another detector"
            ) from error
        return found["ECG_R_Peaks"]

    return find


def _as_windows(X: ArrayLike) -> NDArray:
    X = np.asarray(X)
    if X.dtype.kind == "b":
        X = X.view(np.uint8)
    if X.dtype.kind not in "iuf":
        raise TypeError(f"X must hold real numbers, got an array of {X.dtype}")
    if X.ndim != 2:
        raise ValueError(
            "X must have the shape (n_windows, n_timesteps), one lead and one window per row, "
            f"got {X.shape}"
        )
    return X
