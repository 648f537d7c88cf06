"""One-dimensional residual network of Kachuee, Fazeli and Sarrafzadeh (2018)."""

from __future__ import annotations

from typing import Literal, cast

from torch import Tensor, nn
from torch.nn import functional as F

from .._limits import require_memory
from ._channels_last import Conv1d, max_pool1d
from ._signal_network import SignalNetwork
from ._spatial import SpatialLayer

POOL_SIZE = 5
POOL_STRIDE = 2


class ResidualBlock(nn.Module):
    """Two convolutions with a skip connection, then max pooling.

    Parameters
    ----------
    n_filters : int
        Number of input and output channels.
    kernel_size : int
        Odd kernel size of both convolutions, in samples. They keep the length of the signal.
    """

    def __init__(self, n_filters: int, kernel_size: int) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.conv1 = Conv1d(n_filters, n_filters, kernel_size, padding=padding)
        self.conv2 = Conv1d(n_filters, n_filters, kernel_size, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_filters, n_timesteps) to about half the number of time steps."""
        residual = self.conv2(F.relu(self.conv1(x)))
        # ReLU after the pooling gives the same values, computed for half as many time steps.
        return F.relu(max_pool1d(x + residual, POOL_SIZE, POOL_STRIDE))


class ResidualCNN(SignalNetwork):
    """Residual convolutional network on heartbeats.

    A convolution, ``n_blocks`` residual blocks (convolution, ReLU, convolution, skip connection,
    ReLU, max pooling of size 5 and stride 2) and a dense head.

    Parameters
    ----------
    n_leads : int, default=1
        Number of leads of the input.
    n_timesteps : int, default=187
        Length of the input in samples. An input that is too short for the pooling is zero-padded
        at its end, as are the published heartbeats (to 129 samples with the defaults).
    n_classes : int, default=5
        Number of logits.
    scale : float or None, default=None
        Every lead of a signal loses its own mean over time and is divided by this number. None
        leaves signals as they are.
    n_filters : int, default=32
        Number of filters of each convolution.
    kernel_size : int, default=5
        Odd kernel size of each convolution, in samples.
    n_blocks : int, default=5
        Number of residual blocks.
    n_hidden : int, default=32
        Width of the dense layers.
    head : {"text", "figure"}, default="text"
        The text and the figure of the paper describe different heads. ``"text"``: two dense layers
        and a softmax layer follow the convolutions (55,013 weights with the defaults).
        ``"figure"``: one dense layer and a softmax layer (53,957 weights).
    dropout : float, default=0.0
        Dropout rate before each dense layer.
    n_side_features : int, default=0
        Number of values beside a signal. They join the features before the first dense layer, the
        only hidden one with a ReLU, behind its dropout. A sample is then a row: the leads one
        after the other, then the values.

    See Also
    --------
    skecg.ECGResidualCNNClassifier : The classifier on it.

    References
    ----------
    M. Kachuee, S. Fazeli, M. Sarrafzadeh, "ECG Heartbeat Classification: A Deep Transferable
    Representation", IEEE ICHI 2018, section III and figure 3, arXiv:1805.00794.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import ResidualCNN
    >>> network = ResidualCNN(n_leads=12, n_timesteps=500, n_classes=2)
    >>> network(torch.zeros(4, 12, 500)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        n_leads: int = 1,
        n_timesteps: int = 187,
        n_classes: int = 5,
        scale: float | None = None,
        *,
        n_filters: int = 32,
        kernel_size: int = 5,
        n_blocks: int = 5,
        n_hidden: int = 32,
        head: Literal["text", "figure"] = "text",
        dropout: float = 0.0,
        n_side_features: int = 0,
    ) -> None:
        super().__init__(n_leads, n_timesteps, n_side_features, scale)
        if kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size must be odd, so that a block keeps the length; got {kernel_size}"
            )
        blocks = [ResidualBlock(n_filters, kernel_size) for _ in range(n_blocks)]
        self.features = nn.Sequential(Conv1d(n_leads, n_filters, kernel_size), *blocks)
        shortest = _shortest_input(kernel_size, n_blocks)
        self.padding = max(0, shortest - n_timesteps)
        # Every block doubles it, and the filters' outputs are as long.
        n_bytes = 4.0 * max(n_leads, n_filters) * (n_timesteps + self.padding)
        require_memory(n_bytes, "a padded sample", "choose a smaller n_blocks or kernel_size")
        length = _output_length(n_timesteps + self.padding, kernel_size, n_blocks)

        n_inputs = n_filters * length + n_side_features
        layers = [nn.Dropout(dropout), nn.Linear(n_inputs, n_hidden), nn.ReLU()]
        if head == "text":
            layers += [nn.Dropout(dropout), nn.Linear(n_hidden, n_hidden)]
        layers += [nn.Dropout(dropout), nn.Linear(n_hidden, n_classes)]
        if not dropout:
            layers = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
        self.head = nn.Sequential(*layers)
        self._join("1" if dropout else "0")

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The layer before the last block, whose output has too few positions to be useful."""
        n_pools = len(self.features) - 2
        # The first convolution has no padding, and pooling is centred half its length ahead.
        ahead = (POOL_SIZE // 2) * sum(POOL_STRIDE**i for i in range(n_pools))
        offset = cast("nn.Conv1d", self.features[0]).kernel_size[0] // 2 + ahead
        return SpatialLayer(f"features.{n_pools}", (POOL_STRIDE**n_pools,), (offset,))


def _output_length(n_timesteps: int, kernel_size: int, n_blocks: int) -> int:
    length = n_timesteps - kernel_size + 1
    for _ in range(n_blocks):
        length = (length - POOL_SIZE) // POOL_STRIDE + 1
    return length


def _shortest_input(kernel_size: int, n_blocks: int) -> int:
    length = 1
    for _ in range(n_blocks):
        length = (length - 1) * POOL_STRIDE + POOL_SIZE
    return length + kernel_size - 1
