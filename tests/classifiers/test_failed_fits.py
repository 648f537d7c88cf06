"""A fit that is refused or fails, at whatever stage, leaves the classifier as it was."""

from __future__ import annotations

import numpy as np
import pytest
from estimators import CLASSIFIERS
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from skorch.callbacks import Callback
from torch import nn

import skecg
from skecg import ECGNeuralClassifier

X = np.random.default_rng(0).normal(size=(24, 2, 32)).astype(np.float32)
Y = np.repeat(["a", "b"], 12)
OTHER = np.repeat(["c", "d"], 12)
SUBJECTS = np.tile(np.arange(6), 4)


class OutOfMemory(Callback):
    """Fails in the first batch, or in the last, as a device without memory does."""

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch

    def on_grad_computed(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise RuntimeError("out of memory")


# Parameters, and what else is given to fit, for every stage at which it can be refused.
STAGES = {
    "parameter": ({"max_epochs": 0}, {}),
    "device": ({"device": "cuda:99"}, {}),
    "init_from": ({"init_from": "no such file"}, {}),
    "layers without init_from": ({"n_trainable_layers": 1}, {}),
    "class_weight": ({"class_weight": {"c": -1.0, "d": 1.0}}, {}),
    "class_weight, infinite": ({"class_weight": {"c": np.inf, "d": 1.0}}, {}),
    "checkpoint_dir": ({"checkpoint_dir": "/dev/null/x"}, {}),
    "optimizer": ({"optimizer": dict}, {}),
    "callbacks": ({"callbacks": (1, 2)}, {}),
    "groups, scalar": ({}, {"groups": 3}),
    "groups, missing": ({}, {"groups": [None, *range(23)]}),
    "groups, too few": ({"early_stopping": True}, {"groups": np.zeros(24)}),
    "weights of zero": ({}, {"sample_weight": np.zeros(24)}),
    "weights, infinite sum": ({}, {"sample_weight": np.full(24, 1e308)}),
    "one class": ({}, {"y": np.repeat("c", 24)}),
    "NaN": ({}, {"X": np.full_like(X, np.nan)}),
    "empty axis": ({}, {"X": X[:, :, :0]}),
    "file names": ({}, {"X": ["a.jpg"] * 24}),
    "first batch": ({"callbacks": [OutOfMemory(1)]}, {}),
    "last epoch": ({"callbacks": [OutOfMemory(3)], "max_epochs": 3}, {}),
    "divergence": ({"learning_rate": 1e30, "optimizer": "sgd", "lr_schedule": None}, {}),
}
EXPECTED = (ValueError, TypeError, RuntimeError, OSError, FloatingPointError)


def refuse(classifier, stage):
    params, given = STAGES[stage]
    classifier.set_params(**params)
    with pytest.raises(EXPECTED) as raised:
        classifier.fit(**{"X": X, "y": OTHER, **given})
    assert type(raised.value).__name__ not in ("IndexError", "KeyError", "AttributeError")


@pytest.mark.parametrize("stage", STAGES)
def test_a_first_fit_that_fails_leaves_an_unfitted_classifier(stage):
    classifier = skecg.ECGResidualCNNClassifier(max_epochs=1, batch_size=8, n_filters=4)
    before = set(vars(classifier))
    refuse(classifier, stage)
    assert set(vars(classifier)) == before
    with pytest.raises(NotFittedError):
        classifier.predict(X)


@pytest.mark.parametrize("stage", STAGES)
def test_a_refit_that_fails_leaves_the_fitted_classifier(stage, tmp_path):
    classifier = skecg.ECGResidualCNNClassifier(
        max_epochs=1, batch_size=8, n_filters=4, random_state=0
    ).fit(X, Y)
    params = classifier.get_params()
    before = {name: value for name, value in vars(classifier).items() if name not in params}
    probabilities = classifier.predict_proba(X)
    refuse(classifier, stage)
    after = {name: value for name, value in vars(classifier).items() if name not in params}
    assert after.keys() == before.keys()
    assert all(after[name] is before[name] for name in before)
    classifier.set_params(**params)
    assert_array_equal(classifier.predict_proba(X), probabilities)
    assert set(classifier.predict(X)) <= {"a", "b"}
    skecg.save(classifier, tmp_path / "model.safetensors")
    assert skecg.load(tmp_path / "model.safetensors").classes_.tolist() == ["a", "b"]


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda e: type(e).__name__)
def test_every_classifier_survives_a_refused_refit(classifier):
    fitted = clone(classifier).set_params(max_epochs=1, random_state=0).fit(X, Y)
    probabilities = fitted.predict_proba(X)
    with pytest.raises(RuntimeError, match="out of memory"):
        fitted.set_params(callbacks=[OutOfMemory(1)]).fit(X[:, :, :20], OTHER)
    fitted.set_params(callbacks=None)
    assert_array_equal(fitted.predict_proba(X), probabilities)
    first = clone(classifier).set_params(max_epochs=1, callbacks=[OutOfMemory(1)])
    with pytest.raises(RuntimeError, match="out of memory"):
        first.fit(X, Y)
    with pytest.raises(NotFittedError):
        first.predict(X)


def test_a_network_with_outputs_of_a_wrong_shape_is_refused_before_anything_is_set():
    class Wrong(nn.Module):
        def __init__(self, input_shape, n_classes):
            super().__init__()
            self.layer = nn.Linear(input_shape[-1], n_classes + 1)

        def forward(self, x):
            return self.layer(x.mean(1))

    classifier = ECGNeuralClassifier(Wrong)
    with pytest.raises(ValueError, match="expected logits of shape"):
        classifier.fit(X, Y)
    with pytest.raises(NotFittedError):
        classifier.predict(X)


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_partial_fit_that_fails_changes_nothing(epoch):
    classifier = skecg.ECGResidualCNNClassifier(max_epochs=1, batch_size=8, random_state=0)
    classifier.partial_fit(X, Y)
    before = classifier.predict_proba(X)
    failing = OutOfMemory(classifier.n_iter_ + 1)
    failing_net = classifier.net_
    failing_net.callbacks_ = [("failing", failing)]
    with pytest.raises(RuntimeError, match="out of memory"):
        classifier.partial_fit(X, Y)
    assert_array_equal(classifier.predict_proba(X), before)
    assert classifier.n_iter_ == 1


def test_training_that_diverges_says_what_to_try():
    classifier = skecg.ECGResidualCNNClassifier(
        max_epochs=3, optimizer="sgd", learning_rate=1e30, lr_schedule=None
    )
    with pytest.raises(FloatingPointError, match=r"diverged: .* Try a lower learning_rate"):
        classifier.fit(X, Y)


def test_samples_that_no_number_format_can_hold_have_no_probabilities():
    classifier = skecg.ECGResidualCNNClassifier(max_epochs=1, random_state=0).fit(X, Y)
    huge = X.copy()
    huge[3] = 3e38
    with pytest.raises(ValueError, match="not finite for 1 of 24 samples"):
        classifier.predict_proba(huge)
