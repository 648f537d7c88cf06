"""One thin scikit-learn classifier per network."""

from ._attention_lstm import ECGAttentionLSTMClassifier
from ._attention_vgg import ECGAttentionVGGClassifier
from ._base import BaseECGClassifier
from ._cnn import ECGCNNClassifier
from ._cnn2d import ECGCNN2DClassifier
from ._cnn3d import ECGCNN3DClassifier
from ._fitted import fitted_state as fitted_state
from ._fitted import restore as restore
from ._hybrid import ECGHybridClassifier
from ._images import BaseImageClassifier
from ._lead_crops import BaseLeadCropClassifier
from ._neural import ECGNeuralClassifier
from ._parameters import TrainingParameters
from ._probability_network import ProbabilityNetwork as ProbabilityNetwork
from ._residual_cnn import ECGResidualCNNClassifier
from ._signals import BaseSignalClassifier
from ._time_distributed_cnn import ECGTimeDistributedCNNClassifier
from ._vit import ECGViTClassifier

__all__ = [
    "BaseECGClassifier",
    "BaseImageClassifier",
    "BaseLeadCropClassifier",
    "BaseSignalClassifier",
    "ECGAttentionLSTMClassifier",
    "ECGAttentionVGGClassifier",
    "ECGCNN2DClassifier",
    "ECGCNN3DClassifier",
    "ECGCNNClassifier",
    "ECGHybridClassifier",
    "ECGNeuralClassifier",
    "ECGResidualCNNClassifier",
    "ECGTimeDistributedCNNClassifier",
    "ECGViTClassifier",
    "TrainingParameters",
]
