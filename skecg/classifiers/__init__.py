"""One thin scikit-learn classifier per network."""

from ._base import BaseECGClassifier
from ._neural import ECGNeuralClassifier
from ._parameters import TrainingParameters
from ._residual_cnn import ECGResidualCNNClassifier

__all__ = [
    "BaseECGClassifier",
    "ECGNeuralClassifier",
    "ECGResidualCNNClassifier",
    "TrainingParameters",
]
