"""What holds on a CUDA device: pytest -m gpu."""

from __future__ import annotations

import gc
import pickle

import numpy as np
import pytest
import torch
from estimators import CLASSIFIERS
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils.estimator_checks import check_estimator

import skecg
from skecg import ECGCNN2DClassifier, ECGResidualCNNClassifier
from skecg.augmentation import Gain, Noise
from skecg.datasets import make_beats
from skecg.samples import _batches

# Probabilities of the same weights on both devices.
BOUND = 1e-4


def on_cuda(classifier, **params):
    return clone(classifier).set_params(device="cuda", random_state=0, **params)


def on_cpu(fitted):
    return pickle.loads(pickle.dumps(fitted)).set_params(device="cpu")


def weights_of(fitted):
    return torch.cat([w.detach().cpu().flatten() for w in fitted.module_.parameters()])


@pytest.fixture(scope="module")
def beats():
    return make_beats(300, n_subjects=10, random_state=0, return_X_y_groups=True)


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    y = np.arange(48) % 3
    return (rng.random((48, 3, 32, 32)) * (y + 1)[:, None, None, None]).astype(np.float32), y


def samples_for(classifier, beats, pictures):
    X, y, _ = beats
    is_of_signals = isinstance(classifier, skecg.ECGResidualCNNClassifier | skecg.ECGCNNClassifier)
    if is_of_signals or isinstance(classifier, skecg.ECGNeuralClassifier):
        return X, y
    return pictures


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: type(c).__name__)
@pytest.mark.parametrize("cuda_graph", [False, True])
def test_every_classifier_predicts_what_the_cpu_predicts(classifier, cuda_graph, beats, pictures):
    X, y = samples_for(classifier, beats, pictures)
    fitted = on_cuda(classifier, max_epochs=3, cuda_graph=cuda_graph).fit(X, y)
    assert next(fitted.module_.parameters()).is_cuda
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
def test_captured_training_ends_near_training_step_by_step(params, beats, capsys):
    X, y, groups = beats
    start = ECGResidualCNNClassifier(
        max_epochs=3, batch_size=32, precision="float32", verbose=1, **params
    )
    captured = on_cuda(start, cuda_graph=True).fit(X, y, groups=groups)
    assert "not captured" not in capsys.readouterr().out
    plain = on_cuda(start).fit(X, y, groups=groups)
    torch.testing.assert_close(weights_of(captured), weights_of(plain), rtol=0, atol=1e-3)


def test_the_same_seed_captured_twice_gives_the_same_bits(beats):
    X, y, _ = beats
    start = ECGResidualCNNClassifier(max_epochs=3, batch_size=32, dropout=0.2, cuda_graph=True)
    torch.use_deterministic_algorithms(True)
    try:
        first, second = (on_cuda(start).fit(X, y) for _ in range(2))
    finally:
        torch.use_deterministic_algorithms(False)
    assert torch.equal(weights_of(first), weights_of(second))


def test_a_killed_captured_training_goes_on(beats, tmp_path):
    from skorch.callbacks import Callback

    class Kill(Callback):
        def on_epoch_end(self, net, **kwargs):
            if len(net.history) == 2:
                raise RuntimeError("killed")

    X, y, _ = beats
    start = on_cuda(ECGResidualCNNClassifier(max_epochs=4, batch_size=32, cuda_graph=True))
    whole = clone(start).fit(X, y)
    start.set_params(checkpoint_dir=tmp_path)
    with pytest.raises(RuntimeError, match="killed"):
        clone(start).set_params(callbacks=[Kill()]).fit(X, y)
    resumed = clone(start).fit(X, y)
    torch.testing.assert_close(weights_of(resumed), weights_of(whole), rtol=0, atol=1e-3)


def test_partial_fit_and_transfer_take_captured_steps(beats):
    from sklearn.frozen import FrozenEstimator

    X, y, _ = beats
    clf = on_cuda(ECGResidualCNNClassifier(max_epochs=2, batch_size=32, cuda_graph=True))
    clf.partial_fit(X, y).partial_fit(X, y)
    assert clf.n_iter_ == 2
    frozen = clone(clf).set_params(init_from=FrozenEstimator(clf), n_trainable_layers=1)
    before = clf.module_.features[0].weight.detach().cpu()
    after = frozen.fit(X, y).module_.features[0].weight.detach().cpu()
    assert torch.equal(before, after)


def test_a_file_written_on_the_gpu_is_read_without_one(beats, tmp_path):
    X, y, _ = beats
    fitted = on_cuda(ECGResidualCNNClassifier(max_epochs=2, device="auto")).fit(X, y)
    skecg.save(fitted, tmp_path / "model.safetensors")
    loaded = skecg.load(tmp_path / "model.safetensors").set_params(device="cpu")
    assert np.abs(loaded.predict_proba(X) - fitted.predict_proba(X)).max() < BOUND


@pytest.mark.parametrize("cuda_graph", [False, True])
def test_memory_is_given_back(cuda_graph, beats):
    X, y, _ = beats

    def in_use():
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        return torch.cuda.memory_reserved()

    clf = on_cuda(ECGResidualCNNClassifier(max_epochs=2, cuda_graph=cuda_graph))
    clone(clf).fit(X, y)
    before = in_use()
    clone(clf).fit(X, y)
    with pytest.raises(FloatingPointError):
        clone(clf).set_params(learning_rate=1e30, lr_schedule=None).fit(X, y)
    assert in_use() <= before


@pytest.mark.parametrize("weighted", [False, True])
def test_samples_that_do_not_fit_are_copied_ahead(weighted, beats, monkeypatch):
    X, y, _ = beats
    weights = np.linspace(0.5, 1.5, len(y)) if weighted else None
    clf = ECGResidualCNNClassifier(max_epochs=3, batch_size=32, precision="float32")
    wanted = on_cuda(clf).fit(X, y, sample_weight=weights)
    monkeypatch.setattr(_batches, "_SHARE_OF_FREE_MEMORY", 0)
    found = on_cuda(clf).fit(X, y, sample_weight=weights)
    torch.testing.assert_close(weights_of(found), weights_of(wanted), rtol=0, atol=1e-3)


def test_too_little_memory_leaves_the_device_usable(beats):
    X, y, _ = beats
    clf = on_cuda(ECGResidualCNNClassifier(max_epochs=1))
    before = torch.cuda.memory_allocated()
    torch.cuda.set_per_process_memory_fraction(1e-4)
    try:
        with pytest.raises(torch.OutOfMemoryError, match="batch_size"):
            clone(clf).fit(X, y)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    gc.collect()
    assert torch.cuda.memory_allocated() < before + 2**26  # what libraries keep for themselves
    clf.fit(X, y)


def test_two_processes_share_a_device(beats):
    X, y, _ = beats
    clf = on_cuda(ECGResidualCNNClassifier(max_epochs=2))
    one, other = Parallel(n_jobs=2)(delayed(clone(clf).fit)(X, y) for _ in range(2))
    assert torch.equal(weights_of(one), weights_of(other))


@pytest.mark.parametrize(
    "classifier",
    [c for c in CLASSIFIERS if type(c) in (ECGResidualCNNClassifier, ECGCNN2DClassifier)],
    ids=lambda c: type(c).__name__,
)
def test_scikit_learns_checks_pass_on_the_device(classifier):
    check_estimator(on_cuda(classifier))
