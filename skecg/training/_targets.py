"""What a network learns to say of a sample: one class of several, or several labels at once.

All that differs between the two is here: how y is coded, weighted, held out and learned, and what
the network's outputs (logits) mean. The rest of the package asks these objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils.multiclass import check_classification_targets
from torch import Tensor, nn
from torch.nn import functional as F

from ..samples import class_weights, label_weights
from ._facts import TrainingFacts
from ._label_split import label_split
from ._losses import label_loss, sample_loss
from ._validation_split import validation_split


@dataclass(frozen=True)
class OneClass:
    """Every sample has one class; y has one label per sample, which becomes the class's code."""

    multilabel: ClassVar = False
    criterion: ClassVar = nn.CrossEntropyLoss

    def classes_of(self, y: np.ndarray, classes: ArrayLike | None = None) -> np.ndarray:
        """Return the classes, sorted: those that are given, or those of y.

        Raises
        ------
        ValueError
            If y is continuous, or there are fewer than two classes.
        """
        check_classification_targets(y)
        classes = np.unique(y if classes is None else classes)
        if len(classes) < 2:
            found = f"only one class, {classes.tolist()[0]!r}" if len(classes) else "no class"
            raise ValueError(f"y must have samples of at least 2 classes; got {found}")
        return classes

    def encode(self, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return the code of every sample, its class's index in ``classes``.

        Raises
        ------
        ValueError
            If y is of another kind, or has other classes.
        """
        if y.ndim != 1:
            raise ValueError(
                f"y must have one of the classes {classes.tolist()} for each sample, as in the "
                f"first call; got a y of shape {y.shape}"
            )
        check_classification_targets(y)
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(
                "y has labels that are not among the classes of the first call: "
                f"{unknown[:5].tolist()}; classes are {classes.tolist()}"
            )
        return np.searchsorted(classes, y)

    def check_shuffle(self, shuffle: Any) -> None:
        """Any order of the samples will do."""

    def weights(self, y: np.ndarray, class_weight: Any) -> np.ndarray | None:
        """Return the weight of every sample's class."""
        return class_weights(y, class_weight)

    def facts(self, codes: np.ndarray, n_outputs: int, groups: Any) -> TrainingFacts:
        """Return what a model card says of samples."""
        return TrainingFacts.of(codes, n_outputs, groups)

    def held_out(
        self, codes: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Split samples into a training and a validation part."""
        return validation_split(codes, groups, fraction, seed)

    def loss(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of a batch."""
        return sample_loss(logits, y, weights)

    def decide(self, logits: Tensor) -> Tensor:
        """Return the code of the most probable class."""
        return logits.argmax(1)

    def n_right(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return how many samples of a batch are right."""
        return (self.decide(logits) == y).sum()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of every class."""
        return logits.softmax(1)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Return the logarithms of the probabilities."""
        return logits.log_softmax(1)

    def decode(self, decided: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return y for what was decided."""
        return classes[decided]

    def describe(self, classes: np.ndarray) -> str:
        """Name the classes in an error."""
        return f"{classes.tolist()}"


@dataclass(frozen=True)
class SeveralLabels:
    """A sample has any number of labels; y is a matrix of 0 and 1 with a column for each."""

    multilabel: ClassVar = True
    criterion: ClassVar = nn.BCEWithLogitsLoss

    def classes_of(self, y: np.ndarray, classes: ArrayLike | None = None) -> np.ndarray:
        """Return the numbers of the columns of y, as scikit-learn's ``MLPClassifier`` does.

        Raises
        ------
        ValueError
            If y has other values than 0 and 1, or ``classes`` are not the numbers of its columns.
        """
        columns = np.arange(y.shape[1])
        self._check_values(y)
        if classes is not None and not np.array_equal(np.unique(classes), columns):
            raise ValueError(
                f"y has {len(columns)} columns, so classes must be None or their numbers "
                f"{columns.tolist()}; got {classes!r}"
            )
        return columns

    def encode(self, y: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return y in floating-point numbers, as the loss takes it.

        Raises
        ------
        ValueError
            If y is of another kind, or has another number of columns.
        """
        if y.ndim != 2 or y.shape[1] != len(classes):
            raise ValueError(
                f"y must be a matrix of 0 and 1 with {len(classes)} columns, one for each label, "
                f"as in the first call; got a y of shape {y.shape}"
            )
        self._check_values(y)
        return y.astype(np.float32)

    @staticmethod
    def _check_values(y: np.ndarray) -> None:
        try:
            found = np.unique(y)
            wrong = found[~np.isin(found.astype(np.float64), (0, 1))]
        except (TypeError, ValueError):  # strings, or a mixture
            wrong = y.ravel()
        if len(wrong):
            raise ValueError(
                f"a y of several columns must have only 0 and 1, whether a sample has the label; "
                f"got a y of shape {y.shape} with {wrong[:3].tolist()}. Lists of labels become "
                "such a matrix by sklearn.preprocessing.MultiLabelBinarizer; for columns of "
                "several classes use sklearn.multioutput.MultiOutputClassifier(classifier)"
            )

    def check_shuffle(self, shuffle: Any) -> None:
        """Raise a ValueError unless samples with several labels can be in this order."""
        if shuffle == "balanced":
            raise ValueError(
                "shuffle='balanced' draws equally many samples of each class, but a y of several "
                "columns may give a sample several labels or none; use shuffle=True and "
                "class_weight='balanced'"
            )

    def weights(self, y: np.ndarray, class_weight: Any) -> np.ndarray | None:
        """Return the weight of every entry of y."""
        return label_weights(y, class_weight)

    def facts(self, codes: np.ndarray, n_outputs: int, groups: Any) -> TrainingFacts:
        """Return what a model card says of samples."""
        return TrainingFacts.of_labels(codes, groups)

    def held_out(
        self, codes: np.ndarray, groups: np.ndarray | None, fraction: float, seed: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Split samples into a training and a validation part."""
        return label_split(codes, groups, fraction, seed)

    def loss(self, logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """Return the loss of a batch."""
        return label_loss(logits, y, weights)

    def decide(self, logits: Tensor) -> Tensor:
        """Return 1 for every label that is more probable than not, else 0."""
        return (logits > 0).long()

    def n_right(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return of how many samples of a batch all labels are right."""
        return (self.decide(logits) == y).all(1).sum()

    def probabilities(self, logits: Tensor) -> Tensor:
        """Return the probability of every label."""
        return logits.sigmoid()

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Return the logarithms of the probabilities."""
        return F.logsigmoid(logits)

    def decode(self, decided: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Return y for what was decided."""
        return decided.astype(int, copy=False)

    def describe(self, classes: np.ndarray) -> str:
        """Name the labels in an error."""
        return f"{len(classes)} labels at once"


Targets = OneClass | SeveralLabels


def targets_of(y: np.ndarray) -> Targets:
    """Return the kind of targets that y has."""
    return SeveralLabels() if y.ndim == 2 else OneClass()
