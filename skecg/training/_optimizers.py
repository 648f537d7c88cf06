"""Optimisers by name, and their state kept quick."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.optim import SGD, Adam, Adamax, AdamW, Optimizer, RMSprop


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
    named = {
        "adam": partial(Adam, fused=fused),
        "adamw": partial(AdamW, fused=fused),
        "adamax": Adamax,
        "rmsprop": RMSprop,
        "sgd": partial(SGD, momentum=0.9, nesterov=True, fused=fused),
    }
    return named[optimizer]


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
