"""Samples, subjects and content that a training set and a test set have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_consistent_length

from .._compat import num_samples
from ._groups import content_groups, group_numbers

_N_EXAMPLES = 5


class LeakageError(ValueError):
    """Error raised if a training set and a test set share samples, subjects or content.

    See Also
    --------
    leakage_report : Its report raises it on request.
    """


@dataclass(frozen=True, eq=False)
class LeakageReport:
    """Report of the samples, groups and content that a training and a test set share.

    Attributes
    ----------
    n_train, n_test : int
        Number of distinct samples in each set.
    shared_samples : ndarray of shape (n_shared_samples,)
        Indices of the samples that are in both sets.
    shared_groups : list or None
        Groups (subjects) with samples in both sets. None without ``groups``.
    n_test_groups : int or None
        Number of groups in the test set. None without ``groups``.
    n_test_of_shared_groups : int or None
        Number of test samples that belong to a shared group. None without ``groups``.
    twins : ndarray of shape (n_twins, 2) or None
        One row per test sample with a twin, a training sample of identical content: the index of
        the test sample and that of its first twin. A sample that is in both sets is its own twin.
        None without ``X``.

    See Also
    --------
    leakage_report : Compute the report.

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
        """Whether the two sets share a sample, a group or identical content."""
        return any(
            found is not None and len(found) > 0
            for found in (self.shared_samples, self.shared_groups, self.twins)
        )

    def raise_on_leak(self) -> None:
        """Raise a `LeakageError` with the report as its message if there is a leak."""
        if self.has_leak:
            raise LeakageError(str(self))

    def to_dict(self) -> dict[str, Any]:
        """Return counts and examples as plain Python values.

        Values that need `X` or `groups` are None if it was not given.

        Returns
        -------
        dict of {str: object}
            The counts, and of each kind the first examples.
        """
        groups, twins = self.shared_groups, self.twins
        return {
            "has_leak": self.has_leak,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "n_shared_samples": len(self.shared_samples),
            "shared_samples": self.shared_samples[:_N_EXAMPLES].tolist(),
            "n_test_groups": self.n_test_groups,
            "n_shared_groups": None if groups is None else len(groups),
            "shared_groups": None if groups is None else groups[:_N_EXAMPLES],
            "n_test_of_shared_groups": self.n_test_of_shared_groups,
            "n_twins": None if twins is None else len(twins),
            "twins": None if twins is None else twins[:_N_EXAMPLES].tolist(),
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
            return "not checked (no groups given)"
        return (
            f"{len(self.shared_groups)} of {self.n_test_groups} test groups are also in the "
            f"training set, with {self.n_test_of_shared_groups} of {self.n_test} test samples"
            + _examples(self.shared_groups)
        )

    def _twins_text(self) -> str:
        if self.twins is None:
            return "not checked (no X given)"
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
        The two sets: sample indices, or boolean masks of shape (n_samples,). An index that is
        repeated within a set, for example by oversampling, is counted once.
    X : array-like of shape (n_samples, ...) or list, default=None
        The samples, in any form that `content_groups` accepts (arrays, lists of arrays, file
        paths). If None, identical samples are not searched for.
    groups : array-like of shape (n_samples,), default=None
        The subject of each sample. If None, shared subjects are not searched for.
    paths : {"content", "name"}, default="content"
        How to compare strings in `X`, see `content_groups`.
    raise_on_leak : bool, default=False
        Whether to raise a `LeakageError` if the sets share anything.

    Returns
    -------
    report : LeakageReport
        Counts and examples. ``print(report)`` shows them and ``report.has_leak`` tells whether
        the sets share anything.

    Raises
    ------
    LeakageError
        If ``raise_on_leak=True`` and the sets share anything. The message is the report.
    ValueError
        If neither `X` nor `groups` is given, their lengths differ, a set is empty, or an index is
        negative or too large.
    TypeError
        If `train` or `test` contains neither integers nor booleans, or the samples cannot be
        compared by value.

    See Also
    --------
    content_groups : Groups of identical samples.
    merge_groups : Merge groups of subjects and of identical samples.

    Examples
    --------
    In de Chazal's published split, both sets contain a record of the same man (201 and 202):

    >>> from skecg.model_selection import inter_patient_split, leakage_report
    >>> records = [101, 201, 100, 202, 202]
    >>> subjects = ["101", "201/202", "100", "201/202", "201/202"]
    >>> train, test = inter_patient_split(records)
    >>> print(leakage_report(train, test, groups=subjects))
    Leakage between 2 training and 3 test samples
      samples in both sets: 0
      shared groups: 1 of 2 test groups are also in the training set, with 2 of 3 test samples \
(first: 201/202)
      identical samples: not checked (no X given)
    >>> train, test = inter_patient_split(records, variant="subject-disjoint")
    >>> leakage_report(train, test, groups=subjects, raise_on_leak=True).has_leak
    False
    """
    if X is None and groups is None:
        raise ValueError(
            "leakage_report needs X, groups or both; got neither. Pass X to find identical "
            "samples and groups to find shared subjects."
        )
    check_consistent_length(X, groups)
    n_samples = num_samples(X if groups is None else groups)
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
                f"{name} must be a mask of all {n_samples} samples or an array of sample indices; "
                f"got a mask with {len(subset)} entries."
            )
        subset = np.flatnonzero(subset)
    if subset.size == 0:
        raise ValueError(f"{name} must contain at least one sample; got none.")
    if subset.dtype.kind not in "iu":
        raise TypeError(f"{name} must contain integers or booleans; got dtype {subset.dtype}.")
    indices = np.unique(subset)
    if indices[0] < 0 or indices[-1] >= n_samples:
        raise ValueError(
            f"{name} must contain indices from 0 to {n_samples - 1}, of the {n_samples} samples; "
            f"got indices from {indices[0]} to {indices[-1]}."
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
    # Assigned in reverse order, so that the first of several equal samples is kept.
    first_in_train[content[train[::-1]]] = train[::-1]
    twins = np.column_stack([test, first_in_train[content[test]]])
    return twins[twins[:, 1] >= 0]


def _examples(values: list, n_values: int | None = None) -> str:
    if not values:
        return ""
    n_values = len(values) if n_values is None else n_values
    text = ", ".join(str(value) for value in values[:_N_EXAMPLES])
    return f" (first: {text}{', ...' if n_values > _N_EXAMPLES else ''})"
