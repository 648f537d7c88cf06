from __future__ import annotations

import numpy as np
import pytest
import torch

from skecg.training import Cosine, ExponentialDecay, MultiStep, OneCycle, resolve_schedule


def test_one_cycle_is_pytorchs_without_the_momentum():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1.0, total_steps=1001, pct_start=0.3, cycle_momentum=False
    )
    expected = []
    for _ in range(1000):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    # PyTorch's cycle turns at step 0.3 x 1001 - 1 and ends at 1000; ours turns at 300.
    ours = [OneCycle()(step, 1000, 10) for step in range(1000)]
    np.testing.assert_allclose(ours, expected, atol=0.003)


@pytest.mark.parametrize("schedule", [OneCycle(), Cosine(), Cosine(warmup=0.0)])
def test_cycles_rise_to_one_and_fall_to_almost_nothing(schedule):
    factors = np.array([schedule(step, 1000, 10) for step in range(1000)])
    top = factors.argmax()
    assert factors[top] == pytest.approx(1, abs=1e-6)
    assert top == pytest.approx(1000 * schedule.warmup, abs=1)
    assert np.all(np.diff(factors[: top + 1]) >= 0)
    assert np.all(np.diff(factors[top:]) <= 0)
    assert factors[-1] < 1e-4


def test_exponential_decay_is_kachuees():
    decay = ExponentialDecay(gamma=0.75, every=10_000)
    assert decay(0, 1, 1) == 1
    assert decay(10_000, 1, 1) == 0.75
    assert decay(20_000, 1, 1) == 0.5625
    assert decay(5_000, 1, 1) == pytest.approx(0.75**0.5)


def test_multi_step_changes_at_the_beginning_of_the_milestones():
    halve = MultiStep((10, 15), gamma=0.5)
    by_epoch = [halve(epoch * 7, 140, 7) for epoch in range(20)]
    assert by_epoch == [1.0] * 10 + [0.5] * 5 + [0.25] * 5
    assert halve(10 * 7 - 1, 140, 7) == 1.0


def test_names_stand_for_the_defaults():
    assert resolve_schedule("one-cycle") == OneCycle()
    assert resolve_schedule("cosine") == Cosine()
    assert resolve_schedule(None) is None
    assert resolve_schedule(MultiStep((1,))) == MultiStep((1,))
