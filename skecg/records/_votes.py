"""The votes of beats on the class of their record, as pure functions on arrays."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, softmax

Ballots = NDArray[np.float64]

# The smallest probability in a geometric mean, as in scikit-learn's log loss: a tree's
# zero would make one beat decide against all others.
_LEAST = np.finfo(np.float64).eps


def _row_means(values: Ballots, row: NDArray[np.int64]) -> Ballots:
    sums = np.stack([np.bincount(row, column) for column in values.T], axis=1)
    return sums / np.bincount(row)[:, None]


def _called(
    voting: Callable[[Ballots], ArrayLike], ballots: Ballots, row: NDArray[np.int64]
) -> Ballots:
    order = np.argsort(row, kind="stable")
    ends = np.cumsum(np.bincount(row))[:-1]
    n_columns = ballots.shape[1]
    votes = []
    for of_row in np.split(ballots[order], ends):
        vote = np.asarray(voting(of_row), dtype=np.float64)
        if vote.shape != (n_columns,):
            raise ValueError(
                f"the function given as voting must return one number for each of the {n_columns} "
                f"classes, but it returned an array of shape {vote.shape}"
            )
        votes.append(vote)
    return np.stack(votes)


def mean_votes(ballots: Ballots, row: NDArray[np.int64]) -> Ballots:
    """Return the mean of the beats of every row, scaled to the sum 1.

    Parameters
    ----------
    ballots : ndarray of shape (n_beats, n_classes)
        Probabilities, or one 1 among zeros, for every beat.
    row : ndarray of int of shape (n_beats,)
        Row of each beat; every row from 0 to the last one has at least one.

    Returns
    -------
    ndarray of shape (n_rows, n_classes)
    """
    means = _row_means(ballots, row)
    # Probabilities in float32 sum to 1 only as float32 can.
    return means / means.sum(axis=1, keepdims=True)


def mean_logit_votes(ballots: Ballots, row: NDArray[np.int64]) -> Ballots:
    """Return the softmax of the mean log-probabilities of the beats of every row.

    Parameters and the result are those of :func:`mean_votes`.
    """
    return softmax(_row_means(np.log(np.maximum(ballots, _LEAST)), row), axis=1)


def called_votes(
    voting: Callable[[Ballots], ArrayLike], ballots: Ballots, row: NDArray[np.int64]
) -> Ballots:
    """Return what a function makes of the beats of every row, scaled to the sum 1.

    Parameters
    ----------
    voting : callable
        Maps (n_beats, n_classes) to (n_classes,).
    ballots, row : ndarray
        As in :func:`mean_votes`.

    Raises
    ------
    ValueError
        When the function returns another shape, or numbers that are no probabilities.
    """
    votes = _called(voting, ballots, row)
    for vote in votes:
        if not np.isfinite(vote).all() or (vote < 0).any() or not vote.any():
            raise ValueError(
                "the function given as voting must return finite numbers that are not negative and "
                f"not all zero, but it returned {vote.tolist()}; for scores, return their softmax"
            )
    return votes / votes.sum(axis=1, keepdims=True)


def mean_logit_label_votes(ballots: Ballots, row: NDArray[np.int64]) -> Ballots:
    """Return, for each label by itself, the probability of the mean logit of every row's beats.

    Parameters are those of :func:`mean_votes`, but the columns are labels.
    """
    return expit(_row_means(logit(np.clip(ballots, _LEAST, 1 - _LEAST)), row))


def called_label_votes(
    voting: Callable[[Ballots], ArrayLike], ballots: Ballots, row: NDArray[np.int64]
) -> Ballots:
    """Return what a function makes of the beats of every row, for several labels.

    Raises
    ------
    ValueError
        When the function returns another shape, or numbers that are not from 0 to 1.
    """
    votes = _called(voting, ballots, row)
    if not ((votes >= 0) & (votes <= 1)).all():
        raise ValueError(
            "the function given as voting must return probabilities of labels, from 0 to 1; got "
            f"numbers from {votes.min()} to {votes.max()}"
        )
    return votes


VOTES: dict[str, Callable[[Ballots, NDArray[np.int64]], Ballots]] = {
    "soft": mean_votes,
    "hard": mean_votes,
    "mean-logit": mean_logit_votes,
}
LABEL_VOTES: dict[str, Callable[[Ballots, NDArray[np.int64]], Ballots]] = {
    "soft": _row_means,
    "hard": _row_means,
    "mean-logit": mean_logit_label_votes,
}
