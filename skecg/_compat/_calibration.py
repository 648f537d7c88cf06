"""Private names of fitted estimators of scikit-learn that a model file holds, seen in 1.9.1."""

from __future__ import annotations

from typing import Any

# Formats that a fitted SimpleImputer computes in; scikit-learn before 1.8 has only the first.
IMPUTER_DTYPES = ("_fit_dtype", "_fill_dtype")


def calibrator_classes() -> dict[str, type]:
    """Return the calibrators of CalibratedClassifierCV by its ``method``, those that there are."""
    from sklearn import calibration

    names = {
        "sigmoid": "_SigmoidCalibration",
        "isotonic": "IsotonicRegression",
        "temperature": "_TemperatureScaling",  # since scikit-learn 1.8
    }
    return {k: getattr(calibration, n) for k, n in names.items() if hasattr(calibration, n)}


def calibrated_classifier(estimator: Any, calibrators: list, classes: Any, method: str) -> Any:
    """Return an element of ``calibrated_classifiers_`` of a CalibratedClassifierCV.

    Raises
    ------
    TypeError
        If this version of scikit-learn has no such class.
    """
    from sklearn import calibration

    found = getattr(calibration, "_CalibratedClassifier", None)
    if found is None:
        raise TypeError(
            "this version of scikit-learn keeps its calibrated classifiers in another way, which a "
            "model file cannot hold; joblib or skops can"
        )
    return found(estimator, calibrators, classes=classes, method=method)
