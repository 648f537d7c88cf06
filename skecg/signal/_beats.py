"""Beats cut forward from their R peaks by the published rule."""

from __future__ import annotations

import operator
from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ._r_peaks import _as_windows
from ._windows import split_windows

# Beats are gathered and scaled in blocks of this many, which fit into the cache.
_BLOCK = 4096


class Beats(NamedTuple):
    """Beats and where each was cut from.

    Attributes
    ----------
    beats : ndarray of float32 of shape (n_beats, beat_length)
        The scaled beats, zero-padded.
    row : ndarray of int64 of shape (n_beats,)
        Row that the beat was cut from, in rising order.
    window : ndarray of int64 of shape (n_beats,)
        Window of that row, counted from 0.
    r_peak : ndarray of int64 of shape (n_beats,)
        Sample of the R peak in the row.
    period : ndarray of float64 of shape (n_beats,)
        Median R-R interval of the window, in samples.

    See Also
    --------
    cut_beats : Returns them; has an example.
    """

    beats: NDArray[np.float32]
    row: NDArray[np.int64]
    window: NDArray[np.int64]
    r_peak: NDArray[np.int64]
    period: NDArray[np.float64]


def cut_beats(
    X: ArrayLike,
    window: ArrayLike,
    r_peak: ArrayLike,
    *,
    window_length: int | None = None,
    period_factor: float = 1.2,
    beat_length: int = 187,
    on_long: Literal["truncate", "drop", "raise"] = "truncate",
    scale: Literal["window", "beat"] = "window",
) -> Beats:
    """Cut a beat forward from every R peak.

    The period T of a window is the median of its R-R intervals. A beat is the piece of
    ``period_factor`` times T (rounded to whole samples) that begins at the R peak. It may run on
    past the end of its window into the same row. A piece that would run past the end of its row
    is incomplete and gives no beat; so does a window with fewer than two R peaks, which has no
    R-R interval. Shorter pieces are padded with zeros at their end.

    Parameters
    ----------
    X : array-like of shape (n_rows, n_timesteps)
        One lead of one record or window per row, in any unit.
    window : array-like of int of shape (n_peaks,)
        Window of each R peak, as a detector returns it.
    r_peak : array-like of int of shape (n_peaks,)
        Sample of each R peak in its window; sorted by window, then by sample.
    window_length : int, default=None
        None: each row is one window. Else every row is cut into windows of so many samples as
        by ``split_windows(row, window_length, tail="overlap")``, and the windows are numbered on
        from row to row. R peaks where the last window of a row overlaps the one before it count
        for the period, but give no second beat.
    period_factor : float, default=1.2
        Length of the piece in periods.
    beat_length : int, default=187
        Samples in a beat.
    on_long : {"truncate", "drop", "raise"}, default="truncate"
        What to do with a complete piece of more than ``beat_length`` samples.
    scale : {"window", "beat"}, default="window"
        What is scaled to the interval from 0 to 1: the window, as published (the part of a beat
        behind the end of its window may then leave the interval), or the whole piece, before it
        is truncated, as in the Kaggle heartbeat files.

    Returns
    -------
    Beats
        Named tuple ``(beats, row, window, r_peak, period)``, in the order of the R peaks.

    Raises
    ------
    ValueError
        When an argument is out of its range, when the R peaks are not sorted or not in ``X``, or
        when a beat is too long and ``on_long="raise"``.

    See Also
    --------
    skecg.BeatSegmenter : Finds the R peaks and cuts the beats.

    References
    ----------
    M. Kachuee, S. Fazeli, M. Sarrafzadeh, ECG heartbeat classification: a deep transferable
    representation (2018), section III-A. https://arxiv.org/abs/1805.00794

    Examples
    --------
    >>> import numpy as np
    >>> from skecg.signal import cut_beats, threshold_r_peaks
    >>> X = np.tile([0.0, 1.0, 4.0, 1.0], 5)[None, :]
    >>> found = cut_beats(X, *threshold_r_peaks(X), beat_length=6)
    >>> found.beats[0]
    array([1.  , 0.25, 0.  , 0.25, 1.  , 0.  ], dtype=float32)
    >>> found.r_peak, found.period
    (array([ 2,  6, 10, 14]), array([4., 4., 4., 4.]))
    """
    X = _as_windows(X)
    _check_options(window_length, period_factor, beat_length, on_long, scale)
    beat_length = operator.index(beat_length)  # not of a small type, such as int8
    window_length = None if window_length is None else operator.index(window_length)
    n_rows, n_timesteps = X.shape
    starts = _window_starts(n_timesteps, window_length)
    length = n_timesteps if window_length is None else window_length
    window, r_peak = _check_peaks(window, r_peak, n_rows * len(starts), length)

    period = _periods(window, r_peak, n_rows * len(starts))[window]
    row, in_row = np.divmod(window, len(starts))
    r_peak = starts[in_row] + r_peak
    n_samples = np.maximum(1, np.rint(period_factor * np.nan_to_num(period)).astype(np.int64))

    # Only the last window of a row can begin before the end of the one in front of it.
    is_new = (in_row == 0) | (r_peak >= starts[in_row - 1] + length)
    keep = is_new & ~np.isnan(period) & (r_peak + n_samples <= n_timesteps)
    too_long = keep & (n_samples > beat_length)
    if on_long == "raise" and too_long.any():
        raise ValueError(
            f"{too_long.sum()} of {keep.sum()} beats are longer than beat_length={beat_length}; "
            f"the longest has {n_samples[too_long].max()} samples: raise beat_length, lower "
            "period_factor, or choose on_long='truncate' or 'drop'"
        )
    if on_long == "drop":
        keep &= ~too_long

    keep = np.flatnonzero(keep)
    row, r_peak, n_samples, period = row[keep], r_peak[keep], n_samples[keep], period[keep]
    flat = np.ascontiguousarray(X).reshape(-1)
    first = row * n_timesteps + r_peak
    if scale == "beat" or not keep.size:
        low, high = _piece_limits(flat, first, n_samples)
    else:
        low, high = (limit[window[keep]] for limit in _window_limits(X, window_length))
    beats = _gather_beats(flat, first, n_samples, low, high, beat_length)
    return Beats(beats, row, in_row[keep], r_peak, period)


def _periods(window: NDArray, r_peak: NDArray, n_windows: int) -> NDArray[np.float64]:
    """Return the median R-R interval of every window, NaN where there is none."""
    same = window[1:] == window[:-1]
    interval, window = np.diff(r_peak)[same], window[1:][same]
    interval = interval[np.lexsort((interval, window))]
    count = np.bincount(window, minlength=n_windows)
    first = np.cumsum(count) - count
    period = np.full(n_windows, np.nan)
    has = count > 0
    lower, upper = (first + (count - 1) // 2)[has], (first + count // 2)[has]
    period[has] = (interval[lower] + interval[upper]) / 2
    return period


def _window_starts(n_timesteps: int, window_length: int | None) -> NDArray[np.int64]:
    """Return the first sample of every window of a row."""
    if window_length is None:
        return np.zeros(1, dtype=np.int64)
    if window_length > n_timesteps:
        raise ValueError(
            f"window_length={window_length} is longer than the rows of X, which have "
            f"{n_timesteps} samples; None makes each row one window"
        )
    return split_windows(np.arange(n_timesteps), window_length, tail="overlap")[:, 0]


def _window_limits(X: NDArray, window_length: int | None) -> tuple[NDArray, NDArray]:
    """Return the minimum and the maximum of every window, numbered on from row to row."""
    if window_length is None:
        return X.min(axis=1), X.max(axis=1)
    whole = split_windows(X, window_length)
    last = X[:, -window_length:]
    has_tail = X.shape[1] % window_length != 0
    limits = []
    for extreme in (np.min, np.max):
        limit = extreme(whole, axis=2)
        if has_tail:
            limit = np.concatenate([limit, extreme(last, axis=1)[None]])
        limits.append(limit.T.reshape(-1))
    return limits[0], limits[1]


def _piece_limits(flat: NDArray, first: NDArray, n_samples: NDArray) -> tuple[NDArray, NDArray]:
    """Return the minimum and the maximum of every piece."""
    if first.size == 0:
        return flat[:0], flat[:0]
    # reduceat wants pairs of bounds inside the array: the last sample is taken in separately.
    last = first + n_samples - 1
    bounds = np.stack([first, last], axis=1).reshape(-1)
    low = np.minimum(np.minimum.reduceat(flat, bounds)[::2], flat[last])
    return low, np.maximum(np.maximum.reduceat(flat, bounds)[::2], flat[last])


def _gather_beats(
    flat: NDArray,
    first: NDArray,
    n_samples: NDArray,
    low: NDArray,
    high: NDArray,
    beat_length: int,
) -> NDArray[np.float32]:
    beats = np.zeros((first.size, beat_length), dtype=np.float32)
    # Small integers and float32 are exact in float32; the rest is scaled in float64.
    dtype = np.result_type(flat.dtype, np.float32)
    low = low.astype(dtype)[:, None]
    spread = high.astype(dtype)[:, None] - low
    spread[spread == 0] = 1
    for start in range(0, first.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        # Beats are mostly shorter than the rows of the result; the rest is zero already.
        longest = min(int(n_samples[block].max()), beat_length)
        scaled = _frames(flat, first[block], longest).astype(dtype, copy=False)
        scaled -= low[block]
        scaled /= spread[block]
        is_beat = np.arange(longest) < n_samples[block, None]
        np.copyto(beats[block, :longest], scaled, where=is_beat, casting="same_kind")
    return beats


def _frames(flat: NDArray, first: NDArray, length: int) -> NDArray:
    """Return ``length`` samples from each position; past the end, the last sample again."""
    if flat.size >= length and first.max() + length <= flat.size:
        # Copies whole pieces, and needs no table of all their sample positions.
        return sliding_window_view(flat, length)[first]
    return flat.take(first[:, None] + np.arange(length), mode="clip")


def _check_options(
    window_length: int | None, period_factor: float, beat_length: int, on_long: str, scale: str
) -> None:
    if window_length is not None and window_length < 1:
        raise ValueError(f"window_length must be at least 1, got {window_length}")
    if not (np.isfinite(period_factor) and period_factor > 0):
        raise ValueError(f"period_factor must be a positive number, got {period_factor}")
    if beat_length < 1:
        raise ValueError(f"beat_length must be at least 1, got {beat_length}")
    if on_long not in ("truncate", "drop", "raise"):
        raise ValueError(f"on_long must be 'truncate', 'drop' or 'raise', got {on_long!r}")
    if scale not in ("window", "beat"):
        raise ValueError(f"scale must be 'window' or 'beat', got {scale!r}")


def _check_peaks(
    window: ArrayLike, r_peak: ArrayLike, n_windows: int, length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    window, r_peak = np.asarray(window), np.asarray(r_peak)
    if window.shape != r_peak.shape or window.ndim != 1:
        raise ValueError(
            "window and r_peak must be of one length, one entry per R peak, "
            f"got the shapes {window.shape} and {r_peak.shape}"
        )
    if window.size == 0:
        return window.astype(np.int64), r_peak.astype(np.int64)
    if not (window.dtype.kind in "iu" and r_peak.dtype.kind in "iu"):
        raise ValueError(
            f"window and r_peak must be integers, got {window.dtype} and {r_peak.dtype}"
        )
    window, r_peak = window.astype(np.int64), r_peak.astype(np.int64)
    inside = window.min() >= 0 and window.max() < n_windows
    if not (inside and r_peak.min() >= 0 and r_peak.max() < length):
        raise ValueError(
            f"X has {n_windows} windows of {length} samples, but the R peaks lie in the windows "
            f"{window.min()} to {window.max()} at the samples {r_peak.min()} to {r_peak.max()}"
        )
    if (np.diff(window * length + r_peak) <= 0).any():
        raise ValueError("the R peaks must be sorted by window and sample, each of them once")
    return window, r_peak
