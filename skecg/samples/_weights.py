"""Weights of samples, from their own and their classes'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import compute_sample_weight

from .._compat import check_sample_weight


def combined_weights(
    X: np.ndarray,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    class_weight: str | Mapping[Any, float] | None,
) -> np.ndarray | None:
    """Multiply the weights of samples and classes and scale them to mean 1 over those used.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
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
        If a weight is negative or all are zero.
    """
    if sample_weight is None and class_weight is None:
        return None
    weights = check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if class_weight is not None:
        weights = weights * compute_sample_weight(class_weight, y)
    n_used = np.count_nonzero(weights)
    if n_used == 0:
        raise ValueError("all sample weights are zero; there is nothing to learn from")
    weights = weights * (n_used / weights.sum())
    return None if np.all(weights == 1) else weights
