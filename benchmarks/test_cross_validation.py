"""Five-fold cross-validation of a pipeline with our classifier and with plain skorch.

OMP_NUM_THREADS=1 pytest benchmarks/test_cross_validation.py --benchmark-only -s

20,000 beats, ``StandardScaler`` and the residual CNN of the paper, which takes most of the time of
both. There is one epoch instead of the default number, because all epochs cost the same. The dense
layer shows the cost of the rest: cloning, checks, the loop, prediction and scoring.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier
from torch import nn

from benchmarks.conftest import short
from benchmarks.plain_networks import PlainResidualCNN
from skecg import ECGNeuralClassifier
from skecg.datasets import make_beats
from skecg.networks import ResidualCNN


class WithOneLead(nn.Module):
    """Network on beats of one lead whose input are the 2-D rows of the scaler."""

    def __init__(self, network: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.network = network()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.network(x[:, None])


class Dense(nn.Linear):
    def __init__(self) -> None:
        super().__init__(187, 5)


def ours(module, n_epochs):
    return ECGNeuralClassifier(
        module=module,
        max_epochs=n_epochs,
        batch_size=64,
        learning_rate=1e-3,
        optimizer="adamw",
        precision="float32",
        device="cpu",
        random_state=0,
    )


def skorch(module, n_epochs):
    return NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        lr=1e-3,
        max_epochs=n_epochs,
        batch_size=64,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


# Our module and that of skorch, epochs, target, and floor: the target minus a margin for other load
# on a shared machine.
NETWORKS = {
    "residual CNN": (
        (partial(WithOneLead, ResidualCNN), partial(WithOneLead, PlainResidualCNN)),
        1,
        {"skorch": 1.05},
        {"skorch": 1},
    ),
    "dense layer": ((Dense, Dense), 3, None, {"skorch": 1.5}),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_five_folds(compare, network):
    (our_module, plain_module), n_epochs, reach, floor = NETWORKS[network]
    beats = make_beats(1_500 if short() else 20_000, random_state=0)
    X, y = beats.data.astype(np.float32), np.unique(beats.target, return_inverse=True)[1]

    def folds(classifier):
        pipeline = make_pipeline(StandardScaler(), classifier)
        return lambda: cross_val_score(pipeline, X, y, cv=5, error_score="raise")

    theirs = folds(skorch(plain_module, n_epochs))
    compare(folds(ours(our_module, n_epochs)), {"skorch": theirs}, 3, reach=reach, floor=floor)
