"""Samples in memory, served in batches by index."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import chain, islice, repeat

import numpy as np
import torch
from torch import Tensor

from ._copied_ahead import CudaStreams, Part, copied_ahead
from ._mapped_samples import MappedSamples
from ._sample_view import SampleView

# The part of a CUDA device's free memory that the samples may take; the rest is for the network.
_SHARE_OF_FREE_MEMORY = 0.5
# Values that are gathered at once, which is quicker than small batches one by one: few enough for
# the caches.
_VALUES_AT_ONCE = 2**16
# Types of numbers that PyTorch gathers and converts.
_TYPES = {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"}


class Batches:
    """Samples, targets and weights as tensors; a batch is an index into them.

    On the CPU the samples stay where they are, in the caller's array or in the file behind it. To
    another device they are moved once, unless they would take more than half of a CUDA device's
    free memory: then they stay on the host and travel batch by batch, each while the device
    computes with the one before it. ``home`` is where they are, and where indices are expected.

    Parameters
    ----------
    X : SampleView or ndarray of shape (n_samples, ...)
        Samples. Integers keep their type until they are on the device.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        Class codes 0 .. n_classes - 1; or a matrix, which becomes one of ``dtype``.
    weights : ndarray of shape (n_samples,) or (n_samples, n_labels), or None
        Weights of the samples with mean 1; None for equal weights.
    device : torch.device
        Where the network is.
    dtype : torch.dtype
        Number format of the network's weights.
    """

    def __init__(
        self,
        X: SampleView | np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None,
        *,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self.device, self.dtype = device, dtype
        self.samples = X if isinstance(X, SampleView) else SampleView(X)
        self._mapped = None
        if device.type != "cpu" and _fits(self.samples, device):
            self.X, self._rows = as_tensor(np.asarray(self.samples)).to(device), None
        else:
            rows = self.samples.rows
            self.X = as_tensor(self.samples.array)
            self._rows = None if rows is None else torch.from_numpy(rows)
            if self.X.data_ptr() == self.samples.array.ctypes.data:
                self._mapped = MappedSamples.of(self.samples.array)
        self.home = self.X.device
        if y.ndim == 2:
            self.y = torch.as_tensor(y, dtype=dtype).to(self.home)
        else:
            self.y = torch.from_numpy(np.ascontiguousarray(y, dtype=np.int64)).to(self.home)
        self.weights = (
            None if weights is None else torch.as_tensor(weights, dtype=dtype).to(self.home)
        )

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.y)

    @property
    def are_on_device(self) -> bool:
        """Whether the samples are where the network is; else they travel batch by batch."""
        return self.home.type == self.device.type and self._rows is None

    def in_turn(self, order: Iterator[Tensor]) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
        """Yield the samples, targets and weights of batches, all of one size but the last.

        Several small ones are gathered at once.

        Parameters
        ----------
        order : iterator of Tensor of shape (n,)
            Indices of each batch.

        Yields
        ------
        X : Tensor of shape (n, ...)
            Samples.
        y : Tensor of shape (n,) or (n, n_labels)
            Targets.
        weights : Tensor of shape (n,) or (n, n_labels), or None
            Weights.
        """
        first = next(order)
        order, batch_size = chain([first], order), len(first)
        n_together = _VALUES_AT_ONCE // (batch_size * math.prod(self.X.shape[1:])) or 1
        groups = iter(lambda: list(islice(order, n_together)), [])
        parts: Iterator[Part] = map(self._gathered, self.announced(map(torch.cat, groups)))
        if self.device.type == "cuda" and self.home.type == "cpu":
            parts = copied_ahead(parts, CudaStreams(self.device))
        for X, y, weights in map(self._on_device, parts):
            some = repeat(None) if weights is None else weights.split(batch_size)
            yield from zip(X.split(batch_size), y.split(batch_size), some)

    def take(self, index: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return the samples, targets and weights at ``index``, on the device.

        Parameters
        ----------
        index : Tensor of shape (n,)
            Numbers of the samples, on the device where they are.

        Returns
        -------
        X : Tensor of shape (n, ...)
            Samples, in the network's number format.
        y : Tensor of shape (n,) or (n, n_labels)
            Targets.
        weights : Tensor of shape (n,) or (n, n_labels), or None
            Weights.
        """
        return self._on_device(self._gathered(index))

    def _gathered(self, index: Tensor) -> Part:
        X = self.X.index_select(0, self._where(index))
        weights = None if self.weights is None else self.weights.index_select(0, index)
        return X, self.y.index_select(0, index), weights

    def _on_device(self, part: Part) -> Part:
        X, y, weights = part
        # Integers travel as they are, a quarter of the bytes.
        X = X.to(self.device).to(self.dtype)
        return X, y.to(self.device), None if weights is None else weights.to(self.device)

    def _where(self, index: Tensor) -> Tensor:
        """Return the numbers of samples in ``self.X``."""
        return index if self._rows is None else self._rows.index_select(0, index)

    def announced(self, order: Iterator[Tensor]) -> Iterator[Tensor]:
        """Pass on the indices of batches, and have those samples read that are in a file.

        Parameters
        ----------
        order : iterator of Tensor of shape (n,)
            Indices of each batch.

        Returns
        -------
        iterator of Tensor of shape (n,)
            The same indices.
        """
        return order if self._mapped is None else self._mapped.announced(order, self._where)

    def shuffled(self, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches in random order.

        Parameters
        ----------
        batch_size : int
            Samples a batch; the last has the rest.
        generator : torch.Generator
            Draws the order.

        Returns
        -------
        iterator of Tensor of shape (n,)
            Indices of each batch, where the samples are.
        """
        order = torch.randperm(len(self), generator=generator).to(self.home)
        return iter(order.split(batch_size))

    def balanced(self, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches, in which all classes are equally frequent.

        As many samples are drawn as there are. The samples of a class are used in random order,
        repeatedly if there are too few; of a large class only some are used.

        Parameters
        ----------
        batch_size : int
            Samples a batch; the last has the rest.
        generator : torch.Generator
            Draws the order.

        Returns
        -------
        iterator of Tensor of shape (n,)
            Indices of each batch, where the samples are.
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
        order = torch.stack(columns, dim=1).flatten()[: len(self)].to(self.home)
        return iter(order.split(batch_size))

    def in_order(self, batch_size: int) -> Iterator[Tensor]:
        """Return the indices of one epoch's batches in the order of the samples.

        Parameters
        ----------
        batch_size : int
            Samples a batch; the last has the rest.

        Returns
        -------
        iterator of Tensor of shape (n,)
            Indices of each batch, where the samples are.
        """
        return iter(torch.arange(len(self), device=self.home).split(batch_size))


def as_tensor(X: np.ndarray) -> Tensor:
    """Turn an array into a tensor on its memory, or on a copy if PyTorch cannot use it.

    Parameters
    ----------
    X : ndarray
        Numbers of any type and memory layout.

    Returns
    -------
    Tensor of the shape of X
        Of float64 where PyTorch does not have the type.
    """
    if X.dtype.name not in _TYPES or not X.dtype.isnative:
        X = X.astype(np.float64)
    elif any(stride < 0 for stride in X.strides):
        X = X.copy()
    if X.flags.writeable:
        return torch.from_numpy(X)
    with warnings.catch_warnings():
        # Of an array that must not be written to; nothing here writes.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(X)


def _fits(samples: SampleView, device: torch.device) -> bool:
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    n_bytes = samples.dtype.itemsize * math.prod(samples.shape)
    return n_bytes <= _SHARE_OF_FREE_MEMORY * free
