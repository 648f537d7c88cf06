"""The one-dimensional residual network of Kachuee, Fazeli and Sarrafzadeh (2018)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._channels_last import Conv1d, max_pool1d
from ._spatial import SpatialLayer

POOL_SIZE = 5
POOL_STRIDE = 2


class ResidualBlock(nn.Module):
    """Two convolutions with a skip connection, then max pooling.

    Parameters
    ----------
    n_filters : int
        Channels in and out.
    kernel_size : int
        Odd length of both convolutions, in samples; they keep the length.
    """

    def __init__(self, n_filters: int, kernel_size: int) -> None:
        super().__init__()
        padding = kernel_size // 2
        self.conv1 = Conv1d(n_filters, n_filters, kernel_size, padding=padding)
        self.conv2 = Conv1d(n_filters, n_filters, kernel_size, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_filters, n_timesteps) to about half as many time steps."""
        residual = self.conv2(F.relu(self.conv1(x)))
        # The ReLU follows the pool: the same numbers, computed for half as many time steps.
        return F.relu(max_pool1d(x + residual, POOL_SIZE, POOL_STRIDE))


class ResidualCNN(nn.Module):
    """Residual convolutional network on heartbeats.

    A convolution, ``n_blocks`` residual blocks (convolution, ReLU, convolution, skip, ReLU,
    max pooling 5/2) and a dense head.

    Parameters
    ----------
    n_leads : int, default=1
        Leads of the input.
    n_timesteps : int, default=187
        Length of the input in samples. An input too short for the pools is zero-padded at its
        end, as the published heartbeats themselves are (to 129 samples with the defaults).
    n_classes : int, default=5
        Number of logits.
    n_filters : int, default=32
        Filters of every convolution.
    kernel_size : int, default=5
        Odd length of every convolution, in samples.
    n_blocks : int, default=5
        Residual blocks.
    n_hidden : int, default=32
        Width of the dense layers.
    head : {"text", "figure"}, default="text"
        The paper describes its head twice. By the text two dense layers and a softmax layer
        follow the convolutions (55,013 weights with the defaults); by the figure one dense layer
        and the softmax layer (53,957 weights).
    dropout : float, default=0.0
        Dropout before every dense layer.

    References
    ----------
    M. Kachuee, S. Fazeli, M. Sarrafzadeh, "ECG Heartbeat Classification: A Deep Transferable
    Representation", IEEE ICHI 2018, section III and figure 3, arXiv:1805.00794.
    """

    def __init__(
        self,
        n_leads: int = 1,
        n_timesteps: int = 187,
        n_classes: int = 5,
        *,
        n_filters: int = 32,
        kernel_size: int = 5,
        n_blocks: int = 5,
        n_hidden: int = 32,
        head: Literal["text", "figure"] = "text",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size must be odd so that a block keeps its length; got {kernel_size}"
            )
        blocks = [ResidualBlock(n_filters, kernel_size) for _ in range(n_blocks)]
        self.features = nn.Sequential(Conv1d(n_leads, n_filters, kernel_size), *blocks)
        shortest = _shortest_input(kernel_size, n_blocks)
        self.padding = max(0, shortest - n_timesteps)
        length = _output_length(n_timesteps + self.padding, kernel_size, n_blocks)

        layers = [nn.Dropout(dropout), nn.Linear(n_filters * length, n_hidden), nn.ReLU()]
        if head == "text":
            layers += [nn.Dropout(dropout), nn.Linear(n_hidden, n_hidden)]
        layers += [nn.Dropout(dropout), nn.Linear(n_hidden, n_classes)]
        if not dropout:
            layers = [layer for layer in layers if not isinstance(layer, nn.Dropout)]
        self.head = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_leads, n_timesteps) to logits (n_samples, n_classes)."""
        if self.padding:
            x = F.pad(x, (0, self.padding))
        return self.head(torch.flatten(self.features(x), 1))

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The layer before the last block, which leaves too few positions to tell apart."""
        n_pools = len(self.features) - 2
        # The first convolution is not padded, and a pool looks ahead by half its length.
        ahead = (POOL_SIZE // 2) * sum(POOL_STRIDE**i for i in range(n_pools))
        offset = self.features[0].kernel_size[0] // 2 + ahead
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
