"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
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
