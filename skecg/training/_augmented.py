"""Training batches on their way through the augmentations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ..networks import SignalNetwork, network_proper

Batch = tuple[Tensor, Tensor, Tensor | None]


def augmented(
    batches: Iterable[Batch], steps: Sequence[Callable[..., Any]], module: nn.Module
) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor | None]]:
    """Yield samples, their labels, the targets of the loss, and weights.

    Parameters
    ----------
    batches : iterable of (X, y, weights)
        The training batches of an epoch.
    steps : sequence of callables
        Each maps a batch X to one of the same shape. Where numbers stand beside a signal, it gets
        the signals alone, (n_samples, n_leads, n_timesteps).
    module : Module
        The network that reads the batches.

    Raises
    ------
    TypeError, ValueError
        If a step does not return a batch as it got it, and, in the first batch, if its values are
        not finite.
    """
    first = True
    for X, y, weights in batches:
        for step in steps:
            X = _changed(step, X, module)
            if first and not X.isfinite().all():
                raise ValueError(
                    f"{_name(step)} of augment made values that are not finite out of a training "
                    "batch"
                )
        first = False
        yield X, y, y, weights


def _changed(step: Callable[..., Any], X: Tensor, module: nn.Module) -> Tensor:
    network = network_proper(module)
    if not (isinstance(network, SignalNetwork) and network.n_side_features):
        return _checked(step, X, step(X))
    signals, numbers = network.split(X)
    signals = _checked(step, signals, step(signals))
    return torch.cat([signals.flatten(1), numbers], 1)


def _checked(step: Callable[..., Any], before: Tensor, after: Any) -> Tensor:
    if not isinstance(after, Tensor):
        raise TypeError(
            f"{_name(step)} of augment must return a batch, a tensor of shape "
            f"{tuple(before.shape)}; got {type(after).__name__}"
        )
    if (after.shape, after.dtype, after.device) != (before.shape, before.dtype, before.device):
        raise ValueError(
            f"{_name(step)} of augment must return a batch as it gets it, {_form(before)}; got "
            f"{_form(after)}"
        )
    return after


def _form(batch: Tensor) -> str:
    dtype = str(batch.dtype).removeprefix("torch.")
    return f"a tensor of shape {tuple(batch.shape)} of {dtype} on {batch.device}"


def _name(step: Callable[..., Any]) -> str:
    return getattr(step, "__qualname__", None) or repr(step)
