"""The loss of a batch."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def sample_loss(logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean cross-entropy of a batch.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_classes)
        Output of the network.
    y : Tensor of int64 of shape (n_samples,)
        Class codes.
    weights : Tensor of shape (n_samples,) or None
        Weights with mean 1 over the training set, so that every batch has its due share; to divide
        by the sum over the batch would give a batch of light samples a heavy step.
    """
    if weights is None:
        return F.cross_entropy(logits, y)
    return (F.cross_entropy(logits, y, reduction="none") * weights).mean()
