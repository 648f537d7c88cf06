"""Networks that read numbers beside a signal: the signal, which has positions, and the numbers."""

from __future__ import annotations

import math

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..networks import SignalNetwork, network_proper

# The panel of the numbers beside a signal.
SIDE_FEATURES = "side features"


def with_side_features(module: nn.Module) -> SignalNetwork | None:
    """Return the network if it reads numbers beside a signal, otherwise None."""
    network = network_proper(module)
    if isinstance(network, SignalNetwork) and network.n_side_features > 0:
        return network
    return None


def shape_over_positions(module: nn.Module, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of what has positions in a sample, without the numbers beside a signal.

    Parameters
    ----------
    module : Module
        The network.
    shape : tuple of int
        Shape of a sample as the network reads it.
    """
    network = with_side_features(module)
    return shape if network is None else (network.n_leads, network.n_timesteps)


def split_sample(module: nn.Module, sample: NDArray) -> tuple[NDArray, NDArray | None]:
    """Return what has positions in one sample of the network, and the numbers beside it, if any."""
    shape = shape_over_positions(module, sample.shape)
    n_values = math.prod(shape)
    numbers = sample[n_values:] if with_side_features(module) else None
    return sample.ravel()[:n_values].reshape(shape), numbers


class SplitInput(nn.Module):
    """A network that takes signals and the numbers beside them as two arguments."""

    def __init__(self, network: SignalNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, signals: Tensor, numbers: Tensor) -> Tensor:
        """Map (n_samples, n_leads, n_timesteps) and (n_samples, n_side_features) to logits."""
        return self.network(torch.cat([signals.flatten(1), numbers], 1))
