"""One or a few beats that represent all beats of a row."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._limits import in_range, require_memory


def representative_beats(
    beats: ArrayLike, row: ArrayLike, n_rows: int, how: str | int = "median"
) -> NDArray[np.float32]:
    """Reduce the beats of every row to their median, their mean or the first of them.

    Parameters
    ----------
    beats : array-like of shape (n_beats, beat_length)
        Beats, as :func:`cut_beats` returns them.
    row : array-like of int of shape (n_beats,)
        Row of each beat, in rising order.
    n_rows : int
        Number of rows, with those that have no beat.
    how : {"median", "mean", "first"} or int, default="median"
        Median or mean, sample by sample; the first beat; or the first ``how`` beats.

    Returns
    -------
    ndarray of float32 of shape (n_rows, beat_length) or (n_rows, how, beat_length)
        The second shape when ``how`` is an integer. Where there is no beat, zeros.

    Raises
    ------
    ValueError
        When ``how`` is something else, when the beats do not have two dimensions, or when ``row``
        does not rise from 0 to ``n_rows - 1`` at most, one entry per beat.

    See Also
    --------
    cut_beats : Cuts the beats.

    Examples
    --------
    >>> from skecg.signal import representative_beats
    >>> representative_beats([[1, 0], [3, 1], [8, 5]], row=[0, 0, 2], n_rows=3)
    array([[2. , 0.5],
           [0. , 0. ],
           [8. , 5. ]], dtype=float32)
    """
    with in_range("beats"):
        beats = np.asarray(beats, dtype=np.float32)
    row = np.asarray(row)
    if beats.ndim != 2:
        raise ValueError(f"beats must have shape (n_beats, beat_length), got {beats.shape}")
    if not isinstance(n_rows, Integral) or not 0 <= n_rows < 2**31:
        raise ValueError(f"n_rows must be a number of rows, got {n_rows!r}")
    if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
        raise ValueError(f"row must be integers of shape (n_beats,), got {row.dtype} {row.shape}")
    row, n_rows = row.astype(np.int64), int(n_rows)  # not of a small type
    is_number = isinstance(how, Integral) and not isinstance(how, bool) and how >= 1
    if not is_number and how not in ("median", "mean", "first"):
        raise ValueError(f"how must be 'median', 'mean', 'first' or at least 1, got {how!r}")
    rises = row.shape == beats.shape[:1] and (np.diff(row) >= 0).all()
    if not rises or (row.size and not 0 <= row[0] <= row[-1] < n_rows):
        raise ValueError(
            f"row must give the row of each of the {len(beats)} beats, rising and between 0 and "
            f"{n_rows - 1}"
        )
    how = int(how) if is_number else how
    n_values = n_rows * (how if is_number else 1) * (beats.shape[1] + 4)
    require_memory(4 * n_values, "the beats of all rows", "choose a smaller n_rows or how")
    count = np.bincount(row, minlength=n_rows)
    first = np.cumsum(count) - count
    if is_number:
        out = np.zeros((n_rows, how, beats.shape[1]), dtype=np.float32)
        rank = np.arange(len(row)) - first[row]
        chosen = rank < how
        out[row[chosen], rank[chosen]] = beats[chosen]
        return out

    out = np.zeros((n_rows, beats.shape[1]), dtype=np.float32)
    if how == "first":
        out[count > 0] = beats[first[count > 0]]
        return out
    # Rows with equally many beats form one array and are reduced at once.
    for n_beats in np.unique(count[count > 0]):
        rows = np.flatnonzero(count == n_beats)
        group = beats[first[rows, None] + np.arange(n_beats)]
        out[rows] = group.mean(axis=1) if how == "mean" else _median(group)
    return out


def _median(beats: NDArray[np.float32]) -> NDArray[np.float32]:
    # Over this short and strided axis a sort is three times as fast as the partition of np.median.
    beats = np.sort(beats, axis=1)
    n_beats = beats.shape[1]
    middle = beats[:, (n_beats - 1) // 2] + beats[:, n_beats // 2]
    return middle / np.float32(2)
