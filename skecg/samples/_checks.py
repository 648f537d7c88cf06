"""Validation of samples, in place where they are not to be copied."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from .._limits import in_range
from ..model_selection import group_numbers
from ._sample_view import SampleView
from ._weights import is_used

_VALUES_PER_BLOCK = 2**20


def check_samples(
    estimator: BaseEstimator, X: ArrayLike | SampleView, *, reset: bool, dtype: list
) -> SampleView:
    """Check samples as :func:`sklearn.utils.validation.validate_data` does.

    A view or a memory map is checked block by block and stays where and as it is; all else
    becomes an array of one of the types of ``dtype``.

    Parameters
    ----------
    estimator : estimator
        Whose input it is; it stores or compares the number and names of features.
    X : array-like of shape (n_samples, ...), or SampleView
        Samples.
    reset : bool
        Whether to store the number and names of features, as ``fit`` does, or to compare them.
    dtype : list of dtype
        Types that an array may keep; others become the first of them.

    Returns
    -------
    SampleView of shape (n_samples, ...)
        The checked samples.

    Raises
    ------
    ValueError
        If X is not numeric, has NaN or infinity, no sample, a sample without values, other features
        than in ``fit``, or is a list of file names.
    """
    _refuse_file_names(X)
    if isinstance(X, np.memmap):
        X = SampleView(X)
    with np.errstate(over="ignore"):  # what is too large for float32 is refused, not warned of
        if not isinstance(X, SampleView):
            with in_range("X"):
                valid = validate_data(estimator, X, reset=reset, dtype=dtype, allow_nd=True)
            return _with_values(SampleView(valid))
        _with_values(X)
        n_rows = max(1, _VALUES_PER_BLOCK // math.prod(X.shape[1:]))
        for start in range(0, max(1, len(X)), n_rows):
            block = np.asarray(X[start : start + n_rows])
            first = reset and start == 0
            validate_data(estimator, block, reset=first, dtype=dtype, allow_nd=True)
    return X


def check_samples_and_labels(
    estimator: BaseEstimator, X: ArrayLike | SampleView, y: ArrayLike, *, reset: bool, dtype: list
) -> tuple[SampleView, np.ndarray]:
    """Check samples as ``check_samples`` does, and a label or a row of labels for each.

    A y of several columns stays a matrix, and a sparse one becomes an array.

    Parameters
    ----------
    estimator : estimator
        Whose input it is; it stores or compares the number and names of features.
    X : array-like of shape (n_samples, ...), or SampleView
        Samples.
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Labels, or a matrix of 0 and 1.
    reset : bool
        Whether to store the number and names of features, as ``fit`` does, or to compare them.
    dtype : list of dtype
        Types that an array may keep; others become the first of them.

    Returns
    -------
    X : SampleView of shape (n_samples, ...)
        The checked samples.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The checked labels.

    Raises
    ------
    ValueError
        If X is not numeric, has NaN or infinity, no sample, a sample without values, other features
        than in ``fit``, or is a list of file names, or if X and y differ in length.
    """
    y, several = dense_labels(y)
    if isinstance(X, SampleView | np.memmap):
        X = check_samples(estimator, X, reset=reset, dtype=dtype)
        with in_range("y"):
            labels = validate_data(estimator, y=y, reset=False, multi_output=several)
        check_consistent_length(X, labels)
        return X, labels
    _refuse_file_names(X)
    with np.errstate(over="ignore"), in_range("X or y"):
        valid, labels = validate_data(
            estimator, X, y, reset=reset, dtype=dtype, allow_nd=True, multi_output=several
        )
    return _with_values(SampleView(valid)), labels


def dense_labels(y: Any) -> tuple[Any, bool]:
    """Return y, dense if it was sparse, and whether it has several columns.

    A table of one column is a list of labels to scikit-learn.

    Parameters
    ----------
    y : array-like or sparse matrix, of shape (n_samples,) or (n_samples, n_labels)
        Labels.

    Returns
    -------
    y : array-like
        The labels, not sparse.
    several : bool
        Whether there is more than one column.

    Raises
    ------
    ValueError
        If it has rows of different lengths.
    """
    y = y.toarray() if issparse(y) else y
    return y, _has_columns(y)


def _has_columns(y: Any) -> bool:
    if isinstance(y, list | tuple) and len(y) and isinstance(y[0], list | tuple | np.ndarray):
        widths = {np.size(row) for row in y}
        if len(widths) > 1:
            raise ValueError(
                "y must have one label for each sample, or a row of 0 and 1; got rows of "
                f"{sorted(widths)[:3]} entries. Lists of labels become a matrix of 0 and 1 by "
                "sklearn.preprocessing.MultiLabelBinarizer"
            )
        return widths != {1}
    shape: tuple[int, ...] = getattr(y, "shape", ())
    return len(shape) == 2 and shape[1] > 1


def _refuse_file_names(X: Any) -> None:
    one = X
    if isinstance(X, list | tuple) or (isinstance(X, np.ndarray) and X.ndim == 1):
        one = X[0] if len(X) else None
    if isinstance(one, str | os.PathLike):
        raise ValueError(
            f"X must be an array of samples; got the file name {str(os.fspath(one))!r}. Pictures "
            "are read by a transformer: make_pipeline(AreaResize(), classifier), or LeadCropper()"
        )


def _with_values(X: SampleView) -> SampleView:
    if 0 in X.shape[1:]:
        raise ValueError(f"X must have at least one value in every sample; got the shape {X.shape}")
    return X


def check_one_for_each(X: SampleView, name: str, values: ArrayLike | None) -> None:
    """Check that there are as many ``groups`` or ``sample_weight`` as samples.

    Parameters
    ----------
    X : SampleView of shape (n_samples, ...)
        Samples.
    name : str
        Name of the parameter, for the message.
    values : array-like or None
        Its value; a single number is left alone.

    Raises
    ------
    ValueError
        If there are more or fewer.
    """
    if values is None:
        return
    values = np.asarray(values)
    if values.ndim == 0 or len(values) == len(X):
        return
    raise ValueError(
        f"{name} has {len(values)} entries, but X has {len(X)} samples. A sampler of an "
        "imbalanced-learn pipeline in front of the classifier resamples X and y only: resample "
        f"first, X, y, {name} = NDSampler(...).fit_resample(X, y, {name}={name}), or let the "
        "classifier balance the classes, by class_weight='balanced' or shuffle='balanced'"
    )


def check_groups(X: SampleView, groups: ArrayLike | None) -> np.ndarray | None:
    """Check that every sample has a subject, and return the subjects as an array.

    Parameters
    ----------
    X : SampleView of shape (n_samples, ...)
        Samples.
    groups : array-like of shape (n_samples,) or None
        Subject of every sample.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The subjects; None if none are given.

    Raises
    ------
    ValueError
        If groups is not one-dimensional, has another length than X, or a subject is missing (NaN
        or None).
    """
    if groups is None:
        return None
    check_one_for_each(X, "groups", groups)
    if np.ndim(groups) != 1:
        raise ValueError(
            "groups must be one-dimensional, with the subject of every sample; got "
            f"{np.ndim(groups)} dimensions"
        )
    group_numbers(groups, "groups")  # refuses missing ones
    return np.asarray(groups)


def without_zero_weights(
    X: SampleView, codes: np.ndarray, weights: np.ndarray | None, groups: np.ndarray | None = None
) -> tuple[SampleView, np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Leave out what would fill batches and teach nothing.

    Parameters
    ----------
    X : SampleView of shape (n_samples, ...)
        Samples.
    codes : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Class codes, or a matrix of 0 and 1.
    weights : ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        Weights; None keeps all samples.
    groups : ndarray of shape (n_samples,) or None, default=None
        Subjects.

    Returns
    -------
    X, codes, weights, groups : as they were given
        What belongs to the samples with a weight.
    """
    if weights is None:
        return X, codes, weights, groups
    keep = np.flatnonzero(is_used(weights))
    return X[keep], codes[keep], weights[keep], None if groups is None else groups[keep]
