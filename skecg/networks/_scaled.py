"""Network with a scaled input."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class Scaled(nn.Module):
    """Network that subtracts a mean from its input and divides it by a scale.

    Mean and scale are buffers, so that they are saved with the weights. Images can be moved to
    the device as bytes and are scaled there.

    Parameters
    ----------
    network : callable
        Function without arguments that builds the network.
    mean, scale : float
        Mean and scale of the input.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, network: Callable[[], nn.Module], mean: float, scale: float) -> None:
        super().__init__()
        self.network = network()
        # float64 until the network is converted to its data type, to avoid rounding twice.
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float64))
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        """Map a batch to the output of the network."""
        return self.network(self.rescale(x))

    def rescale(self, x: Tensor) -> Tensor:
        """Return the scaled input of the network."""
        return (x - self.mean) / self.scale


def network_proper(module: nn.Module) -> nn.Module:
    """Return the network without the scaling of its input."""
    return module.network if isinstance(module, Scaled) else module
