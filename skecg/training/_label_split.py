"""The split inside a training set of samples with several labels."""

from __future__ import annotations

import numpy as np


def label_split(
    y: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split samples into a training and a validation part with about equal shares of each label.

    The subjects with the label that is rarest among those left are dealt out first, each to the
    part that lacks most of that label; those without any label are dealt out last.

    Parameters
    ----------
    y : ndarray of shape (n_samples, n_labels)
        1 for the labels that a sample has, 0 for others.
    groups : ndarray of shape (n_samples,) or None
        Subjects; all samples of one go into the same part. None makes every sample one.
    fraction : float
        About this part of the samples, and of each label, is validated on.
    seed : int
        Decides the split.

    Returns
    -------
    train, valid : ndarray of int
        Indices in ascending order.

    Raises
    ------
    ValueError
        If there are too few samples or subjects for two parts.

    References
    ----------
    K. Sechidis, G. Tsoumakas, I. Vlahavas, "On the stratification of multi-label data", ECML PKDD
    2011, section 3, doi:10.1007/978-3-642-23808-6_10 (there by sample, here by subject).
    """
    n_samples = len(y)
    subjects = np.arange(n_samples) if groups is None else np.unique(groups, return_inverse=True)[1]
    n_subjects = int(subjects.max()) + 1
    # Of each subject, the samples with each label, and in the last column all samples.
    counts = np.zeros((n_subjects, y.shape[1] + 1))
    np.add.at(counts, subjects, np.column_stack([y, np.ones(n_samples)]))
    is_valid = _dealt_out(counts, fraction, np.random.default_rng(seed))[subjects]
    if is_valid.all() or not is_valid.any():
        what = "samples" if groups is None else f"samples of {n_subjects} groups"
        raise ValueError(
            f"early_stopping=True needs samples to validate on, but {n_samples} {what} cannot be "
            f"divided with validation_fraction={fraction}; give more samples, another fraction or "
            "early_stopping=False"
        )
    return np.flatnonzero(~is_valid), np.flatnonzero(is_valid)


def _dealt_out(counts: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    """Tell which subjects are validated on."""
    # What the training and the validation part still lack.
    lack = np.outer([1 - fraction, fraction], counts.sum(0))
    order = rng.permutation(len(counts))
    is_valid = np.zeros(len(counts), dtype=bool)
    is_left = np.ones(len(counts), dtype=bool)
    while is_left.any():
        n_left = (counts[is_left, :-1] > 0).sum(0)
        # The rarest label; without labels, the column of all samples.
        label = int(np.where(n_left > 0, n_left, np.inf).argmin()) if n_left.any() else -1
        for subject in order[is_left[order] & (counts[order, label] > 0)]:
            part = _neediest(lack, label)
            is_valid[subject] = part == 1
            is_left[subject] = False
            lack[part] -= counts[subject]
    return is_valid


def _neediest(lack: np.ndarray, label: int) -> int:
    """Return the part that lacks most of a label, of two equal ones that which lacks most."""
    in_train, in_valid = lack[:, label]
    if in_train == in_valid:
        in_train, in_valid = lack[:, -1]
    return int(in_valid > in_train)
