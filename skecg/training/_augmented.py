"""Training batches on their way through the augmentations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from ..augmentation import step_name
from ..networks import SignalNetwork, network_proper

Batch = tuple[Tensor, Tensor, Tensor | None]
AugmentedBatch = tuple[Tensor, Tensor, Tensor, Tensor | None]


def augmented(batches: Iterable[Batch], net: NeuralNet) -> Iterator[AugmentedBatch]:
    """Yield the training batches of an epoch as :func:`augment_batch` returns them.

    Raises
    ------
    ValueError
        If a step makes values that are not finite out of the first batch.
    """
    for number, batch in enumerate(batches):
        yield augment_batch(batch, net, check_values=number == 0)


def augment_batch(batch: Batch, net: NeuralNet, *, check_values: bool = False) -> AugmentedBatch:
    """Return samples, their labels, the targets of the loss, and weights.

    Parameters
    ----------
    batch : tuple (X, y, weights)
        A training batch.
    net : LeanNet
        Has ``augment``, the steps: each maps a batch X to one of the same shape. Where numbers
        stand beside a signal, it gets the signals alone, (n_samples, n_leads, n_timesteps). One
        with a method ``mix`` gets X with the numbers, the targets as shares of classes, and the
        weights, and returns all three.
    check_values : bool, default=False
        Whether to look for values that are not finite, which is to wait for the device.

    Raises
    ------
    TypeError, ValueError
        If a step does not return a batch as it got it, or makes values that are not finite.
    """
    X, y, weights = batch
    targets = y
    for step in net.augment:
        if hasattr(step, "mix"):
            shares = _shares(targets, net, X.dtype)
            X, targets, weights = _mixed(step, X, shares, weights)
        else:
            X = _changed(step, X, net.module_)
        if check_values and not X.isfinite().all():
            raise ValueError(
                f"{step_name(step)} of augment made values that are not finite out of a training "
                "batch"
            )
    return X, y, targets, weights


def _changed(step: Callable[..., Any], X: Tensor, module: nn.Module) -> Tensor:
    network = network_proper(module)
    if not (isinstance(network, SignalNetwork) and network.n_side_features):
        return _checked(step, X, step(X))
    signals, numbers = network.split(X)[0], X[:, -network.n_side_features :]
    signals = _checked(step, signals, step(signals))
    return torch.cat([signals.flatten(1), numbers], 1)


def _mixed(step: Any, X: Tensor, shares: Tensor, weights: Tensor | None) -> Batch:
    mixed = step.mix(X, shares, weights)
    if not isinstance(mixed, tuple) or len(mixed) != 3:
        raise TypeError(
            f"the method mix of {step_name(step)} of augment must return X, y and weights; got "
            f"{type(mixed).__name__}"
        )
    if weights is None and mixed[2] is None:
        return _checked(step, X, mixed[0]), _checked(step, shares, mixed[1]), None
    before = torch.ones_like(shares[:, 0]) if weights is None else weights
    return (
        _checked(step, X, mixed[0]),
        _checked(step, shares, mixed[1]),
        _checked(step, before, mixed[2]),
    )


def _shares(targets: Tensor, net: NeuralNet, dtype: torch.dtype) -> Tensor:
    """Return class codes as shares of classes; labels that may come together are such already."""
    if targets.is_floating_point():
        return targets
    # In a process of several without a sample of its own, the code is that of no class. (PyTorch's
    # one_hot reads the largest code of a batch on some devices.)
    codes = torch.arange(len(net.classes), device=targets.device)
    return (targets.clamp(min=0)[:, None] == codes).to(dtype)


def _checked(step: Callable[..., Any], before: Tensor, after: Any) -> Tensor:
    if not isinstance(after, Tensor):
        raise TypeError(
            f"{step_name(step)} of augment must return a batch, a tensor of shape "
            f"{tuple(before.shape)}; got {type(after).__name__}"
        )
    if (after.shape, after.dtype, after.device) != (before.shape, before.dtype, before.device):
        raise ValueError(
            f"{step_name(step)} of augment must return a batch as it gets it, {_form(before)}; got "
            f"{_form(after)}"
        )
    return after


def _form(batch: Tensor) -> str:
    dtype = str(batch.dtype).removeprefix("torch.")
    return f"a tensor of shape {tuple(batch.shape)} of {dtype} on {batch.device}"
