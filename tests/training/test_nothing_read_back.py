"""Steps on a device that has no numbers: what the host would wait for cannot be read there.

PyTorch's meta device knows shapes and types alone. A step that reads a value, or that mixes in a
tensor of the CPU, fails on it; on a CUDA device it would wait, and could not be captured.
"""

from __future__ import annotations

from functools import partial
from inspect import signature

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from sklearn.base import clone
from torch import nn
from torch.distributions import Beta
from torch.optim import Optimizer

from skecg import (
    ECGAttentionVGGClassifier,
    ECGCNNClassifier,
    ECGResidualCNNClassifier,
    ECGViTClassifier,
    augmentation,
)
from skecg.augmentation._base import PictureAugmentation
from skecg.classifiers._images import BaseImageClassifier
from skecg.classifiers._new_net import new_net
from skecg.samples import Batches
from skecg.training import AveragedWeights, OneClass, SeveralLabels
from skecg.training._captured_steps import CapturedSteps, reason_not_to_capture

META = torch.device("meta")
BATCH, N_CLASSES = 4, 3
N = 2 * BATCH + 1
SIGNAL, IMAGE = (12, 96), (3, 64, 64)


class Descent(Optimizer):
    """Stands for PyTorch's capturable optimisers, which refuse this device."""

    def __init__(self, params, lr, weight_decay):
        super().__init__(params, {"lr": lr, "capturable": False})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.sub_(weight.grad * group["lr"])


def make_steps(classifier, *, module=None, targets=OneClass(), weights=None, averages=None):  # noqa: B008
    """Make the steps of two epochs, of two full batches and one sample, as replays would."""
    shape = IMAGE if isinstance(classifier, BaseImageClassifier) else SIGNAL
    classifier = clone(classifier).set_params(batch_size=BATCH)
    factory = classifier._network_factory_for(shape, N_CLASSES, (0.5, 0.2))
    net = new_net(classifier, module or factory, N_CLASSES, targets, META)
    net.set_params(optimizer=Descent).initialize()
    y = np.arange(N) % N_CLASSES
    X = np.zeros((N, *classifier._network_shape(shape)), np.float32)
    y = np.eye(N_CLASSES)[y] if targets.multilabel else y
    batches = Batches(X, y, weights, device=META, dtype=torch.float32)
    assert reason_not_to_capture(net, batches, listens=False) is None
    averaged = AveragedWeights(averages)
    averaged.begin(net, batches, n_epochs=2)
    steps = CapturedSteps(net, batches, net.module_, averaged, capture=lambda body: body)
    for _ in range(2):
        losses = steps.epoch(batches.in_order(BATCH), iter([1e-3] * 3))
        assert [loss.device for loss in losses] == [META] * 3


def name_of(classifier):
    return type(classifier).__name__


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=name_of)
def test_no_network_reads_a_value(classifier):
    make_steps(classifier)


# Recurrent ones differ in sizes alone, and go through their time steps one by one here.
PUBLISHED = [
    ECGAttentionVGGClassifier,
    ECGCNNClassifier,
    ECGResidualCNNClassifier,
    ECGViTClassifier,
]


@pytest.mark.parametrize("classifier", [kind.published() for kind in PUBLISHED], ids=name_of)
def test_no_published_network_reads_a_value(classifier):
    make_steps(classifier)


@pytest.mark.parametrize("name", augmentation.__all__)
def test_no_augmentation_reads_a_value(name, monkeypatch):
    # PyTorch has no draw from a beta distribution for this device.
    monkeypatch.setattr(Beta, "sample", lambda beta: torch.rand_like(beta.mean))
    kind = getattr(augmentation, name)
    needed = {"sampling_rate": 250} if "sampling_rate" in signature(kind).parameters else {}
    classifier = ECGViTClassifier(patch_size=16, dim=16, n_blocks=1)
    if not issubclass(kind, PictureAugmentation):
        classifier = ECGResidualCNNClassifier()
    make_steps(classifier.set_params(augment=[kind(p=0.5, **needed)]))


@pytest.mark.parametrize(
    "settings",
    [
        {"weights": np.linspace(0, 2, N)},
        {"targets": SeveralLabels()},
        {"targets": SeveralLabels(), "weights": np.ones((N, N_CLASSES))},
        {"averages": "ema"},
    ],
    ids=str,
)
def test_no_part_of_a_step_reads_a_value(settings):
    make_steps(ECGResidualCNNClassifier(gradient_clip=1.0, dropout=0.2), **settings)


class Reads(nn.Linear):
    def forward(self, X):
        return super().forward(X[:, 0]) * (X.mean().item() > 0)


class Mixes(nn.Linear):
    def forward(self, X):
        return super().forward(X[:, 0]) * torch.ones(len(X), 1)


@pytest.mark.parametrize("kind", [Reads, Mixes])
def test_a_network_that_does_is_found(kind):
    with pytest.raises(RuntimeError, match="meta"):
        make_steps(ECGResidualCNNClassifier(), module=partial(kind, SIGNAL[-1], N_CLASSES))
