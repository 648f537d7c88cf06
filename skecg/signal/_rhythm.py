"""Rhythm: what the intervals around a beat say of it."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from .._limits import in_range

RHYTHM_NUMBERS = (
    "rr_before_32",
    "rr_before_60",
    "rr_previous",
    "rr_after",
    "rr_irregularity",
    "rr_entropy",
)
# Those that need the R peak behind the beat.
AHEAD = ("rr_after",)

_MOST_INTERVALS = 10_000  # of one reference
_LIMIT = 2.0  # of the logarithm of a ratio of intervals
_IRREGULARITY = 61  # intervals, as many as the longest reference has, and the one of the beat
_SMALLEST_CHANGE = 0.005  # of the logarithm of an interval: 4 ms in 800 ms, one sample at 250 Hz
# Sample entropy of the intervals (Liu 2022): how many, the tolerance as a share of their median.
_ENTROPY = 60
_TOLERANCE = 0.05
_BLOCK = 1024  # beats; their 60 x 60 comparisons fit into the cache


def rr_intervals(sample: NDArray[np.int64], unreadable: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the samples from the beat before; NaN across an unreadable stretch."""
    interval = np.full(len(sample), np.nan)
    interval[1:] = np.diff(sample)
    if len(unreadable):
        # The first stretch that ends after the beat before must not start before the beat.
        first = np.searchsorted(unreadable[:, 1], sample[:-1], side="right")
        starts = np.append(unreadable[:, 0], np.iinfo(np.int64).max)
        interval[1:][starts[first] < sample[1:]] = np.nan
    return interval


def rr_references(
    rr: ArrayLike, n_intervals: int = 60, *, causal: bool = False
) -> NDArray[np.float64]:
    """Return the mean of the longer half of the intervals around every beat.

    The sinus rhythm of a person whose every second beat is premature is told by the longer half
    of the intervals, not by their median.

    Parameters
    ----------
    rr : array-like of shape (n_beats,)
        Interval before each beat, in any unit; NaN where there is none.
    n_intervals : int, default=60
        Number of intervals: that of the beat, half of the others before it and half behind, as
        far as the record goes.
    causal : bool, default=False
        Take the interval of the beat and those before it only.

    Returns
    -------
    ndarray of shape (n_beats,)
        In the unit of ``rr``; NaN where there is no interval.

    Raises
    ------
    ValueError
        If ``rr`` is not one-dimensional, or ``n_intervals`` not from 1 to 10,000.

    See Also
    --------
    rhythm_numbers : What the references serve.

    References
    ----------
    Y. Liu et al., "WSDL-AD" (2022), Front. Physiol. 13:850951, section on rhythm features.

    Examples
    --------
    >>> from skecg.signal import rr_references
    >>> rr_references([0.5, 1.0, 0.5, 1.0, 0.5, 1.0], 4).tolist()
    [1.0, 0.75, 1.0, 1.0, 1.0, 1.0]
    """
    rr = as_intervals(rr)
    if not isinstance(n_intervals, Integral) or not 1 <= n_intervals <= _MOST_INTERVALS:
        raise ValueError(
            f"n_intervals must be an integer from 1 to {_MOST_INTERVALS}, got {n_intervals!r}"
        )
    reference = np.full(rr.size, np.nan)
    for block, window in _surroundings(rr, int(n_intervals), causal):
        window = np.sort(window, axis=1)  # NaN is last
        count = np.isfinite(window).sum(axis=1)
        place = np.arange(window.shape[1])
        is_longer = (place >= (count // 2)[:, None]) & (place < count[:, None])
        with np.errstate(invalid="ignore"):
            reference[block] = np.where(is_longer, window, 0).sum(axis=1) / is_longer.sum(axis=1)
    return reference


def rhythm_numbers(
    rr: ArrayLike, names: tuple[str, ...] = RHYTHM_NUMBERS[:-1], *, causal: bool = False
) -> NDArray[np.float32]:
    """Describe every beat by the intervals around it.

    Parameters
    ----------
    rr : array-like of shape (n_beats,)
        Interval before each beat in seconds; NaN where there is none, as before the first beat
        and behind a gap.
    names : tuple of str
        Numbers to compute, in this order. All but the last two are natural logarithms of ratios
        within [-2, 2]:

        - ``"rr_before_32"``, ``"rr_before_60"``: the interval before the beat over the mean of
          the longer half of the 32 or 60 intervals around it;
        - ``"rr_previous"``: the interval before that one over it;
        - ``"rr_after"``: the interval behind the beat over the one before it;
        - ``"rr_irregularity"``: logarithm of 0.005 plus the median change between neighbouring
          intervals (of their logarithms) among 61: about -4 in sinus rhythm, more than -2 in
          atrial fibrillation, whatever the number of single premature beats;
        - ``"rr_entropy"``: sample entropy (m = 1) of 60 intervals, within 5 % of their median.
    causal : bool, default=False
        Use past intervals only; ``"rr_after"`` is then refused.

    Returns
    -------
    ndarray of float32 of shape (n_beats, n_names)
        0 where an interval is missing.

    Raises
    ------
    ValueError
        If a name is unknown or needs the next beat in spite of ``causal``; if ``rr`` has another
        shape or an interval that is not positive.

    See Also
    --------
    shape_numbers : Describes the same beats by their shape.
    skecg.BeatWindows : Computes both.

    Notes
    -----
    Without ``causal``, the references look ahead by up to 30 beats. An ``"rr_after"`` alone looks
    ahead by one beat.

    References
    ----------
    Y. Liu et al., "WSDL-AD" (2022), Front. Physiol. 13:850951 (longer half and entropy).

    Examples
    --------
    >>> from skecg.signal import rhythm_numbers
    >>> rr = [float("nan"), 0.8, 0.8, 0.4, 1.2, 0.8]     # the fourth beat is premature
    >>> rhythm_numbers(rr, ("rr_previous", "rr_after"))[3].round(2)
    array([0.69, 1.1 ], dtype=float32)
    """
    rr = as_intervals(rr)
    unknown = [name for name in names if name not in RHYTHM_NUMBERS]
    if unknown:
        raise ValueError(f"rhythm numbers are {', '.join(RHYTHM_NUMBERS)}; got {unknown}")
    ahead = [name for name in names if causal and name in AHEAD]
    if ahead:
        raise ValueError(f"causal=True cannot give {ahead}, which need the next beat")
    missing = np.full(min(1, rr.size), np.nan)
    numbers = np.zeros((rr.size, len(names)), dtype=np.float32)
    for column, name in zip(numbers.T, names, strict=True):
        if name == "rr_previous":
            found = _log_ratio(np.concatenate([missing, rr[:-1]]), rr)
        elif name == "rr_after":
            found = _log_ratio(np.concatenate([rr[1:], missing]), rr)
        elif name == "rr_irregularity":
            found = _irregularity(rr, causal)
        elif name == "rr_entropy":
            found = _sample_entropy(rr, causal)
        else:
            n_intervals = int(name.rpartition("_")[2])
            found = _log_ratio(rr, rr_references(rr, n_intervals, causal=causal))
        column[:] = np.nan_to_num(found)
    return numbers


def _irregularity(rr: NDArray, causal: bool) -> NDArray[np.float64]:
    change = np.abs(np.diff(np.log(rr), prepend=np.nan)) if rr.size else rr
    result = np.full(rr.size, np.nan)
    for block, window in _surroundings(change, _IRREGULARITY, causal):
        known = np.isfinite(window).any(axis=1)
        result[block][known] = np.log(np.nanmedian(window[known], axis=1) + _SMALLEST_CHANGE)
    return np.where(np.isnan(result), np.log(_SMALLEST_CHANGE), result)


def _sample_entropy(rr: NDArray, causal: bool) -> NDArray[np.float64]:
    result = np.zeros(rr.size)
    for block, window in _surroundings(rr, _ENTROPY, causal):
        known = np.isfinite(window).any(axis=1)
        level = np.ones(len(window))
        level[known] = np.nanmedian(window[known], axis=1)
        is_near = (
            np.abs(window[:, :, None] - window[:, None, :]) <= _TOLERANCE * level[:, None, None]
        )
        # Pairs of neighbours, without those of an interval with itself.
        n_near = is_near[:, :-1, :-1].sum(axis=(1, 2)) - np.isfinite(window[:, :-1]).sum(axis=1)
        both = is_near[:, :-1, :-1] & is_near[:, 1:, 1:]
        is_pair = np.isfinite(window[:, :-1]) & np.isfinite(window[:, 1:])
        n_both = both.sum(axis=(1, 2)) - is_pair.sum(axis=1)
        result[block] = np.log((n_near + 1) / (n_both + 1))
    return result


def _surroundings(values: NDArray, n: int, causal: bool) -> list[tuple[slice, NDArray]]:
    """Return blocks of beats, and the n values around each or up to it; NaN beyond the ends."""
    if not values.size:
        return []
    before = n - 1 if causal else n // 2
    padded = np.pad(values, (before, n - 1 - before), constant_values=np.nan)
    windows = sliding_window_view(padded, n)
    starts = range(0, len(windows), _BLOCK)
    return [(slice(start, start + _BLOCK), windows[start : start + _BLOCK]) for start in starts]


def _log_ratio(a: NDArray, b: NDArray) -> NDArray[np.float64]:
    return np.clip(np.log(a / b), -_LIMIT, _LIMIT)


def as_intervals(rr: ArrayLike) -> NDArray[np.float64]:
    """Return intervals as an array; refuse those that are none."""
    with in_range("rr"):
        rr = np.asarray(rr, dtype=np.float64)
    if rr.ndim != 1:
        raise ValueError(f"rr must have shape (n_beats,), got {rr.shape}")
    known = rr[~np.isnan(rr)]
    if not (np.isfinite(known).all() and (known > 0).all()):
        raise ValueError(f"R-R intervals must be positive or NaN, got {known.min()} in rr")
    return rr
