"""What a CalibratedClassifierCV has learned as plain values, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV

from .._compat import calibrated_classifier, calibrator_classes
from ..storage import ModelFileError
from ._fitted_attributes import are_classes

_ATTRIBUTES = {
    "sigmoid": ("a_", "b_"),
    "isotonic": ("X_thresholds_", "y_thresholds_", "X_min_", "X_max_", "increasing_"),
    "temperature": ("beta_",),
}


def learned_by_calibration(model: CalibratedClassifierCV) -> dict[str, Any]:
    """Return the fitted attributes as plain values, arrays and estimators."""
    if "calibrated_classifiers_" not in vars(model):
        return {}
    names = _ATTRIBUTES[model.method]
    parts = [
        {
            "estimator": part.estimator,
            "calibrators": [{n: getattr(c, n) for n in names} for c in part.calibrators],
        }
        for part in model.calibrated_classifiers_
    ]
    optional = ("n_features_in_", "feature_names_in_")
    of_input = {name: vars(model)[name] for name in optional if name in vars(model)}
    return {"classes_": model.classes_, "parts": parts, **of_input}


def restore_calibration(model: CalibratedClassifierCV, learned: dict[str, Any]) -> None:
    """Set fitted attributes.

    Raises
    ------
    ModelFileError
        If they are not what such a classifier learns.
    """
    learned = dict(learned)
    classes, parts = learned.pop("classes_", None), learned.pop("parts", None)
    if not are_classes(classes) or type(parts) is not list or not parts:
        raise ModelFileError("the fitted attributes of a CalibratedClassifierCV are broken")
    model.classes_ = classes
    model.calibrated_classifiers_ = [_part(model, **part) for part in parts]
    n, names = learned.pop("n_features_in_", None), learned.pop("feature_names_in_", None)
    if learned or not (n is None or (type(n) is int and 0 < n < 2**48)):
        raise ModelFileError("the fitted attributes of a CalibratedClassifierCV are unknown")
    if n is not None:
        model.n_features_in_ = n
    if names is not None:
        if not (isinstance(names, np.ndarray) and names.dtype == object and names.shape == (n,)):
            raise ModelFileError("the feature names of a CalibratedClassifierCV are broken")
        model.feature_names_in_ = names


def _part(model: CalibratedClassifierCV, estimator: Any, calibrators: Any) -> Any:
    found = getattr(estimator, "classes_", None)
    has_temperature = model.method == "temperature"
    if not (
        isinstance(estimator, BaseEstimator)
        and are_classes(found)
        # Under a temperature the classes are numbered.
        and (has_temperature or np.isin(found, model.classes_).all())
        and len(found) <= len(model.classes_)
    ):
        raise ModelFileError("a calibrated classifier is not fitted, or has other classes")
    one = len(model.classes_) == 2 or has_temperature
    if type(calibrators) is not list or len(calibrators) != (1 if one else len(found)):
        raise ModelFileError("a calibrated classifier has the wrong number of calibrators")
    made = [_calibrator(model.method, calibrator) for calibrator in calibrators]
    return calibrated_classifier(estimator, made, model.classes_, model.method)


def _calibrator(method: str, learned: dict[str, Any]) -> Any:
    if learned.keys() != {*_ATTRIBUTES[method]} or not _is_sound(learned):
        raise ModelFileError("a calibrator is broken")
    cls = calibrator_classes()[method]
    calibrator = cls(out_of_bounds="clip") if method == "isotonic" else cls()
    # Sets what it is given; an isotonic one makes its interpolation of it.
    calibrator.__setstate__({**vars(calibrator), **learned})
    return calibrator


def _is_sound(learned: dict[str, Any]) -> bool:
    learned = dict(learned)
    increasing = learned.pop("increasing_", True)
    thresholds = [learned.pop(n) for n in ("X_thresholds_", "y_thresholds_") if n in learned]
    if thresholds:
        x, y = thresholds
        if not all(
            isinstance(t, np.ndarray) and t.ndim == 1 and t.dtype.kind == "f" and len(t) == len(x)
            for t in thresholds
        ):
            return False
        if not (len(x) and np.isfinite([x, y]).all() and (np.diff(x) > 0).all()):
            return False
    return isinstance(increasing, bool | np.bool_) and all(
        isinstance(value, float | np.floating) and np.isfinite(value) for value in learned.values()
    )
