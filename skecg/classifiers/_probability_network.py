"""A fitted classifier as one network, from samples as a user has them to probabilities."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ._base import BaseECGClassifier
from ._fitted import fitted_state


class ProbabilityNetwork(nn.Module):
    """What ``predict_proba`` of a fitted classifier computes, in float32 on the CPU.

    Parameters
    ----------
    classifier : BaseECGClassifier
        A fitted classifier. Its network is copied.

    Attributes
    ----------
    input_shape : tuple of int
        Shape of one sample, as ``predict_proba`` takes it.
    output : str
        What the output is, in words.

    Raises
    ------
    ValueError
        If the parameters that describe the network were changed after ``fit``.
    """

    def __init__(self, classifier: BaseECGClassifier) -> None:
        super().__init__()
        fitted_state(classifier)  # refuses parameters that are no longer those of the network
        self.targets = classifier.net_.targets
        self.output = "probabilities of the classes; the values of a row sum to 1"
        if self.targets.multilabel:
            self.output = "probabilities of the labels, each by itself"
        self.input_shape = tuple(classifier._input_shape)
        self.network_shape = classifier._network_shape(self.input_shape)
        self.network = copy.deepcopy(classifier.net_.module_).cpu().float().eval()

    def forward(self, X: Tensor) -> Tensor:
        """Map samples (n_samples, *input_shape) to probabilities (n_samples, n_outputs)."""
        samples = X.to(torch.float32).reshape(X.shape[0], *self.network_shape)
        return self.targets.probabilities(self.network(samples))
