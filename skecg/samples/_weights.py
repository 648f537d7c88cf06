"""Weights of samples, from their own and their classes'."""

from __future__ import annotations

from collections.abc import Mapping
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
    return scaled_weights(given_weights(X, y, sample_weight, class_weight))


def given_weights(
    X: ArrayLike,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    class_weight: str | Mapping[Any, float] | None,
) -> np.ndarray | None:
    """Multiply the weights of samples and classes, as :func:`combined_weights` without scaling."""
    if sample_weight is None and class_weight is None:
        return None
    with in_range("sample_weight"):
        weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if class_weight is not None:
        weights = weights * compute_sample_weight(_checked(class_weight), y)
    if not weights.any():
        raise ValueError("all sample weights are zero; there is nothing to learn from")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"the sum of the sample weights must be finite; got {total}")
    return weights


def scaled_weights(weights: np.ndarray | None) -> np.ndarray | None:
    """Scale weights to mean 1 over those that are not zero; None where all are equal."""
    if weights is None:
        return None
    weights = weights * (np.count_nonzero(weights) / weights.sum())
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
