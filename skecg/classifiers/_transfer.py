"""Where ``init_from`` takes its weights."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..storage import read_classifier
from ..training import OneClass, SeveralLabels, Targets


@dataclass(frozen=True)
class Source:
    """Weights to start from: what they are called, what they say and the ``state_dict``."""

    name: str
    targets: Targets
    classes: np.ndarray
    weights: dict[str, Tensor]


def resolve_source(init_from: Any) -> Source:
    """Turn an ``init_from`` parameter into weights.

    Raises
    ------
    TypeError
        If it is neither a path nor a ``FrozenEstimator`` that holds one fitted classifier of this
        package.
    ModelFileError
        If the file is not intact or has no fitted classifier.
    """
    if isinstance(init_from, str | os.PathLike):
        stored = read_classifier(init_from)
        weights = {name: torch.from_numpy(array) for name, array in stored.weights.items()}
        name = f"{stored.class_name} in {os.fspath(init_from)}"
        targets = SeveralLabels() if stored.multilabel else OneClass()
        return Source(name, targets, stored.classes, weights)
    if not isinstance(init_from, FrozenEstimator):
        remedy = ""
        if isinstance(init_from, BaseEstimator):
            remedy = (
                ". scikit-learn's clone would return a bare estimator unfitted: "
                "init_from=FrozenEstimator(classifier), from sklearn.frozen"
            )
        raise TypeError(
            "init_from must be a fitted classifier in a FrozenEstimator, or the path of a file "
            f"written by skecg.save; got {type(init_from).__name__}{remedy}"
        )
    found = list(_networks_of(init_from.estimator))
    if len(found) != 1:
        raise TypeError(
            "init_from must hold one classifier of this package; its FrozenEstimator holds "
            f"{type(init_from.estimator).__name__}, in which there are {len(found)}"
        )
    check_is_fitted(found[0], "net_")
    net = found[0].net_
    weights = net.module_.state_dict()
    return Source(type(found[0]).__name__, net.targets, found[0].classes_, weights)


def _networks_of(estimator: Any) -> Iterator[Any]:
    """Yield the classifiers of this package in an estimator: itself, or what it has fitted."""
    if hasattr(estimator, "_module_factory"):
        yield estimator
    elif isinstance(estimator, Pipeline):
        yield from _networks_of(estimator[-1])
    elif isinstance(estimator, FrozenEstimator):
        yield from _networks_of(estimator.estimator)
    else:
        for inner in (getattr(estimator, "classifier_", None), *_members(estimator)):
            if inner is not None:
                yield from _networks_of(inner)


def _members(estimator: Any) -> list[Any]:
    # A vote has fitted estimators; those of a forest are no concern of ours.
    return estimator.estimators_ if isinstance(estimator, VotingClassifier) else []
