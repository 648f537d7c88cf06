"""Convolutional network that is applied to each slab of an image."""

from __future__ import annotations

import math

from torch import Tensor, nn

from ._channels_last import channels_last
from ._images import convolution_stack, pad_images, stack_output_shape, stack_spatial_layer
from ._spatial import SpatialLayer


class TimeDistributedCNN(nn.Module):
    """The same convolutions on each slab of an image, then two dense layers on all slabs.

    The channels are stacked from top to bottom and the stack is cut into ``n_steps`` slabs of
    equal height, to which the same convolutions are applied. The defaults give the published
    network (27,337,861 weights), whose 8 slabs of 104 rows cross the borders of the 13 leads.

    Parameters
    ----------
    image_shape : tuple of int, default=(13, 64, 64)
        Channels, height and width. Pooling rounds up, so that any size is accepted.
    n_classes : int, default=5
        Number of logits.
    n_steps : int or None, default=8
        Number of slabs. If None, each channel is a slab. The stack is padded at its end with rows
        of zeros if its height is not a multiple of ``n_steps``.
    width : int, default=64
        Number of filters of the first block; each further block has twice as many as the one
        before.
    n_blocks : int, default=2
        Number of blocks of convolution, ReLU and max pooling.
    n_hidden : int, default=64
        Width of the hidden dense layer.
    dropout : float, default=0.0
        Dropout rate before both dense layers.

    See Also
    --------
    skecg.ECGTimeDistributedCNNClassifier : The classifier on it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import TimeDistributedCNN
    >>> network = TimeDistributedCNN(width=8)
    >>> network(torch.zeros(2, 13, 64, 64)).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (13, 64, 64),
        n_classes: int = 5,
        *,
        n_steps: int | None = 8,
        width: int = 64,
        n_blocks: int = 2,
        n_hidden: int = 64,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        n_channels, height, n_columns = image_shape
        self.n_steps = n_channels if n_steps is None else n_steps
        self.n_rows = -(-n_channels * height // self.n_steps)
        self.n_blocks = n_blocks
        self.features = convolution_stack(1, width, n_blocks)
        n_features = math.prod(stack_output_shape(self.n_rows, n_columns, width, n_blocks))
        self.head = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(self.n_steps * n_features, n_hidden),
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
        slabs = self.slabs(x).flatten(0, 1).unsqueeze(1)
        features = self.features(channels_last(slabs))
        return self.head(features.unflatten(0, (x.shape[0], self.n_steps)).flatten(1))

    def slabs(self, x: Tensor) -> Tensor:
        """Return the slabs (n_samples, n_steps, n_rows, width) that the convolutions read.

        Parameters
        ----------
        x : Tensor of shape (n_samples, n_channels, height, width)
            Pictures.

        Returns
        -------
        Tensor of shape (n_samples, n_steps, n_rows, width)
            Rows of the stacked channels, from top to bottom; zeros fill the last slab.
        """
        rows = pad_images(x.flatten(1, 2), self.n_steps * self.n_rows, 0)
        return rows.unflatten(1, (self.n_steps, self.n_rows))

    @property
    def spatial_layer(self) -> SpatialLayer:
        """The last layer with positions (those of a slab): the ReLU of the last block."""
        return stack_spatial_layer(self.n_blocks)
