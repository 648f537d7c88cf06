from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from fitted_classifiers import NAMES, fitted
from sklearn.base import clone
from torch import nn

from skecg import ECGCNN2DClassifier, ECGNeuralClassifier, ECGResidualCNNClassifier
from skecg.inspection import saliency
from skecg.networks import Scaled

WITHOUT_POSITIONS = {"ECGNeuralClassifier", "ECGAttentionLSTMClassifier"}
METHODS = ["integrated_gradients", "gradcam", "occlusion"]


def logits(clf, X) -> np.ndarray:
    with torch.no_grad():
        return clf.module_(torch.as_tensor(np.asarray(X)).double()).numpy()


@pytest.mark.parametrize("name", NAMES)
def test_integrated_gradients_sum_to_the_difference_of_the_logits(name):
    clf, X = fitted(name)
    module = clf.module_
    nothing = module.mean.item() if isinstance(module, Scaled) else 0.0
    found = saliency(clf, X[:2], "V", n_steps=200)
    difference = logits(clf, X[:2])[:, 2] - logits(clf, np.full(X[:2].shape, nothing))[:, 2]
    # 200 points on a path with the kinks of ReLU and max pooling: 2 % of the larger difference, or
    # a little where both are small.
    tolerance = max(0.02 * np.abs(difference).max(), 2e-5)
    np.testing.assert_allclose(found.reshape(2, -1).sum(1), difference, rtol=0, atol=tolerance)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", NAMES)
def test_attributions_of_every_classifier(name, method):
    clf, X = fitted(name)
    if method == "gradcam" and name in WITHOUT_POSITIONS:
        expected = r"attribute spatial_layer; got \w+, which has none\. Pass layer=\.\.\."
        with pytest.raises(ValueError, match=expected):
            saliency(clf, X[:1], method=method)
        return
    state = {key: value.clone() for key, value in clf.module_.state_dict().items()}
    found = saliency(clf, X[:2], method=method, n_steps=3)
    assert found.shape == X[:2].shape
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    alone = saliency(clf, X[1:2], method=method, n_steps=3)
    np.testing.assert_array_equal(found[1:], alone)  # neither chance nor company
    predicted = saliency(clf, X[:2], clf.predict(X[:2]), method=method, n_steps=3)
    np.testing.assert_array_equal(found, predicted)
    module = clf.module_
    assert all(torch.equal(value, state[key]) for key, value in module.state_dict().items())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
    assert not module.training


class Linear(nn.Module):
    def __init__(self, input_shape, n_classes):
        super().__init__()
        self.dense = nn.Linear(input_shape[0], n_classes)

    def forward(self, x):
        return self.dense(x)


@pytest.fixture(scope="module")
def linear():
    X = np.random.default_rng(0).standard_normal((20, 32))
    clf = ECGNeuralClassifier(
        module=Linear, max_epochs=1, precision="float64", random_state=0, device="cpu"
    )
    return clf.fit(X, np.arange(20) % 2), X[:3]


def test_attributions_by_label(linear):
    clf, X = linear
    y = np.random.default_rng(0).integers(0, 2, (20, 3))
    labels = clone(clf).fit(np.random.default_rng(0).standard_normal((20, 32)), y)
    weights = labels.module_.dense.weight.detach().numpy()
    for label in labels.classes_:
        np.testing.assert_allclose(saliency(labels, X, label), weights[label] * X, rtol=1e-5)
    # Without a target, the most probable label of each sample; a target for each is taken, too.
    most = labels.predict_proba(X).argmax(1)
    np.testing.assert_array_equal(saliency(labels, X), saliency(labels, X, most))
    with pytest.raises(ValueError, match=r"among the classes \[0, 1, 2\]; got 3"):
        saliency(labels, X, 3)


@pytest.mark.parametrize("baseline", [None, 0.5, np.arange(32.0)])
def test_a_linear_network_by_hand(linear, baseline):
    clf, X = linear
    weights = clf.module_.dense.weight.detach().numpy()[1]
    nothing = np.zeros(32) if baseline is None else baseline
    exact = weights * (X - nothing)
    # captum rounds the steps of the integral to float32.
    found = saliency(clf, X, 1, baseline=baseline)
    np.testing.assert_allclose(found, exact, rtol=1e-5, atol=1e-9)
    # A window's fall of the logit stands on each of its values; by default it has 32 / 16.
    for window, size in {None: 2, 8: 8}.items():
        found = saliency(clf, X, 1, method="occlusion", baseline=baseline, window=window)
        falls = exact.reshape(3, -1, size).sum(2)
        np.testing.assert_allclose(found, falls.repeat(size, 1), rtol=1e-5, atol=1e-9)


def test_targets_are_labels(linear):
    clf, X = linear
    first, second = saliency(clf, X, 0), saliency(clf, X, 1)
    assert not np.allclose(first, second)
    mixed = saliency(clf, X, [0, 1, 0])
    np.testing.assert_array_equal(mixed, [first[0], second[1], first[2]])
    with pytest.raises(ValueError, match=r"target must be among the classes \[0, 1\]; got 2"):
        saliency(clf, X, 2)
    with pytest.raises(ValueError, match="one label for each of the 3 samples"):
        saliency(clf, X, [0, 1])


def test_wrong_parameters_are_refused(linear):
    clf, X = linear
    with pytest.raises(ValueError, match="method must be one of"):
        saliency(clf, X, method="lime")
    with pytest.raises(ValueError, match="n_steps == 0, must be >= 1"):
        saliency(clf, X, n_steps=0)
    with pytest.raises(ValueError, match=r"shape \(32,\); got an array of shape \(31,\)"):
        saliency(clf, X, baseline=np.zeros(31))
    for window in (0, 33, (2, 2)):
        with pytest.raises(ValueError, match="window must be"):
            saliency(clf, X, method="occlusion", window=window)
    with pytest.raises(ValueError, match="unknown layer 'conv'"):
        saliency(clf, X, method="gradcam", layer="conv")
    with pytest.raises(ValueError, match=r"for one sample; got \(1, 2\)"):
        saliency(clf, X, method="gradcam", layer="dense")


def test_missing_captum_says_how_to_install_it(linear, monkeypatch):
    clf, X = linear
    monkeypatch.setitem(sys.modules, "captum", None)
    with pytest.raises(ImportError, match=r'pip install "skecg\[explain\]"'):
        saliency(clf, X)


def test_grad_cam_by_hand():
    clf, X = fitted("ECGCNN2DClassifier")
    network, x = clf.module_.network, clf.module_.rescale(torch.from_numpy(X[:1]).double())
    maps = network.features[:5](x).detach().requires_grad_()  # up to the second block's ReLU
    network.head(network.features[5:](maps))[0, 1].backward()
    heat = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1).relu()[0].detach().numpy()
    found = saliency(clf, X[:1], "S", method="gradcam")
    # Positions are 2 pixels wide, centred between them: pixels 2k and 2k + 1 lie a quarter of a
    # position before and after the centre.
    rows = np.array([0.25, 0.75])
    inner = heat[3:5, 6:8]
    expected = np.array([1 - rows, rows]).T @ inner @ np.array([1 - rows, rows])
    np.testing.assert_allclose(found[0, :, 7:9, 13:15], np.stack([expected] * 3), rtol=1e-6)
    named = saliency(clf, X[:1], "S", method="gradcam", layer="network.features.4")
    assert named.shape == X[:1].shape


def test_flattened_images_get_flattened_attributions():
    clf, _ = fitted("ECGCNN2DClassifier")
    flat = clone(clf).set_params(image_shape=(3, 21, 26))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (24, 3, 21, 26), dtype=np.uint8)
    flat.fit(images.reshape(24, -1), np.arange(24) % 3)
    for method in METHODS:
        found = saliency(flat, images[:2].reshape(2, -1), method=method, n_steps=2)
        assert found.shape == (2, 3 * 21 * 26)


def test_window_of_images_covers_colours_together_and_leads_one_by_one():
    for n_channels, covered in {3: 3, 4: 1}.items():
        X = np.random.default_rng(0).standard_normal((12, n_channels, 16, 16))
        clf = ECGCNN2DClassifier(width=2, n_blocks=1, max_epochs=1, random_state=0, device="cpu")
        found = saliency(clf.fit(X, np.arange(12) % 2), X[:1], method="occlusion")
        cell = found[0, :, :2, :2].reshape(n_channels, -1)  # an eighth of 16
        assert np.allclose(cell, cell[:, :1])
        assert np.allclose(cell[0], cell[1]) == (covered == 3)


@pytest.fixture(scope="module")
def bumps():
    rng = np.random.default_rng(0)
    X = 0.1 * rng.standard_normal((80, 187))
    y = np.arange(80) % 2
    X[y == 1, 100:110] += np.hanning(10)
    clf = ECGResidualCNNClassifier(
        n_blocks=2, n_filters=8, max_epochs=20, batch_size=16, learning_rate=3e-3,
        random_state=0, device="cpu",
    )  # fmt: skip
    clf.fit(X, y)
    assert clf.score(X, y) == 1
    return clf, X[y == 1][:10]


@pytest.mark.parametrize("method", METHODS)
def test_the_place_that_decides_is_found(bumps, method):
    clf, X = bumps
    found = saliency(clf, X, 1, method=method).mean(0)
    # A window of the occlusion is 12 long; a position depends on 8 samples to each side.
    assert abs(found.argmax() - 105) <= 12
