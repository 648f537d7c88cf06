"""Every classifier of the common tests, fitted for a moment."""

from __future__ import annotations

from functools import cache

import numpy as np
from estimators import CLASSIFIERS
from sklearn.base import BaseEstimator, clone

from skecg import ECGCNNClassifier, ECGResidualCNNClassifier

NAMES = [type(classifier).__name__ for classifier in CLASSIFIERS]
LABELS = np.array(["N", "S", "V"])
OF_SIGNALS = (ECGResidualCNNClassifier, ECGCNNClassifier)


@cache
def fitted(name: str, precision: str = "float64") -> tuple[BaseEstimator, np.ndarray]:
    """Return a fitted classifier and 5 of its samples."""
    rng = np.random.default_rng(0)
    classifier = clone(CLASSIFIERS[NAMES.index(name)])
    if isinstance(classifier, OF_SIGNALS):
        X = rng.standard_normal((24, 2, 150))
    else:
        X = rng.integers(0, 256, (24, 3, 21, 26), dtype=np.uint8)
    classifier.set_params(max_epochs=1, random_state=0, precision=precision, device="cpu")
    return classifier.fit(X, LABELS[np.arange(24) % 3]), X[:5]
