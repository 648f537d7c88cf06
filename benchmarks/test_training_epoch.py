"""One training epoch: our engine, a hand-written PyTorch loop, and plain skorch.

pytest benchmarks/test_training_epoch.py --benchmark-only -s
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skorch import NeuralNetClassifier
from torch import nn
from torch.nn import functional as F

from skecg.networks import ResidualCNN
from skecg.training import Batches, LeanNet, Precision, resolve_optimizer

CPU = torch.device("cpu")


class Linear(nn.Linear):
    """The smallest network: what is left is the loop."""

    def __init__(self) -> None:
        super().__init__(187, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.flatten(1))


def beats(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, 1, 187), dtype=np.float32), rng.integers(0, 5, n)


def epoch_of_ours(module, X, y, batch_size):
    net = LeanNet(
        module,
        precision=Precision(torch.float32),
        optimizer=resolve_optimizer("adamw", CPU),
        lr=1e-3,
        batch_size=batch_size,
        verbose=0,
    ).initialize()
    batches = Batches(X, y, None, device=CPU, dtype=torch.float32)
    generator = torch.Generator().manual_seed(0)
    return lambda: net.train(batches, n_epochs=1, generator=generator)


def epoch_by_hand(module, X, y, batch_size):
    network = module()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    X, y = torch.from_numpy(X), torch.from_numpy(y)

    def epoch():
        network.train()
        for index in torch.randperm(len(X)).split(batch_size):
            loss = F.cross_entropy(network(X[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def epoch_of_skorch(module, X, y, batch_size):
    net = NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        lr=1e-3,
        max_epochs=1,
        batch_size=batch_size,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    ).initialize()
    y = y.astype(np.int64)
    return lambda: net.partial_fit(X, y)


@pytest.mark.parametrize("batch_size", [16, 64, 256])
def test_residual_cnn(compare, batch_size):
    X, y = beats(40 * batch_size)
    ratios = compare(
        epoch_of_ours(ResidualCNN, X, y, batch_size),
        {
            "hand-written loop": epoch_by_hand(ResidualCNN, X, y, batch_size),
            "skorch": epoch_of_skorch(ResidualCNN, X, y, batch_size),
        },
    )
    assert ratios["hand-written loop"] > 0.9  # equal within the noise of a shared machine


@pytest.mark.parametrize("batch_size", [16, 64, 256])
def test_overhead_per_batch(compare, batch_size):
    n_batches = 400
    X, y = beats(n_batches * batch_size)
    compare(
        epoch_of_ours(Linear, X, y, batch_size),
        {
            "hand-written loop": epoch_by_hand(Linear, X, y, batch_size),
            "skorch": epoch_of_skorch(Linear, X, y, batch_size),
        },
    )
    times = compare.times
    for name in ("ours", "skorch"):
        extra = 1e6 * np.median(times[name] - times["hand-written loop"]) / n_batches
        print(f"\n    {name}: {extra:+.1f} us per batch over the hand-written loop", end="")
        if name == "ours":
            assert extra < 20
