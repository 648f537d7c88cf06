"""What the networks of signals share: numbers beside the signal, which join it in the head."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class SignalNetwork(nn.Module):
    """Base of the networks of signals: convolutions over time, then dense layers.

    Numbers that do not vary in time, such as intervals between beats, can stand beside a signal.
    The convolutions do not see them. They join the features before the last hidden dense layer that
    a ReLU follows, so that what the output makes of the signal can depend on them, with weights
    drawn uniformly up to 1 / sqrt(n_side_features), as if that layer read nothing else. The
    published networks with rhythm at their last layers [1]_ [2]_ join it without a hidden layer.

    Parameters
    ----------
    n_leads, n_timesteps : int
        Number of leads of a signal and its length in samples.
    n_side_features : int
        Number of values beside a signal.
    scale : float or None, default=None
        Every lead of a signal loses its own mean over time and is divided by this number. None
        leaves signals as they are.

    Attributes
    ----------
    features : torch.nn.Sequential
        The convolutions.
    head : torch.nn.Sequential
        The dense layers.
    padding : int
        Number of zeros added at the end of a signal.
    joint : str
        Name of the layer in ``head`` that also reads the numbers.

    References
    ----------
    .. [1] Y. Liu et al., "Generalizable beat-by-beat arrhythmia detection by using weakly
       supervised deep learning", Frontiers in Physiology 13, 2022, 850951,
       doi:10.3389/fphys.2022.850951.
    .. [2] T. Wang et al., "Automatic ECG classification using continuous wavelet transform and
       convolutional neural network", Entropy 23, 2021, 119, doi:10.3390/e23010119.
    """

    # As those of the class, so that a network that was pickled before they existed has them too.
    n_side_features = 0
    joint = ""
    is_scaled = False
    scale: Tensor
    features: nn.Sequential
    head: nn.Sequential
    padding: int

    def __init__(
        self, n_leads: int, n_timesteps: int, n_side_features: int, scale: float | None = None
    ) -> None:
        super().__init__()
        self.is_scaled = scale is not None
        if scale is not None:
            # Saved with the weights; float64 as in Scaled.
            self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64))
        self.n_leads, self.n_timesteps = n_leads, n_timesteps
        self.n_side_features = n_side_features

    def _join(self, name: str) -> None:
        """Let the layer of the head with this name read the numbers as well."""
        self.joint = name
        if self.n_side_features:
            # By the number of all its inputs, as PyTorch draws them, a few numbers beside hundreds
            # of features would count for little at first, and small data would end before they do.
            weight = self.head.get_submodule(name).get_parameter("weight")
            bound = 1 / math.sqrt(self.n_side_features)
            nn.init.uniform_(weight.detach()[:, -self.n_side_features :], -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """Map samples to logits.

        Parameters
        ----------
        x : Tensor
            Signals of shape (n_samples, n_leads, n_timesteps). With numbers beside them, rows of
            shape (n_samples, n_leads * n_timesteps + n_side_features): the leads one after the
            other, then the numbers.

        Returns
        -------
        Tensor of shape (n_samples, n_classes)
            Logits.
        """
        signals, numbers = self.split(x)
        if self.is_scaled:
            signals = (signals - signals.mean(-1, keepdim=True)) / self.scale
        if self.padding:
            signals = F.pad(signals, (0, self.padding))
        values = torch.flatten(self.features(signals), 1)
        if numbers is None:
            return self.head(values)
        for name, layer in self.head.named_children():
            # Behind the dropout, which would take away what may be the only number.
            values = layer(torch.cat([values, numbers], 1) if name == self.joint else values)
        return values

    def split(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return the signals, (n_samples, n_leads, n_timesteps), and the numbers, if any.

        Parameters
        ----------
        x : Tensor
            Samples, as in :meth:`forward`.

        Returns
        -------
        signals : Tensor of shape (n_samples, n_leads, n_timesteps)
            The signals.
        numbers : Tensor of shape (n_samples, n_side_features) or None
            The numbers beside them.

        Raises
        ------
        ValueError
            If x does not have the number of axes that the network takes.
        """
        n_axes = 2 if self.n_side_features else 3
        if x.ndim != n_axes:
            raise ValueError(
                f"a network with n_side_features={self.n_side_features} takes samples of {n_axes} "
                f"axes; got shape {tuple(x.shape)}. If the parameter n_side_features of a "
                "classifier was changed after fit, set it as it was, or fit again"
            )
        if not self.n_side_features:
            return x, None
        signals, numbers = x[:, : -self.n_side_features], x[:, -self.n_side_features :]
        return signals.unflatten(1, (self.n_leads, self.n_timesteps)), numbers
