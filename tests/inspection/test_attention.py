from __future__ import annotations

import numpy as np
import pytest
import torch
from fitted_classifiers import NAMES, fitted
from numpy.testing import assert_allclose
from torch import nn

from skecg import ECGAttentionLSTMClassifier, ECGHybridClassifier, ECGViTClassifier
from skecg.inspection import (
    ActivationDisplay,
    AttentionDisplay,
    attention_maps,
    layer_activations,
)

ATTENTIVE = [
    "ECGViTClassifier",
    "ECGAttentionVGGClassifier",
    "ECGAttentionLSTMClassifier",
    "ECGHybridClassifier",
]


def read_by(layer: nn.Module, clf, X) -> np.ndarray:
    """Return what a layer reads when the classifier predicts."""
    inputs = []
    handle = layer.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    clf.predict(X)
    handle.remove()
    return torch.cat(inputs)[: len(X)].numpy()


def small(estimator):
    X = np.random.default_rng(0).integers(0, 256, (20, 3, 22, 26), dtype=np.uint8)
    estimator.set_params(max_epochs=1, precision="float64", random_state=0, device="cpu")
    return estimator.fit(X, np.arange(20) % 2), X[:3]


@pytest.mark.parametrize("name", ATTENTIVE)
def test_maps_and_weights_sum_to_one(name):
    clf, X = fitted(name)
    found = attention_maps(clf, X)
    assert found.input_shape == (3, 21, 26)
    assert list(found.maps) == list(found.weights) == list(found.axes)
    for key, values in found.maps.items():
        inner = tuple(k + 1 for k, axis in enumerate(found.axes[key]) if axis != "head")
        np.testing.assert_allclose(values.sum(inner), 1, rtol=1e-10)
        assert values.min() >= 0
        on_input = found.on_input(key)
        assert on_input.shape == X.shape
        np.testing.assert_allclose(on_input.sum((1, 2, 3)), 1, rtol=1e-10)


def test_transformer_mixes_values_by_these_weights():
    clf, X = fitted("ECGViTClassifier")
    network = clf.module_.network
    found = attention_maps(clf, X).weights
    assert list(found) == ["blocks.0", "blocks.1", "rollout"]
    for number, block in enumerate(network.blocks):
        normed = torch.from_numpy(read_by(block.qkv, clf, X))
        with torch.no_grad():
            values = block.qkv(normed)[..., 32:].unflatten(2, (2, 8)).transpose(1, 2)
        mixed = torch.from_numpy(found[f"blocks.{number}"]) @ values
        expected = read_by(block.out, clf, X)
        np.testing.assert_allclose(mixed.transpose(1, 2).flatten(2), expected, rtol=1e-9)


def test_rollout_follows_the_paper():
    clf, X = fitted("ECGViTClassifier")
    found = attention_maps(clf, X)
    rolled = np.eye(42)  # 6 x 7 patches of 4 x 4
    for number in range(2):
        residual = 0.5 * found.weights[f"blocks.{number}"].mean(1) + 0.5 * np.eye(42)
        rolled = residual / residual.sum(-1, keepdims=True) @ rolled
    np.testing.assert_allclose(found.weights["rollout"], rolled, rtol=1e-10)


def test_vgg_averages_its_taps_by_these_weights():
    clf, X = fitted("ECGAttentionVGGClassifier")
    module = clf.module_
    with torch.no_grad():
        taps, _ = module.network.features(module.rescale(torch.from_numpy(X).double()))
    found = attention_maps(clf, X)
    assert [w.shape[1:] for w in found.weights.values()] == [(21, 26), (11, 13), (6, 7)]
    means = [
        np.einsum("ncij,nij->nc", tap.numpy(), weights)
        for tap, weights in zip(taps, found.weights.values())
    ]
    np.testing.assert_allclose(np.hstack(means), read_by(module.network.head, clf, X), rtol=1e-7)


@pytest.mark.parametrize("name", ["ECGAttentionLSTMClassifier", "ECGHybridClassifier"])
def test_lstm_averages_its_states_by_these_weights(name):
    clf, X = fitted(name)
    part = clf.module_.network.recurrent
    states = read_by(part.key, clf, X)
    weights = attention_maps(clf, X).weights["steps"]
    context = np.einsum("nsh,ns->nh", states, weights)
    np.testing.assert_allclose(context, read_by(part.combine, clf, X)[:, :16], rtol=1e-9)


def scaled(weights: np.ndarray, n_axes: int) -> np.ndarray:
    return weights / weights.sum(tuple(range(-n_axes, 0)), keepdims=True)


@pytest.mark.parametrize(
    ("stem", "rows", "columns"),
    [("patch", [8, 8, 6], [8, 8, 8, 2]), ("conv", [4, 8, 10], [4, 8, 8, 6])],
)
def test_patches_are_laid_on_their_pixels(stem, rows, columns):
    # With the stem of convolutions, patch 1 is centred at pixel 8 and lies on pixels 4 to 11.
    clf, X = small(ECGViTClassifier(patch_size=8, stem=stem, dim=8, n_blocks=1, n_heads=2))
    found = attention_maps(clf, X)
    assert found.axes["blocks.0"] == ("head", "row", "column")
    received = found.weights["blocks.0"].mean(2).reshape(3, 2, 3, 4)
    expected = scaled(received.repeat(rows, 2).repeat(columns, 3), 2)
    np.testing.assert_allclose(found.maps["blocks.0"], expected, rtol=1e-10)


def test_steps_are_laid_on_the_rows_of_the_leads():
    clf, X = small(ECGAttentionLSTMClassifier(rows_per_step=4, n_hidden=8))
    found = attention_maps(clf, X)
    weights = found.weights["steps"]
    assert weights.shape == (3, 17)  # 66 rows; the last step reads 2 of them and 2 of padding
    assert found.axes["steps"] == ("lead", "row")
    expected = scaled(weights.repeat([4] * 16 + [2], 1), 1)
    np.testing.assert_allclose(found.maps["steps"].reshape(3, 66), expected, rtol=1e-10)


def test_steps_of_the_hybrid_are_columns_or_rows():
    recurrent = {"width": 2, "n_blocks": 2, "n_recurrent": 4}
    clf, X = small(ECGHybridClassifier(sequence="columns", **recurrent))
    found = attention_maps(clf, X)
    assert found.axes["steps"] == ("column",)
    weights = found.weights["steps"]
    assert weights.shape == (3, 7)
    expected = scaled(weights.repeat([4] * 6 + [2], 1), 1)
    np.testing.assert_allclose(found.maps["steps"], expected, rtol=1e-10)

    clf, X = small(ECGHybridClassifier(sequence="rows", **recurrent))
    found = attention_maps(clf, X)
    assert found.axes["steps"] == ("row",)
    by_row = found.weights["steps"].reshape(3, 4, 6).sum(1)  # 4 feature maps of 6 rows
    expected = scaled(by_row.repeat([4] * 5 + [2], 1), 1)
    np.testing.assert_allclose(found.maps["steps"], expected, rtol=1e-10)


def test_only_what_is_wanted_is_kept():
    clf, X = fitted("ECGViTClassifier")
    every = attention_maps(clf, X)
    found = attention_maps(clf, X, layers=["rollout"], keep_weights=False)
    assert list(found.maps) == ["rollout"]
    assert not found.weights
    np.testing.assert_array_equal(found.maps["rollout"], every.maps["rollout"])
    assert repr(found) == "AttentionMaps({'rollout': (5, 21, 26)})"
    with pytest.raises(ValueError, match=r"unknown attention 'blocks\.9'"):
        attention_maps(clf, X, layers=["blocks.9"])
    with pytest.raises(ValueError, match=r"unknown map 'blocks\.0'"):
        found.on_input("blocks.0")


@pytest.mark.parametrize("name", sorted(set(NAMES) - set(ATTENTIVE)))
def test_networks_without_attention_are_refused(name):
    clf, X = fitted(name)
    with pytest.raises(TypeError, match="needs a network with attention"):
        attention_maps(clf, X)


def test_attention_and_activations_with_several_labels():
    X = np.random.default_rng(0).integers(0, 256, (20, 3, 22, 26), dtype=np.uint8)
    y = np.random.default_rng(0).integers(0, 2, (20, 3))
    clf = ECGAttentionLSTMClassifier(max_epochs=1, n_hidden=8, random_state=0).fit(X, y)
    assert_allclose(attention_maps(clf, X).maps["steps"].sum((1, 2)), 1, rtol=1e-5)
    logits = list(layer_activations(clf, X[:4]).values())[-1]
    assert_allclose(logits, clf.decision_function(X[:4]), rtol=1e-5)
    AttentionDisplay.from_estimator(clf, X)
    ActivationDisplay.from_estimator(clf, X)
