"""What transformers and scikit-learn's own steps have learned: the names, and what they must be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)

from .._compat import IMPUTER_DTYPES
from ..preprocessing import SignalScaler
from ..storage import ModelFileError

# Tells whether a value is sound, given the lengths of the axes that are known so far.
Check = Callable[[Any, dict[str, int], BaseEstimator], bool]


def _array(*axes: str, finite: bool = False, unless: str = "", kinds: str = "f") -> Check:
    """Return the check of an array whose axes have names; it is None where ``unless`` is False."""

    def check(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
        if value is None:
            return unless != "" and not getattr(estimator, unless)
        return (
            isinstance(value, np.ndarray)
            and value.dtype.kind in kinds
            and value.ndim == len(axes)
            and all(lengths.setdefault(a, n) == n for a, n in zip(axes, value.shape))
            and not (finite and not np.isfinite(value).all())
        )

    return check


def _number(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    is_number = isinstance(value, int | float | np.number) and type(value) is not bool
    return bool(is_number and 0 <= value < 2**53)


def _numbers(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    # One number of samples, or one of every feature where some values were missing.
    of_features = _array("features", finite=True, kinds="fi")
    return _number(value, lengths, estimator) or of_features(value, lengths, estimator)


def _statistics(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    # Of the strategy "constant" they are an array of objects: here a list.
    if type(value) is list:
        return len(value) == lengths["features"] and all(type(n) in (int, float) for n in value)
    return _array("features", kinds="fi")(value, lengths, estimator)


def _n_components(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    return isinstance(value, int | np.integer) and lengths.get("components") == value


def _number_format(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    return type(value) is str and value in ("float16", "float32", "float64", "int32", "int64")


def _nothing(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    return value is None


def _classes(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    if not are_classes(value):
        return False
    lengths["outputs"] = 1 if len(value) == 2 else len(value)
    return True


def _of_training(value: Any, lengths: dict[str, int], estimator: BaseEstimator) -> bool:
    if estimator.by != "training":
        return value is None
    return _array("leads", finite=True)(value, lengths, estimator)


_FEATURES = _array("features")
_CHECKS: dict[type[BaseEstimator], dict[str, Check]] = {
    FunctionTransformer: {},
    StandardScaler: {
        "mean_": _array("features", unless="with_mean"),
        "var_": _array("features", unless="with_std"),
        "scale_": _array("features", unless="with_std"),
        "n_samples_seen_": _numbers,
    },
    MinMaxScaler: {
        **dict.fromkeys(("min_", "scale_", "data_min_", "data_max_", "data_range_"), _FEATURES),
        "n_samples_seen_": _numbers,
    },
    RobustScaler: {
        "center_": _array("features", unless="with_centering"),
        "scale_": _array("features", unless="with_scaling"),
    },
    SimpleImputer: {
        "statistics_": _statistics,
        "indicator_": _nothing,
        **dict.fromkeys(IMPUTER_DTYPES, _number_format),
    },
    PCA: {
        "components_": _array("components", "features", finite=True),
        **dict.fromkeys(
            ("explained_variance_", "explained_variance_ratio_", "singular_values_"),
            _array("components", finite=True),
        ),
        "mean_": _array("features", finite=True),
        "n_components_": _n_components,
        "n_samples_": _number,
        "noise_variance_": _number,
    },
    LogisticRegression: {
        "classes_": _classes,
        "coef_": _array("outputs", "features", finite=True),
        "intercept_": _array("outputs", finite=True),
        "n_iter_": _array("solutions", kinds="i"),
    },
}
SKLEARN_STEPS = tuple(_CHECKS)
_CHECKS[SignalScaler] = dict.fromkeys(("center_", "scale_"), _of_training)
_OF_INPUT = ("n_features_in_", "feature_names_in_")


def learned_by(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the fitted attributes of a transformer, or of a step of scikit-learn's, by name.

    Raises
    ------
    ModelFileError
        If it has learned what a file cannot hold.
    """
    names = (*_OF_INPUT, *_CHECKS.get(type(estimator), ()))
    learned = {name: vars(estimator)[name] for name in names if name in vars(estimator)}
    for name in IMPUTER_DTYPES:
        if name in learned:
            learned[name] = str(learned[name])
    statistics = learned.get("statistics_")
    if isinstance(statistics, np.ndarray) and statistics.dtype.kind == "O":
        learned["statistics_"] = statistics.tolist()
    _check(estimator, learned)
    return learned


def restore_learned(estimator: BaseEstimator, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such an estimator learns.
    """
    _check(estimator, learned)
    for name, value in learned.items():
        setattr(estimator, name, np.array(value, object) if type(value) is list else value)
    if IMPUTER_DTYPES[0] in learned:
        dtypes = [np.dtype(learned.get(n, learned[IMPUTER_DTYPES[0]])) for n in IMPUTER_DTYPES]
        vars(estimator).update(zip(IMPUTER_DTYPES, dtypes))


def are_classes(value: Any) -> TypeGuard[np.ndarray]:
    """Tell whether a value is an array of at least two labels, sorted, each once."""
    return (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and len(value) >= 2
        and np.array_equal(np.unique(value), value)
    )


def check_input(learned: dict[str, Any], name: str) -> None:
    """Raise a ModelFileError unless the number and the names of the columns are sound."""
    n, names = learned.get("n_features_in_"), learned.get("feature_names_in_")
    if type(n) is not int or not 0 < n < 2**48:
        raise ModelFileError(f"n_features_in_ of a {name} is broken")
    if names is not None and not (
        isinstance(names, np.ndarray) and names.dtype == object and names.shape == (n,)
    ):
        raise ModelFileError(f"the feature names of a {name} are broken")


def _check(estimator: BaseEstimator, learned: dict[str, Any]) -> None:
    if not learned:
        return
    checks, name = _CHECKS.get(type(estimator), {}), type(estimator).__name__
    if type(estimator) is not SignalScaler or learned.keys() & {*_OF_INPUT}:
        check_input(learned, name)  # fitted on records of different lengths, a scaler has none
    optional = {*_OF_INPUT, *IMPUTER_DTYPES[1:]}
    if learned.keys() - optional != checks.keys() - optional:
        raise ModelFileError(f"the fitted attributes of a {name} are incomplete or unknown")
    lengths = {"features": learned.get("n_features_in_", 0)}
    broken = [
        a
        for a, check in checks.items()
        if a in learned and not check(learned[a], lengths, estimator)
    ]
    if broken:
        raise ModelFileError(f"the fitted attributes of a {name} are broken: {', '.join(broken)}")
