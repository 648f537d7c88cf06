from __future__ import annotations

import functools
import pickle

import numpy as np
import pytest
import torch
from sklearn.model_selection import GridSearchCV
from torch import nn

from skecg import ECGNeuralClassifier


class Perceptron(nn.Module):
    """A module that knows nothing of skecg."""

    def __init__(self, n_inputs=30, n_outputs=3, width=8):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_inputs, width), nn.ReLU(), nn.Linear(width, n_outputs)
        )

    def forward(self, x):
        return self.layers(x)


def perceptron(input_shape, n_classes, width=16):
    return Perceptron(*input_shape, n_classes, width)


class ConvolutionOnly(nn.Module):
    def __init__(self, n_classes):
        super().__init__()
        self.convolution = nn.Conv1d(1, n_classes, 3)

    def forward(self, x):
        return self.convolution(x[:, None]).mean(-1)


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    return (rng.normal(size=(60, 30)) + y[:, None]).astype(np.float32), y


@pytest.mark.parametrize(
    "module",
    [Perceptron, perceptron, functools.partial(perceptron, width=4), ConvolutionOnly],
    ids=["class", "function", "partial", "n_classes only"],
)
def test_classes_and_factories(data, module):
    clf = ECGNeuralClassifier(module=module, max_epochs=2, random_state=0).fit(*data)
    assert clf.predict_proba(data[0]).shape == (60, 3)
    assert np.array_equal(
        pickle.loads(pickle.dumps(clf)).predict_proba(data[0]), clf.predict_proba(data[0])
    )


def test_samples_reach_the_module_as_they_are(data):
    seen = []

    class Spy(Perceptron):
        def forward(self, x):
            seen.append((x.shape[1:], x.dtype))
            return super().forward(x)

    ECGNeuralClassifier(module=Spy, max_epochs=1).fit(*data)
    assert set(seen) == {((30,), torch.float32)}


@pytest.mark.parametrize("fitted", [False, True])
def test_an_instance_is_refused_with_the_remedy(data, fitted):
    module = Perceptron()
    if fitted:
        module = ECGNeuralClassifier(module=Perceptron, max_epochs=1).fit(*data).module_
    with pytest.raises(TypeError, match=r"pass the class: module=Perceptron, module_params="):
        ECGNeuralClassifier(module=module).fit(*data)


@pytest.mark.parametrize("module", ["Perceptron", None, 3])
def test_what_is_no_module_is_refused(data, module):
    with pytest.raises(TypeError, match="class or a function that returns a module; got"):
        ECGNeuralClassifier(module=module).fit(*data)


def test_a_wrong_number_of_logits_is_refused(data):
    clf = ECGNeuralClassifier(module=Perceptron, module_params={"n_outputs": 2})
    with pytest.raises(
        ValueError, match=r"output of shape \(1, 2\); expected logits of shape \(1, 3\)"
    ):
        clf.fit(*data)


def test_embed_needs_a_dense_layer(data):
    clf = ECGNeuralClassifier(module=ConvolutionOnly, max_epochs=1).fit(*data)
    with pytest.raises(ValueError, match="ConvolutionOnly has none"):
        clf.embed(data[0])


def test_grid_over_the_modules_parameters(data):
    clf = ECGNeuralClassifier(module=Perceptron, max_epochs=1)
    grid = {"module_params": [{"width": 2}, {"width": 5}], "optimizer": ["sgd", torch.optim.NAdam]}
    search = GridSearchCV(clf, grid, cv=2).fit(*data)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.embed(data[0]).shape[1] in (2, 5)


def test_optimizer_as_a_partial_with_its_own_arguments(data):
    adam = functools.partial(torch.optim.AdamW, betas=(0.9, 0.99), eps=1e-7)
    clf = ECGNeuralClassifier(module=Perceptron, optimizer=adam, max_epochs=1).fit(*data)
    assert clf.net_.optimizer_.param_groups[0]["betas"] == (0.9, 0.99)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "adamax", "rmsprop", "sgd"])
def test_optimizers_by_name(data, optimizer):
    clf = ECGNeuralClassifier(
        module=Perceptron, optimizer=optimizer, max_epochs=30, random_state=0, learning_rate=0.01
    ).fit(*data)
    assert clf.history_[-1]["train_loss"] < clf.history_[0]["train_loss"]
