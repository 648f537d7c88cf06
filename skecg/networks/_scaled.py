"""A network behind a scaling of its input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Scaled(nn.Module):
    """Subtract a mean from the input, divide it by a scale and hand it to a network.

    Both numbers are buffers: they are saved with the weights, and images may stay bytes until
    they are on the device.

    Parameters
    ----------
    network : callable
        Builds the network; called without arguments.
    mean, scale : float
        Mean and scale of the input.
    """

    def __init__(self, network: Callable[[], nn.Module], mean: float, scale: float) -> None:
        super().__init__()
        self.network = network()
        # float64 until the network is given its number format, so that nothing is rounded twice.
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Map a batch to the network's output."""
        return self.network(self.rescale(x))

    def rescale(self, x: Tensor) -> Tensor:
        """Return what the network reads."""
        return (x - self.mean) / self.scale


def network_proper(module: nn.Module) -> nn.Module:
    """Return the network without the layer that scales its input."""
    return module.network if isinstance(module, Scaled) else module
