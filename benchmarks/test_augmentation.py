"""What augmentations and averaged weights take beside a training step.

pytest benchmarks/test_augmentation.py --benchmark-only -s
"""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from benchmarks.conftest import SHORT_ROUNDS, short
from benchmarks.epochs import CPU, epoch_by_hand
from skecg import ECGViTClassifier
from skecg.augmentation import (
    BaselineWander,
    Blur,
    Contrast,
    Erase,
    Gain,
    LeadDropout,
    Mixup,
    Noise,
    PowerLine,
    Rotate,
    Shift,
    TimeMask,
    TimeStretch,
)
from skecg.networks import ResidualCNN
from skecg.samples import Batches
from skecg.training import AveragedWeights, LeanNet, resolve_optimizer

OF_SIGNALS = [
    Gain(), TimeStretch(), TimeStretch(center="peak"), Shift(), BaselineWander(sampling_rate=125),
    BaselineWander(sampling_rate=125, padding=0.0), Noise(), PowerLine(sampling_rate=125),
    TimeMask(), LeadDropout(), Mixup(),
]  # fmt: skip
OF_PICTURES = [Shift(), Rotate(), Contrast(), Blur(), Erase(), Mixup()]
AT_MOST = 10  # per cent


def seconds(function, repeats: int) -> float:
    """Return the shortest time: the machine is shared."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def shares(benchmark, step, augmentations, X, y):
    """Return, for each augmentation, its time in per cent of a step's, once for every round."""
    targets = torch.nn.functional.one_hot(torch.from_numpy(y), 5).float()
    found = {repr(augment): [] for augment in augmentations}
    batch = torch.from_numpy(X)

    def one_round():
        of_step = seconds(step, 3)
        for augment in augmentations:
            mixes = hasattr(augment, "mix")

            def run(augment=augment, mixes=mixes):
                return augment.mix(batch, targets) if mixes else augment(batch)

            found[repr(augment)].append(100 * seconds(run, 5) / of_step)

    benchmark.pedantic(one_round, rounds=SHORT_ROUNDS if short() else 5, warmup_rounds=1)
    return {name: values[1:] for name, values in found.items()}


@pytest.mark.parametrize("n_leads", [1, 12])
def test_signals(benchmark, compare, n_leads):
    """Beats of 187 samples in batches of 128, against a step of the residual network."""
    rng = np.random.default_rng(0)
    X, y = rng.random((128, n_leads, 187), dtype=np.float32), rng.integers(0, 5, 128)
    step = epoch_by_hand(lambda: ResidualCNN(n_leads), X, y, 128)
    augmentations = [a for a in OF_SIGNALS if n_leads > 1 or not isinstance(a, LeadDropout)]
    found = shares(benchmark, step, augmentations, X, y)
    for name, values in found.items():
        compare.figure(name, values, "% of a step", at_most=AT_MOST)
    compare.figure("all of them", np.sum(list(found.values()), axis=0), "% of a step")


def test_pictures(benchmark, compare):
    """Sheets of 182 x 256 pixels in batches of 32, against a step of the default ViT."""
    rng = np.random.default_rng(0)
    X, y = 255 * rng.random((32, 3, 182, 256), dtype=np.float32), np.arange(32) % 5
    fitted = ECGViTClassifier(max_epochs=1, random_state=0).fit(X, y)
    found = shares(benchmark, epoch_by_hand(lambda: fitted.module_, X, y, 32), OF_PICTURES, X, y)
    for name, values in found.items():
        compare.figure(name, values, "% of a step", at_most=AT_MOST)


def test_exponential_average(benchmark, compare):
    """The average's share in a step of the residual network on 128 beats."""
    rng = np.random.default_rng(0)
    X, y = rng.random((128, 1, 187), dtype=np.float32), rng.integers(0, 5, 128)
    net = LeanNet(
        ResidualCNN, optimizer=resolve_optimizer("adamw", CPU), batch_size=128, verbose=0
    ).initialize()
    batches = Batches(X, y, None, device=CPU, dtype=torch.float32)
    averages = AveragedWeights("ema")
    averages.begin(net, batches, n_epochs=1)
    step, found = epoch_by_hand(ResidualCNN, X, y, 128), []

    def one_round():
        of_step = seconds(step, 3)
        found.append(100 * seconds(averages.follow_step, 20) / of_step)

    benchmark.pedantic(one_round, rounds=SHORT_ROUNDS if short() else 5, warmup_rounds=1)
    compare.figure("exponential average", found[1:], "% of a step", at_most=AT_MOST)
