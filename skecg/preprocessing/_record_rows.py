"""What may be handed to a transformer of records: rows of one lead, or a list of records."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

# More leads than this are not recorded at once in a clinic; rows of so few samples are no ECG.
_MOST_LEADS = 16
_FEWEST_TIMESTEPS = 100

# Rows are worked on in blocks of about this many samples, which bounds the memory for the beats
# of a large X.
_BLOCK = 1 << 22


def has_unequal_rows(X: object) -> TypeGuard[Sequence[ArrayLike]]:
    """Tell whether X is a list of records of different lengths."""
    if isinstance(X, np.ndarray):
        if X.dtype != object or X.ndim != 1:
            return False
    elif not isinstance(X, list | tuple):
        return False
    if not all(_is_sized(record) for record in X):
        return False
    return len({len(record) for record in X}) > 1


def check_rows(
    estimator: BaseEstimator,
    X: ArrayLike | Sequence[ArrayLike],
    *,
    reset: bool,
    sampling_rate: float,
    allow_gaps: bool,
) -> NDArray | list[NDArray]:
    """Return X as one two-dimensional array, or as a list of records of different lengths.

    Parameters
    ----------
    estimator : estimator
        Whose ``n_features_in_`` and ``feature_names_in_`` are set or compared.
    X : array-like of shape (n_rows, n_timesteps), or list of records of different lengths
        One lead a row.
    reset : bool
        Whether this is a ``fit``.
    sampling_rate : float
        Samples per second (Hz), to say where a gap is and how short a row is.
    allow_gaps : bool
        Whether NaN is allowed. Infinite values never are.

    Raises
    ------
    ValueError
        If X has another form, or a gap that is not allowed; the message says what to do.
    """
    if has_unequal_rows(X):
        if reset:
            # What an earlier fit on an array has left says nothing about these records.
            for name in ("n_features_in_", "feature_names_in_"):
                estimator.__dict__.pop(name, None)
        return [_check_record(estimator, X, i, sampling_rate, allow_gaps) for i in range(len(X))]
    if isinstance(X, list | tuple):
        try:
            X = np.asarray(X)
        except ValueError as error:
            raise ValueError(f"X must hold one lead a row, got a nested list ({error})") from error
    learned = None if reset else getattr(estimator, "n_features_in_", None)
    _check_form(X, sampling_rate, learned)
    rows = validate_data(estimator, X, reset=reset, ensure_all_finite=False)
    _check_finite(rows, sampling_rate, allow_gaps)
    return rows


def row_blocks(rows: NDArray | list[NDArray]) -> Iterator[tuple[int, NDArray]]:
    """Yield the index of a first row and a two-dimensional array of the rows from it on."""
    if isinstance(rows, list):
        for i, record in enumerate(rows):
            yield i, record[None, :]
        return
    n_rows = max(1, _BLOCK // rows.shape[1])
    for first in range(0, len(rows), n_rows):
        yield first, rows[first : first + n_rows]


def _is_sized(record: object) -> bool:
    is_text = isinstance(record, str | bytes)
    # An array of no dimension has __len__, too.
    return hasattr(record, "__len__") and not is_text and getattr(record, "ndim", 1) > 0


def _check_record(
    estimator: BaseEstimator,
    X: Sequence[ArrayLike],
    i: int,
    sampling_rate: float,
    allow_gaps: bool,
) -> NDArray:
    record = check_array(
        X[i],
        ensure_2d=False,
        allow_nd=True,
        ensure_all_finite=False,
        input_name=f"record {i} of X",
        estimator=estimator,
    )
    if record.ndim != 1:
        choice = "record[:, 0]" if record.shape[0] > record.shape[-1] else "record[0]"
        raise ValueError(
            f"each record must be one lead of shape (n_timesteps,), got {record.shape} for record "
            f"{i} of X; choose a lead, such as {choice}"
        )
    _check_finite(record[None, :], sampling_rate, allow_gaps, first_row=i)
    return record


def _check_form(X: Any, sampling_rate: float, learned: int | None) -> None:
    """Recognise the forms that other libraries have, and say how to change them."""
    is_text = isinstance(X, str | bytes | os.PathLike)
    kind = getattr(getattr(X, "dtype", None), "kind", None)
    if is_text or kind in ("U", "S"):
        raise ValueError(
            "X must hold the samples of records, got text; read the files first, with "
            "skecg.datasets or wfdb.rdrecord"
        )
    shape = X.shape if hasattr(X, "shape") else np.asarray(X).shape
    if len(shape) == 1:
        raise ValueError(
            f"X must hold one record a row, got one signal of shape {shape}: pass [signal]. "
            f"(Reshape your data to (1, {shape[0]}), not to a column.)"
        )
    if len(shape) == 3:
        choice = "X[:, :, 0]" if shape[1] > shape[2] else "X[:, 0]"
        raise ValueError(
            f"X must have the shape (n_windows, n_samples), one lead a row, got {shape}; choose a "
            f"lead, such as {choice}"
        )
    # What fit has seen, or numbers of the wrong kind, scikit-learn explains better.
    if len(shape) == 2 and kind != "c" and learned in (None, shape[1]):
        _check_not_transposed(shape, sampling_rate)


def _check_not_transposed(shape: tuple[int, int], sampling_rate: float) -> None:
    n_rows, n_columns = shape
    if n_columns == 1 and n_rows > 1:
        raise ValueError(
            f"X must hold one record a row, got a column of shape {shape}, which has 1 feature(s): "
            "pass X.T, or [signal]"
        )
    # Rows of so few samples hold no beat; as columns they are the leads of two seconds and more.
    is_signal = n_rows >= max(2 * sampling_rate, _FEWEST_TIMESTEPS)
    if 1 < n_columns <= _MOST_LEADS and is_signal:
        raise ValueError(
            f"X must hold one lead a row, got {shape}: {n_columns} samples "
            f"({n_columns / sampling_rate:.3g} s) hold no beat. If time runs down the rows, as "
            "wfdb has it, choose a lead, [X[:, 0]], or take all leads as records, X.T"
        )


def _check_finite(X: NDArray, sampling_rate: float, allow_gaps: bool, first_row: int = 0) -> None:
    """Refuse NaN and infinite values, and say where they are."""
    if X.dtype.kind != "f":
        return
    with np.errstate(over="ignore", invalid="ignore"):
        # A sum needs no memory of the size of X; one that overflows is looked at more closely.
        if np.isfinite(X.sum(dtype=np.float64)):
            return
    for what, is_wrong in (("an infinite value (inf)", np.isinf), ("NaN", np.isnan)):
        if what == "NaN" and allow_gaps:
            return
        for row, signal in enumerate(X):
            wrong = is_wrong(signal)
            if wrong.any():
                first = int(wrong.argmax())
                remedy = "" if what != "NaN" else ", or set on_gap='skip'"
                raise ValueError(
                    f"record {first_row + row} of X contains {what} at {wrong.sum()} samples, the "
                    f"first of them sample {first} ({first / sampling_rate:.4g} s): cut the record "
                    f"around the gap, fill it{remedy}"
                )
