"""The beats that come late: what a premature beat is compared with."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

# As many beats around each as the longest rhythm reference has intervals, and the longer half.
_AROUND = 61
_BLOCK = 128  # beats; the late beats around each of them fit into the cache


def late_beats(rr: NDArray[np.float64], *, causal: bool = False) -> NDArray[np.int64]:
    """Find the later half of the 61 beats around every beat: those behind the longest intervals.

    Where most beats of a person are premature, the usual beat is one of them; the late ones are
    those of the sinus node still.

    Parameters
    ----------
    rr : ndarray of shape (n_beats,)
        Interval before each beat; NaN where there is none, and such a beat counts as early.
    causal : bool, default=False
        Take the beat itself and the 60 before it; in front of the first beat, the first again.

    Returns
    -------
    ndarray of int of shape (n_beats, n_late)
        Numbers of beats. There are 31 of them, fewer in a record of fewer beats.
    """
    n_beats = len(rr)
    if causal:
        padded = np.pad(np.arange(n_beats), (_AROUND - 1, 0), mode="edge")
        around = sliding_window_view(padded, _AROUND)
    else:
        n_around = min(_AROUND, n_beats)
        first = np.clip(np.arange(n_beats) - n_around // 2, 0, n_beats - n_around)
        around = first[:, None] + np.arange(n_around)
    by_length = np.argsort(-rr[around], axis=1, kind="stable")  # NaN is last
    n_late = (around.shape[1] + 1) // 2
    return np.take_along_axis(around, by_length[:, :n_late], axis=1)


def median_of_late(values: NDArray, late: NDArray[np.int64]) -> NDArray:
    """Return the median over the late beats around every beat, column by column.

    Parameters
    ----------
    values : ndarray of shape (n_beats, n_columns)
        Of each beat.
    late : ndarray of int of shape (n_beats, n_late)
        What :func:`late_beats` returns.

    Returns
    -------
    ndarray of shape (n_beats, n_columns)
        For an even number of late beats the higher of the two in the middle.
    """
    middle = late.shape[1] // 2
    result = np.empty((len(late), values.shape[1]), values.dtype)
    for start in range(0, len(late), _BLOCK):
        block = slice(start, start + _BLOCK)
        result[block] = np.partition(values[late[block]], middle, axis=1)[:, middle]
    return result


def median_difference_of_late(values: NDArray, usual: NDArray, late: NDArray[np.int64]) -> NDArray:
    """Return how far the late beats around every beat are from their median, in the median.

    Parameters
    ----------
    values, usual : ndarray of shape (n_beats, n_columns)
        Of each beat, and the median of the late beats around it.
    late : ndarray of int of shape (n_beats, n_late)
        What :func:`late_beats` returns.

    Returns
    -------
    ndarray of shape (n_beats,)
        Root mean square differences.
    """
    result = np.empty(len(late), values.dtype)
    for start in range(0, len(late), _BLOCK):
        block = slice(start, start + _BLOCK)
        square = ((values[late[block]] - usual[block, None]) ** 2).mean(axis=2)
        result[block] = np.sqrt(np.median(square, axis=1))
    return result
