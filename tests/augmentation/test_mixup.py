from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from skecg.augmentation import Mixup


def batch(n=400, n_classes=3):
    labels = torch.arange(n) % n_classes
    y = F.one_hot(labels, n_classes).double()
    return torch.rand(n, 2, 30, dtype=torch.float64), y, labels


def test_samples_and_targets_are_blended_by_the_same_shares():
    y = torch.eye(300, dtype=torch.float64)
    X = y[:, None] * 5
    blended, targets, weights = Mixup(alpha=1.0).mix(X, y)
    torch.testing.assert_close(blended[:, 0], 5 * targets)
    torch.testing.assert_close(targets.sum(1), torch.ones(300, dtype=torch.float64))
    assert weights is None
    own = targets.diagonal()
    assert own.min() >= 0.5
    assert own.min() < 0.55
    assert targets.argmax(1).equal(torch.arange(300))


def test_a_small_alpha_blends_little():
    X, y, labels = batch()
    _, targets, _ = Mixup(alpha=0.01).mix(X, y)
    assert (targets[torch.arange(400), labels] > 0.99).double().mean() > 0.9
    _, targets, _ = Mixup(alpha=5.0, p=0.25).mix(X, y)
    assert 0.1 < (targets.amax(1) < 1).double().mean() < 0.3


def test_the_loss_of_a_blend_is_that_of_its_two_samples_each_with_its_weight():
    X, y, labels = batch()
    w = torch.linspace(0, 2, 400, dtype=torch.float64)
    logits = torch.randn(400, 3, dtype=torch.float64)
    # Numbers that tell which sample a blend is of.
    X = torch.eye(400, dtype=torch.float64)
    blended, targets, weights = Mixup(alpha=1.0).mix(X, y, w)
    losses = F.cross_entropy(logits, targets, reduction="none") * weights
    each = -logits.log_softmax(1)[:, labels]  # the loss of every row with every label
    torch.testing.assert_close(losses, (blended * each * w).sum(1))


def test_weights_of_0_and_a_batch_of_1_are_no_trouble():
    X, y, _ = batch(1)
    blended, targets, weights = Mixup().mix(X, y, torch.zeros(1, dtype=torch.float64))
    assert torch.equal(blended, X)
    assert torch.equal(targets, y)
    assert weights.item() == 0


def test_labels_that_come_together_are_blended_as_they_are():
    y = torch.tensor([[1.0, 1.0], [0.0, 1.0]]).repeat(20, 1)
    _, targets, _ = Mixup(alpha=1.0).mix(torch.rand(40, 5), y)
    assert torch.equal(targets[:, 1], torch.ones(40))


def test_a_call_says_that_targets_change_too():
    with pytest.raises(TypeError, match=r"targets .* call mix\(X, y\)"):
        Mixup()(torch.rand(4, 1, 30))
