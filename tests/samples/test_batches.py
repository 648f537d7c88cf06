"""Batches are what their indices say, however many are gathered at once."""

from unittest import mock

import numpy as np
import pytest
import torch

from skecg.samples import Batches, _batches
from skecg.samples._copied_ahead import copied_ahead

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
        with mock.patch.object(batches, "_gathered", wraps=batches._gathered) as gathered:
            assert len(list(batches.in_turn(batches.in_order(16)))) == 10
        assert gathered.call_count == n_times


class Streams:
    """Stands for those of a CUDA device, and counts the batches that it has not computed yet."""

    def __init__(self, device=None):
        self.n_sent, self.n_ahead, self.most_ahead = 0, 0, 0

    def send(self, tensor):
        self.n_sent += 1
        return tensor.clone()

    def mark(self):
        self.n_ahead += 1
        self.most_ahead = max(self.most_ahead, self.n_ahead)
        return self

    def synchronize(self):
        self.n_ahead -= 1


@pytest.mark.parametrize("weighted", [False, True])
def test_copied_batches_are_the_same_and_few_are_on_their_way(weighted):
    parts = [(torch.full((2, 3), i), torch.tensor([i]), None) for i in range(9)]
    if weighted:
        parts = [(X, y, y / 2) for X, y, _ in parts]
    streams = Streams()
    found = list(copied_ahead(iter(parts), streams))
    for one, other in zip(found, parts, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a is b is None or torch.equal(a, b)
    assert streams.n_sent == 9 * (3 if weighted else 2)
    assert streams.most_ahead == 3


def test_samples_on_the_host_are_copied_ahead_to_a_cuda_device(monkeypatch):
    X = np.random.default_rng(0).integers(0, 255, (80, 5_000), dtype=np.uint8)
    batches = Batches(X, np.arange(80) % 3, None, device=CPU, dtype=torch.float32)
    wanted = list(batches.in_turn(batches.in_order(16)))
    streams = Streams()
    monkeypatch.setattr(_batches, "CudaStreams", lambda device: streams)
    monkeypatch.setattr(batches, "device", torch.device("cuda", 0))
    monkeypatch.setattr(batches, "_on_device", lambda part: part)
    assert not batches.are_on_device
    found = list(batches.in_turn(batches.in_order(16)))
    assert streams.n_sent == 10
    for (X, y, _), (wanted_X, wanted_y, _) in zip(found, wanted, strict=True):
        assert X.dtype == torch.uint8  # a quarter of the bytes
        assert torch.equal(X.float(), wanted_X)
        assert torch.equal(y, wanted_y)
