"""Convolutions and pooling in the channels-last memory layout, on the CPU.

In PyTorch's default layout, the positions of a channel are adjacent in memory. oneDNN convolutions
copy them into blocks of channels and back, which takes about as long as the convolution itself,
and max pooling with a gradient compares one value at a time. With channels last, both work on
whole vectors. This was measured on the CPU only; other devices use the default layout.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._compat import taking_images

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def channels_last(x: Tensor) -> Tensor:
    """Return images (n_samples, n_channels, [depth,] height, width) in the fastest layout.

    On the CPU, this is channels last; images in another layout are copied.
    """
    if x.device.type != "cpu":
        return x
    if x.shape[1] == 1:
        # With a single channel, both layouts are the same memory, and PyTorch tells them apart
        # by the strides. (Of len(x), torch.export would make a constant.)
        return x.reshape(x.shape[0], *x.shape[2:], 1).movedim(-1, 1)
    return x.contiguous(memory_format=_FORMATS[x.dim()])


class Conv1d(nn.Conv1d):
    """:class:`torch.nn.Conv1d` with channels last on the CPU.

    Parameters
    ----------
    n_channels, n_filters, kernel_size : int
        Number of input and output channels, and length of the kernel in samples.
    padding : int, default=0
        Number of zeros added at both ends.
    """

    def __init__(
        self, n_channels: int, n_filters: int, kernel_size: int, *, padding: int = 0
    ) -> None:
        super().__init__(n_channels, n_filters, kernel_size, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, n_timesteps) to (n_samples, n_filters, ...)."""
        if x.device.type != "cpu":
            return super().forward(x)
        images, weight = channels_last(x.unsqueeze(2)), self.weight.unsqueeze(2)
        return F.conv2d(images, weight, self.bias, padding=(0, *self.padding)).squeeze(2)


class Conv3d(nn.Conv3d):
    """The convolution of :class:`torch.nn.Conv3d`, always in float32 on the CPU.

    oneDNN's gradient of the weights in bfloat16 is wrong, often not a number, for maps of few
    planes (seen in PyTorch 2.13 on processors with AVX-512).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, depth, height, width) to (n_samples, n_filters, ...)."""
        if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        with torch.autocast("cpu", enabled=False):
            return super().forward(x.to(self.weight.dtype))


class _OverSignals(nn.Module):
    """Normalisation of signals as images of one row, which is faster in PyTorch."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, n_timesteps) to the same shape."""
        if x.device.type != "cpu":
            return super().forward(x)
        return super().forward(channels_last(x.unsqueeze(2))).squeeze(2)


@taking_images
class BatchNorm1d(_OverSignals, nn.BatchNorm1d):
    """:class:`torch.nn.BatchNorm1d` with channels last on the CPU."""


class GroupNorm(_OverSignals, nn.GroupNorm):
    """:class:`torch.nn.GroupNorm` with channels last on the CPU."""


def max_pool1d(x: Tensor, size: int, stride: int) -> Tensor:
    """Apply :func:`torch.nn.functional.max_pool1d`, with channels last on the CPU."""
    if x.device.type != "cpu":
        return F.max_pool1d(x, size, stride)
    return F.max_pool2d(channels_last(x.unsqueeze(2)), (1, size), (1, stride)).squeeze(2)
