"""Optimisers by name, and their state kept quick."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam, Adamax, AdamW, Optimizer, RMSprop

# Adam with the maximum of its squares has four.
_MOST_MOMENTS = 8


def resolve_optimizer(
    optimizer: str | Callable[..., Optimizer], device: torch.device
) -> Callable[..., Optimizer]:
    """Turn an ``optimizer`` parameter into a callable ``(parameters, lr, weight_decay)``.

    Parameters
    ----------
    optimizer : {"adam", "adamw", "adamax", "rmsprop", "sgd"} or callable
        A name, an optimiser class or a ``functools.partial`` of one.
    device : torch.device
        Where the weights are.
    """
    if not isinstance(optimizer, str):
        return optimizer
    # One fused kernel updates all weights: on a small network the update otherwise takes longer
    # than some of the layers. Adamax and RMSprop have no such kernel.
    fused = device.type in ("cpu", "cuda")
    named: dict[str, Callable[..., Optimizer]] = {
        "adam": partial(Adam, fused=fused),
        "adamw": partial(AdamW, fused=fused),
        "adamax": Adamax,
        "rmsprop": RMSprop,
        "sgd": partial(SGD, momentum=0.9, nesterov=True, fused=fused),
    }
    return named[optimizer]


@torch.no_grad()
def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Give an optimiser the ``state_dict`` of another with the same weights, bit by bit."""
    optimizer.load_state_dict(state)
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    # PyTorch converts every tensor to the number format of its weight. Here it keeps its own
    # format, and has the weight's order of memory, which fused kernels rely on.
    for index, kept in state["state"].items():
        weight = weights[index]
        for name, value in kept.items():
            if isinstance(value, Tensor) and value.shape == weight.shape:
                own = torch.empty_like(weight, dtype=value.dtype, requires_grad=False)
                optimizer.state[weight][name] = own.copy_(value)


@torch.no_grad()
def forget_denormals(optimizer: Optimizer) -> None:
    """Set to zero what of an optimiser's state is too small for normal numbers, on the CPU.

    The mean gradient of a weight that has no gradient any more, as behind a ReLU that never fires
    again, decays to such a number in some 800 steps of Adam and stays one. Processors compute with
    them many times slower: the steps of a network of which half is dead take seven times as long.
    """
    for state in optimizer.state.values():
        for value in state.values():
            if isinstance(value, Tensor) and value.is_floating_point() and value.is_cpu:
                value.masked_fill_(value.abs() < torch.finfo(value.dtype).tiny, 0)


@dataclass(frozen=True)
class Moments:
    """What an optimiser has learned of the gradients, apart from its settings.

    Attributes
    ----------
    optimizer : str
        Name of the optimiser's class.
    by_weight : tuple of dict of {str: ndarray}
        For every weight its values, each of the weight's shape or a single number; a weight that
        had no gradient has none.
    """

    optimizer: str
    by_weight: tuple[dict[str, np.ndarray], ...]

    @classmethod
    def of(cls, optimizer: Optimizer) -> Moments:
        """Return an optimiser's moments, on the CPU."""
        weights = [weight for group in optimizer.param_groups for weight in group["params"]]
        found = [optimizer.state.get(weight, {}) for weight in weights]
        arrays = (
            {k: v.detach().cpu().numpy().copy() for k, v in state.items() if isinstance(v, Tensor)}
            for state in found
        )
        return cls(type(optimizer).__name__, tuple(arrays))

    def restore(self, optimizer: Optimizer) -> None:
        """Give the moments to a new optimiser; one of another kind begins without."""
        if type(optimizer).__name__ == self.optimizer:
            found = {
                index: {name: torch.from_numpy(array.copy()) for name, array in arrays.items()}
                for index, arrays in enumerate(self.by_weight)
                if arrays
            }
            load_optimizer(optimizer, {**optimizer.state_dict(), "state": found})

    def require_fit(self, module: nn.Module) -> None:
        """Raise a ValueError unless the moments are finite and have the shapes of the weights."""
        weights = list(module.parameters())
        sound = len(weights) == len(self.by_weight) and all(
            type(arrays) is dict
            and len(arrays) <= _MOST_MOMENTS
            and all(
                type(name) is str
                and isinstance(array, np.ndarray)
                and array.dtype.kind == "f"
                and array.shape in ((), tuple(weight.shape))
                and np.isfinite(array).all()
                for name, array in arrays.items()
            )
            for weight, arrays in zip(weights, self.by_weight)
        )
        if not sound or type(self.optimizer) is not str:
            raise ValueError("the optimiser's moments do not fit the network")
