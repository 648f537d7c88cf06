"""Fitted classifier, network and input, as needed by all inspection functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from torch import Tensor, nn

from ..classifiers import BaseECGClassifier
from ..networks import Scaled
from ..preprocessing import LeadCropper, TraceReader


def unwrap(clf: BaseEstimator, X: ArrayLike) -> tuple[BaseECGClassifier, ArrayLike]:
    """Return the classifier inside a search, pipeline or frozen estimator, and its input.

    Raises
    ------
    TypeError
        If there is no classifier of this package.
    """
    pipelines, found = _opened(clf)
    for pipeline in pipelines:
        X = pipeline[:-1].transform(X) if len(pipeline) > 1 else X
    return found, X


def _opened(clf: BaseEstimator) -> tuple[list[Pipeline], BaseECGClassifier]:
    """Return the pipelines around a classifier from the outermost, and the classifier."""
    found, pipelines = clf, []
    while not isinstance(found, BaseECGClassifier):
        if hasattr(found, "best_estimator_"):
            found = found.best_estimator_
        elif isinstance(found, FrozenEstimator):
            found = found.estimator
        elif isinstance(found, Pipeline):
            pipelines.append(found)
            found = found[-1]
        else:
            raise TypeError(
                "clf must be a fitted classifier of skecg, or a pipeline or search that ends in "
                f"one; got {clf!r}"
            )
    return pipelines, found


def names_of_leads(clf: BaseEstimator, shape: tuple[int, ...]) -> list[str] | None:
    """Return the names of the leads that a pipeline cuts out or reads, if they are known.

    Parameters
    ----------
    clf : classifier
        As for :func:`unwrap`.
    shape : tuple of int
        Shape of a sample as the network reads it, which has a channel, or in one picture a row,
        for each lead.
    """
    steps = [step for pipeline in _opened(clf)[0] for step in _steps_before_last(pipeline)]
    names = None
    for step in steps:
        if isinstance(step, LeadCropper | TraceReader):
            names = step.get_feature_names_out()
        elif names is not None and hasattr(step, "get_feature_names_out"):
            names = _chosen_names(step, names)
    of_leads = {shape[0], shape[1] if shape[0] == 1 and len(shape) == 3 else shape[0]}
    return names.tolist() if names is not None and len(names) in of_leads else None


def _chosen_names(step: BaseEstimator, names: NDArray) -> NDArray:
    """Return the names after a step; one that names something else keeps the leads as they are."""
    try:
        found = step.get_feature_names_out(names)
    except ValueError:
        return names
    return found if set(found) <= set(names) else names


def _steps_before_last(pipeline: Pipeline) -> Iterator[BaseEstimator]:
    for step in pipeline[:-1]:
        if isinstance(step, Pipeline):
            yield from _steps_before_last(step)
            step = step[-1]
        yield step


def predicted_class(clf: BaseECGClassifier, one: ArrayLike) -> tuple[object, float]:
    """Return the likeliest class of one sample of shape (1, ...), and its probability."""
    probabilities = clf.predict_proba(one)[0]
    code = int(probabilities.argmax())
    return clf.classes_[code], float(probabilities[code])


def pick(X: Any, sample: int) -> ArrayLike:
    """Return one sample of X, of shape (1, ...), with its column names if X is a data frame."""
    chosen = np.arange(len(X))[sample]
    if hasattr(X, "iloc"):
        return X.iloc[[chosen]]
    # Pictures in a list may differ in size.
    return [X[chosen]] if isinstance(X, list | tuple) else np.asarray(X)[[chosen]]


def as_read(module: nn.Module, x: Tensor) -> Tensor:
    """Return samples as input of the network, scaled if the network scales its input."""
    return module.rescale(x) if isinstance(module, Scaled) else x


def check_names(wanted: Sequence[str] | None, known: list[str], what: str) -> list[str]:
    """Return the wanted names in the order of the known ones; None means all of them.

    Raises
    ------
    TypeError
        If a string is given instead of a list.
    ValueError
        If a name is unknown.
    """
    if wanted is None:
        return known
    if isinstance(wanted, str):
        raise TypeError(f"layers must be a list of names; got the string {wanted!r}")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"got the unknown {what} {unknown[0]!r}; choose among {known}")
    return [name for name in known if name in set(wanted)]


def as_array(values: Tensor) -> NDArray[np.floating]:
    """Return values as an array; half precision is converted to float32."""
    if values.is_floating_point() and values.element_size() < 4:
        values = values.float()
    return values.detach().cpu().numpy()
