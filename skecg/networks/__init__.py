"""Network architectures: ``torch.nn.Module`` classes that map a batch to logits."""

from ._attention_lstm import AttentionLSTM
from ._attention_vgg import AttentionVGG
from ._channels_last import Conv3d as Conv3d
from ._cnn import CNN
from ._cnn2d import CNN2D
from ._cnn3d import CNN3D
from ._hybrid import Hybrid
from ._rebuild import all_finite as all_finite
from ._rebuild import check_network as check_network
from ._rebuild import check_size as check_size
from ._rebuild import check_weights as check_weights
from ._rebuild import no_larger_than as no_larger_than
from ._rebuild import weights_as_arrays as weights_as_arrays
from ._rebuild import within_memory as within_memory
from ._recurrent import LSTM as LSTM
from ._recurrent import cpu_has_bfloat16_lstm as cpu_has_bfloat16_lstm
from ._residual_cnn import ResidualCNN
from ._scaled import Scaled, network_proper
from ._signal_network import SignalNetwork as SignalNetwork
from ._spatial import SpatialLayer
from ._time_distributed_cnn import TimeDistributedCNN
from ._transfer import TransferReport as TransferReport
from ._transfer import frozen_normalizations as frozen_normalizations
from ._transfer import take_over as take_over
from ._transfer import weight_layers as weight_layers
from ._vit import TransformerBlock as TransformerBlock
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
