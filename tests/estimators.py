"""The public estimators as the common tests run them: small enough for seconds."""

from __future__ import annotations

import math

import numpy as np
from imblearn.combine import SMOTEENN
from imblearn.over_sampling import SMOTE, RandomOverSampler
from imblearn.under_sampling import TomekLinks
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import Bunch
from torch import nn

import skecg
from skecg import (
    BeatNumbers,
    BeatSegmenter,
    BeatTreesClassifier,
    BeatVoteClassifier,
    BeatWindows,
    ECGAttentionLSTMClassifier,
    ECGAttentionVGGClassifier,
    ECGCNN2DClassifier,
    ECGCNN3DClassifier,
    ECGCNNClassifier,
    ECGHybridClassifier,
    ECGNeuralClassifier,
    ECGResidualCNNClassifier,
    ECGTimeDistributedCNNClassifier,
    ECGViTClassifier,
    NDSampler,
    SignalFilter,
    SignalResampler,
    SignalScaler,
)
from skecg._compat import cpu_has_bfloat16_units


class Perceptron(nn.Sequential):
    def __init__(self, input_shape: tuple[int, ...], n_classes: int, width: int = 16) -> None:
        super().__init__(
            nn.Flatten(),
            nn.Linear(math.prod(input_shape), width),
            nn.ReLU(),
            nn.Linear(width, n_classes),
        )


class TwoFromEachRow(BaseEstimator):
    """Stands for BeatSegmenter where a row is a table's, of two numbers and more.

    In so short a row there is no R peak, and scaled to [0, 1] it would say next to nothing.
    """

    def fit(self, X: np.ndarray) -> TwoFromEachRow:
        return self

    def segment(self, X: np.ndarray) -> Bunch:
        beats = np.stack([X, 0.9 * X], axis=1).reshape(-1, X.shape[1])
        return Bunch(beats=beats, row=np.repeat(np.arange(len(X)), 2))


CLASSIFIERS = [
    ECGNeuralClassifier(module=Perceptron, max_epochs=20, batch_size=16),
    ECGResidualCNNClassifier(max_epochs=15, batch_size=16, n_filters=8),
    ECGCNNClassifier(max_epochs=15, batch_size=16, width=4, hidden_layer_sizes=(32, 16)),
    ECGViTClassifier(
        max_epochs=10, batch_size=16, learning_rate=5e-3,
        patch_size=4, dim=16, n_blocks=2, n_heads=2,
    ),
    ECGAttentionVGGClassifier(max_epochs=12, batch_size=48, learning_rate=1e-2, width=2),
    ECGCNN2DClassifier(
        max_epochs=10, batch_size=16, learning_rate=1e-2, width=4, n_blocks=2, n_hidden=16
    ),
    ECGCNN3DClassifier(
        max_epochs=10, batch_size=16, learning_rate=5e-3, width=4, n_blocks=2, dropout=0.0
    ),
    ECGAttentionLSTMClassifier(max_epochs=10, batch_size=16, learning_rate=1e-2, n_hidden=16),
    ECGHybridClassifier(
        max_epochs=10, batch_size=16, learning_rate=1e-2, width=4, n_blocks=1, n_recurrent=16
    ),
    ECGTimeDistributedCNNClassifier(
        max_epochs=10, batch_size=16, learning_rate=1e-2,
        n_steps=2, width=4, n_blocks=2, n_hidden=16,
    ),
]  # fmt: skip
# Checks of scikit-learn's that they cannot pass, and why.
FAILURES_OF_NETWORKS = {
    "check_sample_weight_equivalence_on_dense_data": "a sample of weight 2 is one of a mini-batch, "
    "a sample that stands twice is two, so the batches differ; "
    "test_weights_equal_repetition_in_one_batch shows that nothing else does"
}
# With a number beside the signal; in a table, that is its last column.
WITH_SIDE_FEATURES = [
    ECGResidualCNNClassifier(
        max_epochs=10, batch_size=64, learning_rate=1e-2, n_filters=4, n_blocks=1, n_side_features=1
    ),
    ECGCNNClassifier(
        max_epochs=2, batch_size=64, width=2, hidden_layer_sizes=(16, 8), n_side_features=1
    ),
]
# precision="auto" is bfloat16 in training on a processor with units for it, and float32 on others.
# This is the one that it is not on this machine.
OTHER_PRECISION = "float32" if cpu_has_bfloat16_units() else "bfloat16"
IN_OTHER_PRECISION = [
    clone(classifier).set_params(precision=OTHER_PRECISION) for classifier in CLASSIFIERS
]
TRANSFORMERS = [
    BeatSegmenter(),
    BeatWindows(),
    BeatNumbers(),
    SignalScaler(),
    SignalScaler(by="sample", method="minmax"),
    SignalScaler(by="training"),
    # Forwards and backwards it needs longer rows than the checks have.
    SignalFilter(sampling_rate=125, causal=True, mains=50),
    SignalResampler(sampling_rate=125, rate=250),
]
RECORD_CLASSIFIERS = [BeatVoteClassifier(TwoFromEachRow(), LogisticRegression())]
TREE_CLASSIFIERS = [BeatTreesClassifier()]
# One that looks at y only, one that compares samples, one that makes them, one that does both.
SAMPLERS = [
    NDSampler(RandomOverSampler(random_state=0)),
    NDSampler(TomekLinks()),
    NDSampler(SMOTE(random_state=0)),
    NDSampler(SMOTEENN(random_state=0)),
]


def public_estimators() -> set[type]:
    names = (getattr(skecg, name) for name in skecg.__all__)
    return {item for item in names if isinstance(item, type) and issubclass(item, BaseEstimator)}
