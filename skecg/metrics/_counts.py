"""Counts and rates that the report and the scores are computed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from .._limits import in_range

# Same as skecg.signal.AAMI_CLASSES; repeated because this package imports no other.
AAMI_CLASSES = ("N", "S", "V", "F", "Q")
N, S, V, F, Q = range(5)

CONVENTIONS = ("one-vs-rest", "ec57")

# Errors (true class, predicted class) that EC57 does not count as false positives.
EC57_NOT_COUNTED = ((F, V), (Q, V), (Q, S))


class Outcomes(NamedTuple):
    """Outcomes of each class as arrays of shape (5,), in the order of `AAMI_CLASSES`."""

    true_positives: np.ndarray
    false_negatives: np.ndarray
    false_positives: np.ndarray
    true_negatives: np.ndarray


def encode_classes(
    y: ArrayLike, name: str, target_names: Sequence[str] | None = None
) -> np.ndarray:
    """Return the index into `AAMI_CLASSES` of each label; labels are names or codes."""
    y = np.asarray(y)
    if y.dtype.kind in "OT":
        y = np.asarray(y.tolist())
    if y.ndim != 1 or y.size == 0:
        raise ValueError(
            f"{name} must be a non-empty 1-D array with one label per beat; got shape {y.shape}."
        )
    if y.dtype.kind not in "iufU":
        raise TypeError(f"{name} must contain only {_expected(target_names)}; got dtype {y.dtype}.")
    values, inverse = np.unique(y, return_inverse=True)
    index_of: dict[str | int, int]
    if y.dtype.kind == "U":
        index_of = {name: i for i, name in enumerate(AAMI_CLASSES)}
    else:
        index_of = dict(enumerate(_code_table(target_names)))
    unknown = [value for value in values.tolist() if value not in index_of]
    if unknown:
        shown = ", ".join(map(repr, unknown[:5])) + (", ..." if len(unknown) > 5 else "")
        raise ValueError(
            f"{name} must contain only {_expected(target_names)}; got {shown}. Map WFDB symbols "
            "and other names to the AAMI classes first."
        )
    return np.array([index_of[value] for value in values.tolist()], dtype=np.intp)[inverse]


def confusion(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    target_names: Sequence[str] | None = None,
) -> np.ndarray:
    """Return the 5 x 5 confusion matrix: true classes in rows, predicted classes in columns."""
    true = encode_classes(y_true, "y_true", target_names)
    predicted = encode_classes(y_pred, "y_pred", target_names)
    check_consistent_length(true, predicted, sample_weight)
    if sample_weight is not None:
        with in_range("sample_weight"):
            sample_weight = np.asarray(sample_weight, dtype=np.float64)
        if sample_weight.ndim != 1 or not (sample_weight >= 0).all() or not sample_weight.any():
            raise ValueError(
                "sample_weight must be one-dimensional, without NaN or negative weights and with "
                f"at least one positive weight; got shape {sample_weight.shape} and minimum "
                f"{sample_weight.min()}."
            )
    cells = np.bincount(true * len(AAMI_CLASSES) + predicted, sample_weight, minlength=25)
    return cells.reshape(len(AAMI_CLASSES), len(AAMI_CLASSES))


def outcomes(confusion_matrix: np.ndarray, convention: str) -> Outcomes:
    """Return true and false positives and negatives of each class against the rest."""
    check_convention(convention)
    others = 1 - np.eye(len(AAMI_CLASSES), dtype=np.int64)
    # Cells are only added, never subtracted, so that a weighted count of no beats is exactly 0.
    errors = confusion_matrix * others
    misses = errors.sum(axis=1)
    rest = (others @ confusion_matrix @ others).diagonal()
    if convention == "ec57":
        errors[tuple(zip(*EC57_NOT_COUNTED))] = 0
    return Outcomes(confusion_matrix.diagonal(), misses, errors.sum(axis=0), rest)


def check_convention(convention: str) -> None:
    """Raise a ValueError if the convention is unknown."""
    if convention not in CONVENTIONS:
        raise ValueError(f"convention must be one of {CONVENTIONS}; got {convention!r}.")


def sensitivity(counts: Outcomes) -> np.ndarray:
    """Return TP / (TP + FN) per class; NaN for a class without beats."""
    return ratio(counts.true_positives, counts.true_positives + counts.false_negatives)


def positive_predictivity(counts: Outcomes) -> np.ndarray:
    """Return TP / (TP + FP) per class; NaN for a class that is never predicted."""
    return ratio(counts.true_positives, counts.true_positives + counts.false_positives)


def f1(counts: Outcomes) -> np.ndarray:
    """Return 2 TP / (2 TP + FP + FN) per class; NaN for a class that does not occur."""
    twice = 2 * counts.true_positives
    return ratio(twice, twice + counts.false_positives + counts.false_negatives)


def false_positive_rate(counts: Outcomes) -> np.ndarray:
    """Return FP / (FP + TN) per class; NaN if no beats belong to another class."""
    return ratio(counts.false_positives, counts.false_positives + counts.true_negatives)


def kappa(confusion_matrix: np.ndarray) -> float:
    """Return Cohen's kappa; NaN if all beats belong to one class and are all predicted as it."""
    total = confusion_matrix.sum(dtype=np.float64)
    by_chance = confusion_matrix.sum(axis=1, dtype=np.float64) @ confusion_matrix.sum(axis=0)
    return float(ratio(total * confusion_matrix.trace() - by_chance, total**2 - by_chance))


def j_index(counts: Outcomes, undefined: float = np.nan) -> float:
    """Return the sum of sensitivity and positive predictivity of S and V."""
    parts = np.concatenate([sensitivity(counts)[[S, V]], positive_predictivity(counts)[[S, V]]])
    with in_range("zero_division"):
        return float(np.where(np.isnan(parts), undefined, parts).sum())


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> np.ndarray:
    """Return the quotient; NaN where the denominator is 0."""
    undefined = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=undefined, where=np.not_equal(denominator, 0))


def _code_table(target_names: Sequence[str] | None) -> list[int]:
    """Return the index into `AAMI_CLASSES` of each integer code."""
    names = list(AAMI_CLASSES if target_names is None else target_names)
    if len(set(names)) < len(names) or not set(names) <= set(AAMI_CLASSES):
        raise ValueError(
            f"target_names must be distinct AAMI classes among {', '.join(AAMI_CLASSES)}, starting "
            f"with the class of code 0; got {names}."
        )
    return [AAMI_CLASSES.index(name) for name in names]


def _expected(target_names: Sequence[str] | None) -> str:
    names = list(AAMI_CLASSES if target_names is None else target_names)
    return f"the names {', '.join(AAMI_CLASSES)} or the codes 0 to {len(names) - 1} of {names}"
