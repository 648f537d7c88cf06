"""Weights of samples, from their own and their classes' or labels'."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import compute_sample_weight

from .._compat import check_sample_weight
from .._limits import in_range


def combined_weights(
    X: ArrayLike,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    class_weight: str | Mapping[Any, float] | None,
) -> np.ndarray | None:
    """Multiply the weights of samples and classes and scale them to mean 1 over those used.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Samples.
    y : ndarray of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the samples.
    class_weight : "balanced", dict {label: weight} or None
        Weights of the classes.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The weights; None where all are equal.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, if all are zero, or if their sum is not finite.
    """
    return scaled_weights(given_weights(X, sample_weight, class_weights(y, class_weight)))


def given_weights(
    X: ArrayLike, sample_weight: ArrayLike | None, factors: np.ndarray | None
) -> np.ndarray | None:
    """Multiply the weights of samples by those of their classes or labels, unscaled.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
        Samples.
    sample_weight : array-like of shape (n_samples,) or None
        Weights of the samples.
    factors : ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        What :func:`class_weights` or :func:`label_weights` returns.

    Returns
    -------
    ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        The weights; None where none are given.
    """
    if sample_weight is None and factors is None:
        return None
    with in_range("sample_weight"):
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if factors is not None:
        weights = weights.reshape(-1, *[1] * (factors.ndim - 1)) * factors
    if not weights.any():
        raise ValueError("all sample weights are zero; there is nothing to learn from")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"the sum of the sample weights must be finite; got {total}")
    return weights


def class_weights(
    y: np.ndarray, class_weight: str | Mapping[Any, float] | None
) -> np.ndarray | None:
    """Return the weight of each sample's class, of shape (n_samples,), or None.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Labels.
    class_weight : "balanced", dict {label: weight} or None
        Weights of the classes.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The weights; None for no ``class_weight``.

    Raises
    ------
    ValueError
        If class_weight is a list, or a weight is negative or not finite.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, Sequence) and not isinstance(class_weight, str):
        raise ValueError(
            "class_weight is a list, which has a dict for each column of a y of several columns; "
            "y has one label for each sample, so give 'balanced' or one dict {label: weight}"
        )
    return compute_sample_weight(_checked(class_weight), y)


def label_weights(
    y: np.ndarray, class_weight: str | Sequence[Mapping[int, float]] | None
) -> np.ndarray | None:
    """Return the weight of each entry of y, of shape (n_samples, n_labels), or None.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_labels)
        Matrix of 0 and 1.
    class_weight : "balanced", list of n_labels dict {0: weight, 1: weight}, or None
        ``"balanced"`` gives those who have a label and those who do not the same sum of weights,
        n_samples / 2, and every entry weight 1 where a label is always or never there.

    Returns
    -------
    ndarray of shape (n_samples, n_labels) or None
        The weights; None for no ``class_weight``.

    Raises
    ------
    ValueError
        If there is not one dict for each label, or one has other keys than 0 and 1, or a weight
        is negative or not finite.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        n, n_with = len(y), np.count_nonzero(y, axis=0)
        n_kinds = (n_with > 0) * 1 + (n_with < n)
        without, with_label = (n / (n_kinds * np.maximum(m, 1)) for m in (n - n_with, n_with))
    else:
        if isinstance(class_weight, Mapping) or len(class_weight) != y.shape[1]:
            raise ValueError(
                f"class_weight must be 'balanced' or a list of {y.shape[1]} dicts "
                "{0: weight, 1: weight}, one for each column of y in their order; got "
                f"{class_weight!r}"
            )
        for each in class_weight:
            if not isinstance(each, Mapping) or any(key not in (0, 1) for key in _checked(each)):
                raise ValueError(
                    "class_weight must have a dict {0: weight, 1: weight} for each column of y; "
                    f"got {each!r}"
                )
        without, with_label = (
            np.array([each.get(value, 1) for each in class_weight], dtype=np.float64)
            for value in (0, 1)
        )
    return np.where(y == 1, with_label, without)


def is_used(weights: np.ndarray) -> np.ndarray:
    """Tell which samples have a weight.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Weights of the samples.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        Whether any weight of a sample is not 0.
    """
    return np.any(weights.reshape(len(weights), -1), axis=1)


def scaled_weights(weights: np.ndarray | None) -> np.ndarray | None:
    """Scale weights to mean 1 over the samples that are used; None where all are equal.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        Weights, of which one at least is not 0.

    Returns
    -------
    ndarray of the shape of weights, or None
        The scaled weights.
    """
    if weights is None:
        return None
    n_used = np.count_nonzero(is_used(weights)) * weights[0].size
    weights = weights * (n_used / weights.sum())
    return None if np.all(weights == 1) else weights


def _checked(class_weight: str | Mapping[Any, float]) -> str | Mapping[Any, float]:
    if isinstance(class_weight, Mapping):
        for label, weight in class_weight.items():
            if not isinstance(weight, Real) or not 0 <= weight < np.inf:
                raise ValueError(
                    f"class_weight must be finite numbers that are not negative; got {weight!r} "
                    f"for class {label!r}"
                )
    return class_weight
