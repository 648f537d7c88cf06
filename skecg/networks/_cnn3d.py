"""Three-dimensional convolutional network that uses the channels as depth."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.nn import functional as F

from ._channels_last import Conv3d, channels_last
from ._images import pad_images
from ._spatial import SpatialLayer


class CNN3D(nn.Module):
    """Blocks of 3-D convolution, ReLU and max pooling, then three dense layers.

    The channels of an image are the depth of a volume with one channel. The kernel size is 3 in
    the first two blocks and 2 in the others, with a padding of 1. The defaults give the published
    network (3,903,109 weights).

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. An axis that is too short for the pooling (below 4 with 2 or
        more blocks) is padded with zeros at its end.
    n_classes : int, default=5
        Number of logits.
    width : int, default=64
        Number of filters of the first block; the next blocks have 2, 4, 8 and 8 times as many.
    n_blocks : int, default=5
        Number of blocks. Each halves depth, height and width.
    n_hidden : int, default=128
        Width of the first dense layer; the second is half as wide.
    dropout : float, default=0.0
        Dropout rate before each dense layer.

    See Also
    --------
    skecg.ECGCNN3DClassifier : The classifier on it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import CNN3D
    >>> network = CNN3D(width=4)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        width: int = 64,
        n_blocks: int = 5,
        n_hidden: int = 128,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        # A kernel of 3 keeps the length and a kernel of 2 adds 1; pooling halves it, rounded down.
        self.smallest = 2 ** min(n_blocks, 2)
        self.n_blocks = n_blocks
        sizes = [max(size, self.smallest) for size in image_shape]
        layers: list[nn.Module] = []
        n_channels = 1
        for block in range(n_blocks):
            n_filters = width * 2 ** min(block, 3)
            kernel_size = 3 if block < 2 else 2
            layers += [Conv3d(n_channels, n_filters, kernel_size, padding=1), nn.ReLU()]
            layers += [nn.MaxPool3d(2)]
            sizes = [(size + 3 - kernel_size) // 2 for size in sizes]
            n_channels = n_filters
        self.features = nn.Sequential(*layers)
        n_half = max(n_hidden // 2, 1)
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(n_channels * math.prod(sizes), n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, n_half),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_half, n_classes),
        )

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
        x = pad_images(x, self.smallest, self.smallest)
        x = F.pad(x, (0, 0, 0, 0, 0, max(self.smallest - x.shape[1], 0)))
        return self.head(self.features(channels_last(x.unsqueeze(1))))

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last ReLU whose positions are at most 8 pixels and 8 channels apart."""
        block = min(self.n_blocks, 4) - 1
        # A kernel of 2 with padding 1 shifts the centre back by half a position, and pooling
        # shifts it ahead by half a position.
        offset = sum(2**i / 2 for i in range(block)) - sum(2**i / 2 for i in range(2, block + 1))
        return SpatialLayer(f"features.{3 * block + 1}", (2**block,) * 3, (offset,) * 3)
