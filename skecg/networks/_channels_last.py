"""Convolutions and pools that keep the channels of a position next to each other, on the CPU.

In PyTorch's usual layout the positions of a channel are neighbours. oneDNN's convolutions copy
them into blocks of channels and back, which takes about as long as the convolution does, and the
max pool that a gradient will go through compares one value at a time. With channels last both
work on whole vectors. Only on the CPU is this measured; elsewhere the usual layout stays.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .._compat import taking_images

_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}


def channels_last(x: Tensor) -> Tensor:
    """Return images (n_samples, n_channels, [depth,] height, width) in the fastest layout.

    On the CPU the channels come last in memory, by a copy where they do not yet.
    """
    if x.device.type != "cpu":
        return x
    if x.shape[1] == 1:
        # A single channel is first and last at once: PyTorch has to be told by the strides.
        return x.reshape(len(x), *x.shape[2:], 1).movedim(-1, 1)
    return x.contiguous(memory_format=_FORMATS[x.dim()])


class Conv1d(nn.Conv1d):
    """The convolution of :class:`torch.nn.Conv1d` over signals, with channels last on the CPU.

    Parameters
    ----------
    n_channels, n_filters, kernel_size : int
        Channels in and out, and length in samples.
    padding : int, default=0
        Zeros at both ends.
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
    """A normalisation over signals, which PyTorch computes faster over images of one row."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (n_samples, n_channels, n_timesteps) to the same shape."""
        if x.device.type != "cpu":
            return super().forward(x)
        return super().forward(channels_last(x.unsqueeze(2))).squeeze(2)


@taking_images
class BatchNorm1d(_OverSignals, nn.BatchNorm1d):
    """The batch normalisation of :class:`torch.nn.BatchNorm1d`, with channels last on the CPU."""


class GroupNorm(_OverSignals, nn.GroupNorm):
    """The group normalisation of :class:`torch.nn.GroupNorm`, with channels last on the CPU."""


def max_pool1d(x: Tensor, size: int, stride: int) -> Tensor:
    """Return the largest of ``size`` samples at every ``stride``-th, as PyTorch's of that name."""
    if x.device.type != "cpu":
        return F.max_pool1d(x, size, stride)
    return F.max_pool2d(channels_last(x.unsqueeze(2)), (1, size), (1, stride)).squeeze(2)
