"""One training epoch: our engine, a hand-written PyTorch loop, and plain skorch.

pytest benchmarks/test_training_epoch.py --benchmark-only -s
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from benchmarks.conftest import short
from benchmarks.epochs import CPU, epoch_by_hand, epoch_of_ours, epoch_of_skorch
from benchmarks.plain_networks import PlainResidualCNN, PlainViT
from skecg import ECGViTClassifier
from skecg.networks import ResidualCNN
from skecg.training import resolve_precision


class Linear(nn.Linear):
    """The smallest network, so that the loop takes most of the time."""

    def __init__(self) -> None:
        super().__init__(187, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.flatten(1))


def hidden_layer() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(187, 64), nn.ReLU(), nn.Linear(64, 5))


def beats(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, 1, 187), dtype=np.float32), rng.integers(0, 5, n)


def peers(module, X, y, batch_size):
    return {
        "hand-written loop": epoch_by_hand(module, X, y, batch_size),
        "skorch": epoch_of_skorch(module, X, y, batch_size),
    }


@pytest.mark.parametrize("batch_size", [16, 64, 256])
def test_residual_cnn(compare, batch_size):
    X, y = beats((8 if short() else 40) * batch_size)
    compare(
        epoch_of_ours(ResidualCNN, X, y, batch_size),
        {
            **peers(PlainResidualCNN, X, y, batch_size),
            "hand-written loop, our layers": epoch_by_hand(ResidualCNN, X, y, batch_size),
        },
        reach={"hand-written loop": 1.1, "skorch": 1.1},
        # The gain is smaller on other processors; the loops alone are equal within the noise.
        floor={"hand-written loop": 1, "skorch": 1, "hand-written loop, our layers": 0.9},
    )


@pytest.mark.skipif(
    resolve_precision("auto", CPU) == resolve_precision("float32", CPU),
    reason="this processor has no bfloat16 units, so that precision='auto' is float32",
)
@pytest.mark.parametrize("batch_size", [64])
def test_residual_cnn_in_bfloat16(compare, batch_size):
    X, y = beats((8 if short() else 40) * batch_size)
    compare(
        epoch_of_ours(ResidualCNN, X, y, batch_size, precision="auto"),
        peers(PlainResidualCNN, X, y, batch_size),
        reach={"hand-written loop": 1.4},
        floor={"hand-written loop": 1},
    )


@pytest.mark.parametrize("stem", ["conv", "patch"])
def test_vision_transformer(compare, stem):
    """Fit for one epoch on bytes; the hand-written loop trains a transformer of equal size.

    The hand-written loop computes in float32. The default stem of small convolutions needs more
    computations than its patches.
    """
    n_images, batch_size = 64 if short() else 128, 32
    X = np.random.default_rng(0).integers(0, 256, (n_images, 3, 182, 256), dtype=np.uint8)
    y = np.arange(n_images) % 4
    ours = ECGViTClassifier(
        stem=stem, max_epochs=1, batch_size=batch_size, device="cpu", random_state=0
    )
    scaled = X.astype(np.float32) / 255
    compare(
        lambda: ours.fit(X, y),
        {"hand-written loop": epoch_by_hand(PlainViT, scaled, y, batch_size)},
        rounds=5,
        reach={"hand-written loop": 1.5} if stem == "conv" else None,
        floor={"hand-written loop": 0.7},
    )


def gradients_alone(module, X, y, batch_size):
    """Compute only the loss and its gradients, for batches that are already in memory."""
    network = module()
    X, y = torch.from_numpy(X).split(batch_size), torch.from_numpy(y).split(batch_size)

    def epoch():
        for samples, labels in zip(X, y):
            F.cross_entropy(network(samples), labels).backward()
            for weight in network.parameters():
                weight.grad = None

    return epoch


@pytest.mark.parametrize("batch_size", [64])
def test_one_hidden_layer(compare, batch_size):
    X, y = beats((100 if short() else 400) * batch_size)
    compare(
        epoch_of_ours(hidden_layer, X, y, batch_size),
        {
            **peers(hidden_layer, X, y, batch_size),
            "gradients alone": gradients_alone(hidden_layer, X, y, batch_size),
        },
        rounds=15,
        reach={"skorch": 2},
        # Every step goes through autograd and the optimiser, as by hand: equal within the noise.
        floor={"skorch": 1.5, "hand-written loop": 0.9},
    )


@pytest.mark.parametrize("batch_size", [16, 64, 256])
def test_overhead_per_batch(compare, batch_size):
    n_batches = 100 if short() else 400
    X, y = beats(n_batches * batch_size)
    compare(epoch_of_ours(Linear, X, y, batch_size), peers(Linear, X, y, batch_size))
    by_hand = compare.times["hand-written loop"]
    for name, at_most in {"ours": 10, "skorch": None}.items():
        extra = 1e6 * (compare.times[name] - by_hand) / n_batches
        extra = compare.figure(
            f"{name}, beyond the hand-written loop", extra, "us per batch", at_most=at_most
        )
        if name == "ours":
            assert extra < 20
