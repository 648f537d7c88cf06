"""Prediction in blocks of bounded memory, in which no sample depends on another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..samples import SampleView, as_tensor
from ._device import Precision, full_float32

# Matrix products of fewer rows take other kernels, whose sums differ in the last bits: a sample's
# probabilities would depend on how many others are predicted with it.
MIN_ROWS = 16
# Input values that are copied at a time, and the most in one block of a prediction: on the CPU few
# enough for the caches, elsewhere enough to fill the device.
_VALUES_PER_BLOCK = {"cpu": 2**18, "other": 2**22}
# The most rows in a block, since a network may well enlarge a small sample: the maps of 32 filters
# over 128 beats are 3 MB; those over 2,048 beats take up to twice as long, from memory.
_ROWS_PER_BLOCK = {"cpu": 2**7, "other": 2**13}


class BlockPrediction:
    """What a net does with a trained module; it has the module, its device and number formats."""

    module_: nn.Module
    device: str
    precision: Precision

    def autocast(self, *, training: bool = False) -> AbstractContextManager[Any]:
        """Return the context in which products have the number format of training or prediction.

        Parameters
        ----------
        training : bool, default=False
            Whether the products are those of training.

        Returns
        -------
        context manager
            Where they have the format of the weights, nothing changes but that a prediction is
            computed with all its digits.
        """
        device = torch.device(self.device)
        products = self.precision.products if training else self.precision.in_prediction
        if products is not None:
            return torch.autocast(device.type, products)
        return nullcontext() if training else full_float32(device)

    @torch.no_grad()
    def logits(self, X: SampleView | np.ndarray) -> Tensor:
        """Compute the logits of samples in blocks of bounded memory.

        Parameters
        ----------
        X : SampleView or ndarray of shape (n_samples, ...)
            Samples as the module takes them.

        Returns
        -------
        Tensor of shape (n_samples, n_classes)
            On the CPU, in the weights' number format.
        """
        return self._map_blocks(self.module_, X)

    @torch.no_grad()
    def embed(self, X: SampleView | np.ndarray) -> Tensor:
        """Compute the input of the dense layer that is called last, for every sample.

        Parameters
        ----------
        X : SampleView or ndarray of shape (n_samples, ...)
            Samples.

        Returns
        -------
        Tensor of shape (n_samples, n_features)
            On the CPU, in the weights' number format.

        Raises
        ------
        ValueError
            If no dense layer is called.
        """
        inputs: list[Tensor] = [torch.empty(0)]

        def remember(_: nn.Module, args: tuple[Tensor, ...]) -> None:
            inputs[0] = args[0]

        def features(block: Tensor) -> Tensor:
            inputs[0] = block[:0]
            self.module_(block)
            if len(inputs[0]) != len(block):
                raise ValueError(
                    "embed needs a network whose last dense layer (torch.nn.Linear) is given one "
                    f"row for each sample; got {type(self.module_).__name__}"
                )
            return torch.flatten(inputs[0], 1)

        dense = [layer for layer in self.module_.modules() if isinstance(layer, nn.Linear)]
        if not dense:
            raise ValueError(
                "embed needs a network with a dense layer (torch.nn.Linear); "
                f"{type(self.module_).__name__} has none"
            )
        handles = [layer.register_forward_pre_hook(remember) for layer in dense]
        try:
            return self._map_blocks(features, X)
        finally:
            for handle in handles:
                handle.remove()

    def _map_blocks(
        self, function: Callable[[Tensor], Tensor], X: SampleView | np.ndarray
    ) -> Tensor:
        outputs, n_done = torch.empty(0), 0
        with self.autocast():  # around all blocks, so that weights are converted once
            for block, n_rows in self.blocks(X):
                output = function(block)[:n_rows]
                if not n_done:
                    # Kept one by one, they would leave holes between the blocks, as losses would.
                    outputs = output.new_empty((len(X), *output.shape[1:]))
                outputs[n_done : n_done + n_rows] = output
                n_done += n_rows
        return outputs.to(self.precision.weights).cpu()

    def blocks(
        self, X: SampleView | np.ndarray, most_rows: int | None = None
    ) -> Iterator[tuple[Tensor, int]]:
        """Yield samples on the device in blocks of bounded memory, the module in evaluation mode.

        Parameters
        ----------
        X : SampleView or ndarray of shape (n_samples, ...)
            Samples as the module takes them.
        most_rows : int or None, default=None
            Largest number of samples in a block; None chooses it.

        Yields
        ------
        block : Tensor
            Samples, in the weights' number format.
        n_rows : int
            How many of them are samples of X; the rest are copies of the last one.
        """
        self.module_.eval()
        fitting, rows = self._rows_that_fit(X[0].size)
        rows = min(rows, most_rows or rows)
        # Blocks of large samples have fewer rows than MIN_ROWS, but then all have as many.
        fewest = min(rows, MIN_ROWS)
        for samples in self._in_parts(X, fitting // rows * rows):
            for block in samples.split(rows):
                n_rows = len(block)
                if n_rows < fewest:
                    filling = block[-1:].expand(fewest - n_rows, *block.shape[1:])
                    block = torch.cat([block, filling])
                yield block, n_rows

    def _rows_of_validation(self, sample: Tensor, batch_size: int) -> int:
        """Return how many samples are validated at once: on the CPU, as many as are trained on.

        Another device would wait for the host between small batches.
        """
        if torch.device(self.device).type == "cpu":
            return batch_size
        return max(batch_size, self._rows_that_fit(sample.numel())[1])

    def _rows_that_fit(self, n_values: int) -> tuple[int, int]:
        """Return how many samples of so many values are copied at once, and go into a block."""
        kind = "cpu" if torch.device(self.device).type == "cpu" else "other"
        fitting = max(_VALUES_PER_BLOCK[kind] // max(n_values, 1), 1)
        return fitting, min(fitting, _ROWS_PER_BLOCK[kind])

    def _in_parts(self, X: SampleView | np.ndarray, n_samples: int) -> Iterator[Tensor]:
        """Yield so many samples at a time, on the device."""
        for start in range(0, len(X), n_samples):
            # A copy, which the module may write into, with a sample's values next to each other.
            samples = np.array(X[start : start + n_samples], order="C")
            # An axis of length 1 may have any stride, by which PyTorch chooses other kernels.
            samples = samples.ravel().reshape(samples.shape)
            yield as_tensor(samples).to(self.device, self.precision.weights)
