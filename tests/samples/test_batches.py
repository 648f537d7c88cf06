"""Batches are what their indices say, however many are gathered at once."""

from unittest import mock

import numpy as np
import pytest
import torch

from skecg.samples import Batches

CPU = torch.device("cpu")


@pytest.mark.parametrize("n_values", [3, 70_000])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_samples", [1, 16, 83])
def test_batches_in_turn_are_those_taken_one_by_one(n_samples, n_values, weighted):
    rng = np.random.default_rng(0)
    X = rng.random((n_samples, n_values), dtype=np.float32)
    weights = rng.random(n_samples) if weighted else None
    batches = Batches(X, np.arange(n_samples) % 3, weights, device=CPU, dtype=torch.float32)
    order = list(batches.shuffled(16, torch.Generator().manual_seed(0)))
    found = list(batches.in_turn(iter(order)))
    assert len(found) == len(order) == -(-n_samples // 16)
    for one, index in zip(found, order, strict=True):
        for a, b in zip(one, batches.take(index), strict=True):
            assert a is b is None or torch.equal(a, b)


def test_small_batches_are_gathered_together_and_large_ones_alone():
    for n_values, n_times in ((100, 1), (5_000, 10)):
        X = np.zeros((160, n_values), np.float32)
        batches = Batches(X, np.zeros(160), None, device=CPU, dtype=torch.float32)
        with mock.patch.object(batches, "take", wraps=batches.take) as take:
            assert len(list(batches.in_turn(batches.in_order(16)))) == 10
        assert take.call_count == n_times
