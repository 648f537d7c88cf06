"""Two-dimensional convolutional network on lead crops."""

from __future__ import annotations

import math

from torch import Tensor, nn

from ._channels_last import channels_last
from ._images import convolution_stack, stack_output_shape, stack_spatial_layer
from ._spatial import SpatialLayer


class CNN2D(nn.Module):
    """Blocks of convolution, ReLU and max pooling, then two dense layers.

    The defaults give the published network (2,178,949 weights).

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. Pooling rounds up, so that any size is accepted and no pixel is
        ignored.
    n_classes : int, default=5
        Number of logits.
    width : int, default=64
        Number of filters of the first block; each further block has twice as many as the one
        before.
    n_blocks : int, default=2
        Number of blocks. Each halves height and width.
    n_hidden : int, default=64
        Width of the hidden dense layer.
    dropout : float, default=0.0
        Dropout rate before both dense layers.

    See Also
    --------
    skecg.ECGCNN2DClassifier : The classifier on it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import CNN2D
    >>> network = CNN2D(width=8)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        width: int = 64,
        n_blocks: int = 2,
        n_hidden: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_channels, height, n_pixels = image_shape
        self.n_blocks = n_blocks
        self.features = convolution_stack(n_channels, width, n_blocks)
        n_features = math.prod(stack_output_shape(height, n_pixels, width, n_blocks))
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(n_features, n_hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(n_hidden, n_classes),
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
        return self.head(self.features(channels_last(x)))

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer with positions: the ReLU of the last block."""
        return stack_spatial_layer(self.n_blocks)
