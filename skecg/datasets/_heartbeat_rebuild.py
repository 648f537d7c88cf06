"""The rule by which the Kaggle heartbeat data set was cut from records."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ._beat_table import check_positions


def cut_heartbeats(
    signal: np.ndarray,
    samples: np.ndarray,
    is_beat: np.ndarray,
    *,
    step: int = 3,
    n_timesteps: int = 187,
    out: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut one row per beat from a record, exactly as the Kaggle heartbeat data set did.

    With A the positions of all annotations, beats and others, the piece of annotation i runs from
    A[i] to A[i+1] + int(0.2 (A[i+2] - A[i+1])), where a missing A[i+2] is the end of the record.
    Every `step`-th sample of the piece is kept, the kept samples are scaled to [0, 1] by their own
    minimum and maximum, and the result is cut off or padded with zeros at `n_timesteps`. The last
    annotation of a record has no successor and gives no row.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,)
        One lead of a record. Stored integers give the published rows bit for bit.
    samples : ndarray of shape (n_annotations,)
        Positions of all annotations, ascending.
    is_beat : boolean ndarray of shape (n_annotations,)
        Which annotations are beats.
    step : int, default=3
        Distance between kept samples; no filter is applied.
    n_timesteps : int, default=187
        Length of a row.
    out : float32 ndarray of shape (n_beats, n_timesteps), default=None
        Where to write the rows. If None, a new array is made.

    Returns
    -------
    rows : ndarray of shape (n_beats, n_timesteps)
        The beats as float32, `out` where it is given. A piece without range (flat or empty) is a
        row of zeros.
    annotation : ndarray of shape (n_beats,)
        The annotation that each row starts at.

    Raises
    ------
    ValueError
        If `samples` are not ascending positions inside the signal, if `is_beat` is not as long,
        or if the signal holds NaN or infinity.
    """
    n_samples = len(signal)
    samples = np.asarray(samples, dtype=np.int64)
    check_positions(samples, n_samples)
    if len(is_beat) != len(samples):
        raise ValueError(f"is_beat has {len(is_beat)} values for {len(samples)} annotations.")
    if not np.isfinite(signal).all():
        raise ValueError(
            "The signal holds NaN or infinity. Fill the gaps or leave the record out: a beat that "
            "touches one has no minimum and maximum to be scaled by."
        )
    annotation = np.flatnonzero(is_beat[:-1])
    start, following = samples[annotation], samples[annotation + 1]
    after = np.append(samples, n_samples)[annotation + 2]
    stop = following + (0.2 * (after - following)).astype(np.int64)

    n_kept = -((start - stop) // step)
    is_16_bit = np.can_cast(signal.dtype, np.int16)
    padding = np.zeros(step * n_timesteps, np.int16 if is_16_bit else np.float64)
    # Windows are views: only those that begin at a beat are copied.
    windows = sliding_window_view(np.append(signal, padding), step * (n_timesteps - 1) + 1)
    pieces = windows[start, ::step]
    # What is no part of a piece must not count for its range, and is 0 in the row. The smallest
    # integers are compared fastest.
    small = np.min_scalar_type(n_timesteps)
    place, n_in_row = np.arange(n_timesteps, dtype=small), np.minimum(n_kept, n_timesteps)
    is_outside = place >= n_in_row.astype(small)[:, np.newaxis]
    np.copyto(pieces, pieces[:, :1], where=is_outside)
    low, high = pieces.min(axis=1), pieces.max(axis=1)
    is_long = n_kept > n_timesteps
    if is_long.any():
        low[is_long], high[is_long] = _piece_range(signal, start[is_long], n_kept[is_long], step)
    np.copyto(pieces, low[:, np.newaxis], where=is_outside)

    pieces -= low[:, np.newaxis]
    span = high - low
    if is_16_bit:
        # Differences that wrapped are right when they are read without a sign. They are exact in
        # float32, and so their quotients are rounded once, to what float64 would be rounded to.
        pieces, span = pieces.view(np.uint16), span.view(np.uint16).astype(np.float32)
    span[span == 0] = 1
    rows = np.empty(pieces.shape, dtype=np.float32) if out is None else out
    np.divide(pieces, span[:, np.newaxis], out=rows, casting="same_kind")
    return rows, annotation


def _piece_range(
    signal: np.ndarray, start: np.ndarray, n_kept: np.ndarray, step: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return minimum and maximum of signal[start : start + step * n_kept : step] per piece."""
    first = np.cumsum(n_kept) - n_kept
    kept = np.repeat(start - step * first, n_kept) + step * np.arange(n_kept.sum())
    pieces = signal[kept]
    return np.minimum.reduceat(pieces, first), np.maximum.reduceat(pieces, first)
