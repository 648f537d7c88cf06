"""What a fit is given, checked: samples, labels, weights and subjects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..samples import (
    SampleView,
    check_groups,
    check_one_for_each,
    check_samples_and_labels,
    given_weights,
    is_used,
    scaled_weights,
    without_zero_weights,
)
from ..training import Targets, TrainingFacts, targets_of
from ._parameters import TrainingParameters


@dataclass(frozen=True)
class TrainingData:
    """Checked samples for a fit.

    Attributes
    ----------
    X : SampleView
        Samples as the network reads them, those of weight 0 left out.
    targets : OneClass or SeveralLabels
        What y says of a sample.
    codes : ndarray of int of shape (n_samples,), or of float32 of shape (n_samples, n_labels)
        Index in ``classes`` of every sample; or 1 for the labels that it has, 0 for others.
    weights : ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        Weights with mean 1; None where all are equal.
    mean_weight : float
        Mean of the weights as they were given.
    groups : ndarray or None
        Subject of every sample.
    classes : ndarray of shape (n_classes,)
        The labels, sorted; or the numbers of the columns of y.
    input_shape : tuple of int
        Shape of one sample as the user gives it.
    feature_names : ndarray of str or None
        Column names, where X had names.
    """

    X: SampleView
    targets: Targets
    codes: np.ndarray
    weights: np.ndarray | None
    mean_weight: float
    groups: np.ndarray | None
    classes: np.ndarray
    input_shape: tuple[int, ...]
    feature_names: np.ndarray | None

    @property
    def facts(self) -> TrainingFacts:
        """What a model card says of these samples."""
        return self.targets.facts(self.codes, len(self.classes), self.groups)

    @property
    def sample_weights(self) -> np.ndarray | None:
        """One weight for each sample, the mean over its labels."""
        if self.weights is None or self.weights.ndim == 1:
            return self.weights
        return self.weights.mean(axis=1)


def check_data(
    params: TrainingParameters,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    classes: ArrayLike | None = None,
) -> TrainingData:
    """Check what a first fit is given; the classifier is only read.

    Parameters
    ----------
    params : TrainingParameters
        The classifier.
    X, y, sample_weight, groups
        As in ``fit``.
    classes : array-like or None, default=None
        All labels that there are; None takes those of y.

    Raises
    ------
    ValueError
        If X, y, weights or groups are invalid, or there is only one class.
    """
    # scikit-learn's validation sets attributes; a refused fit must leave none.
    blank = type(params)(**params.get_params(deep=False))
    X, y = check_samples_and_labels(blank, X, y, reset=True, dtype=params._dtypes())
    targets = targets_of(y)
    targets.check_shuffle(params.shuffle)
    classes = targets.classes_of(y, classes)
    names = getattr(blank, "feature_names_in_", None)
    data = _assembled(params, X, y, sample_weight, groups, targets, classes, names)
    params._warn_of_axes(X.shape)
    return data


def check_more_data(
    fitted: TrainingParameters,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    classes: ArrayLike | None,
) -> TrainingData:
    """Check what a fitted classifier is given to train on; it is only read.

    Parameters
    ----------
    fitted : TrainingParameters
        The fitted classifier.
    X, y, sample_weight, groups, classes
        As in ``partial_fit``.

    Raises
    ------
    ValueError
        If they are invalid or do not fit what the classifier was fitted on.
    """
    X, y = check_samples_and_labels(fitted, X, y, reset=False, dtype=fitted._dtypes())
    learned: Any = fitted  # what it has learned is named in a class that imports this file
    learned._check_shape(X.shape)
    known, targets = learned.classes_, learned.net_.targets
    targets.check_shuffle(fitted.shuffle)
    if classes is not None and not np.array_equal(known, np.unique(classes)):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )
    names = getattr(fitted, "feature_names_in_", None)
    return _assembled(fitted, X, y, sample_weight, groups, targets, known, names)


def _assembled(
    params: TrainingParameters,
    X: SampleView,
    y: np.ndarray,
    sample_weight: ArrayLike | None,
    groups: ArrayLike | None,
    targets: Targets,
    classes: np.ndarray,
    names: np.ndarray | None,
) -> TrainingData:
    codes = targets.encode(y, classes)
    check_one_for_each(X, "sample_weight", sample_weight)
    groups = check_groups(X, groups)
    given = given_weights(X, sample_weight, targets.weights(y, params.class_weight))
    mean_weight = 1.0 if given is None else given[is_used(given)].mean()
    weights = scaled_weights(given)
    shape = X.shape[1:]
    X = SampleView(params._as_network_input(X.array), X.rows)
    X, codes, weights, groups = without_zero_weights(X, codes, weights, groups)
    return TrainingData(X, targets, codes, weights, mean_weight, groups, classes, shape, names)
