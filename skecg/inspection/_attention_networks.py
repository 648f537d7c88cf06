"""Attention weights of each network with attention, and their location on the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import Protocol, cast

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..networks import AttentionLSTM, AttentionVGG, Hybrid, TransformerBlock, VisionTransformer
from ._positions import of_nearest

_ROLLOUT = "rollout"


class Attention(Protocol):
    """The attention of a network.

    Attributes
    ----------
    names : list of str
        Names of the attention weights.
    values_per_sample : int
        Number of values of the largest weights of one sample.
    """

    names: list[str]
    values_per_sample: int

    def weights(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield names and weights (n_samples, ...) for the input of the network."""

    def on_pixels(
        self, name: str, weights: NDArray, input_shape: tuple[int, ...]
    ) -> tuple[NDArray, tuple[str, ...]]:
        """Return the weight of each pixel, and the names of the axes after that of the samples."""


@singledispatch
def attention_of(network: nn.Module) -> Attention:
    """Return the attention of a network.

    Raises
    ------
    TypeError
        If the network has no attention that this package can compute.
    """
    raise TypeError(
        "attention_maps needs a network with attention: that of ECGViTClassifier, "
        "ECGAttentionVGGClassifier, ECGAttentionLSTMClassifier or ECGHybridClassifier; got "
        f"{type(network).__name__}. For other networks, use saliency(clf, X)."
    )


def _blocks(network: VisionTransformer) -> list[TransformerBlock]:
    return cast("list[TransformerBlock]", network.blocks)


@attention_of.register(VisionTransformer)
@dataclass
class _BlockAttention:
    network: VisionTransformer

    @property
    def names(self) -> list[str]:
        return [*(f"blocks.{number}" for number in range(len(self.network.blocks))), _ROLLOUT]

    @property
    def values_per_sample(self) -> int:
        n_rows, n_columns = self.network.grid_size
        return _blocks(self.network)[0].n_heads * (n_rows * n_columns) ** 2

    def weights(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        tokens = self.network.tokens(x)
        rolled = torch.eye(tokens.shape[1], dtype=tokens.dtype, device=tokens.device)
        for number, block in enumerate(_blocks(self.network)):
            weights = block.attention(tokens)
            yield f"blocks.{number}", weights
            rolled = 0.5 * (weights.mean(1) @ rolled + rolled)
            tokens = block(tokens)
        yield _ROLLOUT, rolled

    def on_pixels(
        self, name: str, weights: NDArray, input_shape: tuple[int, ...]
    ) -> tuple[NDArray, tuple[str, ...]]:
        received = weights.mean(-2).reshape(*weights.shape[:-2], *self.network.grid_size)
        layer = self.network.spatial_layer
        for axis, stride, offset in zip((-2, -1), layer.strides, layer.offsets):
            received = of_nearest(received, axis, input_shape[axis], stride, offset)
        return received, ("row", "column") if name == _ROLLOUT else ("head", "row", "column")


@attention_of.register(AttentionVGG)
@dataclass
class _TapAttention:
    network: AttentionVGG
    names = ["tap1", "tap2", "tap3"]
    values_per_sample = 1

    def weights(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        yield from zip(self.names, self.network.attention(x))

    def on_pixels(
        self, name: str, weights: NDArray, input_shape: tuple[int, ...]
    ) -> tuple[NDArray, tuple[str, ...]]:
        stride = 2 ** self.names.index(name)  # there is pooling by 2 between two taps
        for axis in (-2, -1):
            weights = of_nearest(weights, axis, input_shape[axis], stride, (stride - 1) / 2)
        return weights, ("row", "column")


@dataclass
class _StepAttention:
    """Attention of an LSTM over its steps."""

    network: AttentionLSTM | Hybrid
    names = ["steps"]
    values_per_sample = 1

    def weights(self, x: Tensor) -> Iterator[tuple[str, Tensor]]:
        yield "steps", self.network.recurrent.attention(self.network.steps(x))


@attention_of.register(AttentionLSTM)
@dataclass
class _RowAttention(_StepAttention):
    network: AttentionLSTM

    def on_pixels(
        self, name: str, weights: NDArray, input_shape: tuple[int, ...]
    ) -> tuple[NDArray, tuple[str, ...]]:
        n_leads, n_rows, _ = input_shape
        stride = self.network.rows_per_step
        rows = of_nearest(weights, 1, n_leads * n_rows, stride, (stride - 1) / 2)
        return rows.reshape(-1, n_leads, n_rows), ("lead", "row")


@attention_of.register(Hybrid)
@dataclass
class _FeatureAttention(_StepAttention):
    network: Hybrid

    def on_pixels(
        self, name: str, weights: NDArray, input_shape: tuple[int, ...]
    ) -> tuple[NDArray, tuple[str, ...]]:
        _, n_rows, n_columns = input_shape
        stride = 2**self.network.n_blocks  # the pooling of all blocks precedes the LSTM
        if self.network.sequence == "columns":
            pixels = of_nearest(weights, 1, n_columns, stride, (stride - 1) / 2)
            return pixels, ("column",)
        by_map = weights.reshape(len(weights), -1, -(-n_rows // stride))
        return of_nearest(by_map.sum(1), 1, n_rows, stride, (stride - 1) / 2), ("row",)
