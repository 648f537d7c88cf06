"""Intervals of scores over the subjects of a test set."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, check_random_state, check_scalar

from .._limits import require_memory
from ._groups import group_numbers


@dataclass(frozen=True)
class BootstrapInterval:
    """A score with its interval; printed as ``0.764 [0.708 - 0.813]``.

    Parameters
    ----------
    score : float
        Score of the samples as they are.
    low, high : float
        Ends of the interval.
    confidence_level : float
        Share of the resamples with a score in the interval.
    n_groups : int
        Number of groups that were drawn from.
    scores : ndarray of shape (n_resamples,)
        Score of each resample, NaN where it is undefined.

    See Also
    --------
    bootstrap_interval : Computes it; has an example.
    """

    score: float
    low: float
    high: float
    confidence_level: float
    n_groups: int
    scores: NDArray[np.float64]

    def __str__(self) -> str:
        """Return the score and its interval with three decimals."""
        return format(self)

    def __format__(self, spec: str) -> str:
        """Format the three numbers alike, such as by ``f"{interval:.1%}"``."""
        spec = spec or ".3f"
        score, low, high = (format(value, spec) for value in (self.score, self.low, self.high))
        return f"{score} [{low} - {high}]"


def bootstrap_interval(
    metric: Callable[..., float],
    *arrays: ArrayLike,
    groups: ArrayLike | None = None,
    n_resamples: int = 2000,
    confidence_level: float = 0.95,
    random_state: int | np.random.RandomState | None = None,
) -> BootstrapInterval:
    """Compute a score and its interval by drawing whole groups, such as subjects, anew.

    Beats of one subject are alike, so that 10,000 beats of 20 subjects say no more of other people
    than 20 subjects can. An interval over the beats would be much too narrow. This one draws as
    many groups as there are, with replacement, each with all its samples (the cluster bootstrap
    [1]_), and gives the percentiles of the scores.

    Parameters
    ----------
    metric : callable
        Called as ``metric(*arrays)`` with the drawn samples of each array; returns a number.
    *arrays : array-like of shape (n_samples, ...)
        What the metric takes, such as the true labels and the predicted ones, or probabilities.
    groups : array-like of shape (n_samples,), default=None
        Group of each sample, such as its subject. If None, each sample is a group.
    n_resamples : int, default=2000
        Number of resamples.
    confidence_level : float, default=0.95
        Share of the resamples with a score in the interval.
    random_state : int, RandomState instance or None, default=None
        Decides the draws.

    Returns
    -------
    interval : BootstrapInterval
        Has ``score``, ``low`` and ``high``; prints as ``0.764 [0.708 - 0.813]``.

    Raises
    ------
    ValueError
        If the arrays differ in length or are empty, there is a single group, or the metric is
        undefined (NaN) for all resamples.

    Warns
    -----
    UserWarning
        If the metric is undefined for some of the resamples, as the sensitivity of a class that
        was not drawn. The interval is that of the others.

    See Also
    --------
    skecg.metrics.j_kappa_score, skecg.metrics.sensitivity_score : Scores of beats.

    Notes
    -----
    The interval describes the choice of the people that were tested, not that of the people who
    were trained on, nor the seed. With fewer than some 20 groups it is too narrow.

    References
    ----------
    .. [1] A. C. Davison, D. V. Hinkley, "Bootstrap methods and their application", Cambridge
       University Press 1997, section 3.8.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import accuracy_score
    >>> from skecg.model_selection import bootstrap_interval
    >>> y = np.tile([0, 1], 100)
    >>> subjects = np.repeat(np.arange(20), 10)
    >>> predicted = np.where(subjects < 4, 0, y)  # wrong for four people
    >>> print(bootstrap_interval(accuracy_score, y, predicted, groups=subjects, random_state=0))
    0.900 [0.800 - 0.975]
    >>> print(bootstrap_interval(accuracy_score, y, predicted, random_state=0))  # over beats
    0.900 [0.855 - 0.940]
    """
    check_scalar(n_resamples, "n_resamples", Integral, min_val=1)
    check_scalar(
        confidence_level, "confidence_level", Real, min_val=0, max_val=1,
        include_boundaries="neither",
    )  # fmt: skip
    require_memory(8 * n_resamples, "the scores", "choose a smaller n_resamples")
    if not arrays:
        raise ValueError("Give at least one array after the metric, such as y_true and y_pred.")
    check_consistent_length(*arrays, groups)
    values = [np.asarray(array) for array in arrays]
    members = _members(np.arange(len(values[0])) if groups is None else groups)
    rng = check_random_state(random_state)
    scores = np.empty(n_resamples)
    for i in range(n_resamples):
        drawn = rng.randint(len(members), size=len(members))
        rows = np.concatenate([members[k] for k in drawn])
        scores[i] = metric(*(array[rows] for array in values))
    n_undefined = int(np.isnan(scores).sum())
    if n_undefined == n_resamples:
        raise ValueError("The metric is NaN for all resamples; it has no interval.")
    if n_undefined:
        warnings.warn(
            f"The metric is NaN for {n_undefined} of {n_resamples} resamples, which are left out "
            "of the interval. Choose a metric that is defined where a class is missing.",
            stacklevel=2,
        )
    outside = (1 - confidence_level) / 2
    low, high = np.nanquantile(scores, [outside, 1 - outside])
    score = float(metric(*arrays))
    return BootstrapInterval(
        score, float(low), float(high), float(confidence_level), len(members), scores
    )


def _members(groups: ArrayLike) -> list[NDArray[np.intp]]:
    """Return the sample numbers of each group."""
    numbers = group_numbers(groups, "groups")
    order = np.argsort(numbers, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1)
    if len(numbers) == 0 or len(members) < 2:
        raise ValueError(
            "An interval needs samples of at least 2 groups to draw from; got "
            f"{len(numbers)} samples of {len(set(numbers.tolist()))} groups."
        )
    return members
