"""Values that once brought out a raw error: every one is refused with what is wrong."""

from __future__ import annotations

import re

import numpy as np
import pytest
from estimators import CLASSIFIERS
from resources import call_within
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skecg import AreaResize, BeatVoteClassifier, ECGNeuralClassifier, NDSampler

BY_NAME = {type(each).__name__: each for each in CLASSIFIERS}


@pytest.fixture(params=BY_NAME)
def classifier(request):
    return clone(BY_NAME[request.param]).set_params(max_epochs=1, random_state=0)


@pytest.fixture
def data():
    return np.random.default_rng(0).normal(size=(12, 2, 9)).astype(np.float32), np.arange(12) % 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_threads", True), ("max_epochs", True), ("device", "meta"), ("callbacks", (1, 2)),
        ("learning_rate", 10**400), ("n_threads", 10**30), ("n_trainable_layers", 2),
    ],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_parameters(classifier, data, name, value):
    with pytest.raises((ValueError, TypeError), match=name.removesuffix("s")):
        classifier.set_params(**{name: value}).fit(*data)


def sizes(name):
    known = BY_NAME[name].get_params()
    found = ("n_blocks", "width", "n_hidden", "n_filters", "dim", "n_recurrent", "kernel_size")
    return [size for size in found if size in known and (name, size) != ("ECGViTClassifier", "dim")]


@pytest.mark.parametrize(("name", "size"), [(n, size) for n in BY_NAME for size in sizes(n)])
def test_a_network_of_any_size_is_refused_before_it_is_built(data, name, size):
    clf = clone(BY_NAME[name]).set_params(**{size: 10**30 + (size == "kernel_size")})

    def fit() -> None:
        with pytest.raises(ValueError, match="the network would have more than"):
            clf.fit(*data)

    call_within(5, fit)


def test_a_users_network_of_any_size_is_refused(data):
    module = BY_NAME["ECGNeuralClassifier"].module
    for width in (10**12, 10**30):
        clf = ECGNeuralClassifier(module=module, module_params={"width": width}, max_epochs=1)
        with pytest.raises(ValueError, match="the network would have more than"):
            clf.fit(*data)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"X": np.zeros((12, 2, 0))}, "at least one value in every sample"),
        ({"groups": 3}, "one-dimensional"),
        ({"sample_weight": [-(10**400)] * 12}, "sample_weight"),
        ({"y": [10**400, 1] * 6}, "."),
        ({"X": ["one.jpg"] * 12}, "AreaResize|string|1D"),
    ],
    ids=["empty samples", "a scalar group", "a huge weight", "huge labels", "file names"],
)
def test_arrays(classifier, data, given, reason):
    X, y = data
    with pytest.raises((ValueError, TypeError), match=reason):
        classifier.fit(**{"X": X, "y": y, **given})


def test_no_classes(classifier, data):
    with pytest.raises(ValueError, match="no class"):
        classifier.partial_fit(*data, classes=[])


@pytest.mark.parametrize("X", ["one.jpg", ["one.jpg"], np.zeros((12, 2, 0)), 3])
def test_predict(classifier, data, X):
    classifier.fit(*data)
    with pytest.raises((ValueError, TypeError)):
        classifier.predict(X)


def test_parameters_of_parts_that_have_none(classifier):
    message = "init_from__max_epochs is a parameter of init_from, but init_from=None has no"
    with pytest.raises(ValueError, match=re.escape(message)):
        classifier.set_params(init_from__max_epochs=2)
    frozen = FrozenEstimator(clone(classifier))
    classifier.set_params(init_from=frozen, init_from__estimator=classifier)
    for other in (BeatVoteClassifier(), AreaResize(), NDSampler(None)):
        name = next(iter(other.get_params(deep=False)))
        with pytest.raises(ValueError, match="has no parameters to set"):
            other.set_params(**{name: 3, f"{name}__x": 2})
