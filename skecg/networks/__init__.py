"""Network architectures: plain ``torch.nn.Module`` classes that map a batch to logits."""

from ._attention_lstm import AttentionLSTM
from ._attention_vgg import AttentionVGG
from ._cnn import CNN
from ._cnn2d import CNN2D
from ._cnn3d import CNN3D
from ._hybrid import Hybrid
from ._residual_cnn import ResidualCNN
from ._scaled import Scaled, network_proper
from ._spatial import SpatialLayer
from ._time_distributed_cnn import TimeDistributedCNN
from ._vit import VisionTransformer

__all__ = [
    "CNN",
    "CNN2D",
    "CNN3D",
    "AttentionLSTM",
    "AttentionVGG",
    "Hybrid",
    "ResidualCNN",
    "Scaled",
    "SpatialLayer",
    "TimeDistributedCNN",
    "VisionTransformer",
    "network_proper",
]
