"""Private and experimental names of other libraries, in the one place that uses them."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils._param_validation import HasMethods, Hidden, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight as check_sample_weight
from sklearn.utils.validation import _num_samples as num_samples

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9
    from collections.abc import Callable

    class CallbackSupportMixin:
        """Nothing: without ``set_callbacks`` no estimator has a callback."""

    def with_callbacks(method: Callable) -> Callable:
        """Return the method as it is."""
        return method


# Formats that a fitted SimpleImputer computes in; scikit-learn before 1.8 has only the first.
IMPUTER_DTYPES = ("_fit_dtype", "_fill_dtype")


def validate_params(estimator: BaseEstimator) -> None:
    """Raise a ValueError where a parameter breaks what the estimator declares about it."""
    estimator._validate_params()


def parameter_names(estimator_class: type[BaseEstimator]) -> set[str]:
    """Return the names of the parameters of an estimator's constructor."""
    return set(estimator_class._get_param_names())


def metadata_requests(estimator: BaseEstimator) -> dict[str, dict[str, Any]] | None:
    """Return what ``set_{method}_request`` was told, by method; None where it was not called."""
    if "_metadata_request" not in vars(estimator):
        return None
    request = estimator._get_metadata_request()
    methods = ("fit", "partial_fit", "score", "predict", "transform")
    found = {method: dict(getattr(request, method).requests) for method in methods}
    return {method: requests for method, requests in found.items() if requests}


def output_container(estimator: BaseEstimator) -> str | None:
    """Return the container that ``set_output`` was told; None where it was told none."""
    return vars(estimator).get("_sklearn_output_config", {}).get("transform")


def calibrator_classes() -> dict[str, type]:
    """Return the calibrators of CalibratedClassifierCV by its ``method``."""
    from sklearn import calibration

    found = {"sigmoid": calibration._SigmoidCalibration, "isotonic": calibration.IsotonicRegression}
    if hasattr(calibration, "_TemperatureScaling"):  # scikit-learn 1.8
        found["temperature"] = calibration._TemperatureScaling
    return found


def calibrated_classifier(estimator: Any, calibrators: list, classes: Any, method: str) -> Any:
    """Return an element of ``calibrated_classifiers_`` of a CalibratedClassifierCV."""
    from sklearn.calibration import _CalibratedClassifier

    return _CalibratedClassifier(estimator, calibrators, classes=classes, method=method)


__all__ = [
    "IMPUTER_DTYPES",
    "BaseSearchCV",
    "CallbackSupportMixin",
    "HasMethods",
    "Hidden",
    "Interval",
    "StrOptions",
    "calibrated_classifier",
    "calibrator_classes",
    "check_sample_weight",
    "metadata_requests",
    "num_samples",
    "output_container",
    "parameter_names",
    "safe_indexing",
    "validate_params",
    "with_callbacks",
]
