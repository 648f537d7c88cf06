"""Batch normalisation with the statistics of a batch that is distributed over processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, distributed, nn

from ._share import Share, current_share

# Numbers of axes that each of them takes.
_BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
_BATCH_NORMS: dict[type[_BatchNorm], tuple[int, ...]] = {
    nn.BatchNorm1d: (2, 3),
    nn.BatchNorm2d: (4,),
    nn.BatchNorm3d: (5,),
}


@contextmanager
def shared_batch_norms(module: nn.Module, share: Share) -> Iterator[None]:
    """Context manager in which batch normalisations use the statistics of the whole batch.

    ``torch.nn.SyncBatchNorm`` does this only on GPUs, and not for a process without a sample.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    share : Share
        The share of this process.

    Yields
    ------
    None
        With the normalisations changed; afterwards they are as they were.
    """
    norms: list[Any] = [part for part in module.modules() if isinstance(part, tuple(_BATCH_NORMS))]
    for norm in norms:
        norm.forward = partial(_forward, norm, share)
    try:
        yield
    finally:
        for norm in norms:
            del norm.forward


@torch.compiler.disable
def _forward(norm: _BatchNorm, share: Share, x: Tensor) -> Tensor:
    # A copy that a callback pickled still calls this function, outside of a shared training.
    alone = not norm.training or current_share() is None
    single_value = share.n_whole == 1 and x.numel() == x.shape[1]
    if alone or single_value:
        return type(norm).forward(norm, x)
    allowed = next(axes for kind, axes in _BATCH_NORMS.items() if isinstance(norm, kind))
    if x.dim() not in allowed:
        expected = " or ".join(f"{n}D" for n in allowed)
        raise ValueError(f"expected {expected} input (got {x.dim()}D input)")

    x32 = x.float() if x.dtype in (torch.bfloat16, torch.float16) else x
    axes, per_channel = [0, *range(2, x.dim())], [1, -1, *(1 for _ in range(2, x.dim()))]
    counts = float(share.n_own > 0)  # 0 if the process has no sample of its own in this batch
    own = x32.new_tensor([x.numel() / x.shape[1]])
    sums = _Sum.apply(torch.cat([x32.sum(axes), own]) * counts)
    n = sums[-1].detach()
    mean = sums[:-1] / n
    centred = x32 - mean.view(per_channel)
    # The squares of centred values need a second message. Squares of the raw values would fit into
    # the first, but the difference of their means would lose precision.
    variance = _Sum.apply(centred.square().sum(axes) * counts) / n
    _follow(norm, mean, variance * (n / (n - 1)))

    scale = torch.rsqrt(variance + norm.eps)
    if norm.weight is not None:
        scale = scale * norm.weight
    normalized = centred * scale.view(per_channel)
    if norm.bias is not None:
        normalized = normalized + norm.bias.view(per_channel)
    return normalized.to(x.dtype)


@torch.no_grad()
def _follow(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics towards those of a batch."""
    if norm.running_mean is None or norm.running_var is None or norm.num_batches_tracked is None:
        return
    norm.num_batches_tracked.add_(1)
    rate = norm.momentum
    if rate is None:
        rate = 1 / norm.num_batches_tracked.item()
    norm.running_mean.lerp_(mean.to(norm.running_mean), rate)
    norm.running_var.lerp_(variance.to(norm.running_var), rate)


class _Sum(torch.autograd.Function):
    """Sum over the processes; the gradient is the sum of the gradients of all processes."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return _summed(x)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        return _summed(gradient)


def _summed(x: Tensor) -> Tensor:
    total = x.clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total
