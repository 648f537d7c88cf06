"""Class probabilities of 100,000 beats: our classifiers and plain skorch.

OMP_NUM_THREADS=1 pytest benchmarks/test_prediction.py --benchmark-only -s

Both start with the same array and return probabilities; ours also checks the samples as
scikit-learn does. The dense layer shows the cost of the loop, the residual CNN the gain for users.
"""

from __future__ import annotations

import numpy as np
import torch
from skorch import NeuralNetClassifier
from torch import nn

from benchmarks.conftest import short
from benchmarks.plain_networks import PlainResidualCNN
from skecg import ECGNeuralClassifier
from skecg.networks import ResidualCNN


class Dense(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(187, 5))


def both(module, plain_module, X):
    """Return predictions of our classifier and of skorch with the same weights, as functions."""
    few, labels = X[:50], np.arange(50) % 5
    ours = ECGNeuralClassifier(
        module=module, max_epochs=1, random_state=0, device="cpu", precision="float32"
    ).fit(few, labels)
    skorch = NeuralNetClassifier(
        plain_module, criterion=nn.CrossEntropyLoss, verbose=0
    ).initialize()
    skorch.module_.load_state_dict(ours.module_.state_dict())
    return (lambda: ours.predict_proba(X)), (lambda: skorch.predict_proba(X))


def beats(n):
    return np.random.default_rng(0).random((n, 1, 187), dtype=np.float32)


def test_dense_layer(compare):
    ours, skorch = both(Dense, Dense, beats(100_000))
    np.testing.assert_allclose(ours(), skorch(), atol=1e-6)
    compare(ours, {"skorch": skorch}, rounds=5, reach={"skorch": 10}, floor={"skorch": 9})


def test_residual_cnn(compare):
    X = beats(4_000 if short() else 100_000)
    ours, skorch = both(ResidualCNN, PlainResidualCNN, X)
    np.testing.assert_allclose(ours(), skorch(), atol=1e-6)
    # The floor is the target minus a margin for other load on a shared machine.
    compare(ours, {"skorch": skorch}, rounds=5, reach={"skorch": 1.1}, floor={"skorch": 1})


def test_blocks_of_a_prediction(compare):
    """Compare block sizes: ours is 128 beats, the batch size of skorch."""
    X = torch.from_numpy(beats(2_048))
    network = ResidualCNN().eval()

    @torch.no_grad()
    def blocks(n):
        return torch.cat([network(block) for block in X.split(n)])

    assert torch.equal(blocks(128), blocks(2_048))
    compare(
        lambda: blocks(128),
        {f"blocks of {n}": lambda n=n: blocks(n) for n in (32, 64, 256, 512, 2_048)},
    )
