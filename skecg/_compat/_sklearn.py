"""Private names of scikit-learn, seen in 1.9.1, and what replaces them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.utils import check_array

try:
    from sklearn.model_selection._search import BaseSearchCV
except ImportError:
    BaseSearchCV = (GridSearchCV, RandomizedSearchCV)  # for isinstance

try:
    from sklearn.utils.validation import _num_samples as num_samples
except ImportError:

    def num_samples(X: Any) -> int:
        """Return the number of samples."""
        shape = getattr(X, "shape", None)
        if shape == () or not (hasattr(X, "__len__") or hasattr(X, "__array__")):
            raise TypeError(f"Expected sequence or array-like, got {type(X)}")
        return len(X) if shape is None and hasattr(X, "__len__") else np.shape(X)[0]


try:
    from sklearn.utils import _safe_indexing as safe_indexing
except ImportError:

    def safe_indexing(X: Any, indices: Any) -> Any:
        """Return samples of an array, a data frame or a list, in its own kind."""
        if hasattr(X, "iloc"):
            return X.iloc[indices]
        if hasattr(X, "shape"):
            return X[indices]
        return [X[i] for i in indices]


try:
    from sklearn.utils.validation import _check_sample_weight
except ImportError:
    _check_sample_weight = None


def check_sample_weight(
    sample_weight: ArrayLike | float | None,
    X: Any,
    *,
    dtype: Any = None,
    ensure_non_negative: bool = False,
) -> NDArray:
    """Return one finite weight for each sample, ones for None.

    Raises
    ------
    ValueError
        If there is not one for each sample, or one is NaN, infinite or, if asked for, negative.
    """
    if _check_sample_weight is not None:
        return _check_sample_weight(
            sample_weight, X, dtype=dtype, ensure_non_negative=ensure_non_negative
        )
    n = num_samples(X)
    dtypes = [np.float64, np.float32] if dtype is None else dtype
    if sample_weight is None or np.ndim(sample_weight) == 0:
        sample_weight = np.full(n, 1.0 if sample_weight is None else sample_weight)
    weights = check_array(
        sample_weight, ensure_2d=False, dtype=dtypes, order="C", input_name="sample_weight"
    )
    if weights.shape != (n,):
        raise ValueError(f"sample_weight.shape == {weights.shape}, expected {(n,)}!")
    if ensure_non_negative and (weights < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`")
    return weights


# Metadata ---------------------------------------------------------------------------------------


def routing_enabled() -> bool:
    """Tell whether metadata routing is enabled; the public configuration says it."""
    return bool(get_config().get("enable_metadata_routing", False))


def raise_for_params(params: dict[str, Any], owner: BaseEstimator, method: str) -> None:
    """Raise a ValueError if there is metadata and routing is not enabled."""
    if params and not routing_enabled():
        raise ValueError(
            f"{type(owner).__name__}.{method} takes {', '.join(sorted(params))} only with metadata "
            "routing: call sklearn.set_config(enable_metadata_routing=True)"
        )


def check_method_params(X: Any, params: dict[str, Any], indices: ArrayLike) -> dict[str, Any]:
    """Return metadata of the chosen samples; what has not one entry for each stays as it is."""
    n, chosen = num_samples(X), {}
    for name, value in params.items():
        if _has_one_each(value, n):
            value = safe_indexing(value.tocsr() if issparse(value) else value, indices)
        chosen[name] = value
    return chosen


def _has_one_each(value: Any, n_samples: int) -> bool:
    if isinstance(value, str | bytes | dict) or getattr(value, "shape", None) == ():
        return False
    is_array_like = hasattr(value, "__len__") or hasattr(value, "shape")
    return is_array_like and num_samples(value) == n_samples


def metadata_requests(
    estimator: BaseEstimator,
    methods: Iterable[str] = ("fit", "partial_fit", "score", "predict", "transform"),
) -> dict[str, dict[str, bool | str | None]] | None:
    """Return what was requested by ``set_fit_request`` and its like.

    By public names alone: what a new estimator of that class requests was not asked for.

    Returns
    -------
    dict of {method: {metadata: request}} or None
        None where nothing differs from what the class requests.
    """
    new = object.__new__(type(estimator))
    vars(new).update(estimator.get_params(deep=False))  # a FrozenEstimator asks what it holds
    own, default = (
        {
            method: dict(requests)
            for method in methods
            if (requests := getattr(BaseEstimator.get_metadata_routing(each), method).requests)
        }
        for each in (estimator, new)
    )
    return None if own == default else own


# Estimators -------------------------------------------------------------------------------------


def output_container(estimator: BaseEstimator) -> str | None:
    """Return the container asked for by ``set_output(transform=...)``, None where none was.

    Where ``_sklearn_output_config`` is missing, none is known: the estimator follows
    ``sklearn.set_config``.
    """
    return vars(estimator).get("_sklearn_output_config", {}).get("transform")


def parameter_names(cls: type) -> list[str]:
    """Return the names of the parameters of a class of estimators, by its signature."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(cls).parameters.values()
    return sorted(each.name for each in parameters if each.kind not in variable)


def validate_steps(pipeline: Any) -> None:
    """Check the steps of a pipeline as its ``fit`` does.

    Raises
    ------
    TypeError, ValueError
        If a step but the last does not transform, or names are not unique or have ``"__"``.
    """
    own = getattr(pipeline, "_validate_steps", None)
    if own is not None:
        own()
        return
    names = [name for name, _ in pipeline.steps]
    if len(set(names)) < len(names) or any("__" in name for name in names):
        raise ValueError(f"the names of the steps must be unique, without '__'; got {names}")
    for name, step in pipeline.steps[:-1]:
        if step not in (None, "passthrough") and not (
            hasattr(step, "fit") and (hasattr(step, "transform") or hasattr(step, "fit_resample"))
        ):
            raise TypeError(f"step {name!r} must have fit and transform; got {step!r}")
