"""The estimators that a file may name, and what its writer and its reader agree on."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer

from .. import augmentation, classifiers, preprocessing, records
from .._compat import validate_params
from ..classifiers import BaseECGClassifier, ECGNeuralClassifier
from ..storage import ModelFileError, not_finite
from ._fitted_attributes import SKLEARN_STEPS
from ._forests import size_of_forest
from ._trees import size_of_trees

# Nothing else is ever made from a file. Bases are left out: they are no estimators.
ESTIMATORS: dict[str, type[BaseEstimator]] = {
    **{name: getattr(classifiers, name) for name in classifiers.__all__ if name.startswith("ECG")},
    **{
        name: getattr(room, name)
        for room in (augmentation, preprocessing, records)
        for name in room.__all__
        if issubclass(getattr(room, name), BaseEstimator)
    },
    **{
        cls.__name__: cls
        for cls in (
            *SKLEARN_STEPS, CalibratedClassifierCV, ExtraTreesClassifier, FeatureUnion,
            FrozenEstimator, HistGradientBoostingClassifier, Pipeline, RandomForestClassifier,
            VotingClassifier,
        )
    },
}  # fmt: skip
# How many trees, nodes and shares of classes are in what they learned.
SIZES = {
    HistGradientBoostingClassifier: size_of_trees,
    ExtraTreesClassifier: size_of_forest,
    RandomForestClassifier: size_of_forest,
}
# The last one only where records have several labels at once.
LEARNED_BY_RECORDS = ("classes_", "class_prior_", "segmenter_", "classifier_", "_several_labels")
REQUESTS = ("fit", "partial_fit", "score", "predict", "transform")
# Folders belong to a machine; what lies in a cache's is read by pickle.
NEVER_STORED = ("callbacks", "checkpoint_dir", "memory")
# Each takes its time to be made, a network most; no sensible pipeline has as many.
_MAX_ESTIMATORS = 100
_MAX_NETWORKS = 20
# Arrays of all networks together.
_MAX_WEIGHTS = 2**11
# Of all models together.
_MAX_TREES = 2**14
_MAX_NODES = 2**19
# Of the nodes of forests, one for each class; few bytes of a file can stand for many.
_MAX_SHARES = 3 * 2**19


class Counter:
    """How many estimators, weights and trees a file has so far."""

    def __init__(self) -> None:
        self._n_estimators = self._n_networks = self._n_weights = 0
        self._n_trees = self._n_nodes = self._n_shares = 0

    def add(self, *, is_network: bool) -> None:
        """Count one more; raise a ModelFileError if that is too many."""
        self._n_estimators += 1
        self._n_networks += is_network
        if self._n_estimators > _MAX_ESTIMATORS:
            raise ModelFileError(f"a model file holds at most {_MAX_ESTIMATORS} estimators")
        if self._n_networks > _MAX_NETWORKS:
            raise ModelFileError(f"a model file holds at most {_MAX_NETWORKS} fitted networks")

    def add_weights(self, n_arrays: int) -> None:
        """Count the arrays of a network; raise a ModelFileError if that is too many."""
        self._n_weights += n_arrays
        if self._n_weights > _MAX_WEIGHTS:
            raise ModelFileError(
                f"a model file holds networks of at most {_MAX_WEIGHTS:,} arrays of weights"
            )

    def add_trees(self, n_trees: int, n_nodes: int, n_shares: int = 0) -> None:
        """Count the trees of a model; raise a ModelFileError if that is too many."""
        self._n_shares += n_shares
        self._n_trees += n_trees
        self._n_nodes += n_nodes
        if self._n_trees > _MAX_TREES or self._n_nodes > _MAX_NODES:
            raise ModelFileError(
                f"a model file holds at most {_MAX_TREES:,} trees, of {_MAX_NODES:,} nodes in all"
            )
        if self._n_shares > _MAX_SHARES:
            raise ModelFileError(
                f"a model file holds at most {_MAX_SHARES:,} nodes of forests times their classes"
            )


def code_tag(estimator_class: type[BaseEstimator], param: str) -> str | None:
    """Return the tag by which a parameter may name code, or None where it may not."""
    if estimator_class is ECGNeuralClassifier and param in ("module", "module_params"):
        return "$module"
    if estimator_class is FunctionTransformer and param in ("func", "inverse_func"):
        return "$function"
    return None


def named_steps(estimator_class: type[BaseEstimator]) -> str | None:
    """Return the parameter that is a list of names and steps, if there is one."""
    names = {Pipeline: "steps", FeatureUnion: "transformer_list", VotingClassifier: "estimators"}
    return names.get(estimator_class)


def check_params(estimator: BaseEstimator) -> None:
    """Raise a ValueError where a parameter is not what the estimator says it must be."""
    if not isinstance(estimator, FeatureUnion):
        validate_params(estimator)
        return
    weights = estimator.transformer_weights  # FeatureUnion says nothing
    if weights is not None and not (
        isinstance(weights, dict) and all(isinstance(w, int | float) for w in weights.values())
    ):
        raise ValueError(f"transformer_weights must be numbers by name; got {weights!r}")


def check_finite(classifier: BaseECGClassifier, weights: dict[str, np.ndarray]) -> None:
    """Raise a ValueError if weights are not finite; a user's buffer may be a mask of infinities."""
    buffers: set[str] = set()
    if isinstance(classifier, ECGNeuralClassifier):
        buffers = {name for name, _ in classifier.module_.named_buffers()}
    name = not_finite(weights, may_be_infinite=buffers)
    if name is not None:
        raise ValueError(
            f"the network has weights that are not finite, in {name!r}: it was damaged or its "
            "training diverged; fit again, with a lower learning_rate"
        )
