"""Find what a training set and a test set have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from ._groups import content_groups, group_numbers

_N_EXAMPLES = 5


class LeakageError(ValueError):
    """Raised when a training set and a test set share samples, subjects or content."""


@dataclass(frozen=True, eq=False)
class LeakageReport:
    """What a training set and a test set have in common, as `leakage_report` finds it.

    Attributes
    ----------
    n_train, n_test : int
        Number of different samples in either set.
    shared_samples : ndarray of shape (n_shared_samples,)
        Indices of the samples that stand in both sets.
    shared_groups : list or None
        Groups (subjects) that have samples in both sets; None without ``groups``.
    n_test_groups : int or None
        Number of groups in the test set; None without ``groups``.
    n_test_of_shared_groups : int or None
        Number of test samples that belong to a shared group; None without ``groups``.
    twins : ndarray of shape (n_twins, 2) or None
        Indices of every test sample whose content is in the training set too, and of the first
        such training sample; None without ``X``. A sample that stands in both sets is its own
        twin.

    Examples
    --------
    >>> from skecg.model_selection import leakage_report
    >>> report = leakage_report([0, 1], [2, 3], groups=["ann", "bob", "bob", "cem"])
    >>> report.has_leak, report.shared_groups
    (True, ['bob'])
    """

    n_train: int
    n_test: int
    shared_samples: np.ndarray
    shared_groups: list | None = None
    n_test_groups: int | None = None
    n_test_of_shared_groups: int | None = None
    twins: np.ndarray | None = None

    @property
    def has_leak(self) -> bool:
        """Whether the two sets have anything in common of what was looked at."""
        return any(
            found is not None and len(found) > 0
            for found in (self.shared_samples, self.shared_groups, self.twins)
        )

    def raise_on_leak(self) -> None:
        """Raise `LeakageError` with the whole report if the sets have anything in common."""
        if self.has_leak:
            raise LeakageError(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Return counts and first examples as plain Python values; None for what was not given."""
        with_groups, with_content = self.shared_groups is not None, self.twins is not None
        return {
            "has_leak": self.has_leak,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "n_shared_samples": len(self.shared_samples),
            "shared_samples": self.shared_samples[:_N_EXAMPLES].tolist(),
            "n_test_groups": self.n_test_groups,
            "n_shared_groups": len(self.shared_groups) if with_groups else None,
            "shared_groups": self.shared_groups[:_N_EXAMPLES] if with_groups else None,
            "n_test_of_shared_groups": self.n_test_of_shared_groups,
            "n_twins": len(self.twins) if with_content else None,
            "twins": self.twins[:_N_EXAMPLES].tolist() if with_content else None,
        }

    def __str__(self) -> str:
        verdict = "Leakage" if self.has_leak else "No leakage found"
        return "\n".join(
            [
                f"{verdict} between {self.n_train} training and {self.n_test} test samples",
                f"  samples in both sets: {len(self.shared_samples)}"
                + _examples(self.shared_samples.tolist()),
                f"  shared groups: {self._groups_text()}",
                f"  identical samples: {self._twins_text()}",
            ]
        )

    def _groups_text(self) -> str:
        if self.shared_groups is None:
            return "not looked for (no groups given)"
        return (
            f"{len(self.shared_groups)} of {self.n_test_groups} test groups are in the training "
            f"set too, with {self.n_test_of_shared_groups} of {self.n_test} test samples"
            + _examples(self.shared_groups)
        )

    def _twins_text(self) -> str:
        if self.twins is None:
            return "not looked for (no X given)"
        pairs = [f"test {test} = train {train}" for test, train in self.twins[:_N_EXAMPLES]]
        return (
            f"{len(self.twins)} of {self.n_test} test samples have an identical twin in the "
            "training set" + _examples(pairs, len(self.twins))
        )


def leakage_report(
    train: ArrayLike,
    test: ArrayLike,
    X: Any = None,
    groups: ArrayLike | None = None,
    *,
    paths: str = "content",
    raise_on_leak: bool = False,
) -> LeakageReport:
    """Count the subjects and the identical samples that a training set and a test set share.

    Parameters
    ----------
    train, test : array-like of int or of bool
        The two sets: sample indices, or boolean masks of shape (n_samples,). An index that occurs
        more than once in a set (an oversampled one, say) counts once.
    X : array-like of shape (n_samples, ...) or list, default=None
        The samples, in any form that `content_groups` takes (arrays, lists of arrays, file
        paths). None: identical samples are not looked for.
    groups : array-like of shape (n_samples,), default=None
        The subject of every sample. None: shared subjects are not looked for.
    paths : {"content", "name"}, default="content"
        What strings in `X` stand for, see `content_groups`.
    raise_on_leak : bool, default=False
        Raise `LeakageError` if anything is shared.

    Returns
    -------
    report : LeakageReport
        Counts and examples; ``print(report)``, ``report.to_dict()``, ``report.has_leak``.

    Raises
    ------
    LeakageError
        If anything is shared and ``raise_on_leak=True``; its message is the report.
    ValueError
        If neither `X` nor `groups` is given, their lengths differ, a set is empty, or an index is
        negative or too large.

    See Also
    --------
    content_groups : Groups of identical samples.
    merge_groups : Joins groups of subjects and of identical samples.

    Examples
    --------
    De Chazal's published split shares a subject: records 201 and 202 come from one man.

    >>> from skecg.model_selection import inter_patient_split, leakage_report
    >>> records = [101, 201, 100, 202, 202]
    >>> subjects = ["101", "201/202", "100", "201/202", "201/202"]
    >>> train, test = inter_patient_split(records)
    >>> print(leakage_report(train, test, groups=subjects))
    Leakage between 2 training and 3 test samples
      samples in both sets: 0
      shared groups: 1 of 2 test groups are in the training set too, with 2 of 3 test samples \
(first: 201/202)
      identical samples: not looked for (no X given)
    >>> train, test = inter_patient_split(records, variant="subject-disjoint")
    >>> leakage_report(train, test, groups=subjects, raise_on_leak=True).has_leak
    False
    """
    if X is None and groups is None:
        raise ValueError(
            "Nothing to compare: pass X to look for identical samples, groups to look for shared "
            "subjects, or both."
        )
    check_consistent_length(X, groups)
    n_samples = len(X if groups is None else groups)
    train = _sample_indices(train, n_samples, "train")
    test = _sample_indices(test, n_samples, "test")
    found: dict[str, Any] = {}
    if groups is not None:
        found |= _shared_groups(train, test, groups)
    if X is not None:
        found["twins"] = _twins(train, test, content_groups(X, paths=paths))
    report = LeakageReport(len(train), len(test), np.intersect1d(train, test), **found)
    if raise_on_leak:
        report.raise_on_leak()
    return report


def _sample_indices(subset: ArrayLike, n_samples: int, name: str) -> np.ndarray:
    subset = np.asarray(subset)
    if subset.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; got shape {subset.shape}.")
    if subset.dtype.kind == "b":
        if len(subset) != n_samples:
            raise ValueError(
                f"The mask {name} has {len(subset)} entries for {n_samples} samples; pass a mask "
                "over all samples, or sample indices."
            )
        subset = np.flatnonzero(subset)
    if subset.size == 0:
        raise ValueError(f"{name} holds no sample; both sets must have at least one.")
    if subset.dtype.kind not in "iu":
        raise TypeError(f"{name} must hold sample indices or booleans; got {subset.dtype} values.")
    indices = np.unique(subset)
    if indices[0] < 0 or indices[-1] >= n_samples:
        raise ValueError(
            f"{name} holds indices from {indices[0]} to {indices[-1]}, but there are {n_samples} "
            f"samples (0 to {n_samples - 1})."
        )
    return indices


def _shared_groups(train: np.ndarray, test: np.ndarray, groups: ArrayLike) -> dict[str, Any]:
    numbers = group_numbers(groups, "groups")
    shared = np.intersect1d(numbers[train], numbers[test])
    _, first = np.unique(numbers, return_index=True)
    return {
        "shared_groups": np.asarray(groups)[first[shared]].tolist(),
        "n_test_groups": len(np.unique(numbers[test])),
        "n_test_of_shared_groups": int(np.isin(numbers[test], shared).sum()),
    }


def _twins(train: np.ndarray, test: np.ndarray, content: np.ndarray) -> np.ndarray:
    first_in_train = np.full(content.max() + 1, -1)
    # Of equal keys the last assignment stays, hence backwards.
    first_in_train[content[train[::-1]]] = train[::-1]
    twins = np.column_stack([test, first_in_train[content[test]]])
    return twins[twins[:, 1] >= 0]


def _examples(values: list, n_values: int | None = None) -> str:
    if not values:
        return ""
    n_values = len(values) if n_values is None else n_values
    text = ", ".join(str(value) for value in values[:_N_EXAMPLES])
    return f" (first: {text}{', ...' if n_values > _N_EXAMPLES else ''})"
