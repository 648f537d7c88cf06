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


def label_loss(logits: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean binary cross-entropy of a batch, over samples and labels.

    Parameters
    ----------
    logits : Tensor of shape (n_samples, n_labels)
        Output of the network.
    y : floating Tensor of shape (n_samples, n_labels)
        1 for the labels that a sample has, 0 for others.
    weights : Tensor of shape (n_samples,) or (n_samples, n_labels), or None
        Weights with mean 1 over the training set, as in :func:`sample_loss`.
    """
    if weights is None:
        return F.binary_cross_entropy_with_logits(logits, y)
    losses = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
    return (losses * weights.view(len(y), -1)).mean()
