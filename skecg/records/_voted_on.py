"""What the beats of a record vote on: its one class of several, or each of several labels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets

from ._checks import check_classes_left, class_prior
from ._votes import LABEL_VOTES, VOTES, called_label_votes, called_votes

Voting = str | Callable[[NDArray[np.float64]], ArrayLike]


class OneClass:
    """Every record has one class."""

    def classes_of(self, y: NDArray) -> NDArray:
        """Return the classes, sorted."""
        check_classification_targets(y)
        return np.unique(y)

    def prior(self, y: NDArray, sample_weight: NDArray | None) -> NDArray[np.float64]:
        """Return the weighted share of the records of each class."""
        return class_prior(np.unique(y, return_inverse=True)[1], sample_weight)

    def check_left(self, classes: NDArray, y: NDArray) -> None:
        """Raise a ValueError if a class has no record among those that have beats."""
        check_classes_left(classes, np.searchsorted(classes, y))

    def ballots(self, predicted: NDArray, classes: NDArray) -> NDArray[np.float64]:
        """Return 1 for the predicted class of each beat, and 0 for others."""
        return np.eye(len(classes))[np.searchsorted(classes, predicted)]

    def count(
        self, voting: Voting, ballots: NDArray[np.float64], row: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the probabilities of the rows."""
        if callable(voting):
            return called_votes(voting, ballots, row)
        return VOTES[voting](ballots, row)

    def decide(self, probabilities: NDArray[np.float64], classes: NDArray) -> NDArray:
        """Return the most probable class."""
        return classes[probabilities.argmax(axis=1)]

    def no_labels(self, classes: NDArray) -> NDArray:
        """Return the labels of no beat."""
        return classes[:0]


class SeveralLabels:
    """A record has any number of labels; y is a matrix of 0 and 1."""

    def classes_of(self, y: NDArray) -> NDArray:
        """Return the numbers of the columns of y."""
        if not np.isin(y, (0, 1)).all():
            raise ValueError(
                "a y of several columns must have only 0 and 1, whether a record has the label; "
                f"got {np.unique(y)[:5].tolist()}"
            )
        return np.arange(y.shape[1])

    def prior(self, y: NDArray, sample_weight: NDArray | None) -> NDArray[np.float64]:
        """Return the weighted share of the records with each label."""
        return np.array([class_prior(column, sample_weight, 2)[1] for column in y.T.astype(int)])

    def check_left(self, classes: NDArray, y: NDArray) -> None:
        """Raise a ValueError if no record has beats; a label may be lost with its records."""
        check_classes_left(np.arange(1), np.zeros(len(y), dtype=np.int64))

    def ballots(self, predicted: NDArray, classes: NDArray) -> NDArray[np.float64]:
        """Return 1 for each predicted label of each beat, and 0 for others."""
        return np.asarray(predicted, dtype=np.float64)

    def count(
        self, voting: Voting, ballots: NDArray[np.float64], row: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return the probabilities of the rows."""
        if callable(voting):
            return called_label_votes(voting, ballots, row)
        return LABEL_VOTES[voting](ballots, row)

    def decide(self, probabilities: NDArray[np.float64], classes: NDArray) -> NDArray:
        """Return 1 for every label that is more probable than not, else 0."""
        return (probabilities > 0.5).astype(int)

    def no_labels(self, classes: NDArray) -> NDArray:
        """Return the labels of no beat."""
        return np.empty((0, len(classes)), dtype=int)
