"""Samples in memory, served in batches by index."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

# The part of a CUDA device's free memory that the samples may take; the rest is for the network.
_SHARE_OF_FREE_MEMORY = 0.5


class Batches:
    """Samples, targets and weights as tensors; a batch is an index into them.

    The samples are moved to the device once. Only when they would take more than half of a CUDA
    device's free memory do they stay on the host and travel batch by batch.

    Parameters
    ----------
    X : ndarray of shape (n_samples, ...)
        Samples. Integers keep their type until they are on the device.
    y : ndarray of shape (n_samples,)
        Class codes 0 .. n_classes - 1.
    weights : ndarray of shape (n_samples,) or None
        Weights of the samples with mean 1; None for equal weights.
    device : torch.device
        Where the network is.
    dtype : torch.dtype
        Number format of the network's weights.
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None,
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.device, self.dtype = device, dtype
        samples = as_tensor(X, dtype)
        self._resident = _fits(samples, device)
        self.X = samples.to(device) if self._resident else samples.pin_memory()
        self.y = torch.from_numpy(np.ascontiguousarray(y, dtype=np.int64)).to(device)
        self.weights = None if weights is None else torch.as_tensor(weights, dtype=dtype).to(device)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the samples, targets and weights at ``index``, on the device."""
        X = self.X.index_select(0, index if self._resident else index.cpu())
        if not (self._resident and X.dtype == self.dtype):
            X = X.to(self.device, self.dtype, non_blocking=True)
        weights = None if self.weights is None else self.weights.index_select(0, index)
        return X, self.y.index_select(0, index), weights

    def shuffled(self, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches in random order."""
        order = torch.randperm(len(self), generator=generator).to(self.device)
        return iter(order.split(batch_size))

    def balanced(self, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches in which every class comes equally often.

        As many samples are drawn as there are. A class is gone through in random order, and again
        when it is exhausted; of a large class a part is drawn.
        """
        y = self.y.cpu()
        classes = torch.unique(y)
        classes = classes[torch.randperm(len(classes), generator=generator)]
        n_each = -(-len(self) // len(classes))
        columns = []
        for code in classes:
            members = torch.nonzero(y == code).flatten()
            rounds = [
                members[torch.randperm(len(members), generator=generator)]
                for _ in range(-(-n_each // len(members)))
            ]
            columns.append(torch.cat(rounds)[:n_each])
        # A row has one sample of each class, so that each run of rows is balanced too.
        order = torch.stack(columns, dim=1).flatten()[: len(self)].to(self.device)
        return iter(order.split(batch_size))

    def in_order(self, batch_size: int) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches in the order of the samples."""
        return iter(torch.arange(len(self), device=self.device).split(batch_size))


def as_tensor(X: np.ndarray, dtype: torch.dtype) -> Tensor:
    """Turn samples into a tensor on the host: bytes stay bytes, all else becomes ``dtype``."""
    X = np.ascontiguousarray(X)
    if X.dtype == np.uint8:
        if not X.flags.writeable:  # as joblib's memory maps are; torch warns although it only reads
            X = X.copy()
        return torch.from_numpy(X)
    number = {torch.float32: np.float32, torch.float64: np.float64}[dtype]
    X = X.astype(number, copy=not X.flags.writeable)
    return torch.from_numpy(X)


def _fits(samples: Tensor, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return samples.nbytes <= _SHARE_OF_FREE_MEMORY * free
