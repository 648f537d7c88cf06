"""Fitted classifier, network and input, as needed by all inspection functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from torch import Tensor, nn

from ..classifiers import BaseECGClassifier
from ..networks import Scaled


def unwrap(clf: BaseEstimator, X: ArrayLike) -> tuple[BaseECGClassifier, ArrayLike]:
    """Return the classifier inside a search, pipeline or frozen estimator, and its input.

    Raises
    ------
    TypeError
        If there is no classifier of this package.
    """
    found: BaseEstimator = clf
    while not isinstance(found, BaseECGClassifier):
        if hasattr(found, "best_estimator_"):
            found = found.best_estimator_
        elif isinstance(found, FrozenEstimator):
            found = found.estimator
        elif isinstance(found, Pipeline):
            X = found[:-1].transform(X) if len(found) > 1 else X
            found = found[-1]
        else:
            raise TypeError(
                "clf must be a fitted classifier of skecg, or a pipeline or search that ends in "
                f"one; got {clf!r}"
            )
    return found, X


def pick(X: ArrayLike, sample: int) -> ArrayLike:
    """Return one sample of X, of shape (1, ...), with its column names if X is a data frame."""
    chosen = np.arange(len(X))[sample]
    return X.iloc[[chosen]] if hasattr(X, "iloc") else np.asarray(X)[[chosen]]


def as_read(module: nn.Module, x: Tensor) -> Tensor:
    """Return samples as input of the network, scaled if the network scales its input."""
    return module.rescale(x) if isinstance(module, Scaled) else x


def check_names(wanted: list[str] | None, known: list[str], what: str) -> list[str]:
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
