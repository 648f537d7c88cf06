"""What holds on a CUDA device: pytest -m gpu.

Without one, those that take the fixture ``placed`` are rehearsed on the CPU (as slow tests), so
that they can be relied on where there is one.
"""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS, FAILURES_OF_NETWORKS
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.estimator_checks import check_estimator
from skorch.callbacks import Callback
from torch import Tensor, nn

import skecg
from skecg import ECGCNN2DClassifier, ECGNeuralClassifier, ECGResidualCNNClassifier
from skecg.augmentation import Gain, Noise
from skecg.datasets import make_beats
from skecg.samples import _batches

# Probabilities of the same weights on both devices.
BOUND = 1e-4
# Distance of weights that the same training ends at. Sums of gradients have no order, and Adam
# takes a full step even where a gradient is nothing but rounding, so that single weights differ.
CLOSE = 1e-3


def on_cpu(fitted):
    return pickle.loads(pickle.dumps(fitted)).set_params(device="cpu")


def weights_of(fitted):
    return torch.cat([w.detach().cpu().flatten() for w in fitted.module_.parameters()])


def distance(one, other):
    """Return the distance of two models' weights, by their size."""
    first, second = weights_of(one), weights_of(other)
    return ((first - second).norm() / second.norm()).item()


@pytest.fixture(scope="module")
def beats():
    found = make_beats(300, n_subjects=10, random_state=0)
    return found.data, found.target, found.groups


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    return (rng.random((48, 3, 32, 32)) * (y + 1)[:, None, None, None]).astype(np.float32), y


def samples_for(classifier, beats, pictures):
    X, y, _ = beats
    of_signals = ECGResidualCNNClassifier, skecg.ECGCNNClassifier, ECGNeuralClassifier
    return (X, y) if isinstance(classifier, of_signals) else pictures


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("cuda_graph", [False, True])
def test_every_classifier_predicts_what_the_cpu_predicts(
    placed, device, classifier, cuda_graph, beats, pictures
):
    X, y = samples_for(classifier, beats, pictures)
    fitted = placed(classifier, max_epochs=3, cuda_graph=cuda_graph).fit(X, y)
    assert next(fitted.module_.parameters()).device.type == device
    difference = np.abs(fitted.predict_proba(X) - on_cpu(fitted).predict_proba(X)).max()
    assert difference < BOUND


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"dropout": 0.2},
        {"optimizer": "sgd", "learning_rate": 1e-3},
        {"optimizer": "adamax"},
        {"gradient_clip": 1.0, "class_weight": "balanced", "shuffle": "balanced"},
        {"augment": [Gain(), Noise()]},
        {"average_weights": "ema", "early_stopping": True, "patience": 2},
    ],
    ids=str,
)
def test_captured_training_ends_near_training_step_by_step(placed, params, beats, capsys):
    X, y, groups = beats
    start = ECGResidualCNNClassifier(
        max_epochs=3, batch_size=32, precision="float32", verbose=1, **params
    )
    captured = placed(start).fit(X, y, groups=groups)
    assert "not captured" not in capsys.readouterr().out
    plain = placed(start, cuda_graph=False).fit(X, y, groups=groups)
    assert distance(captured, plain) < CLOSE


def test_the_same_seed_captured_twice_gives_the_same_bits(placed, beats):
    X, y, _ = beats
    start = ECGResidualCNNClassifier(max_epochs=3, batch_size=32, dropout=0.2)
    torch.use_deterministic_algorithms(True)
    try:
        first, second = (placed(start).fit(X, y) for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(weights_of(first), weights_of(second))


class Waits(nn.Module):
    """Does something else in every call, for which the host may have to wait."""

    def __init__(self, input_shape, n_classes, what):
        super().__init__()
        self.what = what
        self.layers = nn.Sequential(nn.Linear(input_shape[-1], n_classes), nn.Dropout(0.1))

    def forward(self, X):
        self.what(X)
        return self.layers(X)


def synchronize(X):
    if X.is_cuda:
        torch.cuda.synchronize()


@pytest.mark.parametrize("what", [Tensor.max, Tensor.tolist, synchronize])
def test_what_cannot_be_captured_is_trained_step_by_step(placed, device, what, beats, capsys):
    X, y, _ = beats
    start = ECGNeuralClassifier(Waits, module_params={"what": what}, batch_size=32, verbose=1)
    found = placed(start, max_epochs=3).fit(X, y)
    must_wait = what is not Tensor.max and device == "cuda"
    assert ("not captured" in capsys.readouterr().out) == must_wait
    wanted = placed(start, max_epochs=3, cuda_graph=False).fit(X, y)
    assert distance(found, wanted) < CLOSE


class Kill(Callback):
    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise RuntimeError("killed")


def test_a_killed_captured_training_goes_on(placed, beats, tmp_path):
    X, y, _ = beats
    start = placed(ECGResidualCNNClassifier(max_epochs=4, batch_size=32, precision="float32"))
    whole = clone(start).fit(X, y)
    start.set_params(checkpoint_dir=tmp_path)
    with pytest.raises(RuntimeError, match="killed"):
        clone(start).set_params(callbacks=[Kill()]).fit(X, y)
    resumed = clone(start).fit(X, y)
    assert distance(resumed, whole) < CLOSE


def test_partial_fit_and_transfer_take_captured_steps(placed, beats):
    X, y, _ = beats
    clf = placed(ECGResidualCNNClassifier(max_epochs=2, batch_size=32))
    clf.partial_fit(X, y).partial_fit(X, y)
    assert clf.n_iter_ == 2
    frozen = clone(clf).set_params(init_from=FrozenEstimator(clf), n_trainable_layers=1)
    before = clf.module_.features[0].weight.detach().cpu()
    after = frozen.fit(X, y).module_.features[0].weight.detach().cpu()
    assert torch.equal(before, after)


def test_a_file_written_on_the_device_is_read_without_it(placed, beats, tmp_path):
    X, y, _ = beats
    fitted = placed(ECGResidualCNNClassifier(max_epochs=2)).fit(X, y)
    skecg.save(fitted, tmp_path / "model.safetensors")
    loaded = skecg.load(tmp_path / "model.safetensors").set_params(device="cpu")
    assert np.abs(loaded.predict_proba(X) - fitted.predict_proba(X)).max() < BOUND


@pytest.mark.parametrize("weighted", [False, True])
def test_samples_that_do_not_fit_are_copied_ahead(placed, weighted, beats, monkeypatch):
    X, y, _ = beats
    weights = np.linspace(0.5, 1.5, len(y)) if weighted else None
    clf = ECGResidualCNNClassifier(max_epochs=3, batch_size=32, precision="float32")
    wanted = placed(clf).fit(X, y, sample_weight=weights)
    monkeypatch.setattr(_batches, "_SHARE_OF_FREE_MEMORY", 0)
    found = placed(clf).fit(X, y, sample_weight=weights)
    assert distance(found, wanted) < CLOSE


def test_two_processes_share_a_device(placed, beats):
    X, y, _ = beats
    clf = placed(ECGResidualCNNClassifier(max_epochs=2, precision="float32", n_threads=1))
    one, other = Parallel(n_jobs=2)(delayed(clone(clf).fit)(X, y) for _ in range(2))
    assert distance(one, other) < CLOSE


@pytest.mark.parametrize(
    "classifier",
    [c for c in CLASSIFIERS if type(c) in (ECGResidualCNNClassifier, ECGCNN2DClassifier)],
    ids=lambda c: type(c).__name__,
)
def test_scikit_learns_checks_pass_on_the_device(placed, classifier):
    check_estimator(placed(classifier), expected_failed_checks=FAILURES_OF_NETWORKS, on_skip=None)


# What speaks of the device itself has no rehearsal.


@pytest.fixture
def residual_network():
    return ECGResidualCNNClassifier(max_epochs=2, device="cuda", random_state=0)


@pytest.mark.parametrize("cuda_graph", [False, True])
def test_memory_is_given_back(cuda_graph, residual_network, beats):
    X, y, _ = beats

    def in_use():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        return torch.cuda.memory_reserved()

    clf = residual_network.set_params(cuda_graph=cuda_graph)
    clone(clf).fit(X, y)
    before = in_use()
    clone(clf).fit(X, y)
    with pytest.raises(FloatingPointError):
        clone(clf).set_params(learning_rate=1e30, lr_schedule=None).fit(X, y)
    assert in_use() <= before


def test_too_little_memory_leaves_the_device_usable(residual_network, beats):
    X, y, _ = beats
    before = torch.cuda.memory_allocated()
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with pytest.raises(torch.OutOfMemoryError, match="batch_size"):
            clone(residual_network).fit(X, y)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    gc.collect()
    assert torch.cuda.memory_allocated() < before + 2**26  # what libraries keep for themselves
    residual_network.fit(X, y)
