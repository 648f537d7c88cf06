"""Finding the records that the rows of the published heartbeat files were cut from."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import Bunch, check_array

from .._limits import in_range
from ._heartbeat import load_heartbeat


def match_heartbeat(
    X: ArrayLike, data_home: str | os.PathLike | None = None, *, progress: bool = False
) -> Bunch:
    """Find the record, the position and the subject that rows of the heartbeat CSV were cut from.

    With the subjects found, users of the published files can split by patient at last::

        beats = load_heartbeat(subset="train")
        found = match_heartbeat(beats.data)
        cross_val_score(clf, beats.data, beats.target, groups=found.groups, cv=GroupKFold())

    Parameters
    ----------
    X : array-like of shape (n_beats, 187)
        Rows of ``mitbih_train.csv`` or ``mitbih_test.csv`` without the label, as float32 or as
        the float64 numbers that a CSV reader makes of them. They are compared bit by bit, so they
        must not have been changed.
    data_home : str or path-like, default=None
        Folder whose subfolder ``mitdb`` holds the records, see :func:`get_data_home`.
    progress : bool, default=False
        Whether to show a progress bar while the records are read.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        What was found, as attributes:

        groups, record, sample, annotation : ndarray of int64 of shape (n_beats,)
            Subject, record, position of the R peak in the record (360 Hz) and index among the
            record's annotations; -1 where no beat of MIT-BIH is equal to the row. Where several
            are, the first in the order of record and time.
        symbol : ndarray of str of shape (n_beats,)
            WFDB symbol; empty where there is no match.
        n_candidates : ndarray of int64 of shape (n_beats,)
            How many beats are equal to the row: 0 unmatched, 1 found, more ambiguous.
        n_unmatched, n_ambiguous, n_ambiguous_subjects : int
            Rows without a match, with several, and with matches of several subjects.

    Raises
    ------
    ValueError
        If X has another number of columns, or NaN or infinity.
    FileNotFoundError
        If the records are not there.

    See Also
    --------
    load_heartbeat : With ``source="mitbih"`` it gives the same for the whole data set.

    Examples
    --------
    >>> from skecg.datasets import load_heartbeat, match_heartbeat
    >>> rows = load_heartbeat(subset="test").data[:2]  # doctest: +SKIP
    >>> found = match_heartbeat(rows)  # doctest: +SKIP
    >>> found.record, found.sample  # doctest: +SKIP
    (array([103, 203]), array([322111, 608260]))
    """
    with in_range("X"):
        rows = check_array(X, dtype=[np.float32, np.float64], input_name="X")
    if rows.shape[1] != 187:
        label = "; leave out the label, the last column" if rows.shape[1] == 188 else ""
        raise ValueError(
            f"X must have the 187 columns of a heartbeat row, got {rows.shape[1]}{label}"
        )
    beats = load_heartbeat(data_home, source="mitbih", progress=progress)

    known, first, code, counts = np.unique(
        _as_keys(beats.data), return_index=True, return_inverse=True, return_counts=True
    )
    keys = _as_keys(rows)
    place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    matched = known[place] == keys
    if rows.dtype == np.float64:
        # A number that is no float32 was not read from the published files.
        matched &= (rows.astype(np.float32) == rows).all(axis=1)
    row = first[place]

    columns = {}
    for name in ("groups", "record", "sample", "annotation"):
        columns[name] = np.where(matched, beats[name][row], -1)
    n_candidates = np.where(matched, counts[place], 0)
    several = _has_several(code, beats.groups, len(known))
    return Bunch(
        **columns,
        symbol=np.where(matched, beats.symbol[row], ""),
        n_candidates=n_candidates,
        n_unmatched=int((~matched).sum()),
        n_ambiguous=int((n_candidates > 1).sum()),
        n_ambiguous_subjects=int((matched & several[place]).sum()),
    )


def _as_keys(X: np.ndarray) -> np.ndarray:
    """Return one opaque, sortable value per row; equal rows have equal values."""
    rows = np.ascontiguousarray(X, dtype=np.float32) + np.float32(0)  # -0.0 becomes 0.0
    return rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()


def _has_several(code: np.ndarray, groups: np.ndarray, n_codes: int) -> np.ndarray:
    """Tell for each of the distinct rows whether beats of several subjects are equal to it."""
    lowest = np.full(n_codes, groups.max())
    highest = np.full(n_codes, groups.min())
    np.minimum.at(lowest, code, groups)
    np.maximum.at(highest, code, groups)
    return lowest != highest
