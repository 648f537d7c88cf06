"""The split inside a training set that early stopping watches."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold


def validation_split(
    y: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Split samples into a training and a validation part, by class and by subject.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class codes.
    groups : ndarray of shape (n_samples,) or None
        Subjects; all samples of one go into the same part.
    fraction : float
        Part of the samples (with groups: about this part) to validate on.
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
    """
    if groups is None:
        valid = _stratified_sample(y, fraction, np.random.default_rng(seed))
        train = np.setdiff1d(np.arange(len(y)), valid, assume_unique=True)
    else:
        train, valid = _stratified_subjects(y, np.asarray(groups), fraction, seed)
    if len(valid) == 0 or len(train) == 0:
        raise ValueError(
            f"early_stopping=True needs samples to validate on, but {len(y)} samples in "
            f"{len(np.unique(y))} classes leave none with validation_fraction={fraction}; "
            "give more samples, a larger fraction or early_stopping=False"
        )
    return train, valid


def _stratified_sample(y: np.ndarray, fraction: float, rng: np.random.Generator) -> np.ndarray:
    chosen = []
    for code in np.unique(y):
        members = np.flatnonzero(y == code)
        chosen.append(rng.permutation(members)[: round(fraction * len(members))])
    return np.sort(np.concatenate(chosen))


def _stratified_subjects(
    y: np.ndarray, groups: np.ndarray, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    n_groups = len(np.unique(groups))
    if n_groups < 2:
        raise ValueError(
            "early_stopping=True with groups needs at least 2 groups, one of them to validate "
            f"on; got {n_groups}"
        )
    # A fold for every sample of the commonest class is the most that can be stratified.
    most = min(n_groups, int(np.bincount(y).max()))
    if most < 2:
        raise ValueError(
            "early_stopping=True needs a class with at least 2 samples, one of them to validate "
            f"on; got {len(y)} samples of {len(np.unique(y))} classes"
        )
    n_splits = int(np.clip(round(1 / fraction), 2, most))
    folds = StratifiedGroupKFold(n_splits, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class rarer than the number of folds is no concern here: one fold is used.
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        splits = list(folds.split(y, y, groups))

    def lack(split: tuple[np.ndarray, np.ndarray]) -> tuple[int, float]:
        train, valid = split
        return -len(np.unique(y[train])), abs(len(valid) / len(y) - fraction)

    return min(splits, key=lack)
