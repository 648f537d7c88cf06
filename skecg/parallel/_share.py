"""The share of one process in a data-parallel training."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import torch
from torch import Tensor, distributed, nn

from ..samples import Batches

# A target that cross-entropy ignores and that no prediction equals.
_NO_TARGET = -100


@dataclass
class Share:
    """Rank and device of a process, and its communication with the others.

    Parameters
    ----------
    rank : int
        Rank of this process; 0 is the main process.
    n_processes : int
        Number of processes.
    device : torch.device
        Device of this process.
    """

    rank: int
    n_processes: int
    device: torch.device
    n_own: int = 0  # samples of the current batch in this process
    n_whole: int = 0  # samples of the current batch in all processes

    def agreed_number(self, number: int) -> int:
        """Return the number of the main process."""
        agreed = torch.tensor(number, device=self.device)
        distributed.broadcast(agreed, 0)
        return int(agreed)

    def from_all(self, own: Tensor) -> list[Tensor]:
        """Return the tensors of all processes, which must have the same shape."""
        own = own.to(self.device)
        found = [torch.empty_like(own) for _ in range(self.n_processes)]
        distributed.all_gather(found, own)
        return found

    @torch.no_grad()
    def copy_from_main(self, module: nn.Module) -> None:
        """Copy the weights and statistics of the main process to all others."""
        for tensor in (*module.parameters(), *module.buffers()):
            copy = tensor.detach().contiguous()
            distributed.broadcast(copy, 0)
            tensor.copy_(copy)

    def require_device(self, device: torch.device) -> None:
        """Raise a ValueError if `device` is not the device of this process."""
        index = self.device.index if device.index is None else device.index
        if (device.type, index) != (self.device.type, self.device.index):
            raise ValueError(
                f"the device must be '{self.device}' in this process of data_parallel; got "
                f"device='{device}'. Use device='auto'"
            )

    def require_agreement(self, facts: dict[str, int]) -> None:
        """Raise a ValueError, in all processes, unless the facts are the same in all of them."""
        values = torch.tensor(list(facts.values()), device=self.device)
        extremes = torch.cat([values, -values])
        distributed.all_reduce(extremes, distributed.ReduceOp.MAX)
        highest, lowest = extremes.chunk(2)
        differ = [name for name, high, low in zip(facts, highest, -lowest) if high != low]
        if differ:
            raise ValueError(
                "all processes of data_parallel must have the same samples in the same order and "
                f"the same parameters; got different {', '.join(differ)}. Set the random_state of "
                "every step that generates, shuffles or splits the samples"
            )


_CURRENT: ContextVar[Share | None] = ContextVar("share of data_parallel", default=None)


def current_share() -> Share | None:
    """Return the share of this process; None if it trains alone.

    Returns
    -------
    Share or None
        What this process knows of the others.
    """
    share = _CURRENT.get()
    return None if share is None or share.n_processes == 1 else share


def current_device() -> torch.device | None:
    """Return the device that data_parallel assigned to this process; None outside of it.

    Returns
    -------
    torch.device or None
        The device.
    """
    share = _CURRENT.get()
    return None if share is None else share.device


def n_processes() -> int:
    """Return the number of processes that share a fit.

    Returns
    -------
    int
        1 outside of data_parallel.
    """
    share = current_share()
    return 1 if share is None else share.n_processes


def wait_for_main_process() -> None:
    """Block the processes that share a fit until the main process calls this function."""
    share = current_share()
    if share is not None:
        share.agreed_number(0)


def is_main_process() -> bool:
    """Return whether this is the main process, which prints.

    Returns
    -------
    bool
        True outside of data_parallel.
    """
    share = _CURRENT.get()
    return share is None or share.rank == 0


class OwnPart:
    """Samples of which ``take`` returns this process's part of a batch.

    The parts of a batch differ in size by at most one sample. The weights are scaled by the
    fraction of the batch in the part, so that losses and gradients summed over the processes are
    those of the whole batch.

    Parameters
    ----------
    whole : Batches
        The samples, the same in all processes.
    share : Share
        The share of this process.
    """

    def __init__(self, whole: Batches, share: Share) -> None:
        self.whole, self.share = whole, share

    def __len__(self) -> int:
        """Return the number of samples, of all processes together."""
        return len(self.whole)

    def __getattr__(self, name: str) -> Any:
        """Return other attributes, such as the order of the samples, from ``whole``."""
        return getattr(self.whole, name)

    def in_turn(self, order: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield this process's samples, targets and weights of each batch.

        Parameters
        ----------
        order : iterator of Tensor of shape (n,)
            Indices of each batch.

        Returns
        -------
        iterator of (X, y, weights)
            What :meth:`take` returns of each batch.
        """
        return map(self.take, self.announced(order))

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return this process's samples, targets and weights of the batch at ``index``.

        Parameters
        ----------
        index : Tensor of shape (n,)
            Samples of the whole batch.

        Returns
        -------
        X : Tensor of shape (n_own, ...)
            Samples; one with weight 0 for a process that gets none.
        y : Tensor of shape (n_own,) or (n_own, n_labels)
            Targets.
        weights : Tensor of shape (n_own,) or (n_own, n_labels)
            Weights, times ``n_own / n``.
        """
        share = self.share
        own = index.tensor_split(share.n_processes)[share.rank]
        share.n_own, share.n_whole = len(own), len(index)
        # A process without a sample of its own computes one with weight 0, because the other
        # processes wait for its sums.
        X, y, weights = self.whole.take(own if share.n_own else index[:1])
        if not share.n_own:
            y = torch.full_like(y, _NO_TARGET)
        if weights is None:
            weights = torch.ones(len(y), dtype=self.whole.dtype, device=y.device)
        return X, y, weights * (share.n_own / share.n_whole)


def sum_over_processes(values: Tensor, batches: Batches | OwnPart) -> Tensor:
    """Sum the values of all processes, one value per batch, if each computed only its part.

    Parameters
    ----------
    values : Tensor of shape (n_batches,)
        What this process computed.
    batches : Batches or OwnPart
        The samples of which it computed them.

    Returns
    -------
    Tensor of shape (n_batches,)
        The sums; the values themselves if ``batches`` are no part.
    """
    if not isinstance(batches, OwnPart):
        return values
    total = values.clone()
    distributed.all_reduce(total)
    return total


def sum_gradients(module: nn.Module, batches: Batches | OwnPart) -> None:
    """Replace the gradients by those of the whole batch, in one message.

    Parameters
    ----------
    module : torch.nn.Module
        The network, with the gradients of this process's samples.
    batches : Batches or OwnPart
        The samples of which it computed them.
    """
    if not isinstance(batches, OwnPart):
        return
    weights = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in weights:
        if weight.grad is None:  # unused for these samples; another process may have used it
            weight.grad = torch.zeros_like(weight)
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    total = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(total)
    for gradient, part in zip(gradients, total.split([weight.numel() for weight in weights])):
        gradient.copy_(part.view_as(gradient))


def facts_of(module: nn.Module, batches: Batches, valid: Batches | None) -> dict[str, int]:
    """Return values that must agree in all processes, to prevent a deadlock.

    Parameters
    ----------
    module : torch.nn.Module
        The network.
    batches : Batches
        Samples to learn from.
    valid : Batches or None
        Held-out samples.

    Returns
    -------
    dict of {str: int}
        Numbers and checksums of weights and samples, by what they are of.
    """
    facts = {"number of weights": sum(w.numel() for w in module.parameters() if w.requires_grad)}
    for name, samples in {"samples": batches, "held-out samples": valid}.items():
        if samples is not None:
            first = torch.arange(min(len(samples), 16), device=samples.device)
            facts[f"number of {name}"] = len(samples)
            facts[f"first {name}"] = _checksum(samples.take(first)[0])
            facts[f"labels of {name}"] = _checksum(samples.y)
            facts[f"weights of {name}"] = _checksum(samples.weights)
    return facts


def _checksum(values: Tensor | None) -> int:
    return 0 if values is None else crc32(values.cpu().contiguous().numpy().data)
