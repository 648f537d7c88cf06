"""What the probabilities of a class are multiplied by before the label is chosen."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold

Factors = Mapping[str, float | str]

CHOICES = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
_FOLDS = 5


def check_factors(factors: Factors | None, classes: list[str]) -> None:
    """Raise a ValueError where a factor is of no class, or neither positive nor ``"cv"``."""
    for label, factor in ({} if factors is None else factors).items():
        if label not in classes:
            raise ValueError(f"class_factors names {label!r}, but the classes are {classes}")
        if isinstance(factor, str):
            is_valid = factor == "cv"
        else:
            is_number = isinstance(factor, Real) and not isinstance(factor, bool)
            is_valid = is_number and 0 < factor < sys.float_info.max
        if not is_valid:
            raise ValueError(
                f"class_factors must be positive numbers or 'cv', got {factor!r} for {label!r}"
            )


def find_factors(
    factors: Factors | None,
    classes: list[str],
    labels: NDArray,
    groups: NDArray,
    probabilities: Callable[[NDArray, NDArray], NDArray],
) -> NDArray[np.float64]:
    """Return the factor of every class; those that are ``"cv"`` are chosen by folds of subjects.

    Parameters
    ----------
    factors : dict or None
        Factors by class, numbers or ``"cv"``. The others are 1.
    classes : list of str
        The classes, in the order of the result.
    labels, groups : ndarray of shape (n_beats,)
        Class and subject of each beat.
    probabilities : callable
        Given the numbers of beats to train on and of others, returns the probabilities of the
        others, with the classes in columns.

    Returns
    -------
    ndarray of shape (n_classes,)
        Those chosen are of :data:`CHOICES`, one class after the other, with the best mean F1 of
        all classes.

    Raises
    ------
    ValueError
        If there is one subject only, and a factor to choose.
    """
    asked = [(factors or {}).get(label, 1.0) for label in classes]
    result = np.array([1.0 if factor == "cv" else float(factor) for factor in asked])
    open_ones = [i for i, factor in enumerate(asked) if factor == "cv"]
    if not open_ones:
        return result
    n_subjects = len(np.unique(groups))
    if n_subjects < 2:
        raise ValueError(
            "class_factors='cv' needs the beats of two subjects or more, got 1; give a number"
        )
    outside = np.empty((len(labels), len(classes)))
    folds = GroupKFold(min(_FOLDS, n_subjects))
    for train, test in folds.split(outside, labels, groups):
        outside[test] = probabilities(train, test)
    names = np.array(classes)
    for i in open_ones:
        scores = []
        for choice in CHOICES:
            result[i] = choice
            scores.append(_macro_f1(labels, names[(outside * result).argmax(axis=1)]))
        result[i] = CHOICES[int(np.argmax(scores))]
    return result


def _macro_f1(labels: NDArray, predicted: NDArray) -> float:
    return float(f1_score(labels, predicted, labels=np.unique(labels), average="macro"))


def aligned(probabilities: NDArray, own: Any, classes: list[str]) -> NDArray[np.float64]:
    """Return probabilities in the order of ``classes``; 0 where a fold had not seen a class."""
    result = np.zeros((len(probabilities), len(classes)))
    result[:, [classes.index(str(label)) for label in own]] = probabilities
    return result
