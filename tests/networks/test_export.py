from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from estimators import WITH_SIDE_FEATURES
from fitted_classifiers import NAMES, fitted
from sklearn.base import clone

from skecg import ECGViTClassifier
from skecg.networks import CNN3D, AttentionVGG, Hybrid, TimeDistributedCNN

QUICK = {"ECGResidualCNNClassifier", "ECGTimeDistributedCNNClassifier"}
# PyTorch says so of its own LSTM.
OF_LSTM = pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights:UserWarning")


def assert_exported(module: torch.nn.Module, x: torch.Tensor) -> None:
    """Export with 3 samples, and compare with other numbers of samples."""
    module = module.eval()
    batch = torch.export.Dim("n_samples", min=1)
    program = torch.export.export(module, (x[:3],), dynamic_shapes=({0: batch},)).module()
    for n in (1, 2, len(x)):
        with torch.no_grad():
            torch.testing.assert_close(program(x[:n]), module(x[:n]), rtol=1e-6, atol=1e-6)


@OF_LSTM
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow) for n in NAMES]
)
def test_the_network_of_every_classifier_is_exported_for_any_number_of_samples(name):
    classifier, X = fitted(name, "float32")
    with classifier.open_network(X) as (net, samples):
        x = torch.from_numpy(np.asarray(samples, np.float32))
        assert_exported(net.module_, x)


@pytest.mark.parametrize("classifier", WITH_SIDE_FEATURES, ids=lambda c: type(c).__name__)
def test_numbers_beside_a_signal_are_exported(classifier):
    X = np.random.default_rng(0).standard_normal((6, 31)).astype(np.float32)
    classifier = clone(classifier).set_params(max_epochs=1, device="cpu").fit(X, [0, 1] * 3)
    assert_exported(classifier.module_, torch.from_numpy(X))


OTHERS = {
    "one channel": lambda: TimeDistributedCNN((1, 20, 24), 3, width=2, n_steps=3),
    "too few channels": lambda: CNN3D((1, 3, 40), 3, width=2, n_blocks=3),
    "dot product, groups": lambda: AttentionVGG(
        (1, 20, 24), 3, width=2, norm="group", compatibility="dot"
    ),
    "rows, one a summary": lambda: Hybrid(
        (1, 20, 24), 3, width=2, sequence="rows", n_summary=None, n_recurrent=4
    ),
}


@OF_LSTM
@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_other_forms_of_the_networks_are_exported(name):
    size = (1, 3, 40) if "few" in name else (1, 20, 24)
    x = torch.arange(5 * math.prod(size)).reshape(5, *size).sin()
    assert_exported(OTHERS[name](), x)


@pytest.mark.slow
def test_a_stem_of_convolutions_and_fixed_positions_are_exported():
    X = np.random.default_rng(0).standard_normal((5, 2, 18, 20)).astype(np.float32)
    classifier = ECGViTClassifier(
        max_epochs=1, patch_size=4, stem="conv", positions="sincos", dim=16, n_blocks=1, n_heads=2,
        device="cpu",
    )  # fmt: skip
    assert_exported(classifier.fit(X, [0, 1, 0, 1, 0]).module_, torch.from_numpy(X))
