"""The public estimators as the common tests run them: small enough for seconds."""

from __future__ import annotations

import math

from sklearn.base import BaseEstimator
from torch import nn

import skecg
from skecg import BeatSegmenter, ECGNeuralClassifier, ECGResidualCNNClassifier


def perceptron(input_shape: tuple[int, ...], n_classes: int, width: int = 16) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(input_shape), width),
        nn.ReLU(),
        nn.Linear(width, n_classes),
    )


CLASSIFIERS = [
    ECGNeuralClassifier(module=perceptron, max_epochs=20, batch_size=16),
    ECGResidualCNNClassifier(max_epochs=15, batch_size=16, n_filters=8),
]
TRANSFORMERS = [BeatSegmenter()]


def public_estimators() -> set[type]:
    names = (getattr(skecg, name) for name in skecg.__all__)
    return {item for item in names if isinstance(item, type) and issubclass(item, BaseEstimator)}
