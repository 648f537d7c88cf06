"""Functions shared by the networks on images: padding, convolution stacks and attention."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ._spatial import SpatialLayer, cells


def pad_images(x: Tensor, height: int, width: int) -> Tensor:
    """Pad images with zeros at the bottom and right to at least the given size."""
    missing_rows, missing_columns = height - x.shape[-2], width - x.shape[-1]
    if missing_rows <= 0 and missing_columns <= 0:
        return x
    return F.pad(x, (0, max(missing_columns, 0), 0, max(missing_rows, 0)))


def convolution_stack(n_channels: int, width: int, n_blocks: int) -> nn.Sequential:
    """Build blocks of a 3 x 3 convolution, ReLU and 2 x 2 max pooling that rounds up.

    The first block has ``width`` filters, each further block twice as many as the one before.
    """
    layers: list[nn.Module] = []
    for block in range(n_blocks):
        n_filters = width * 2**block
        layers += [nn.Conv2d(n_channels, n_filters, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2, ceil_mode=True)]
        n_channels = n_filters
    return nn.Sequential(*layers)


def stack_output_shape(
    height: int, width: int, n_filters: int, n_blocks: int
) -> tuple[int, int, int]:
    """Return channels, rows and columns after a :func:`convolution_stack`."""
    factor = 2**n_blocks
    return n_filters * 2 ** (n_blocks - 1), -(-height // factor), -(-width // factor)


def stack_spatial_layer(n_blocks: int) -> SpatialLayer:
    """Return the last ReLU of a :func:`convolution_stack` with the name ``features``."""
    size = 2 ** (n_blocks - 1)
    return cells(f"features.{3 * n_blocks - 2}", size, size)


def attend(query: Tensor, keys: Tensor, values: Tensor, scale: float = 1.0) -> Tensor:
    """Return the mean of ``values`` weighted by the softmax of ``scale * keys @ query``.

    Parameters
    ----------
    query : Tensor of shape (n_samples, n_features)
        One query per sample.
    keys : Tensor of shape (n_samples, n_positions, n_features)
        Vectors that the query is compared with, one per position.
    values : Tensor of shape (n_samples, n_positions, n_values)
        Vectors to average, one per position.
    scale : float, default=1.0
        Factor applied to the dot products.

    Returns
    -------
    Tensor of shape (n_samples, n_values)
    """
    return F.scaled_dot_product_attention(
        query[:, None, None], keys[:, None], values[:, None], scale=scale
    )[:, 0, 0]


def attention_weights(query: Tensor, keys: Tensor, scale: float = 1.0) -> Tensor:
    """Return the weights that :func:`attend` assigns to the positions; rows sum to 1."""
    return ((keys @ query.unsqueeze(-1)).squeeze(-1) * scale).softmax(-1)
