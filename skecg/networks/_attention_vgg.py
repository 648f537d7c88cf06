"""VGG with attention at three depths."""

from __future__ import annotations

import math
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ._channels_last import channels_last
from ._images import attend, attention_weights
from ._spatial import SpatialLayer, cells

# Per block up to the last tap: number of filters relative to the first block, and number of
# convolutions. The paper moves the first two pools of VGG behind its last two convolutions.
_BLOCKS = ((1, 2), (2, 2), (4, 3), (8, 3), (8, 3))
_N_POOLS = 5


class AttentionVGG(nn.Module):
    """VGG that classifies by attention-weighted means of the feature maps at three depths.

    Fifteen 3 x 3 convolutions, each followed by normalisation and ReLU. The feature maps after
    the 7th, 10th and 13th convolution are averaged over positions with attention weights, and a
    dense layer maps the three means to logits. The defaults give the published network
    (20,634,693 weights).

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. Pooling rounds up, so that any size is accepted.
    n_classes : int, default=5
        Number of logits.
    width : int, default=64
        Number of filters of the first block; the others have 2, 4, 8, 8 and 8 times as many.
    norm : {"batch", "group", None}, default="batch"
        Normalisation after the convolutions. ``"group"`` (groups of up to 16 filters) makes a
        sample's gradient independent of the other samples of its batch.
    compatibility : {"additive", "dot"}, default="additive"
        Score of a position with features l, given the global features g.

        - ``"additive"``, as published: u(l + g) with a learned vector u per depth. The term u g
          is the same for all positions and cancels in the softmax, so that the global features
          and the two convolutions before them have no influence and no gradient.
        - ``"dot"``: l g / sqrt(n_features), which depends on the global features.
    dropout : float, default=0.0
        Dropout rate before the dense layer.

    See Also
    --------
    skecg.ECGAttentionVGGClassifier : The classifier on it.

    References
    ----------
    S. Jetley, N. A. Lord, N. Lee, P. H. S. Torr, "Learn to pay attention", ICLR 2018, sections
    3.1 and 3.2, arXiv:1804.02391.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import AttentionVGG
    >>> network = AttentionVGG(width=8)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        width: int = 64,
        norm: Literal["batch", "group"] | None = "batch",
        compatibility: Literal["additive", "dot"] = "additive",
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_channels, *size = image_shape
        n_features = width * _BLOCKS[-1][0]
        blocks = []
        for factor, n_convolutions in _BLOCKS:
            blocks.append(_block(n_channels, width * factor, n_convolutions, norm))
            n_channels = width * factor
        self.blocks = nn.ModuleList(blocks)
        self.last = nn.ModuleList(_block(n_features, n_features, 1, norm) for _ in range(2))
        final_size = tuple(-(-length // 2**_N_POOLS) for length in size)
        self.global_features = nn.Conv2d(n_features, n_features, final_size)
        self.project = nn.Conv2d(width * _BLOCKS[2][0], n_features, 1, bias=False)
        self.compatibility = compatibility
        if compatibility == "additive":
            self.scores = nn.ModuleList(nn.Conv2d(n_features, 1, 1, bias=False) for _ in range(3))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(3 * n_features, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, height, width) to logits (n_samples, n_classes).

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_classes)
            Logits.
        """
        taps, global_features = self.features(x)
        means = []
        for tap, (query, keys, scale) in zip(taps, self._questions(taps, global_features)):
            means.append(attend(query, keys, _positions(tap), scale))
        return self.head(self.dropout(torch.cat(means, 1)))

    def features(self, x: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the three feature maps, with equal numbers of channels, and global features.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        taps : list of 3 Tensor of shape (n_samples, n_features, n_rows, n_columns)
            Feature maps at three depths.
        global_features : Tensor of shape (n_samples, n_features)
            Features of the whole picture.
        """
        taps, x = [], channels_last(x)
        for number, block in enumerate(self.blocks, start=1):
            x = block(x)
            if number >= 3:
                taps.append(x)
                x = F.max_pool2d(x, 2, ceil_mode=True)
        taps[0] = self.project(taps[0])
        for block in self.last:
            x = F.max_pool2d(block(x), 2, ceil_mode=True)
        return taps, self.global_features(x).flatten(1)

    def attention(self, x: Tensor) -> list[Tensor]:
        """Return the weight of each position at the three depths; each map sums to 1.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        list of 3 Tensor of shape (n_samples, n_rows, n_columns)
            Weights.
        """
        taps, global_features = self.features(x)
        return [
            attention_weights(*question).unflatten(1, tap.shape[2:])
            for tap, question in zip(taps, self._questions(taps, global_features))
        ]

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer whose positions affect the logits: the third depth."""
        return cells("blocks.4", 4, 4)

    def _questions(
        self, taps: list[Tensor], global_features: Tensor
    ) -> list[tuple[Tensor, Tensor, float]]:
        """Return query, keys and scale of the attention at each tap."""
        keys = [_positions(tap) for tap in taps]
        if self.compatibility == "dot":
            return [(global_features, key, 1 / math.sqrt(key.shape[2])) for key in keys]
        scores = cast("list[nn.Conv2d]", self.scores)
        queries = (score.weight.flatten().expand(k.shape[0], -1) for score, k in zip(scores, keys))
        return [(q, key + global_features[:, None], 1.0) for q, key in zip(queries, keys)]


class _BatchNorm(nn.BatchNorm2d):
    """Batch normalisation that uses its running statistics to train on one value per channel."""

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.numel() == x.shape[1]:  # one sample, one position
            return F.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        return super().forward(x)


def _positions(feature_map: Tensor) -> Tensor:
    return feature_map.flatten(2).transpose(1, 2)


def _block(n_channels: int, n_filters: int, n_convolutions: int, norm: str | None) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(n_convolutions):
        layers.append(nn.Conv2d(n_channels, n_filters, 3, padding=1, bias=norm is None))
        if norm == "batch":
            layers.append(_BatchNorm(n_filters))
        elif norm == "group":
            layers.append(nn.GroupNorm(n_filters // math.gcd(n_filters, 16), n_filters))
        layers.append(nn.ReLU())
        n_channels = n_filters
    return nn.Sequential(*layers)
