"""Gradients of networks of dense layers, written down instead of recorded and run backwards.

PyTorch's autograd records every operation and then walks back over the record, which on one hidden
layer takes longer than the arithmetic. Here the kernels that it would call are called in its
order, so that the gradients have the same bits.
"""

from __future__ import annotations

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules import module as _global

_aten = torch.ops.aten


class DenseGradients:
    """Computes the loss of a batch and the gradients of all weights, for a row of dense layers.

    Parameters
    ----------
    layers : list of torch.nn.Linear
        The dense layers.
    has_relu : list of bool
        Whether a ReLU follows, for every layer.
    """

    def __init__(self, layers: list[nn.Linear], has_relu: list[bool]) -> None:
        # Looked up once: a module looks for its weights in three places, every time.
        self._layers = [(one.weight, one.bias, relu) for one, relu in zip(layers, has_relu)]

    @classmethod
    def of(cls, module: nn.Module, n_axes: int) -> DenseGradients | None:
        """Return those of a module, or None where it is something else or somebody looks on.

        Parameters
        ----------
        module : torch.nn.Module
            The network.
        n_axes : int
            Axes of a batch; without a layer that flattens them there must be two.
        """
        if type(module) is not nn.Sequential or _has_hooks(module):
            return None
        kinds = "".join(map(_letter, module))
        if not re.fullmatch("F?(LR?)+" if n_axes == 2 else "F(LR?)+", kinds):
            return None
        layers = [layer for layer in module if isinstance(layer, nn.Linear)]
        weights = [weight for layer in layers for weight in layer.parameters()]
        if len(set(weights)) < len(weights) or not all(w.requires_grad for w in weights):
            return None
        return cls(layers, [found == "LR" for found in re.findall("LR?", kinds)])

    @torch.no_grad()
    def __call__(self, X: Tensor, y: Tensor, weights: Tensor | None) -> Tensor:
        """Give all weights their gradients and return the loss.

        Parameters
        ----------
        X : Tensor of shape (n_samples, ...)
            Samples.
        y : Tensor of shape (n_samples,)
            Class codes.
        weights : Tensor of shape (n_samples,) or None
            Weights of the samples; the loss is the mean of the weighted cross-entropies.
        """
        inputs, output = [], X.flatten(1)
        for weight, bias, has_relu in self._layers:
            inputs.append(output)
            output = F.linear(output, weight, bias)
            if has_relu:
                output.relu_()
        loss, gradient = _cross_entropy(output, y, weights)
        for weight, bias, has_relu in reversed(self._layers):
            if has_relu:
                gradient = _aten.threshold_backward(gradient, output, 0)
            output = inputs.pop()
            weight.grad = gradient.t().mm(output)
            if bias is not None:
                bias.grad = gradient.sum(0)
            if inputs:
                gradient = gradient.mm(weight)
        return loss


def _cross_entropy(logits: Tensor, y: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the loss and its gradient by the logits."""
    log_probabilities, each = logits.log_softmax(1), 1 / len(y)
    gradient, target = torch.zeros_like(logits), y.unsqueeze(1)
    if weights is None:
        loss = F.nll_loss(log_probabilities, y)
        gradient.scatter_(1, target, -each)
    else:
        loss = (F.nll_loss(log_probabilities, y, reduction="none") * weights).mean()
        gradient.scatter_(1, target, weights.mul(-each).unsqueeze(1))
    gradient = _aten._log_softmax_backward_data(gradient, log_probabilities, 1, logits.dtype)
    return loss, gradient


def _letter(layer: nn.Module) -> str:
    """Name the kind of a layer, by its exact type: a subclass may compute anything."""
    if type(layer) is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1):
        return "F"
    return {nn.Linear: "L", nn.ReLU: "R"}.get(type(layer), "?")


def _has_hooks(module: nn.Module) -> bool:
    """Tell whether anything is called beside the layers themselves."""
    owners = [_global, *module.modules(), *module.parameters()]
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks",
             "_post_accumulate_grad_hooks", "_global_forward_hooks", "_global_forward_pre_hooks",
             "_global_backward_hooks", "_global_backward_pre_hooks")  # fmt: skip
    has_own_forward = any("forward" in vars(part) for part in module.modules())
    return has_own_forward or any(getattr(one, name, None) for one in owners for name in names)
