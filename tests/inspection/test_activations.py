from __future__ import annotations

import numpy as np
import pytest
import torch
from fitted_classifiers import NAMES, fitted
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from torch import nn
from torch.nn import functional as F

from skecg import ECGNeuralClassifier, ECGResidualCNNClassifier
from skecg.inspection import layer_activations


def hooks_of(module: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in module.modules())


@pytest.mark.parametrize("name", NAMES)
def test_every_layer_is_there_and_the_last_gives_the_prediction(name):
    clf, X = fitted(name)
    state = {key: value.clone() for key, value in clf.module_.state_dict().items()}
    found = layer_activations(clf, X)
    leaves = {n for n, m in clf.module_.named_modules() if next(m.children(), None) is None}
    # The VGG's scores are weights that another function reads; they compute nothing themselves.
    assert {leaf for leaf in leaves if ".scores." not in leaf} <= set(found)
    assert all(values.shape[0] == 5 for values in found.values())
    last = torch.from_numpy(list(found.values())[-1])
    np.testing.assert_array_equal(last.log_softmax(1), clf.predict_log_proba(X))
    assert hooks_of(clf.module_) == 0
    assert not clf.module_.training
    assert all(torch.equal(value, state[key]) for key, value in clf.module_.state_dict().items())


def test_values_of_a_residual_block():
    clf, X = fitted("ECGResidualCNNClassifier")
    found = layer_activations(clf, X)
    features = clf.module_.features
    signals = torch.from_numpy(X - X.mean(axis=2, keepdims=True)) / clf.module_.scale
    with torch.no_grad():
        first = features[0](signals)
        inner = features[1].conv2(F.relu(features[1].conv1(first)))
        block = F.max_pool1d(F.relu(first + inner), 5, 2)
    np.testing.assert_allclose(found["features.0"], first, rtol=1e-12)
    np.testing.assert_allclose(found["features.1.conv2"], inner, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found["features.1"], block, rtol=1e-10, atol=1e-12)
    assert list(found)[:4] == ["features.0", "features.1.conv1", "features.1.conv2", "features.1"]
    assert "features" not in found  # it hands on what its last block returns


def test_many_blocks_of_samples_are_put_together():
    X = np.random.default_rng(0).standard_normal((3000, 129))
    clf = ECGResidualCNNClassifier(n_filters=2, max_epochs=1, random_state=0, device="cpu")
    clf.fit(X[:20], np.arange(20) % 2)
    found = layer_activations(clf, X, layers=["head.0"])["head.0"]
    alone = layer_activations(clf, X[2990:], layers=["head.0"])["head.0"]
    np.testing.assert_array_equal(found[2990:], alone)


def test_slabs_and_steps_stand_on_the_second_axis():
    clf, X = fitted("ECGTimeDistributedCNNClassifier")
    assert layer_activations(clf, X)["network.features.0"].shape == (5, 2, 4, 32, 26)
    clf, X = fitted("ECGAttentionLSTMClassifier")
    found = layer_activations(clf, X)
    assert found["network.recurrent.lstm"].shape == (5, 16, 16)  # 63 rows, 4 a step; 16 hidden


class Odd(nn.Module):
    """Uses a layer twice, works in place, has steps first, and has a layer of no use."""

    def __init__(self, input_shape, n_classes):
        super().__init__()
        self.dense = nn.Linear(input_shape[0], 4)
        self.relu = nn.ReLU(inplace=True)
        self.lstm = nn.LSTM(1, 2)
        self.head = nn.Linear(2, n_classes)
        self.unused = nn.Linear(1, 1)
        self.fails = False

    def forward(self, x):
        x = self.relu(self.dense(x))
        states, _ = self.lstm(x.T.unsqueeze(2))
        if self.fails:
            raise RuntimeError("the network fails")
        return self.head(self.relu(states[-1]))


@pytest.fixture(scope="module")
def odd():
    X = np.random.default_rng(0).standard_normal((20, 6))
    clf = ECGNeuralClassifier(
        module=Odd, max_epochs=1, precision="float64", random_state=0, device="cpu"
    )
    return clf.fit(X, np.arange(20) % 2), X


def test_repeated_inplace_and_time_first_layers(odd):
    clf, X = odd
    found = layer_activations(clf, X)
    assert list(found) == ["dense", "relu", "lstm", "relu:2", "head"]
    assert found["dense"].min() < 0  # as it was before the ReLU worked in place
    np.testing.assert_array_equal(found["relu"], found["dense"].clip(0))
    assert found["lstm"].shape == (20, 4, 2)
    np.testing.assert_array_equal(found["relu:2"], found["lstm"][:, -1].clip(0))
    assert list(layer_activations(clf, X, layers=["head", "relu"])) == ["relu", "relu:2", "head"]


def test_hooks_go_when_the_network_fails(odd):
    clf, X = odd
    clf.module_.fails = True
    try:
        with pytest.raises(RuntimeError, match="the network fails"):
            layer_activations(clf, X)
    finally:
        clf.module_.fails = False
    assert hooks_of(clf.module_) == 0


def test_wrong_layers_are_refused(odd):
    clf, X = odd
    expected = r"unknown layer 'conv'; choose among \['dense', 'relu'"
    with pytest.raises(ValueError, match=expected):
        layer_activations(clf, X, layers=["conv"])
    with pytest.raises(ValueError, match="used in a prediction; got 'unused'"):
        layer_activations(clf, X, layers=["head", "unused"])
    with pytest.raises(TypeError, match="list of names; got the string 'head'"):
        layer_activations(clf, X, layers="head")


def test_the_classifier_inside_a_pipeline_is_found(odd):
    clf, X = odd
    expected = layer_activations(clf, X)["head"]
    pipeline = make_pipeline(FunctionTransformer(lambda Z: Z / 2), FrozenEstimator(clf)).fit(2 * X)
    np.testing.assert_array_equal(layer_activations(pipeline, 2 * X)["head"], expected)
    with pytest.raises(TypeError, match=r"a fitted classifier of skecg.*LogisticRegression"):
        layer_activations(LogisticRegression(), X)
