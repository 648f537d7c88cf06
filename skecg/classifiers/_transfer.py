"""Where ``init_from`` takes its weights."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..storage import read_classifier


@dataclass(frozen=True)
class Source:
    """Weights to start from: what they are called, their classes and the ``state_dict``."""

    name: str
    classes: np.ndarray
    weights: dict[str, Tensor]


def resolve_source(init_from: Any) -> Source:
    """Turn an ``init_from`` parameter into weights.

    Raises
    ------
    TypeError
        If it is neither a fitted classifier of this package in a ``FrozenEstimator`` nor a path.
    ModelFileError
        If the file is not intact or has no fitted classifier.
    """
    if isinstance(init_from, str | os.PathLike):
        stored = read_classifier(init_from)
        weights = {name: torch.from_numpy(array) for name, array in stored.weights.items()}
        return Source(f"{stored.class_name} in {os.fspath(init_from)}", stored.classes, weights)
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
    fitted = init_from.estimator
    if isinstance(fitted, Pipeline):
        fitted = fitted[-1]
    if not hasattr(fitted, "_module_factory"):
        raise TypeError(
            "init_from must hold a classifier of this package; its FrozenEstimator holds "
            f"{type(fitted).__name__}"
        )
    check_is_fitted(fitted, "net_")
    return Source(type(fitted).__name__, fitted.classes_, fitted.module_.state_dict())
