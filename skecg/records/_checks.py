"""Checks of what a classifier of records is given, and of the classifier of beats in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ..model_selection import group_numbers


def check_groups(groups: ArrayLike | None, n_records: int) -> None:
    """Check that there is one known subject for each record.

    Raises
    ------
    ValueError
        If ``groups`` has another shape than (n_records,), or a subject is missing.
    """
    if groups is None:
        return
    labels = np.asarray(groups)
    if labels.ndim == 1 and len(labels) != n_records:
        raise ValueError(
            f"Found input variables with inconsistent numbers of samples: {n_records} records in "
            f"X, {len(labels)} groups"
        )
    if labels.ndim != 1:
        raise ValueError(
            f"groups must hold the subject of each record, in the shape ({n_records},); got the "
            f"shape {labels.shape}"
        )
    group_numbers(labels, "groups")  # refuses missing ones


def class_prior(
    codes: NDArray[np.int64], sample_weight: NDArray[np.float64] | None, n_classes: int = 0
) -> NDArray[np.float64]:
    """Return the weighted share of the records of each class.

    Raises
    ------
    ValueError
        If the weights have no finite positive sum.
    """
    with np.errstate(over="ignore"):
        totals = np.bincount(codes, sample_weight, n_classes)
        total = totals.sum()
    if not total:
        raise ValueError("all sample weights are zero; there is nothing to learn from")
    if not np.isfinite(total):
        raise ValueError(f"the sum of sample_weight is {total}; divide the weights by their mean")
    return totals / total


def check_has_probabilities(classifier: BaseEstimator, voting: Any) -> None:
    """Raise a ValueError if the vote needs probabilities and the classifier has none."""
    if voting != "hard" and not hasattr(classifier, "predict_proba"):
        raise ValueError(
            f"voting={voting!r} needs the probabilities of beats, but "
            f"{type(classifier).__name__} has no predict_proba; choose voting='hard' or a "
            "classifier that has one"
        )


def check_classes_left(classes: NDArray, codes: NDArray[np.int64]) -> None:
    """Raise a ValueError if a class is not among the codes of the records that have beats."""
    lost = np.setdiff1d(np.arange(len(classes)), codes)
    if len(lost):
        named = f"{classes[lost].tolist()}" if len(codes) else "any class"
        raise ValueError(
            f"no record of {named} has a beat to learn from; choose detector='sleepecg', a lower "
            "threshold, the right sampling_rate or longer records"
        )


def check_classes_agree(classifier: BaseEstimator, classes: NDArray) -> None:
    """Raise a ValueError if the fitted classifier of beats knows other classes than y has."""
    learned = getattr(classifier, "classes_", classes)
    if not np.array_equal(learned, classes):
        raise ValueError(
            f"the classifier of beats knows the classes {np.asarray(learned).tolist()}, but y has "
            f"{classes.tolist()}"
        )
