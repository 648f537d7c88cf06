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

    See Also
    --------
    network_proper : Takes the network out of it.

    Examples
    --------
    >>> import torch
    >>> from skecg.networks import CNN2D, Scaled
    >>> network = Scaled(lambda: CNN2D((1, 16, 16), width=4), mean=128.0, scale=64.0)
    >>> pictures = torch.randint(256, (2, 1, 16, 16), dtype=torch.uint8)
    >>> network(pictures.float()).shape
    torch.Size([2, 5])
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
        """Map a batch to the output of the network.

        Parameters
        ----------
        x : Tensor of shape (n_samples, ...)
            Samples as they are in X.

        Returns
        -------
        Tensor of shape (n_samples, n_classes)
            Logits of the network.
        """
        return self.network(self.rescale(x))

    def rescale(self, x: Tensor) -> Tensor:
        """Return the scaled input of the network.

        Parameters
        ----------
        x : Tensor of shape (n_samples, ...)
            Samples as they are in X.

        Returns
        -------
        Tensor of the shape of x
            The samples, less ``mean`` and divided by ``scale``.
        """
        return (x - self.mean) / self.scale


def network_proper(module: nn.Module) -> nn.Module:
    """Return the network without the scaling of its input.

    Parameters
    ----------
    module : torch.nn.Module
        A network, in a :class:`Scaled` or not.

    Returns
    -------
    torch.nn.Module
        The network itself.

    See Also
    --------
    Scaled : The scaling.
    """
    return module.network if isinstance(module, Scaled) else module
