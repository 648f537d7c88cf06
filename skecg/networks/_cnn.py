"""One-dimensional convolutional network of a Technion course project (2023)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

from torch import nn

from ._channels_last import BatchNorm1d, Conv1d, GroupNorm
from ._signal_network import SignalNetwork
from ._spatial import SpatialLayer

POOL_SIZE = 3
# Per block: number of filters relative to the first block, kernel size, and pooling at its end.
_BLOCKS = ((1, 5, None), (2, 5, nn.MaxPool1d), (4, 3, None), (8, 3, nn.AvgPool1d))


class CNN(SignalNetwork):
    """Four convolutions with batch normalisation and four dense layers.

    The convolutions have kernel sizes 5, 5, 3 and 3 and no padding. Normalisation and ReLU follow
    each convolution, max pooling by 3 follows the second and average pooling by 3 the fourth. The
    defaults give the published network (5,125,125 weights).

    Parameters
    ----------
    n_leads : int, default=1
        Number of leads of the input.
    n_timesteps : int, default=187
        Length of the input in samples. An input shorter than 29 samples, which is too short for
        the convolutions and pooling, is zero-padded at its end, as are the published heartbeats.
        The size of the first dense layer is proportional to the length after pooling.
    n_classes : int, default=5
        Number of logits.
    scale : float or None, default=None
        Every lead of a signal loses its own mean over time and is divided by this number. None
        leaves signals as they are.
    width : int, default=32
        Number of filters of the first convolution; the others have 2, 4 and 8 times as many.
    hidden_layer_sizes : sequence of int, default=(1024, 256, 32)
        Widths of the hidden dense layers.
    norm : {"batch", "group"} or None, default="batch"
        Normalisation after the convolutions. ``"group"`` (groups of up to 16 filters) makes a
        sample's gradient independent of the other samples of its batch.
    dropout : float, default=0.3
        Dropout rate before each dense layer.
    n_side_features : int, default=0
        Number of values beside a signal. They join the features before the last hidden layer,
        behind its dropout. A sample is then a row: the leads one after the other, then the values.

    Attributes
    ----------
    features : torch.nn.Sequential
        ``block1`` to ``block4``, each with the layers ``conv``, ``norm``, ``relu`` and ``pool``
        that it uses.
    head : torch.nn.Sequential
        ``dense1`` to ``dense3`` (one per hidden layer) and ``output``, with ``dropout1``,
        ``relu1``, ... between them.

    See Also
    --------
    skecg.ECGCNNClassifier : The classifier on it.

    References
    ----------
    G. Altshuler, "ECG classification", course project 046211, Technion, 2023,
    https://github.com/gilad-altshuler/ECG-classification.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import CNN
    >>> network = CNN(n_leads=2, n_classes=3)
    >>> network(torch.zeros(4, 2, 187)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self,
        n_leads: int = 1,
        n_timesteps: int = 187,
        n_classes: int = 5,
        scale: float | None = None,
        *,
        width: int = 32,
        hidden_layer_sizes: Sequence[int] = (1024, 256, 32),
        norm: Literal["batch", "group"] | None = "batch",
        dropout: float = 0.3,
        n_side_features: int = 0,
    ) -> None:
        super().__init__(n_leads, n_timesteps, n_side_features, scale)
        if n_side_features and not hidden_layer_sizes:
            raise ValueError(
                "n_side_features needs a hidden layer, in which signal and numbers meet; got "
                "hidden_layer_sizes=(). Give it at least one width"
            )
        self.padding = max(0, _shortest_input() - n_timesteps)
        length = _output_length(n_timesteps + self.padding)

        blocks: OrderedDict[str, nn.Module] = OrderedDict()
        n_channels = n_leads
        for number, (factor, kernel_size, pool) in enumerate(_BLOCKS, start=1):
            blocks[f"block{number}"] = _block(n_channels, width * factor, kernel_size, norm, pool)
            n_channels = width * factor
        self.features = nn.Sequential(blocks)
        sizes = [n_channels * length, *hidden_layer_sizes]
        self.head = _head(sizes, n_classes, dropout, n_side_features)
        self._join(f"dense{len(hidden_layer_sizes)}")

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer with positions, before the last pooling."""
        stride, offset = 1, 0.0
        for _, kernel_size, pool in _BLOCKS[:-1]:
            offset += (kernel_size - 1) / 2 * stride
            if pool is not None:
                offset += (POOL_SIZE - 1) / 2 * stride
                stride *= POOL_SIZE
        offset += (_BLOCKS[-1][1] - 1) / 2 * stride
        return SpatialLayer(f"features.block{len(_BLOCKS)}.relu", (stride,), (offset,))


def _block(
    n_channels: int,
    n_filters: int,
    kernel_size: int,
    norm: str | None,
    pool: type[nn.Module] | None,
) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv"] = Conv1d(n_channels, n_filters, kernel_size)
    # Even the shortest input has three time steps at the last normalisation, so that statistics
    # are defined for a batch of one sample.
    if norm == "batch":
        layers["norm"] = BatchNorm1d(n_filters)
    elif norm == "group":
        layers["norm"] = GroupNorm(n_filters // math.gcd(n_filters, 16), n_filters)
    layers["relu"] = nn.ReLU()
    if pool is not None:
        layers["pool"] = pool(POOL_SIZE)
    return nn.Sequential(layers)


def _head(
    sizes: Sequence[int], n_classes: int, dropout: float, n_side_features: int
) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (n_inputs, n_outputs) in enumerate(zip(sizes, [*sizes[1:], n_classes]), start=1):
        is_last = number == len(sizes)
        if dropout:
            layers[f"dropout{number}"] = nn.Dropout(dropout)
        if number == len(sizes) - 1:  # the last hidden layer
            n_inputs += n_side_features
        layers["output" if is_last else f"dense{number}"] = nn.Linear(n_inputs, n_outputs)
        if not is_last:
            layers[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(layers)


def _output_length(n_timesteps: int) -> int:
    for _, kernel_size, pool in _BLOCKS:
        n_timesteps -= kernel_size - 1
        if pool is not None:
            n_timesteps //= POOL_SIZE
    return n_timesteps


def _shortest_input() -> int:
    length = 1
    for _, kernel_size, pool in reversed(_BLOCKS):
        if pool is not None:
            length *= POOL_SIZE
        length += kernel_size - 1
    return length
