"""What ensembles of other fitted classifiers have learned as plain values, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from ..preprocessing import BeatWindows
from ..records import BeatAnnotator, BeatTreesClassifier
from ..storage import ModelFileError
from ._fitted_attributes import are_classes, check_input

_OF_INPUT = ("n_features_in_", "feature_names_in_")


# BeatTreesClassifier ------------------------------------------------------------------------------


def learned_by_beat_trees(model: BeatTreesClassifier) -> dict[str, Any]:
    """Return the fitted attributes as plain values, arrays and estimators."""
    names = ("classes_", "estimators_", *_OF_INPUT)
    return {name: vars(model)[name] for name in names if name in vars(model)}


def restore_beat_trees(model: BeatTreesClassifier, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such a classifier learns.
    """
    if learned.keys() - {_OF_INPUT[1]} != {"classes_", "estimators_", _OF_INPUT[0]}:
        raise ModelFileError("the fitted attributes of a BeatTreesClassifier are unknown or few")
    check_input(learned, "BeatTreesClassifier")
    classes, trees = learned["classes_"], learned["estimators_"]
    if not (
        are_classes(classes)
        and type(trees) is list
        and len(trees) == len(classes)
        and all(_tells_one_class(each, learned["n_features_in_"]) for each in trees)
    ):
        raise ModelFileError("the trees of a BeatTreesClassifier are broken")
    model.__dict__.update(learned)


def _tells_one_class(trees: Any, n_features: int) -> bool:
    return (
        isinstance(trees, HistGradientBoostingClassifier)
        and getattr(trees, "n_features_in_", None) == n_features
        and trees.classes_.dtype == bool
        and not hasattr(trees, "feature_names_in_")
    )


# BeatAnnotator ------------------------------------------------------------------------------------


_OF_ANNOTATOR = ("windows_", "classifier_", "classes_", "class_factors_")


def learned_by_annotator(model: BeatAnnotator) -> dict[str, Any]:
    """Return the fitted attributes as arrays and estimators."""
    return {name: vars(model)[name] for name in _OF_ANNOTATOR if name in vars(model)}


def restore_annotator(model: BeatAnnotator, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what an annotator learns.
    """
    if learned.keys() != set(_OF_ANNOTATOR):
        raise ModelFileError("the fitted attributes of a BeatAnnotator are unknown or few")
    classifier, classes = learned["classifier_"], learned["classes_"]
    factors = learned["class_factors_"]
    if not (
        isinstance(learned["windows_"], BeatWindows)
        and isinstance(factors, np.ndarray)
        and factors.dtype == np.float64
        and factors.shape == np.shape(classes)
        and (np.isfinite(factors) & (factors > 0)).all()
        and isinstance(classifier, BaseEstimator)
        and are_classes(classes)
        and np.array_equal(getattr(classifier, "classes_", ()), classes)
    ):
        raise ModelFileError("the fitted attributes of a BeatAnnotator are broken")
    model.__dict__.update(learned)


# VotingClassifier ---------------------------------------------------------------------------------


def learned_by_vote(model: VotingClassifier) -> dict[str, Any]:
    """Return the fitted attributes as plain values, arrays and estimators.

    An estimator that was frozen is among the parameters already; None stands for it.

    Raises
    ------
    ModelFileError
        If a reader would refuse the vote.
    """
    if "estimators_" not in vars(model):
        return {}
    steps = _steps(model)
    if len(steps) != len(model.estimators_):
        raise ModelFileError("its estimators were changed after fit")
    learned = {
        "classes_": model.classes_,
        "estimators_": [
            None if fitted is step and isinstance(step, FrozenEstimator) else fitted
            for (_, step), fitted in zip(steps, model.estimators_)
        ],
    }
    if "feature_names_in_" in vars(model):
        learned["feature_names_in_"] = model.feature_names_in_
    _check_vote(model, {**learned, "estimators_": model.estimators_})
    return learned


def restore_vote(model: VotingClassifier, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such a classifier learns.
    """
    steps, found = _steps(model), learned.get("estimators_")
    if type(found) is not list or len(found) != len(steps):
        raise ModelFileError("a VotingClassifier does not have one fitted estimator for each")
    fitted = [
        step if each is None and isinstance(step, FrozenEstimator) else each
        for (_, step), each in zip(steps, found)
    ]
    learned = {**learned, "estimators_": fitted}
    _check_vote(model, learned)
    vars(model).update(learned)
    model.le_ = LabelEncoder().fit(model.classes_)
    by_name = dict(zip((name for name, _ in steps), fitted))
    model.named_estimators_ = Bunch(**{n: by_name.get(n, "drop") for n, _ in model.estimators})


def _steps(model: VotingClassifier) -> list[tuple[str, BaseEstimator]]:
    return [(name, step) for name, step in model.estimators if isinstance(step, BaseEstimator)]


def _check_vote(model: VotingClassifier, learned: dict[str, Any]) -> None:
    if learned.keys() - {"feature_names_in_"} != {"classes_", "estimators_"}:
        raise ModelFileError("the fitted attributes of a VotingClassifier are unknown or few")
    classes, names = learned["classes_"], learned.get("feature_names_in_")
    if not (are_classes(classes) and learned["estimators_"]):
        raise ModelFileError("the fitted attributes of a VotingClassifier are broken")
    if names is not None and not (
        isinstance(names, np.ndarray) and names.dtype == object and names.ndim == 1
    ):
        raise ModelFileError("the feature names of a VotingClassifier are broken")
    for each in learned["estimators_"]:
        if not (isinstance(each, BaseEstimator) and _agrees(model, each, classes)):
            raise ModelFileError(
                "an estimator of a VotingClassifier is not fitted, or has other classes"
            )
    if not _are_weights(model.weights, len(model.estimators)):
        raise ModelFileError("the weights of a VotingClassifier are not one number for each")


def _agrees(model: VotingClassifier, estimator: BaseEstimator, classes: np.ndarray) -> bool:
    # A vote numbers the classes for all that it fits; what is frozen may know them by their names.
    # Hard votes are counted by these numbers.
    found = getattr(estimator, "classes_", None)
    if not are_classes(found):
        return False
    by_number = np.array_equal(found, np.arange(len(classes)))
    return by_number or (model.voting == "soft" and np.array_equal(found, classes))


def _are_weights(weights: Any, n: int) -> bool:
    if weights is None:
        return True
    try:
        numbers = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return False
    return numbers.shape == (n,) and bool(np.isfinite(numbers).all())
