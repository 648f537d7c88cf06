"""What the functions of inspection say of numbers beside a signal."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from estimators import WITH_SIDE_FEATURES
from sklearn.base import clone

from skecg.inspection import ActivationDisplay, layer_activations, saliency

N_LEADS, N_TIMESTEPS, K = 2, 64, 3
SETTINGS = {
    "n_leads": N_LEADS, "n_side_features": K, "max_epochs": 1, "precision": "float64",
    "device": "cpu", "random_state": 0,
}  # fmt: skip

ROUNDED = {"rtol": 1e-5, "atol": 1e-9}  # captum sums falls in float32


@pytest.fixture(scope="module", params=WITH_SIDE_FEATURES, ids=lambda each: type(each).__name__)
def fitted(request):
    X = np.random.default_rng(0).standard_normal((24, N_LEADS * N_TIMESTEPS + K))
    clf = clone(request.param).set_params(**SETTINGS)
    return clf.fit(X, np.arange(24) % 3), X[:4]


def logits(clf, X) -> np.ndarray:
    with torch.no_grad():
        return clf.module_(torch.as_tensor(X)).numpy()


def test_integrated_gradients_sum_over_signal_and_numbers(fitted):
    clf, X = fitted
    found = saliency(clf, X, 2, n_steps=200)
    assert found.shape == X.shape
    difference = (logits(clf, X) - logits(clf, 0 * X))[:, 2]
    tolerance = 0.02 * np.abs(difference).max()
    np.testing.assert_allclose(found.sum(1), difference, rtol=0, atol=tolerance)
    assert (found[:, -K:] != 0).any()


def test_every_number_is_occluded_alone(fitted):
    clf, X = fitted
    found = saliency(clf, X, 1, method="occlusion", baseline=0.5)
    for column in range(-K, 0):
        without = X.copy()
        without[:, column] = 0.5
        falls = (logits(clf, X) - logits(clf, without))[:, 1]
        np.testing.assert_allclose(found[:, column], falls, **ROUNDED)


@pytest.mark.parametrize(("window", "n_leads", "length"), [(None, 1, 4), (7, 1, 7), ((2, 8), 2, 8)])
def test_a_window_stays_in_its_leads(fitted, window, n_leads, length):
    clf, X = fitted
    found = saliency(clf, X[:1], 1, method="occlusion", window=window)
    maps = found[0, :-K].reshape(N_LEADS, N_TIMESTEPS)
    for lead in range(0, N_LEADS, n_leads):
        for start in range(0, N_TIMESTEPS, length):
            without = X[:1].copy()
            signal = without[0, :-K].reshape(N_LEADS, N_TIMESTEPS)
            place = np.s_[lead : lead + n_leads, start : start + length]
            signal[place] = 0
            fall = (logits(clf, X[:1]) - logits(clf, without))[0, 1]
            np.testing.assert_allclose(maps[place], fall, **ROUNDED)


def test_windows_are_those_of_a_signal(fitted):
    clf, X = fitted
    with pytest.raises(ValueError, match=r"input of shape \(2, 64\); got \(67,\)"):
        saliency(clf, X, method="occlusion", window=(67,))


def test_a_map_over_time_is_that_of_the_signal_and_none_of_the_numbers(fitted):
    clf, X = fitted
    found = saliency(clf, X, 1, method="gradcam")
    assert np.isnan(found[:, -K:]).all()
    maps = found[:, :-K].reshape(-1, N_LEADS, N_TIMESTEPS)
    assert np.isfinite(maps).all()
    np.testing.assert_array_equal(maps[:, 0], maps[:, 1])
    # The same network without numbers, as they are 0, has the same map.
    silent = np.hstack([X[:, :-K], np.zeros((len(X), K))])
    alone = clone(clf).set_params(n_side_features=0, scale=None)
    alone.fit(
        np.random.default_rng(0).standard_normal((24, N_LEADS * N_TIMESTEPS)), np.arange(24) % 3
    )
    target = alone.module_.state_dict()
    for name, weights in clf.module_.state_dict().items():
        target[name].copy_(weights[tuple(map(slice, target[name].shape))])
    np.testing.assert_allclose(
        saliency(clf, silent, 1, method="gradcam")[:, :-K],
        saliency(alone, X[:, :-K], 1, method="gradcam"),
        rtol=1e-9,
        atol=1e-12,
    )
    by_name = clf.module_.spatial_layer.name
    assert saliency(clf, X, 1, method="gradcam", layer=by_name).shape == X.shape
    with pytest.raises(ValueError, match="Choose another layer"):
        saliency(clf, X, 1, method="gradcam", layer=f"head.{clf.module_.joint}")


def test_activations_of_the_layer_that_reads_them(fitted):
    clf, X = fitted
    joint = clf.module_.joint
    found = layer_activations(clf, X)
    names = [name for name in found if name.startswith("head.")]
    before = names[: names.index(f"head.{joint}")]
    last = before[-1] if before else next(n for n in reversed(found) if n.startswith("features."))
    layer = clf.module_.head.get_submodule(joint)
    inputs = np.hstack([found[last].reshape(len(X), -1), X[:, -K:]])
    expected = inputs @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    np.testing.assert_allclose(found[f"head.{joint}"], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found[names[-1]], logits(clf, X), rtol=1e-9, atol=1e-12)


def test_the_display_draws_leads_and_numbers_apart(fitted):
    clf, X = fitted
    display = ActivationDisplay.from_estimator(clf, X, sample=1, sampling_rate=100)
    assert list(display.artists_)[:2] == ["input", "side features"]
    drawn = [line.get_ydata() for line in display.artists_["input"]]
    np.testing.assert_allclose(drawn, X[1, :-K].reshape(N_LEADS, N_TIMESTEPS))
    (points,) = display.artists_["side features"]
    np.testing.assert_allclose(points.get_ydata(), X[1, -K:])
    # There are as many classes as numbers; they are no outputs.
    assert display.axes_.flat[1].get_xlabel() == "Side feature"
    convolution = next(name for name in display.artists_ if name.startswith("features."))
    assert all(hasattr(line, "get_ydata") for line in display.artists_[convolution])
